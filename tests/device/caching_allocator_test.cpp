//===- caching_allocator_test.cpp - Memory that is kept for the next one --===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CachingAllocator.h"

#include "minrnn/error.h"

#include "gtest/gtest.h"
#include <map>
#include <string>

using namespace minrnn;

namespace {

/// A source with so much room, which counts.
class Source {
public:
  explicit Source(std::uint64_t room) : room(room) {}

  CachingAllocator::Source functions() {
    return {[this](std::uint64_t bytes) -> std::uint64_t {
              ++requests;
              if (bytes > room)
                return 0;
              room -= bytes;
              held[++next * step] = bytes;
              return next * step;
            },
            [this](std::uint64_t address) {
              ASSERT_TRUE(held.contains(address)) << address;
              room += held[address];
              held.erase(address);
            }};
  }

  std::uint64_t room;
  std::map<std::uint64_t, std::uint64_t> held;
  int requests = 0;

private:
  static constexpr std::uint64_t step = std::uint64_t{1} << 32;
  std::uint64_t next = 0;
};

TEST(CachingAllocator, RoundsSoThatAboutOneSizeIsShared) {
  EXPECT_EQ(CachingAllocator::roundedUp(0), 512U);
  EXPECT_EQ(CachingAllocator::roundedUp(1), 512U);
  EXPECT_EQ(CachingAllocator::roundedUp(512), 512U);
  EXPECT_EQ(CachingAllocator::roundedUp(513), 1024U);
  EXPECT_EQ(CachingAllocator::roundedUp(4096), 4096U);
  EXPECT_EQ(CachingAllocator::roundedUp(4097), 4608U);
  EXPECT_EQ(CachingAllocator::roundedUp((1 << 20) + 1),
            (1U << 20) + (1U << 17));
  for (std::uint64_t bytes = 1; bytes < (std::uint64_t{1} << 40);
       bytes = bytes * 3 + 1) {
    const std::uint64_t reserved = CachingAllocator::roundedUp(bytes);
    EXPECT_GE(reserved, bytes);
    EXPECT_LE(reserved, bytes + bytes / 8 + 512);
    EXPECT_EQ(CachingAllocator::roundedUp(reserved), reserved);
  }
  EXPECT_EQ(CachingAllocator::roundedUp(UINT64_MAX), UINT64_MAX);
}

TEST(CachingAllocator, ReusesABlockOfItsSizeOnly) {
  Source source(1 << 20);
  CachingAllocator allocator(source.functions());
  const std::uint64_t first = allocator.allocate(1000);
  const std::uint64_t second = allocator.allocate(1000);
  EXPECT_NE(first, second);
  EXPECT_EQ(allocator.use().inUse, 2000U);
  allocator.release(first);
  EXPECT_EQ(allocator.keptBytes(), 1024U);
  EXPECT_EQ(allocator.allocate(2000), 3 * (std::uint64_t{1} << 32));
  EXPECT_EQ(allocator.allocate(700), first);
  EXPECT_EQ(allocator.keptBytes(), 0U);
  EXPECT_EQ(allocator.use().inUse, 3700U);
  EXPECT_EQ(source.requests, 3);
}

TEST(CachingAllocator, ThePeakStays) {
  Source source(1 << 20);
  CachingAllocator allocator(source.functions());
  allocator.release(allocator.allocate(5000));
  allocator.release(allocator.allocate(100));
  EXPECT_EQ(allocator.use().inUse, 0U);
  EXPECT_EQ(allocator.use().peak, 5000U);
}

TEST(CachingAllocator, GivesBackWhatIsKeptBeforeItFails) {
  Source source(4096);
  CachingAllocator allocator(source.functions());
  allocator.release(allocator.allocate(1024));
  allocator.release(allocator.allocate(2048));
  EXPECT_EQ(source.held.size(), 2U);
  const std::uint64_t whole = allocator.allocate(4096);
  EXPECT_EQ(source.held.size(), 1U);
  allocator.release(whole);
  allocator.allocate(1000);
  try {
    allocator.allocate(5000);
    FAIL();
  } catch (const Error &error) {
    EXPECT_EQ(std::string(error.what()),
              "out of memory: no room for 5000 bytes on the device, besides "
              "1000 in use; 0 that were kept have been given back");
  }
  EXPECT_EQ(allocator.use().inUse, 1000U);
  allocator.release(allocator.allocate(2000));
  try {
    allocator.allocate(5000);
    FAIL();
  } catch (const Error &error) {
    EXPECT_EQ(std::string(error.what()),
              "out of memory: no room for 5000 bytes on the device, besides "
              "1000 in use; 2048 that were kept have been given back");
  }
  EXPECT_EQ(allocator.keptBytes(), 0U);
}

TEST(CachingAllocator, IgnoresAnAddressThatItDidNotGive) {
  Source source(4096);
  CachingAllocator allocator(source.functions());
  const std::uint64_t given = allocator.allocate(10);
  allocator.release(given + 1);
  EXPECT_EQ(allocator.use().inUse, 10U);
  allocator.release(given);
  allocator.release(given);
  EXPECT_EQ(allocator.keptBytes(), 512U);
}

TEST(CachingAllocator, GivesEverythingBackAtItsEnd) {
  Source source(1 << 20);
  {
    CachingAllocator allocator(source.functions());
    allocator.allocate(100);
    allocator.release(allocator.allocate(200));
  }
  EXPECT_TRUE(source.held.empty());
  EXPECT_EQ(source.room, 1U << 20);
}

} // namespace
