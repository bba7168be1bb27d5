//===- ModuleTest.cpp - PTX loaded and launched on every device -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_array.h"
#include "runtime/device/PtxKernels.h"
#include "tests/device/KernelFile.h"
#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

class Module : public OnEveryDevice {
protected:
  void SetUp() override {
    OnEveryDevice::SetUp();
    if (device)
      module = device->load(arithmeticPtx());
  }

  template <typename Element>
  static std::uint64_t word(const DeviceArray<Element> &array) {
    return std::bit_cast<std::uintptr_t>(array.data());
  }

  std::shared_ptr<const DeviceModule> module;
};

TEST_P(Module, IsLoadedOnceForEachText) {
  EXPECT_EQ(device->load(arithmeticPtx()), module);
  const std::string other = arithmeticPtx() + "\n// another text\n";
  const auto second = device->load(other);
  EXPECT_NE(second, module);
  EXPECT_EQ(device->load(other), second);
  // It lives as long as it is held, and can be loaded again.
  module.reset();
  module = device->load(arithmeticPtx());
  EXPECT_EQ(device->load(arithmeticPtx()), module);
}

TEST_P(Module, IsRefusedWithTheLineOrTheReason) {
  const std::string head = ".version 6.4\n.target sm_75\n.address_size 64\n";
  expectError("line 6", [&] {
    device->load(head + ".visible .entry k()\n{\n  frobnicate.u32 %r1;\n"
                        "  ret;\n}\n");
  });
  // A register that was not declared.
  expectError("line 6", [&] {
    device->load(head + ".visible .entry k()\n{\n  mov.u32 %r1, 1;\n"
                        "  ret;\n}\n");
  });
  EXPECT_THROW(device->load("This is no PTX."), Error);
  EXPECT_THROW(device->load(""), Error);
  // After which all goes on.
  EXPECT_EQ(device->load(arithmeticPtx()), module);
}

TEST_P(Module, ComputesWithOddSizes) {
  for (const std::size_t count : {1, 31, 33, 257, 10007}) {
    SCOPED_TRACE(count);
    std::vector<float> x(count);
    std::vector<float> y(count + 1);
    for (std::size_t i = 0; i < count; ++i) {
      x[i] = std::sin(static_cast<float>(i));
      y[i] = std::cos(static_cast<float>(i));
    }
    // The place behind the last is not to be touched.
    y[count] = -7;
    const DeviceArray<float> onX(device, x);
    const DeviceArray<float> onY(device, y);
    constexpr float a = 0.3F;
    constexpr std::uint64_t threads = 96;
    LaunchShape shape;
    shape.grid[0] = (count + threads - 1) / threads;
    shape.block[0] = threads;
    module->launch(
        "axpy", shape,
        std::array{word(onY), word(onX), std::uint64_t{count}, wordOf(a)});
    const std::vector<float> found = onY.download();
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_EQ(found[i], std::fma(a, x[i], y[i])) << i;
    EXPECT_EQ(found[count], -7);
  }
}

TEST_P(Module, NumbersThreadsAndBlocksInThreeDimensions) {
  for (const LaunchShape &shape :
       {LaunchShape{{5, 3, 2}, {7, 2, 3}}, LaunchShape{{1, 4, 1}, {1, 1, 13}},
        LaunchShape{{1, 1, 1}, {1, 1, 1}}}) {
    const auto count = [](const std::array<std::uint64_t, 3> &extents) {
      return extents[0] * extents[1] * extents[2];
    };
    const DeviceArray<std::uint32_t> out(device, count(shape.grid) *
                                                     count(shape.block));
    module->launch("places", shape, std::array{word(out)});
    std::vector<std::uint32_t> expected;
    const auto &[grid, block, sharedBytes] = shape;
    for (std::uint32_t bz = 0; bz < grid[2]; ++bz)
      for (std::uint32_t by = 0; by < grid[1]; ++by)
        for (std::uint32_t bx = 0; bx < grid[0]; ++bx)
          for (std::uint32_t tz = 0; tz < block[2]; ++tz)
            for (std::uint32_t ty = 0; ty < block[1]; ++ty)
              for (std::uint32_t tx = 0; tx < block[0]; ++tx)
                expected.push_back(tx | ty << 4 | tz << 8 | bx << 12 |
                                   by << 16 | bz << 20);
    EXPECT_EQ(out.download(), expected);
  }
}

TEST_P(Module, HasTheSharedMemoryOfTheLaunch) {
  for (const std::size_t threads : {1, 33, 1000}) {
    constexpr std::size_t blocks = 3;
    std::vector<std::uint32_t> words(blocks * threads);
    std::iota(words.begin(), words.end(), 100U);
    const DeviceArray<std::uint32_t> on(device, words);
    LaunchShape shape;
    shape.grid[0] = blocks;
    shape.block[0] = threads;
    shape.sharedBytes = 4 * threads;
    module->launch("turnRound", shape, std::array{word(on)});
    for (std::size_t block = 0; block < blocks; ++block)
      std::reverse(words.begin() + static_cast<std::ptrdiff_t>(block * threads),
                   words.begin() +
                       static_cast<std::ptrdiff_t>((block + 1) * threads));
    EXPECT_EQ(on.download(), words) << threads;
  }
}

TEST_P(Module, DoesNothingOnAnEmptyGrid) {
  const DeviceArray<std::uint32_t> out(device,
                                       std::vector<std::uint32_t>(9, 5));
  for (std::size_t axis = 0; axis < 3; ++axis) {
    LaunchShape shape{{3, 3, 3}, {1, 1, 1}};
    shape.grid[axis] = 0;
    module->launch("places", shape, std::array{word(out)});
  }
  EXPECT_EQ(out.download(), std::vector<std::uint32_t>(9, 5));
}

TEST_P(Module, RefusesWrongLaunches) {
  const DeviceArray<std::uint32_t> out(device,
                                       std::vector<std::uint32_t>(64, 5));
  const std::array words = {word(out)};
  expectError("'nowhere'", [&] { module->launch("nowhere", {}, words); });
  for (const LaunchShape &shape : {
           LaunchShape{{1, 1, 1}, {2048, 1, 1}},
           LaunchShape{{1, 1, 1}, {64, 32, 1}},
           LaunchShape{{1, 1, 1}, {1, 1, 65}},
           LaunchShape{{1, 1, 1}, {0, 1, 1}},
           LaunchShape{{1, 65536, 1}, {1, 1, 1}},
           LaunchShape{{1, 1, 65536}, {1, 1, 1}},
           LaunchShape{{std::uint64_t{1} << 31, 1, 1}, {1, 1, 1}},
           // What would be 1 in 32 bits.
           LaunchShape{{(std::uint64_t{1} << 32) + 1, 1, 1}, {1, 1, 1}},
           LaunchShape{{1, 1, 1}, {(std::uint64_t{1} << 32) + 1, 1, 1}},
           LaunchShape{{1, 1, 1}, {1, 1, 1}, 1 << 20},
           LaunchShape{{1, 1, 1}, {1, 1, 1}, std::uint64_t{1} << 32},
       })
    expectError("places", [&] { module->launch("places", shape, words); });
  expectError("places", [&] { module->launch("places", {}, {}); });
  expectError("places", [&] {
    module->launch("places", {}, std::array{words[0], std::uint64_t{0}});
  });
  device->synchronize();
  EXPECT_EQ(out.download(), std::vector<std::uint32_t>(64, 5));
  // After which all goes on.
  module->launch("places", {{1, 1, 1}, {2, 1, 1}}, words);
  EXPECT_EQ(out.download()[1], 1U);
}

TEST_P(Module, RunsTheEntriesOfACell) {
  KernelEntry entry;
  entry.name = "forward";
  entry.symbol = "places";
  entry.block = {2, 1, 3};
  entry.tileChannels = 4;
  expectError("device", [&] { PtxKernels(nullptr, arithmeticPtx()); });
  const PtxKernels kernels(device, arithmeticPtx());
  EXPECT_EQ(kernels.device(), device);
  const DeviceArray<std::uint32_t> out(device,
                                       std::vector<std::uint32_t>(24, 99));
  kernels.launch(entry, std::array{word(out)}, 0);
  EXPECT_EQ(out.download(), std::vector<std::uint32_t>(24, 99));
  kernels.launch(entry, std::array{word(out)}, 3);
  const std::vector<std::uint32_t> found = out.download();
  EXPECT_EQ(found[17], 1U | 2U << 8 | 2U << 12);
  EXPECT_EQ(found[18], 99U);
  expectError("entry 'forward': 2147483648 tiles", [&] {
    kernels.launch(entry, std::array{word(out)}, std::int64_t{1} << 31);
  });
  entry.symbol = "elsewhere";
  expectError("'elsewhere'",
              [&] { kernels.launch(entry, std::array{word(out)}, 1); });
}

INSTANTIATE_TEST_SUITE_P(Devices, Module, testing::ValuesIn(devicesOfPtx()),
                         deviceOf);

TEST(HostModule, IsRefused) {
  const std::shared_ptr<Device> host = openDevice("host");
  expectError("the host runs no PTX", [&] { host->load(arithmeticPtx()); });
  expectError("the host runs no PTX",
              [&] { PtxKernels(host, arithmeticPtx()); });
}

} // namespace
