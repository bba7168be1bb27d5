//===- LayerKernelsTest.h - Kernels of layers, emulated ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_EMULATOR_LAYERKERNELSTEST_H
#define MINRNN_TESTS_EMULATOR_LAYERKERNELSTEST_H

#include "minrnn/error.h"
#include "runtime/emulator/Launch.h"
#include "runtime/layers/KernelCompiler.h"
#include "runtime/layers/LayerKernels.h"
#include "tests/layers/HostLayers.h"
#include "tests/runtime/Comparison.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace minrnn::test {

/// An emulated device with every kernel of a layer on it.
class EmulatedKernels : public LayerKernels {
public:
  explicit EmulatedKernels(KernelCompiler &compiler) : compiler(compiler) {}

  void launch(const SourceText &source, std::string_view entry,
              const LaunchShape &grid,
              std::span<const std::uint64_t> arguments) override {
    auto &loaded = modules[source.name];
    if (!loaded)
      loaded = std::make_unique<emulator::Module>(
          memory, emulator::parse(compiler.ptx(source)));
    const emulator::EntryInfo *info = loaded->program().find(entry);
    ASSERT_NE(info, nullptr) << entry;
    // What a kernel may have without being given leave.
    EXPECT_LE(info->sharedBytes + grid.sharedBytes, 48U * 1024) << entry;
    const auto extent = [&](std::uint64_t blocks) {
      return static_cast<std::uint32_t>(std::min(blocks, mostBlocks));
    };
    const auto threads = [&](std::size_t axis) {
      return static_cast<std::uint32_t>(grid.block[axis]);
    };
    statistics += emulator::launch(
        *loaded, entry,
        {extent(grid.grid[0]), extent(grid.grid[1]), extent(grid.grid[2])},
        {threads(0), threads(1), threads(2)}, grid.sharedBytes, arguments,
        options);
  }

  /// Just as much as was asked for.
  double *workspace(std::int64_t count) override {
    return reserve<double>(count);
  }

  template <typename T> T *reserve(std::int64_t count) {
    return std::bit_cast<T *>(
        memory.allocate(static_cast<std::uint64_t>(count) * sizeof(T)));
  }
  template <typename T> T *upload(const std::vector<T> &values) {
    T *address = reserve<T>(static_cast<std::int64_t>(values.size()));
    memory.copyToDevice(reinterpret_cast<std::uint64_t>(address), values.data(),
                        values.size() * sizeof(T));
    return address;
  }
  /// As `upload`, `offset` elements after an address of 16 bytes.
  template <typename T> T *upload(std::vector<T> values, std::int64_t offset) {
    values.insert(values.begin(), static_cast<std::size_t>(offset), T());
    return upload(values) + offset;
  }
  /// Fails, by an exception, where nothing was written.
  template <typename T>
  std::vector<T> download(const T *address, std::int64_t count) const {
    std::vector<T> values(static_cast<std::size_t>(count));
    memory.copyToHost(values.data(), reinterpret_cast<std::uint64_t>(address),
                      values.size() * sizeof(T));
    return values;
  }

  emulator::Memory memory;
  emulator::LaunchOptions options;
  /// Grids are cut to this along each axis, as they are to the hardware's limit
  /// when arrays are very large.
  std::uint64_t mostBlocks = std::numeric_limits<std::uint32_t>::max();
  /// Of all launches since it was last cleared.
  emulator::Statistics statistics;

private:
  KernelCompiler &compiler;
  std::map<std::string, std::unique_ptr<emulator::Module>> modules;
};

using Floats = std::vector<float>;

/// Tests that need NVRTC, and are skipped where it is absent.
class LayerKernelsTest : public testing::Test {
protected:
  void SetUp() override {
    try {
      const Nvrtc nvrtc;
    } catch (const Error &error) {
      GTEST_SKIP() << error.what();
    }
  }

  static KernelCompiler &compiler() {
    static KernelCompiler forTuring("sm_75");
    return forTuring;
  }

  /// Runs `action` with blocks and warps in several orders, and with few blocks
  /// that must do the work of many. Gives the results, which must have the same
  /// bits each time.
  static std::vector<Floats> inEveryOrder(
      const std::function<std::vector<Floats>(EmulatedKernels &,
                                              const LayerContext &)> &action) {
    std::vector<Floats> first;
    for (const std::uint64_t seed : {0, 1, 2, 3}) {
      const auto device = std::make_shared<EmulatedKernels>(compiler());
      device->options.seed = seed;
      if (seed == 3)
        device->mostBlocks = 2;
      std::vector<Floats> results =
          action(*device, LayerContext(nullptr, device));
      if (seed == 0) {
        first = std::move(results);
        continue;
      }
      EXPECT_EQ(results.size(), first.size());
      for (std::size_t i = 0; i < results.size(); ++i)
        EXPECT_TRUE(results[i].size() == first[i].size() &&
                    (first[i].empty() ||
                     std::memcmp(results[i].data(), first[i].data(),
                                 first[i].size() * sizeof(float)) == 0))
            << "result " << i << " depends on the order of the blocks";
    }
    return first;
  }
};

inline Floats randomFloats(std::int64_t count, std::uint64_t seed,
                           double scale = 1) {
  return toFloats(randomNumbers(count, seed, scale));
}

inline std::vector<double> toDoubles(const Floats &floats) {
  return {floats.begin(), floats.end()};
}

/// `count` integers from 0 to `end` - 1.
inline std::vector<std::int32_t>
randomIndices(std::int64_t count, std::int64_t end, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::int32_t> indices(static_cast<std::size_t>(count));
  for (std::int32_t &index : indices)
    index = static_cast<std::int32_t>(random.below(end));
  return indices;
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_EMULATOR_LAYERKERNELSTEST_H
