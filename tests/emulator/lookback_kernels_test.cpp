//===- lookback_kernels_test.cpp - Look-back on the emulator --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels whose tiles of time are blocks: what they move, and what keeps their
// threads apart. (That they are right: tests/device.)
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "tests/emulator/CellProgram.h"

#include <gtest/gtest.h>

#include <iostream>

using namespace minrnn;
using namespace minrnn::emulator;
using namespace minrnn::reference;

namespace {

class LookbackKernels
    : public testing::TestWithParam<std::tuple<Cell, std::string>> {
public:
  static std::string caseName(const testing::TestParamInfo<ParamType> &info) {
    return std::string(name(std::get<0>(info.param))) + "_" +
           std::get<1>(info.param);
  }

protected:
  Cell cell = std::get<0>(GetParam());
  std::string scan = std::get<1>(GetParam());
};

/// Take any one barrier away, and the emulator objects. (With a mask, tiles
/// that others wait for are taken as the last one is.)
TEST_P(LookbackKernels, EveryBarrierIsNeededAndMissed) {
  std::string text = CellProgram::textOf(cell, scan, "f32", "lookback");
  const Shape shape{1, 300, 37};
  SequenceData data = sampleSequence(cell, shape, Regime::Ordinary, {}, 7);
  CellRun intact = CellProgram(text).forward(data, {});
  const std::vector<std::string> broken = withoutEachBarrier(text);
  EXPECT_FALSE(broken.empty());
  for (size_t barrier = 0; barrier < broken.size(); ++barrier) {
    CellProgram program(broken[barrier]);
    auto runAll = [&] {
      for (const bool masked : {false, true}) {
        const LaunchOrder order{.masked = masked};
        program.forward(data, {}, order);
        program.backward(data, intact.outputs.at("output"), {}, order);
      }
    };
    EXPECT_THROW(runAll(), minrnn::Error) << "barrier " << barrier;
  }
}

/// Each byte once stays within 3% of what any kernel has to move: summaries,
/// the words that tell of them, and the sums of tiles are few. That tiles read
/// those of others again is for the cache.
TEST_P(LookbackKernels, TrafficIsWithinThreePercentOfTheFloor) {
  double gateCount = double(parsed(cell).gates.size());
  const CellProgram program(cell, scan, "f32", "lookback");
  for (int64_t channels : {64, 256}) {
    Shape shape{1, 8192, channels};
    SequenceData data = sampleSequence(cell, shape, Regime::Ordinary, {}, 6);
    const LaunchOrder order{.aligned = true};
    CellRun run = program.forward(data, {}, order);
    CellRun back = program.backward(data, run.outputs.at("output"), {}, order);
    auto expectNear = [&](const char *what, const EntryStatistics &statistics,
                          double floorPerElement) {
      double elements = double(shape.outputs());
      double once = double(statistics.bytesRead + statistics.bytesWritten);
      double moved =
          double(statistics.bytesReadMoved + statistics.bytesWrittenMoved);
      EXPECT_LE(once / elements, 1.03 * floorPerElement) << what;
      EXPECT_GE(once / elements, floorPerElement) << what;
      EXPECT_EQ(statistics.bankConflicts, 0u) << what;
      std::cout << "measured: " << what << " H " << channels << ": "
                << once / elements << " bytes per element, floor "
                << floorPerElement << ", with the cache's " << moved / elements
                << "; " << double(statistics.specialFunctions) / elements
                << " special functions and "
                << double(statistics.threadInstructions) / elements
                << " instructions per element\n";
    };
    // Pre-activations and h; then also dh, and the gradients of the former.
    expectNear("forward", run.statistics, 4 * (gateCount + 1));
    expectNear("backward", back.statistics, 4 * (2 * gateCount + 2));
  }
}

INSTANTIATE_TEST_SUITE_P(Emulator, LookbackKernels,
                         ::testing::Combine(::testing::ValuesIn(allCells),
                                            ::testing::Values("log", "linear")),
                         LookbackKernels::caseName);

} // namespace
