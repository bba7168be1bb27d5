//===- fake_driver_strictness_test.cpp - What the driver must refuse ------===//
//===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the manual forbids, asked of the fake driver itself: a fake driver that
// lets everything pass would prove nothing of the device.
//
//===----------------------------------------------------------------------===//

#include "tests/device/OnFakeDriver.h"

#include <array>
#include <thread>

using namespace minrnn;
using namespace minrnn::fake;
using namespace minrnn::test;

namespace {

/// A function of the fake driver's library of the type that its header gives.
#define CU(NAME) fakeDriverFunction<decltype(NAME)>(#NAME)

class Strictness : public OnFakeDriver {
protected:
  void SetUp() override {
    ASSERT_EQ(CU(cuInit)(0), success);
    ASSERT_EQ(CU(cuDevicePrimaryCtxRetain)(&context, 0), success);
    ASSERT_EQ(CU(cuCtxSetCurrent)(context), success);
    ASSERT_EQ(CU(cuStreamCreate)(&stream, streamNonBlocking), success);
    ASSERT_EQ(CU(cuStreamCreate)(&other, streamNonBlocking), success);
    ASSERT_EQ(CU(cuMemAlloc_v2)(&memory, 64), success);
  }
  /// Everything goes with the fake driver's reset.
  void TearDown() override {}

  Result fill() { return CU(cuMemsetD8Async)(memory, 1, 64, stream); }

  /// Begins a capture, does what breaks it, and sees that it is broken.
  void expectBreaks(Result expected, const std::function<Result()> &action) {
    ASSERT_EQ(CU(cuStreamBeginCapture_v2)(stream, captureThreadLocal), success);
    EXPECT_EQ(fill(), success);
    EXPECT_EQ(action(), expected);
    EXPECT_EQ(fill(), captureInvalidated);
    Handle graph = this;
    EXPECT_EQ(CU(cuStreamEndCapture)(stream, &graph), captureInvalidated);
    EXPECT_EQ(graph, nullptr);
    EXPECT_EQ(fill(), success);
    EXPECT_EQ(CU(cuCtxSynchronize)(), success);
  }

  Handle context = nullptr;
  Handle stream = nullptr;
  Handle other = nullptr;
  Address memory = 0;
};

TEST_F(Strictness, CallsNeedAStartAndAContext) {
  EXPECT_EQ(CU(cuCtxSetCurrent)(nullptr), success);
  EXPECT_EQ(fill(), invalidContext);
  std::thread([&] { EXPECT_EQ(fill(), invalidContext); }).join();
  EXPECT_EQ(CU(cuCtxSetCurrent)(stream), invalidContext);
  EXPECT_EQ(CU(cuCtxSetCurrent)(context), success);
  EXPECT_EQ(CU(cuDevicePrimaryCtxRelease_v2)(0), success);
  EXPECT_EQ(fakeDriverCount("lost"), 3);
  EXPECT_EQ(fill(), contextIsDestroyed);
  EXPECT_EQ(CU(cuDevicePrimaryCtxRelease_v2)(0), invalidContext);
  reset();
  int count = 0;
  EXPECT_EQ(CU(cuDeviceGetCount)(&count), notInitialized);
  EXPECT_EQ(CU(cuInit)(1), invalidValue);
}

TEST_F(Strictness, DeadAndForeignHandlesAreRefused) {
  Handle event = nullptr;
  EXPECT_EQ(CU(cuEventCreate)(&event, 0), success);
  EXPECT_EQ(CU(cuEventRecord)(stream, event), invalidHandle);
  EXPECT_EQ(CU(cuStreamDestroy_v2)(event), invalidHandle);
  EXPECT_EQ(CU(cuEventDestroy_v2)(event), success);
  EXPECT_EQ(CU(cuEventDestroy_v2)(event), invalidHandle);
  EXPECT_EQ(CU(cuEventRecord)(event, stream), invalidHandle);
  EXPECT_EQ(CU(cuStreamDestroy_v2)(other), success);
  EXPECT_EQ(CU(cuStreamSynchronize)(other), invalidHandle);
  EXPECT_EQ(CU(cuGraphLaunch)(event, stream), invalidValue);
  EXPECT_EQ(CU(cuModuleUnload)(stream), invalidHandle);
  EXPECT_EQ(CU(cuMemsetD8Async)(memory, 0, 64, nullptr), notSupported);
}

TEST_F(Strictness, MemoryIsHeldToItsBounds) {
  EXPECT_EQ(CU(cuMemsetD8Async)(memory, 0, 65, stream), invalidValue);
  EXPECT_EQ(CU(cuMemsetD2D8Async)(memory, 16, 0, 16, 4, stream), success);
  EXPECT_EQ(CU(cuMemsetD2D8Async)(memory, 16, 0, 16, 5, stream), invalidValue);
  EXPECT_EQ(CU(cuMemsetD2D8Async)(memory, 8, 0, 16, 2, stream), invalidValue);
  EXPECT_EQ(CU(cuMemAlloc_v2)(&memory, 0), invalidValue);
  EXPECT_EQ(CU(cuMemFree_v2)(memory + 1), invalidValue);
  EXPECT_EQ(CU(cuMemFree_v2)(memory), success);
  EXPECT_EQ(CU(cuMemFree_v2)(memory), invalidValue);
}

TEST_F(Strictness, WorkOnMemoryThatIsGoneBreaksEverything) {
  EXPECT_EQ(fill(), success);
  EXPECT_EQ(CU(cuMemFree_v2)(memory), success);
  EXPECT_EQ(CU(cuStreamSynchronize)(stream), illegalAddress);
  expectContains(fakeDriverMessage(), "which was released");
  EXPECT_EQ(CU(cuCtxSynchronize)(), illegalAddress);
  int count = 0;
  EXPECT_EQ(CU(cuDeviceGetCount)(&count), illegalAddress);
}

TEST_F(Strictness, MemoryThatNothingWroteIsNotRead) {
  std::array<char, 64> bytes = {};
  EXPECT_EQ(CU(cuMemcpyDtoHAsync_v2)(bytes.data(), memory, 64, stream),
            illegalAddress);
}

TEST_F(Strictness, PageableMemoryIsReadAtOnceAndWrittenBeforeTheReturn) {
  std::array<char, 64> bytes = {};
  bytes.fill(1);
  EXPECT_EQ(CU(cuMemcpyHtoDAsync_v2)(memory, bytes.data(), 64, stream),
            success);
  bytes.fill(2);
  EXPECT_EQ(fakeDriverCount("pending"), 1);
  EXPECT_EQ(CU(cuMemcpyDtoHAsync_v2)(bytes.data(), memory, 64, stream),
            success);
  EXPECT_EQ(bytes.front(), 1);
}

TEST_F(Strictness, AModuleThatGoesTooEarlyBreaksItsLaunch) {
  Handle module = nullptr;
  Handle function = nullptr;
  ASSERT_EQ(CU(cuModuleLoadDataEx)(&module, testPtx, 0, nullptr, nullptr),
            success);
  EXPECT_EQ(CU(cuModuleGetFunction)(&function, module, "none"), notFound);
  ASSERT_EQ(CU(cuModuleGetFunction)(&function, module, "wild"), success);
  EXPECT_EQ(CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, 0, stream, nullptr,
                               nullptr),
            success);
  EXPECT_EQ(CU(cuModuleUnload)(module), success);
  EXPECT_EQ(CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, 0, stream, nullptr,
                               nullptr),
            invalidHandle);
  EXPECT_EQ(CU(cuStreamSynchronize)(stream), launchFailed);
}

TEST_F(Strictness, SharedMemoryBeyondTheUsualMustBeAskedFor) {
  Handle module = nullptr;
  Handle function = nullptr;
  ASSERT_EQ(CU(cuModuleLoadDataEx)(&module, testPtx, 0, nullptr, nullptr),
            success);
  ASSERT_EQ(CU(cuModuleGetFunction)(&function, module, "through_both"),
            success);
  unsigned last = 0;
  std::array<void *, 2> parameters = {&memory, &last};
  const auto launch = [&](unsigned bytes) {
    return CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, bytes, stream,
                              parameters.data(), nullptr);
  };
  EXPECT_EQ(launch(32 << 10), success);
  EXPECT_EQ(launch((32 << 10) + 4), invalidValue);
  EXPECT_EQ(CU(cuFuncSetAttribute)(function, attributeDynamicShared, 48 << 10),
            success);
  EXPECT_EQ(launch(48 << 10), success);
  EXPECT_EQ(
      CU(cuFuncSetAttribute)(function, attributeDynamicShared, (48 << 10) + 4),
      invalidValue);
  parameters[1] = nullptr;
  EXPECT_EQ(launch(0), invalidValue);
}

TEST_F(Strictness, WhatACaptureForbidsBreaksIt) {
  std::array<char, 64> bytes = {};
  Address more = 0;
  Handle event = nullptr;
  ASSERT_EQ(CU(cuEventCreate)(&event, 0), success);
  ASSERT_EQ(CU(cuEventRecord)(event, other), success);
  expectBreaks(captureUnsupported, [&] { return CU(cuCtxSynchronize)(); });
  expectBreaks(captureUnsupported,
               [&] { return CU(cuStreamSynchronize)(stream); });
  expectBreaks(captureUnsupported, [&] { return CU(cuMemAlloc_v2)(&more, 8); });
  expectBreaks(captureUnsupported, [&] { return CU(cuMemFree_v2)(memory); });
  expectBreaks(captureUnsupported, [&] {
    return CU(cuMemcpyHtoDAsync_v2)(memory, bytes.data(), 64, stream);
  });
  expectBreaks(captureUnsupported, [&] {
    return CU(cuMemcpyDtoHAsync_v2)(bytes.data(), memory, 64, stream);
  });
  expectBreaks(captureUnsupported, [&] {
    Handle module = nullptr;
    return CU(cuModuleLoadDataEx)(&module, testPtx, 0, nullptr, nullptr);
  });
  expectBreaks(captureIsolation,
               [&] { return CU(cuStreamWaitEvent)(stream, event, 0); });
  expectBreaks(capturedEvent, [&] {
    EXPECT_EQ(CU(cuEventRecord)(event, stream), success);
    return CU(cuEventSynchronize)(event);
  });
}

TEST_F(Strictness, AForkMustJoinAndEndWhereItBegan) {
  Handle event = nullptr;
  Handle graph = nullptr;
  ASSERT_EQ(CU(cuEventCreate)(&event, 0), success);
  const auto fork = [&] {
    ASSERT_EQ(CU(cuStreamBeginCapture_v2)(stream, captureThreadLocal), success);
    EXPECT_EQ(fill(), success);
    EXPECT_EQ(CU(cuEventRecord)(event, stream), success);
    EXPECT_EQ(CU(cuStreamWaitEvent)(other, event, 0), success);
    EXPECT_EQ(CU(cuMemsetD8Async)(memory, 2, 64, other), success);
    EXPECT_EQ(fakeDriverCount("pending"), 0);
  };
  fork();
  EXPECT_EQ(CU(cuStreamEndCapture)(stream, &graph), captureUnjoined);
  fork();
  EXPECT_EQ(CU(cuStreamEndCapture)(other, &graph), captureUnmatched);
  EXPECT_EQ(CU(cuStreamEndCapture)(stream, &graph), captureInvalidated);
  EXPECT_EQ(CU(cuStreamEndCapture)(stream, &graph), illegalState);
  fork();
  EXPECT_EQ(CU(cuStreamBeginCapture_v2)(other, captureThreadLocal),
            illegalState);
  std::thread([&] {
    EXPECT_EQ(CU(cuCtxSetCurrent)(context), success);
    EXPECT_EQ(CU(cuStreamEndCapture)(stream, &graph), captureWrongThread);
  }).join();
  EXPECT_EQ(CU(cuEventRecord)(event, other), success);
  EXPECT_EQ(CU(cuStreamWaitEvent)(stream, event, 0), success);
  EXPECT_EQ(CU(cuStreamEndCapture)(stream, &graph), success);
  EXPECT_NE(graph, nullptr);
  EXPECT_EQ(CU(cuStreamWaitEvent)(other, event, 0), capturedEvent);
}

TEST_F(Strictness, TimesAreOfRecordedAndFinishedEventsOnly) {
  Handle first = nullptr;
  Handle second = nullptr;
  float milliseconds = -1;
  ASSERT_EQ(CU(cuEventCreate)(&first, 0), success);
  ASSERT_EQ(CU(cuEventCreate)(&second, 0), success);
  ASSERT_EQ(CU(cuEventRecord)(first, stream), success);
  EXPECT_EQ(CU(cuEventElapsedTime)(&milliseconds, first, second),
            invalidHandle);
  ASSERT_EQ(CU(cuEventRecord)(second, stream), success);
  EXPECT_EQ(CU(cuEventElapsedTime)(&milliseconds, first, second), notReady);
  ASSERT_EQ(CU(cuEventSynchronize)(second), success);
  EXPECT_EQ(CU(cuEventElapsedTime)(&milliseconds, first, second), success);
  EXPECT_GE(milliseconds, 0);
}

} // namespace
