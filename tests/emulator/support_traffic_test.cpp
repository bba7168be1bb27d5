//===- support_traffic_test.cpp - What supporting kernels move ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/SupportKernelsTest.h"

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// Fails unless the launches so far moved `floor` bytes and at most a twentieth
/// more.
void expectNearFloor(const EmulatedKernels &device, std::int64_t floor,
                     const char *what) {
  const auto moved =
      static_cast<double>(device.statistics.globalLoads.bytesMoved() +
                          device.statistics.globalStores.bytesMoved());
  const double overFloor = moved / static_cast<double>(floor);
  testing::Test::RecordProperty(what, std::to_string(overFloor));
  EXPECT_GE(overFloor, 1) << what;
  EXPECT_LE(overFloor, 1.05) << what;
}

TEST_F(SupportKernelsTest, NormsReadAndWriteEachElementOnce) {
  // As many rows as a small model's batch has positions.
  constexpr std::int64_t rows = 65536;
  constexpr std::int64_t width = 32;
  constexpr std::int64_t bytes = rows * width * 4;
  EmulatedKernels device(programs());
  const SupportKernels on(device);
  auto *x = device.upload(Floats(rows * width, 1));
  auto *vector = device.upload(Floats(width, 1));
  auto *y = device.reserve<float>(rows * width);
  auto *mean = device.reserve<float>(rows);
  auto *inverse = device.reserve<float>(rows);
  auto *sums = device.reserve<float>(2 * width);
  auto *workspace = device.reserve<double>(
      SupportKernels::layerNormBackwardWorkspace({rows, width}));

  on.rmsNormForward({rows, width}, x, vector, y, inverse);
  expectNearFloor(device, 2 * bytes + rows * 4, "rmsNormForward");
  device.statistics = {};
  on.rmsNormBackward({rows, width}, x, vector, inverse, x, y, sums, workspace);
  expectNearFloor(device, 3 * bytes + rows * 4, "rmsNormBackward");
  device.statistics = {};
  on.layerNormForward({rows, width}, x, vector, vector, y, mean, inverse);
  expectNearFloor(device, 2 * bytes + rows * 8, "layerNormForward");
  device.statistics = {};
  on.layerNormBackward({rows, width}, x, vector, mean, inverse, x, y, sums,
                       sums + width, workspace);
  expectNearFloor(device, 3 * bytes + rows * 8, "layerNormBackward");
}

TEST_F(SupportKernelsTest, AdamWMovesThirtyTwoBytesAParameter) {
  constexpr std::int64_t count = 1 << 18;
  EmulatedKernels device(programs());
  const SupportKernels on(device);
  auto *p = device.upload(Floats(count, 1));
  auto *m = device.upload(Floats(count, 1));
  auto *v = device.upload(Floats(count, 1));
  const float *g = device.upload(Floats(count, 1));
  const float *three = device.upload(Floats(3, 1));
  on.adamW({}, count, p, g, m, v, device.upload(Floats(count, 1)), three,
           three);
  expectNearFloor(device, 32 * count, "adamW");

  device.statistics = {};
  on.gradientNorm(
      count, g, 1, device.reserve<double>(1), m,
      device.reserve<double>(SupportKernels::gradientNormWorkspace(count)));
  expectNearFloor(device, 4 * count, "gradientNorm");
}

} // namespace
