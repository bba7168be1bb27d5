//===- fake_driver_test.cpp - Memory and facts of a CUDA device -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/OnFakeDriver.h"

#include "minrnn/open_device.h"

#include <algorithm>
#include <numeric>
#include <thread>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using CudaMemory = OnFakeDriver;
using CudaFacts = OnFakeDriver;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

//===----------------------------------------------------------------------===//
// What it is
//===----------------------------------------------------------------------===//

TEST_F(CudaFacts, SaysWhatItIs) {
  const auto device = CudaDevice::create();
  EXPECT_EQ(device->name(), "cuda");
  EXPECT_EQ(device->target(), "sm_75");
  EXPECT_EQ(device->description(), "Fake GPU 0, sm_75, 1.0 GiB, driver for "
                                   "CUDA 13.0, cuBLAS 13.1");
}

TEST_F(CudaFacts, TellsTheVersionsOfOldLibraries) {
  configure("VERSION", "11040");
  configure("CUBLAS_VERSION", "11501");
  configure("CAPABILITY", "86");
  EXPECT_EQ(CudaDevice::create()->description(),
            "Fake GPU 0, sm_86, 1.0 GiB, driver for CUDA 11.4, cuBLAS 11.5");
}

TEST_F(CudaFacts, CountsGpusAndOpensEachByNumber) {
  configure("DEVICES", "2");
  EXPECT_EQ(CudaDevice::count(), 2);
  const auto second = CudaDevice::create(1);
  expectContains(second->description(), "Fake GPU 1, ");
  EXPECT_EQ(openDevice("cuda:1")->description(), second->description());
  EXPECT_EQ(errorOf([] { CudaDevice::create(2); }),
            "there is no GPU 2; the CUDA driver finds 2");
  EXPECT_EQ(errorOf([] { CudaDevice::create(-1); }),
            "there is no GPU -1; the CUDA driver finds 2");
}

TEST_F(CudaFacts, TwoGpusHaveTheirOwnMemory) {
  configure("DEVICES", "2");
  const auto first = CudaDevice::create(0);
  const auto second = CudaDevice::create(1);
  const auto x = integersOn(first, {1, 2});
  const auto y = integersOn(second, {3, 4});
  // Calls alternate, so each must choose its GPU anew.
  EXPECT_EQ(x.download(), (Integers{1, 2}));
  EXPECT_EQ(y.download(), (Integers{3, 4}));
  Integers none(2);
  expectContains(errorOf([&] {
                   second->copyToHost(
                       none.data(), reinterpret_cast<std::uintptr_t>(x.data()),
                       8);
                 }),
                 "copying from the GPU: CUDA_ERROR_INVALID_VALUE");
  affine(*second->load(testPtx), y, 2, 0);
  affine(*first->load(testPtx), x, 3, 0);
  EXPECT_EQ(y.download(), (Integers{6, 8}));
  EXPECT_EQ(x.download(), (Integers{3, 6}));
}

TEST_F(CudaFacts, TwoDevicesShareAGpu) {
  auto first = CudaDevice::create();
  const auto second = CudaDevice::create();
  EXPECT_EQ(fakeDriverCount("contexts"), 2);
  const auto x = integersOn(second, {5});
  first.reset();
  EXPECT_EQ(fakeDriverCount("contexts"), 1);
  EXPECT_EQ(x.download(), Integers{5});
}

TEST_F(CudaFacts, AnotherThreadMayUseIt) {
  const auto device = CudaDevice::create();
  const auto x = integersOn(device, {1, 2, 3});
  Integers seen;
  std::thread([&] {
    affine(*device->load(testPtx), x, 2, 1);
    seen = x.download();
  }).join();
  EXPECT_EQ(seen, (Integers{3, 5, 7}));
  // The last owner, on a thread that never used it.
  auto last = CudaDevice::create();
  std::thread([owned = std::exchange(last, nullptr)]() mutable {
    owned.reset();
  }).join();
  EXPECT_EQ(fakeDriverCount("contexts"), 1);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

TEST_F(CudaMemory, CopiesThereAndBack) {
  const auto device = CudaDevice::create();
  Integers values(1000);
  std::iota(values.begin(), values.end(), 7U);
  auto x = integersOn(device, values);
  auto y = DeviceArray<std::uint32_t>(device, 1000);
  device->copyOnDevice(reinterpret_cast<std::uintptr_t>(y.data()),
                       reinterpret_cast<std::uintptr_t>(x.data()), 4000);
  x.clear();
  EXPECT_EQ(y.download(), values);
  EXPECT_EQ(x.download(), Integers(1000));
  device->fill(reinterpret_cast<std::uintptr_t>(x.data()) + 4, 0xAB, 8);
  Integers part(4);
  x.download(part);
  EXPECT_EQ(part, (Integers{0, 0xABABABAB, 0xABABABAB, 0}));
}

TEST_F(CudaMemory, CopiesOfNothingNeedNoMemory) {
  const auto device = CudaDevice::create();
  device->copyToDevice(0, nullptr, 0);
  device->copyToHost(nullptr, 0, 0);
  device->copyOnDevice(0, 0, 0);
  device->fill(0, 0, 0);
  device->release(0);
  EXPECT_EQ(device->memoryUse().inUse, 0U);
}

TEST_F(CudaMemory, TheSourceMayChangeOnceACopyReturns) {
  const auto device = CudaDevice::create();
  auto x = DeviceArray<std::uint32_t>(device, 100);
  Integers values(100, 1);
  x.upload(values);
  values.assign(100, 2);
  EXPECT_EQ(x.download(), Integers(100, 1));
}

TEST_F(CudaMemory, ReusesWhatWasReleased) {
  const auto device = CudaDevice::create();
  const std::uint64_t first = device->allocate(1000);
  EXPECT_EQ(first % 256, 0U);
  EXPECT_EQ(device->memoryUse().inUse, 1000U);
  device->release(first);
  EXPECT_EQ(device->memoryUse().inUse, 0U);
  EXPECT_EQ(device->memoryUse().peak, 1000U);
  const long reserved = fakeDriverCount("allocations");
  const std::uint64_t second = device->allocate(900);
  EXPECT_EQ(second, first);
  EXPECT_EQ(fakeDriverCount("allocations"), reserved);
  const std::uint64_t third = device->allocate(900);
  EXPECT_NE(third, first);
  device->release(second);
  device->release(third);
  device->trim();
  EXPECT_EQ(fakeDriverCount("allocations"), reserved - 1);
}

TEST_F(CudaMemory, NoBytesStillHaveAnAddress) {
  const auto device = CudaDevice::create();
  const std::uint64_t first = device->allocate(0);
  const std::uint64_t second = device->allocate(0);
  EXPECT_NE(first, 0U);
  EXPECT_NE(first, second);
  device->release(first);
  device->release(second);
}

TEST_F(CudaMemory, WhatIsTooMuchIsNamedAndTheDeviceGoesOn) {
  configure("MEMORY", std::to_string(8 * mebibyte));
  const auto device = CudaDevice::create();
  const std::uint64_t held = device->allocate(2 * mebibyte);
  const std::string message = errorOf([&] { device->allocate(7 * mebibyte); });
  expectContains(message, "out of memory: no room for 7340032 bytes on the "
                          "device, besides 2097152 in use");
  EXPECT_EQ(device->memoryUse().inUse, 2 * mebibyte);
  errorOf([&] { device->allocate(SIZE_MAX); });
  const std::uint64_t more = device->allocate(5 * mebibyte);
  device->fill(more, 1, 5 * mebibyte);
  device->synchronize();
  device->release(more);
  device->release(held);
}

TEST_F(CudaMemory, MakesRoomFromWhatIsKeptOnceItsWorkIsDone) {
  configure("MEMORY", std::to_string(8 * mebibyte));
  const auto device = CudaDevice::create();
  const std::uint64_t first = device->allocate(5 * mebibyte);
  // Still queued when its memory is asked back.
  device->fill(first, 1, 5 * mebibyte);
  device->release(first);
  const std::uint64_t second = device->allocate(7 * mebibyte);
  device->fill(second, 2, 7 * mebibyte);
  device->synchronize();
  device->release(second);
}

TEST_F(CudaMemory, TrimWaitsForWork) {
  const auto device = CudaDevice::create();
  const std::uint64_t first = device->allocate(mebibyte);
  device->fill(first, 1, mebibyte);
  device->release(first);
  device->trim();
  EXPECT_EQ(fakeDriverCount("allocations"), 0);
  device->synchronize();
}

TEST_F(CudaMemory, MemoryThatIsStillHeldGoesWithTheDevice) {
  auto device = CudaDevice::create();
  device->fill(device->allocate(100), 0, 100);
  EXPECT_EQ(fakeDriverCount("pending"), 1);
  device.reset();
}

TEST_F(CudaMemory, CopiesOutsideItAreRefused) {
  const auto device = CudaDevice::create();
  const std::uint64_t x = device->allocate(512);
  const Integers values(256);
  expectContains(
      errorOf([&] { device->copyToDevice(x, values.data(), 1024); }),
      "copying to the GPU: CUDA_ERROR_INVALID_VALUE (1, invalid argument)");
  device->fill(x, 0, 512);
  device->synchronize();
  device->release(x);
}

} // namespace
