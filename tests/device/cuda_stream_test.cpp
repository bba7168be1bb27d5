//===- cuda_stream_test.cpp - Streams and events of a CUDA device ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/OnFakeDriver.h"

#include <set>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using CudaStreams = OnFakeDriver;

constexpr unsigned long long seeds = 24;

std::uint64_t deviceAddress(const DeviceArray<std::uint32_t> &x) {
  return reinterpret_cast<std::uintptr_t>(x.data());
}

TEST_F(CudaStreams, WorkIsQueuedAndDoneInOrder) {
  const auto device = CudaDevice::create();
  const auto module = device->load(testPtx);
  const auto x = integersOn(device, {1, 2, 3});
  affine(*module, x, 2, 0);
  affine(*module, x, 1, 5);
  affine(*module, x, 3, 0);
  EXPECT_EQ(fakeDriverCount("pending"), 3);
  device->synchronize();
  EXPECT_EQ(fakeDriverCount("pending"), 0);
  EXPECT_EQ(x.download(), (Integers{21, 27, 33}));
}

TEST_F(CudaStreams, WithoutAWaitTheOrderIsOpen) {
  // What the next test rests on: the fake driver does shuffle.
  std::set<std::uint32_t> results;
  for (unsigned long long seed = 1; seed <= seeds; ++seed) {
    fakeDriverSeed(seed);
    const auto device = CudaDevice::create();
    const auto module = device->load(testPtx);
    const auto x = integersOn(device, {1});
    const auto other = device->createStream();
    affine(*module, x, 2, 0);
    device->useStream(other.get());
    affine(*module, x, 1, 5);
    device->useStream(nullptr);
    device->synchronize();
    results.insert(x.download().front());
  }
  EXPECT_EQ(results, (std::set<std::uint32_t>{7, 12}));
}

TEST_F(CudaStreams, WaitsOrderWorkWhateverTheSeed) {
  for (unsigned long long seed = 0; seed <= seeds; ++seed) {
    const auto device = CudaDevice::create();
    fakeDriverSeed(seed);
    const auto module = device->load(testPtx);
    const auto x = integersOn(device, {1});
    const auto y = integersOn(device, {100});
    const auto other = device->createStream();
    affine(*module, x, 2, 0);
    auto first = device->recordEvent();
    // After the event: not waited for, and of no consequence.
    affine(*module, y, 3, 0);
    device->useStream(other.get());
    device->waitFor(*first);
    affine(*module, x, 1, 5);
    const auto second = device->recordEvent();
    device->useStream(nullptr);
    device->waitFor(*second);
    affine(*module, x, 10, 0);
    // An event may go before what waits for it.
    first.reset();
    EXPECT_EQ(x.download(), Integers{70}) << seed;
    EXPECT_EQ(y.download(), Integers{300}) << seed;
  }
}

TEST_F(CudaStreams, AnEventIsDoneWhenWhatWasBeforeItIs) {
  const auto device = CudaDevice::create();
  const auto module = device->load(testPtx);
  const auto x = integersOn(device, {1});
  const auto first = device->recordEvent();
  affine(*module, x, 2, 0);
  const auto second = device->recordEvent();
  affine(*module, x, 2, 0);
  second->synchronize();
  EXPECT_EQ(fakeDriverCount("pending"), 1);
  EXPECT_GE(second->secondsSince(*first), 0);
  EXPECT_LE(first->secondsSince(*second), 0);
  EXPECT_EQ(x.download(), Integers{4});
}

TEST_F(CudaStreams, TheTimeBetweenEventsWaitsForThem) {
  const auto device = CudaDevice::create();
  const auto x = integersOn(device, {1});
  const auto first = device->recordEvent();
  device->fill(deviceAddress(x), 0, 4);
  const auto second = device->recordEvent();
  const double seconds = second->secondsSince(*first);
  EXPECT_GE(seconds, 0);
  EXPECT_LT(seconds, 60);
}

TEST_F(CudaStreams, ReleasedMemoryIsNotUsedBeforeItsWorkIsDone) {
  for (unsigned long long seed = 0; seed <= seeds; ++seed) {
    const auto device = CudaDevice::create();
    fakeDriverSeed(seed);
    const auto module = device->load(testPtx);
    const auto other = device->createStream();
    const auto result = integersOn(device, {0});
    {
      const auto scratch = integersOn(device, {1});
      affine(*module, scratch, 2, 5);
      device->copyOnDevice(deviceAddress(result), deviceAddress(scratch), 4);
    }
    device->useStream(other.get());
    const auto next = integersOn(device, {1000});
    device->synchronize();
    EXPECT_EQ(result.download(), Integers{7}) << seed;
    EXPECT_EQ(next.download(), Integers{1000}) << seed;
    device->useStream(nullptr);
  }
}

TEST_F(CudaStreams, ReleasedBeforeThereWasASecondStream) {
  for (unsigned long long seed = 0; seed <= seeds; ++seed) {
    const auto device = CudaDevice::create();
    fakeDriverSeed(seed);
    const auto module = device->load(testPtx);
    const auto result = integersOn(device, {0});
    {
      const auto scratch = integersOn(device, {1});
      affine(*module, scratch, 2, 5);
      device->copyOnDevice(deviceAddress(result), deviceAddress(scratch), 4);
    }
    const auto other = device->createStream();
    device->useStream(other.get());
    const auto next = integersOn(device, {1000});
    device->useStream(nullptr);
    EXPECT_EQ(result.download(), Integers{7}) << seed;
    EXPECT_EQ(next.download(), Integers{1000}) << seed;
  }
}

TEST_F(CudaStreams, AStreamMayEndWhileItIsCurrentAndBusy) {
  const auto device = CudaDevice::create();
  const auto module = device->load(testPtx);
  const auto x = integersOn(device, {1});
  auto other = device->createStream();
  device->useStream(other.get());
  affine(*module, x, 2, 0);
  device->useStream(nullptr);
  other.reset();
  EXPECT_EQ(fakeDriverCount("streams"), 1);
  affine(*module, x, 3, 0);
  EXPECT_EQ(x.download(), Integers{6});
}

TEST_F(CudaStreams, StreamsAndEventsOutliveTheirDevice) {
  auto device = CudaDevice::create();
  const auto stream = device->createStream();
  const auto event = device->recordEvent();
  device.reset();
  EXPECT_EQ(fakeDriverCount("contexts"), 1);
  event->synchronize();
}

/// The driver API, as a program beside the device calls it.
struct Driver {
  int (*const retain)(void **, int) =
      fakeDriverFunction<int(void **, int)>("cuDevicePrimaryCtxRetain");
  int (*const release)(int) =
      fakeDriverFunction<int(int)>("cuDevicePrimaryCtxRelease_v2");
  int (*const setCurrent)(void *) =
      fakeDriverFunction<int(void *)>("cuCtxSetCurrent");
  int (*const createStream)(void **, unsigned) =
      fakeDriverFunction<int(void **, unsigned)>("cuStreamCreate");
  int (*const destroyStream)(void *) =
      fakeDriverFunction<int(void *)>("cuStreamDestroy_v2");
  int (*const synchronize)(void *) =
      fakeDriverFunction<int(void *)>("cuStreamSynchronize");
  int (*const reserve)(std::uint64_t *, std::size_t) =
      fakeDriverFunction<int(std::uint64_t *, std::size_t)>("cuMemAlloc_v2");
  int (*const free)(std::uint64_t) =
      fakeDriverFunction<int(std::uint64_t)>("cuMemFree_v2");
  int (*const set)(std::uint64_t, unsigned char, std::size_t, void *) =
      fakeDriverFunction<int(std::uint64_t, unsigned char, std::size_t,
                             void *)>("cuMemsetD8Async");
};

TEST_F(CudaStreams, AForeignStreamAndForeignMemoryAreUsedInTheCallersOrder) {
  for (unsigned long long seed = 0; seed <= seeds; ++seed) {
    const auto device = CudaDevice::create();
    fakeDriverSeed(seed);
    const Driver driver;
    void *context = nullptr;
    ASSERT_EQ(driver.retain(&context, 0), 0);
    ASSERT_EQ(driver.setCurrent(context), 0);
    void *own = nullptr;
    ASSERT_EQ(driver.createStream(&own, 0), 0);
    std::uint64_t memory = 0;
    ASSERT_EQ(driver.reserve(&memory, 4), 0);
    const auto module = device->load(testPtx);
    {
      const auto stream = device->foreignStream(own);
      device->useStream(stream.get());
      // Theirs, ours, theirs again.
      ASSERT_EQ(driver.set(memory, 1, 4, own), 0);
      module->launch("affine", {{1, 1, 1}, {32, 1, 1}, 0},
                     Words{memory, 2, 3, 1});
      std::uint32_t found = 0;
      device->copyToHost(&found, memory, sizeof found);
      EXPECT_EQ(found, 0x02020202U + 3) << seed;
      const auto a = DeviceArray<float>(device, std::vector<float>{3});
      const auto c = DeviceArray<float>(device, std::vector<float>{0});
      device->multiply({.m = 1,
                        .n = 1,
                        .k = 1,
                        .a = {a.data(), 1},
                        .b = {a.data(), 1},
                        .c = c.data(),
                        .cStride = 1});
      EXPECT_EQ(c.download(), std::vector<float>{9}) << seed;
      const auto graph = device->capture([&] { device->fill(memory, 5, 4); });
      ASSERT_EQ(driver.set(memory, 1, 4, own), 0);
      graph->launch();
      device->copyToHost(&found, memory, sizeof found);
      EXPECT_EQ(found, 0x05050505U) << seed;
      device->useStream(nullptr);
    }
    // The stream is the caller's still.
    EXPECT_EQ(driver.set(memory, 1, 4, own), 0);
    EXPECT_EQ(driver.synchronize(own), 0);
    EXPECT_EQ(driver.destroyStream(own), 0);
    EXPECT_EQ(driver.free(memory), 0);
    EXPECT_EQ(driver.release(0), 0);
  }
}

TEST_F(CudaStreams, AFaultIsReportedAndStays) {
  mayLeak = true;
  const auto device = CudaDevice::create();
  const auto module = device->load(testPtx);
  module->launch("wild", {}, {});
  expectContains(errorOf([&] { device->synchronize(); }),
                 "waiting for the GPU, or work queued before: "
                 "CUDA_ERROR_ILLEGAL_ADDRESS (700, an illegal memory access "
                 "was encountered)");
  expectContains(fakeDriverMessage(), "st.global.u32 [%l], %r;");
  // "Any further CUDA work will return the same error."
  expectContains(errorOf([&] { device->recordEvent(); }),
                 "CUDA_ERROR_ILLEGAL_ADDRESS");
  expectContains(errorOf([&] { device->allocate(1); }),
                 "CUDA_ERROR_ILLEGAL_ADDRESS");
}

} // namespace
