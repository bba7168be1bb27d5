//===- cuda_graph_test.cpp - Recorded work on a CUDA device ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/DeviceAddress.h"
#include "tests/device/OnFakeDriver.h"

using namespace minrnn;
using namespace minrnn::test;

namespace {

class CudaGraphs : public OnFakeDriver {
protected:
  void SetUp() override {
    device = CudaDevice::create();
    module = device->load(testPtx);
    x = integersOn(device, {1, 2});
  }
  void TearDown() override {
    x = {};
    module.reset();
    device.reset();
    OnFakeDriver::TearDown();
  }

  /// Recording works, and runs on what is there.
  void expectUsable() {
    x.upload(Integers{1, 2});
    const auto graph = device->capture([&] { affine(*module, x, 2, 1); });
    graph->launch();
    affine(*module, x, 10, 0);
    EXPECT_EQ(x.download(), (Integers{30, 50}));
    const auto y = integersOn(device, {9});
    EXPECT_EQ(y.download(), Integers{9});
    const auto stream = device->createStream();
    device->recordEvent()->synchronize();
    device->synchronize();
  }

  /// `forbidden` throws an Error when it is recorded, which names it, and the
  /// device is usable afterwards.
  void expectForbidden(const std::string &expected,
                       const std::function<void()> &forbidden) {
    const std::string message = errorOf([&] {
      device->capture([&] {
        affine(*module, x, 2, 1);
        forbidden();
      });
    });
    EXPECT_EQ(message, expected);
    EXPECT_EQ(x.download(), (Integers{1, 2}));
    expectUsable();
    x.upload(Integers{1, 2});
  }

  std::shared_ptr<CudaDevice> device;
  std::shared_ptr<const DeviceModule> module;
  DeviceArray<std::uint32_t> x;
};

TEST_F(CudaGraphs, RecordsAndRunsManyTimes) {
  std::unique_ptr<Graph> graph = device->capture([&] {
    affine(*module, x, 2, 1);
    affine(*module, x, 1, 1);
  });
  EXPECT_EQ(fakeDriverCount("pending"), 0);
  EXPECT_EQ(fakeDriverCount("graphs"), 0);
  EXPECT_EQ(x.download(), (Integers{1, 2}));
  graph->launch();
  EXPECT_EQ(x.download(), (Integers{4, 6}));
  graph->launch();
  graph->launch();
  // In flight when it goes.
  graph.reset();
  EXPECT_EQ(x.download(), (Integers{22, 30}));
}

TEST_F(CudaGraphs, RecordsFillsCopiesAndProducts) {
  const auto y = integersOn(device, {0, 0});
  const auto a = DeviceArray<float>(device, std::vector<float>{1, 2, 3, 4});
  const auto b = DeviceArray<float>(device, std::vector<float>{5, 6});
  const auto c = DeviceArray<float>(device, std::vector<float>{100, 100});
  MatrixProduct product{
      .m = 2, .n = 1, .k = 2, .a = {a.data(), 2}, .b = {b.data(), 1}};
  product.c = c.data();
  product.cStride = 1;
  product.accumulate = true;
  const auto graph = device->capture([&] {
    device->copyOnDevice(addressOf(y.data()), addressOf(x.data()), 8);
    device->fill(addressOf(x.data()), 0, 4);
    device->multiply(product);
    product.k = 0;
    product.accumulate = false;
    product.c = b.data();
    device->multiply(product);
  });
  graph->launch();
  EXPECT_EQ(y.download(), (Integers{1, 2}));
  EXPECT_EQ(x.download(), (Integers{0, 2}));
  EXPECT_EQ(c.download(), (std::vector<float>{117, 139}));
  EXPECT_EQ(b.download(), (std::vector<float>{0, 0}));
}

TEST_F(CudaGraphs, AnEmptyOneDoesNothing) {
  const auto graph = device->capture([] {});
  graph->launch();
  device->synchronize();
}

TEST_F(CudaGraphs, RunsOnTheCurrentStreamAndOneLaunchAtATime) {
  for (unsigned long long seed = 0; seed < 16; ++seed) {
    fakeDriverSeed(seed);
    x.upload(Integers{1, 2});
    const auto graph = device->capture([&] { affine(*module, x, 2, 1); });
    const auto other = device->createStream();
    device->useStream(other.get());
    graph->launch();
    const auto event = device->recordEvent();
    device->useStream(nullptr);
    device->waitFor(*event);
    affine(*module, x, 10, 0);
    EXPECT_EQ(x.download(), (Integers{30, 50})) << seed;
  }
}

TEST_F(CudaGraphs, RecordsOnAnotherStream) {
  const auto other = device->createStream();
  device->useStream(other.get());
  const auto graph = device->capture([&] { affine(*module, x, 2, 1); });
  device->useStream(nullptr);
  graph->launch();
  EXPECT_EQ(x.download(), (Integers{3, 5}));
}

TEST_F(CudaGraphs, AGraphWithinAGraph) {
  auto inner = device->capture([&] { affine(*module, x, 2, 1); });
  const auto outer = device->capture([&] {
    inner->launch();
    affine(*module, x, 10, 0);
    inner->launch();
  });
  inner.reset();
  outer->launch();
  EXPECT_EQ(x.download(), (Integers{61, 101}));
}

TEST_F(CudaGraphs, KeepsTheModulesItLaunches) {
  auto inner = device->capture([&] { affine(*module, x, 2, 1); });
  auto outer = device->capture([&] { inner->launch(); });
  module.reset();
  EXPECT_EQ(fakeDriverCount("modules"), 1);
  inner->launch();
  inner.reset();
  outer->launch();
  EXPECT_EQ(x.download(), (Integers{7, 11}));
  EXPECT_EQ(fakeDriverCount("modules"), 1);
  outer.reset();
  EXPECT_EQ(fakeDriverCount("modules"), 0);
}

TEST_F(CudaGraphs, AModuleMayGoWhileOneIsRecorded) {
  auto other = device->load(std::string(testPtx) + "// another text\n");
  EXPECT_NE(other, module);
  EXPECT_EQ(fakeDriverCount("modules"), 2);
  const auto graph = device->capture([&] {
    affine(*module, x, 2, 1);
    other.reset();
  });
  EXPECT_EQ(fakeDriverCount("modules"), 1);
  graph->launch();
  EXPECT_EQ(x.download(), (Integers{3, 5}));
}

TEST_F(CudaGraphs, MemoryMayGoWhileOneIsRecorded) {
  auto y = integersOn(device, {1});
  const std::uint64_t used = device->memoryUse().inUse;
  const auto stream = device->createStream();
  const auto graph = device->capture([&] {
    affine(*module, x, 2, 1);
    y = {};
    EXPECT_EQ(device->memoryUse().inUse, used);
  });
  EXPECT_LT(device->memoryUse().inUse, used);
  graph->launch();
  EXPECT_EQ(x.download(), (Integers{3, 5}));
}

TEST_F(CudaGraphs, AnErrorInTheWorkIsPassedOn) {
  expectForbidden("the work's own", [] { throw Error("the work's own"); });
  EXPECT_THROW(device->capture([] { throw 7; }), int); // NOLINT
  expectUsable();
}

TEST_F(CudaGraphs, AKernelThatCannotBeLaunchedIsPassedOn) {
  expectForbidden("the module has no entry 'none'",
                  [&] { module->launch("none", {}, {}); });
  const std::string message = errorOf([&] {
    device->capture(
        [&] { module->launch("wild", {{1, 1, 1}, {2048, 1, 1}, 0}, {}); });
  });
  expectContains(message, "launch of 'wild': CUDA_ERROR_INVALID_VALUE");
  expectUsable();
}

TEST_F(CudaGraphs, WhatCannotBeRecordedIsRefused) {
  Integers values(2);
  const std::string copies =
      "a copy to or from the host cannot be recorded in a graph";
  expectForbidden(copies, [&] { x.upload(values); });
  expectForbidden(copies, [&] { x.download(values); });
  expectForbidden("a reservation of memory cannot be recorded in a graph",
                  [&] { device->allocate(64 << 20); });
  expectForbidden("giving memory back to the driver cannot be recorded in a "
                  "graph",
                  [&] { device->trim(); });
  expectForbidden("a wait for the GPU cannot be recorded in a graph",
                  [&] { device->synchronize(); });
  expectForbidden("the loading of PTX cannot be recorded in a graph",
                  [&] { device->load(std::string(testPtx) + "// new\n"); });
  expectForbidden("a graph is being recorded already",
                  [&] { device->capture([] {}); });
  const auto event = device->recordEvent();
  expectForbidden("an event cannot be recorded in a graph",
                  [&] { device->recordEvent(); });
  expectForbidden("a wait for an event cannot be recorded in a graph",
                  [&] { device->waitFor(*event); });
  expectForbidden("a change of the stream cannot be recorded in a graph",
                  [&] { device->useStream(nullptr); });
  expectForbidden("a new stream cannot be recorded in a graph",
                  [&] { device->createStream(); });
}

TEST_F(CudaGraphs, AModuleThatIsLoadedMayBeFoundAgain) {
  const auto graph =
      device->capture([&] { affine(*device->load(testPtx), x, 2, 1); });
  graph->launch();
  EXPECT_EQ(x.download(), (Integers{3, 5}));
}

TEST_F(CudaGraphs, NeedsNoCublasWithoutProducts) {
  const Environment none("MINRNN_CUBLAS", "/nowhere/libcublas.so");
  const auto other = CudaDevice::create();
  auto y = integersOn(other, {1});
  const auto loaded = other->load(testPtx);
  const auto graph = other->capture([&] { affine(*loaded, y, 2, 1); });
  graph->launch();
  EXPECT_EQ(y.download(), Integers{3});
}

} // namespace
