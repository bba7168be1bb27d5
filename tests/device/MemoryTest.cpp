//===- MemoryTest.cpp - Memory of every device ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_array.h"
#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

#ifdef __SANITIZE_ADDRESS__
/// An allocation that cannot be is to fail here, not to end the program.
extern "C" const char *__asan_default_options() {
  return "allocator_may_return_null=1";
}
#endif

namespace {

class DeviceMemory : public OnEveryDevice {
protected:
  std::uint64_t upload(const std::vector<std::uint8_t> &values) const {
    const std::uint64_t address = device->allocate(values.size());
    device->copyToDevice(address, values.data(), values.size());
    return address;
  }
  std::vector<std::uint8_t> download(std::uint64_t address,
                                     std::size_t count) const {
    std::vector<std::uint8_t> values(count);
    device->copyToHost(values.data(), address, count);
    return values;
  }
};

/// 0, 1, 2, ... modulo 251, so that no power of two is a period.
std::vector<std::uint8_t> pattern(std::size_t count, std::uint8_t first = 0) {
  std::vector<std::uint8_t> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<std::uint8_t>((first + i) % 251);
  return values;
}

TEST_P(DeviceMemory, HoldsWhatIsWrittenInAnySize) {
  const std::uint64_t alignment = runsPtx() ? 256 : 64;
  struct Held {
    std::uint64_t address;
    std::size_t bytes;
    std::uint8_t first;
  };
  std::vector<Held> held;
  std::uint8_t first = 1;
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{255},
        std::size_t{257}, std::size_t{65537}, std::size_t{(8 << 20) + 1}}) {
    SCOPED_TRACE(bytes);
    const std::uint64_t address = device->allocate(bytes);
    if (bytes > 0) {
      EXPECT_NE(address, 0U);
      EXPECT_EQ(address % alignment, 0U);
      device->copyToDevice(address, pattern(bytes, first).data(), bytes);
    }
    held.push_back({address, bytes, first++});
  }
  // All at once: none lies in another.
  for (const Held &one : held) {
    EXPECT_TRUE(download(one.address, one.bytes) ==
                pattern(one.bytes, one.first))
        << one.bytes;
    device->release(one.address);
  }
  device->release(0);
}

TEST_P(DeviceMemory, IsCountedAndGivenBack) {
  const MemoryUse before = device->memoryUse();
  EXPECT_GE(before.peak, before.inUse);
  const std::uint64_t small = device->allocate(1000);
  const std::uint64_t large = device->allocate(1 << 20);
  const MemoryUse during = device->memoryUse();
  EXPECT_GE(during.inUse, before.inUse + 1000 + (1 << 20));
  EXPECT_GE(during.peak, during.inUse);
  device->release(large);
  const MemoryUse between = device->memoryUse();
  EXPECT_GE(between.inUse, before.inUse + 1000);
  EXPECT_LE(between.inUse, during.inUse - (1 << 20));
  device->release(small);
  const MemoryUse after = device->memoryUse();
  EXPECT_EQ(after.inUse, before.inUse);
  EXPECT_EQ(after.peak, during.peak);
}

TEST_P(DeviceMemory, IsUsedAgainAfterItsRelease) {
  // On a GPU, more in all than it has. The others take their time.
  const std::size_t bytes = std::size_t{1}
                            << (device->name() == "cuda" ? 30 : 20);
  constexpr int rounds = 256;
  std::uint64_t peak = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t address = device->allocate(bytes);
    const std::uint8_t value = static_cast<std::uint8_t>(round);
    device->copyToDevice(address + bytes - 1, &value, 1);
    EXPECT_EQ(download(address + bytes - 1, 1)[0], value);
    device->release(address);
    if (round == 0)
      peak = device->memoryUse().peak;
  }
  EXPECT_EQ(device->memoryUse().peak, peak);
}

TEST_P(DeviceMemory, SaysWhenThereIsNoRoomAndGoesOn) {
  const std::uint64_t before = upload(pattern(100));
  const MemoryUse use = device->memoryUse();
  for (int attempt = 0; attempt < 2; ++attempt)
    // 2^60.
    expectError("1152921504606846976",
                [&] { device->allocate(std::size_t{1} << 60); });
  EXPECT_EQ(device->memoryUse().inUse, use.inUse);
  EXPECT_EQ(download(before, 100), pattern(100));
  const std::uint64_t after = upload(pattern(100, 7));
  EXPECT_EQ(download(after, 100), pattern(100, 7));
  device->release(before);
  device->release(after);
}

TEST_P(DeviceMemory, CopiesParts) {
  constexpr std::size_t bytes = 1001;
  std::vector<std::uint8_t> expected = pattern(bytes);
  const std::uint64_t address = upload(expected);
  for (const auto &[offset, count] :
       std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 1}, {3, 5}, {500, 257}, {1000, 1}, {7, 0}, {1001, 0}}) {
    const std::vector<std::uint8_t> part = pattern(count, 100);
    device->copyToDevice(address + offset, part.data(), count);
    std::copy(part.begin(), part.end(),
              expected.begin() + static_cast<std::ptrdiff_t>(offset));
    EXPECT_EQ(download(address + offset, count), part);
  }
  EXPECT_EQ(download(address, bytes), expected);
  // Nothing to copy needs no memory.
  device->copyToDevice(0, nullptr, 0);
  device->copyToHost(nullptr, 0, 0);
  device->copyOnDevice(0, 0, 0);
  device->fill(0, 1, 0);
  device->release(address);
}

TEST_P(DeviceMemory, CopiesOnTheDeviceAndFills) {
  constexpr std::size_t bytes = 777;
  std::vector<std::uint8_t> expected = pattern(bytes, 9);
  const std::uint64_t source = upload(pattern(bytes));
  const std::uint64_t target = upload(expected);
  for (const auto &[to, from, count] : std::vector<std::array<std::size_t, 3>>{
           {0, 0, 1}, {1, 2, 3}, {301, 5, 299}, {776, 0, 1}, {0, 0, 0}}) {
    device->copyOnDevice(target + to, source + from, count);
    for (std::size_t i = 0; i < count; ++i)
      expected[to + i] = pattern(bytes)[from + i];
  }
  for (const auto &[to, value, count] : std::vector<std::array<std::size_t, 3>>{
           {10, 0, 1}, {13, 255, 33}, {700, 0x5A, 77}}) {
    device->fill(target + to, static_cast<std::uint8_t>(value), count);
    std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(to), count,
                static_cast<std::uint8_t>(value));
  }
  EXPECT_EQ(download(target, bytes), expected);
  EXPECT_EQ(download(source, bytes), pattern(bytes));
  // Within one allocation, side by side.
  device->copyOnDevice(source, source + 400, 300);
  EXPECT_EQ(download(source, 300), download(source + 400, 300));
  device->release(source);
  device->release(target);
}

TEST_P(DeviceMemory, IsAnArray) {
  const MemoryUse before = device->memoryUse();
  {
    std::vector<float> numbers(37);
    std::iota(numbers.begin(), numbers.end(), 1.0F);
    DeviceArray<float> array(device, numbers);
    EXPECT_EQ(array.size(), 37U);
    EXPECT_EQ(array.download(), numbers);
    const std::vector<float> part = {-1, -2};
    array.upload(part, 35);
    std::copy(part.begin(), part.end(), numbers.begin() + 35);
    std::vector<float> read(3);
    array.download(read, 34);
    EXPECT_EQ(read, std::vector<float>({35, -1, -2}));
    expectError("an array of 37 elements has none of 2 from 36 on",
                [&] { array.upload(part, 36); });
    expectError("an array of 37 elements has none of 3 from 38 on",
                [&] { array.download(read, 38); });

    DeviceArray<float> moved(std::move(array));
    EXPECT_EQ(moved.download(), numbers);
    DeviceArray<float> other(device, 5);
    other = std::move(moved);
    EXPECT_EQ(other.download(), numbers);
    if (runsPtx())
      expectError("these numbers are in the memory of device '" + GetParam() +
                      "'",
                  [&] { other.onHost(); });
    else
      EXPECT_EQ(other.onHost()[36], -2);
    other.clear();
    EXPECT_EQ(other.download(), std::vector<float>(37));

    const DeviceArray<float> nothing(device, 0);
    EXPECT_EQ(nothing.data(), nullptr);
    EXPECT_TRUE(nothing.download().empty());
    EXPECT_TRUE(nothing.onHost().empty());
  }
  EXPECT_EQ(device->memoryUse().inUse, before.inUse);
}

INSTANTIATE_TEST_SUITE_P(Devices, DeviceMemory,
                         testing::ValuesIn(everyDevice()), deviceOf);

/// The emulator alone can tell what nothing wrote.
TEST(EmulatorMemory, RefusesToCopyWhatNothingWrote) {
  const std::shared_ptr<Device> device = EmulatorDevice::create();
  const std::uint64_t address = device->allocate(16);
  device->fill(address, 0, 8);
  std::vector<std::uint8_t> read(16);
  device->copyToHost(read.data(), address, 8);
  expectError("nothing wrote",
              [&] { device->copyToHost(read.data(), address, 9); });
  // What is copied on the device is as much written as its source.
  const std::uint64_t other = device->allocate(16);
  device->copyOnDevice(other, address, 16);
  device->copyToHost(read.data(), other, 8);
  expectError("nothing wrote",
              [&] { device->copyToHost(read.data(), other + 8, 1); });
  expectError("emulator: ",
              [&] { device->copyToHost(read.data(), address, 17); });
  expectError("emulator: ", [&] { device->fill(address + 16, 0, 1); });
}

} // namespace
