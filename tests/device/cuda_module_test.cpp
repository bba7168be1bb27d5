//===- cuda_module_test.cpp - PTX on a CUDA device ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/OnFakeDriver.h"

using namespace minrnn;
using namespace minrnn::test;

namespace {

class CudaModules : public OnFakeDriver {
protected:
  void SetUp() override {
    device = CudaDevice::create();
    module = device->load(testPtx);
  }
  void TearDown() override {
    module.reset();
    device.reset();
    OnFakeDriver::TearDown();
  }

  /// What a launch of `entry` with so much shared memory stores.
  std::uint32_t through(const std::string &entry, std::uint64_t sharedBytes) {
    const auto x = integersOn(device, {0});
    module->launch(
        entry, {{1, 1, 1}, {1, 1, 1}, sharedBytes},
        Words{reinterpret_cast<std::uintptr_t>(x.data()), sharedBytes - 4});
    return x.download().front();
  }

  std::shared_ptr<CudaDevice> device;
  std::shared_ptr<const DeviceModule> module;
};

TEST_F(CudaModules, TheSameTextIsTheSameModuleWhileItLives) {
  EXPECT_EQ(device->load(testPtx), module);
  EXPECT_EQ(fakeDriverCount("modules"), 1);
  const auto other = device->load(std::string(testPtx) + "\n");
  EXPECT_NE(other, module);
  EXPECT_EQ(fakeDriverCount("modules"), 2);
  module.reset();
  EXPECT_EQ(fakeDriverCount("modules"), 1);
  EXPECT_NE(device->load(testPtx), nullptr);
}

TEST_F(CudaModules, AModuleMayGoWhileItsWorkIsQueued) {
  const auto x = integersOn(device, {1});
  affine(*module, x, 2, 3);
  module.reset();
  EXPECT_EQ(x.download(), Integers{5});
}

TEST_F(CudaModules, AModuleKeepsItsDevice) {
  device.reset();
  EXPECT_EQ(fakeDriverCount("contexts"), 1);
}

TEST_F(CudaModules, PtxThatDoesNotCompileIsRefusedWithTheLog) {
  const std::string message = errorOf([&] {
    device->load(".version 7.0\n.target sm_75\n.address_size 64\n"
                 ".visible .entry k()\n{\n  frobnicate;\n}\n");
  });
  expectContains(message, "the CUDA driver (13.0) refuses the PTX: ptxas "
                          "application ptx input, PTX line 6: 'frobnicate;'");
  expectContains(message,
                 "CUDA_ERROR_INVALID_PTX (218, a PTX JIT compilation failed)");
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(message.find(" :"), message.find("fatal   :") + 7);
  EXPECT_EQ(fakeDriverCount("modules"), 1);
}

TEST_F(CudaModules, PtxForANewerGpuIsRefused) {
  std::string newer = testPtx;
  newer.replace(newer.find("sm_75"), 5, "sm_90");
  expectContains(errorOf([&] { device->load(newer); }),
                 "a sm_90 program cannot run on sm_75");
}

TEST_F(CudaModules, AnUnknownEntryIsNamed) {
  EXPECT_EQ(errorOf([&] { module->launch("none", {}, {}); }),
            "the module has no entry 'none'");
}

TEST_F(CudaModules, AWrongNumberOfWordsIsRefused) {
  for (const std::size_t count : {0U, 3U, 5U})
    EXPECT_EQ(errorOf([&] { module->launch("affine", {}, Words(count)); }),
              "launch of 'affine': expected 4 64-bit arguments, found " +
                  std::to_string(count));
  EXPECT_EQ(errorOf([&] { module->launch("wild", {}, Words(1)); }),
            "launch of 'wild': expected 0 64-bit arguments, found 1");
}

TEST_F(CudaModules, AnEmptyGridDoesNothing) {
  for (const std::size_t axis : {0U, 1U, 2U}) {
    LaunchShape shape;
    shape.grid[axis] = 0;
    module->launch("wild", shape, {});
  }
  EXPECT_EQ(fakeDriverCount("pending"), 0);
  EXPECT_EQ(errorOf([&] { module->launch("none", {{0, 1, 1}}, {}); }),
            "the module has no entry 'none'");
}

TEST_F(CudaModules, ShapesThatCannotBeAreRefused) {
  for (const LaunchShape &shape :
       {LaunchShape{{1, 1, 1}, {1025, 1, 1}, 0},
        LaunchShape{{1, 1, 1}, {1, 1, 65}, 0},
        LaunchShape{{1, 1, 1}, {0, 1, 1}, 0},
        LaunchShape{{1, 65536, 1}, {1, 1, 1}, 0},
        LaunchShape{{1, 1, 1}, {1, 1, 1}, 65 << 10},
        LaunchShape{{1, 1, 1}, {1, 1, 1}, std::uint64_t{1} << 31}})
    expectContains(errorOf([&] { module->launch("wild", shape, {}); }),
                   "launch of 'wild': ");
  EXPECT_EQ(errorOf([&] {
              module->launch("wild", {{std::uint64_t{1} << 32, 1, 1}}, {});
            }),
            "launch of 'wild': an extent of 4294967296 is more than a grid "
            "can have");
  // Its low 32 bits are none.
  EXPECT_EQ(errorOf([&] {
              module->launch(
                  "wild", {{1, 1, 1}, {1, 1, 1}, std::uint64_t{1} << 32}, {});
            }),
            "launch of 'wild': 4294967296 bytes of shared memory are more than "
            "a block can have");
  EXPECT_EQ(fakeDriverCount("pending"), 0);
}

TEST_F(CudaModules, SharedMemoryIsAskedForWhereItIsMuch) {
  EXPECT_EQ(through("through_shared", 1024), 7U);
  EXPECT_EQ(through("through_shared", 64 << 10), 7U);
  EXPECT_EQ(through("through_shared", 50 << 10), 7U);
  EXPECT_EQ(through("through_shared", 64 << 10), 7U);
}

TEST_F(CudaModules, SharedMemoryOfTheEntryCountsToo) {
  EXPECT_EQ(through("through_both", 1024), 7U);
  EXPECT_EQ(through("through_both", 40 << 10), 7U);
  EXPECT_EQ(through("through_both", 48 << 10), 7U);
}

TEST_F(CudaModules, AParameterOfManyBytesTakesItsWords) {
  const auto structures = device->load(R"(
.version 7.0
.target sm_75
.address_size 64
.visible .entry pair(.param .align 8 .b8 s[12], .param .u64 x)
{
  .reg .b32 %r<3>;
  .reg .b64 %l<2>;
  ld.param.u64 %l0, [x];
  ld.param.u32 %r0, [s];
  ld.param.u32 %r1, [s+8];
  st.global.u32 [%l0], %r0;
  st.global.u32 [%l0+4], %r1;
  ret;
}
)");
  const auto x = integersOn(device, {0, 0});
  const auto address = reinterpret_cast<std::uintptr_t>(x.data());
  structures->launch("pair", {}, Words{11, 22, address});
  EXPECT_EQ(x.download(), (Integers{11, 22}));
  EXPECT_EQ(errorOf([&] { structures->launch("pair", {}, Words{1, address}); }),
            "launch of 'pair': expected 3 64-bit arguments, found 2");
}

} // namespace
