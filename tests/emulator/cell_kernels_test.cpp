//===- cell_kernels_test.cpp - Compiled cells on the emulator -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every cell of specs/cells, compiled to PTX for sm_75 in both scan domains and
// run on the emulator with all its checks, against the double-precision
// evaluation in tests/reference.
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "tests/emulator/CellProgram.h"

#include <gtest/gtest.h>

#include <cstring>
#include <iostream>
#include <map>
#include <optional>

using namespace minrnn;
using namespace minrnn::emulator;
using namespace minrnn::reference;

namespace {

const CellProgram &programOf(Cell cell, const std::string &scan) {
  static std::map<std::pair<Cell, std::string>, CellProgram> programs;
  auto found = programs.find({cell, scan});
  if (found == programs.end())
    found = programs.try_emplace({cell, scan}, cell, scan).first;
  return found->second;
}

std::string describe(const Shape &shape, Regime regime,
                     const Presence &presence, uint64_t seed) {
  return "B " + std::to_string(shape.batch) + ", T " +
         std::to_string(shape.time) + ", H " + std::to_string(shape.channels) +
         ", " + std::string(name(regime)) + (presence.bias ? ", bias" : "") +
         (presence.initial ? ", h0" : "") + (presence.dLast ? ", d_last" : "") +
         (presence.optionalOutputs ? ", all outputs" : "") + ", seed " +
         std::to_string(seed);
}

void expectAgrees(const std::string &what, const CellRun &run,
                  const Estimates &expected, const Tolerance &tolerance,
                  double &worst) {
  auto found = run.outputs.find(what);
  if (found == run.outputs.end())
    return;
  Comparison comparison =
      compare(found->second, expected.value, tolerance, expected.magnitude);
  EXPECT_TRUE(comparison.agrees) << what << ": " << comparison.message;
  worst = std::max(worst, comparison.largestRelative);
}

struct Measured {
  double forward = 0, gradients = 0;
  uint64_t warpInstructions = 0;
  uint64_t threadInstructions = 0;

  void add(const EntryStatistics &statistics) {
    warpInstructions += statistics.warpInstructions;
    threadInstructions += statistics.threadInstructions;
  }
};

void check(Cell cell, const std::string &scan, const Shape &shape,
           Regime regime, const Presence &presence, uint64_t seed,
           Measured &measured) {
  SCOPED_TRACE(describe(shape, regime, presence, seed));
  const CellProgram &program = programOf(cell, scan);
  SequenceData data = sampleSequence(cell, shape, regime, presence, 1);
  const LaunchOrder order{.seed = seed};
  CallResults expected = evaluate(data);
  CellRun run = program.forward(data, presence, order);
  measured.add(run.statistics);
  expectAgrees("output", run, expected.output, forwardTolerance,
               measured.forward);
  expectAgrees("last", run, expected.last, forwardTolerance, measured.forward);
  CallGradients gradients = differentiate(data);
  CellRun back =
      program.backward(data, run.outputs.at("output"), presence, order);
  measured.add(back.statistics);
  expectAgrees("d_preactivations", back, gradients.preactivations,
               gradientTolerance, measured.gradients);
  expectAgrees("d_bias_rows", back, gradients.bias, gradientTolerance,
               measured.gradients);
  expectAgrees("d_initial", back, gradients.initial, gradientTolerance,
               measured.gradients);
}

class CompiledCells
    : public ::testing::TestWithParam<std::tuple<Cell, std::string>> {
protected:
  Cell cell = std::get<0>(GetParam());
  std::string scan = std::get<1>(GetParam());
};

std::string
caseName(const ::testing::TestParamInfo<CompiledCells::ParamType> &info) {
  return std::string(name(std::get<0>(info.param))) + "_" +
         std::get<1>(info.param);
}

} // namespace

/// Short sequences: every combination of optional arguments, every regime.
TEST_P(CompiledCells, ShortSequences) {
  Measured measured;
  uint64_t seed = 0;
  for (int64_t time : {0, 1, 2, 31, 32, 33})
    for (int64_t channels : {1, 3, 64})
      for (int64_t batch : {1, 3}) {
        Shape shape{batch, time, channels};
        for (Regime regime : allRegimes)
          for (int bits = 0; bits < 16; ++bits) {
            // All regimes with everything or nothing, all combinations with one
            // regime.
            if (bits != 0 && bits != 15 && regime != Regime::Mixture)
              continue;
            if (channels == 64 && bits != 0 && bits != 15 && batch == 3)
              continue;
            Presence presence{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                              (bits & 8) != 0};
            check(cell, scan, shape, regime, presence, seed++ % 4, measured);
            if (HasFailure())
              return; // One report of a fault is enough.
          }
      }
  std::cout << "measured: largest relative error forward " << measured.forward
            << ", gradients " << measured.gradients << "\n";
}

/// Long sequences and odd widths, one regime after the other.
TEST_P(CompiledCells, LongSequencesAndOddWidths) {
  Measured measured;
  unsigned turn = 0;
  for (int64_t time : {0, 1, 2, 31, 32, 33, 200, 1000})
    for (int64_t channels : {1, 3, 64, 257})
      for (int64_t batch : {1, 3}) {
        bool small = time * channels * batch < 20000;
        if (channels != 257 && time < 200)
          continue;
        for (Regime regime : allRegimes) {
          if (!small && regime != allRegimes[turn % 4])
            continue;
          bool all = turn % 5 != 0;
          check(cell, scan, {batch, time, channels}, regime,
                {all, all, all, all}, turn % 3, measured);
          if (HasFailure())
            return;
        }
        ++turn;
      }
  std::cout << "measured: largest relative error forward " << measured.forward
            << ", gradients " << measured.gradients << "; "
            << measured.threadInstructions / 1000000
            << " million instructions\n";
}

TEST_P(CompiledCells, EmptyBatchesAndChannels) {
  Measured measured;
  for (Shape shape : {Shape{0, 5, 3}, Shape{2, 5, 0}, Shape{0, 0, 0}})
    for (bool all : {false, true})
      check(cell, scan, shape, Regime::Ordinary, {all, all, all, all}, 0,
            measured);
  // Nothing is launched for a grid of no block.
  EXPECT_EQ(measured.warpInstructions, 0u);
}

/// The state after each single step, out of place and in place, is that of
/// `forward`.
TEST_P(CompiledCells, Steps) {
  const CellProgram &program = programOf(cell, scan);
  double worst = 0;
  for (Shape shape : {Shape{1, 40, 1}, Shape{3, 12, 67}})
    for (Regime regime : allRegimes)
      for (bool present : {false, true}) {
        SCOPED_TRACE(describe(shape, regime, {present, present}, 0));
        SequenceData data =
            sampleSequence(cell, shape, regime, {present, present, false}, 3);
        std::vector<double> expected = evaluate(data).output.value;
        int64_t width = std::ssize(parsed(cell).gates) * shape.channels;
        std::vector<float> state = data.initial;
        for (int64_t t = 0; t < shape.time; ++t) {
          SequenceData one;
          one.cell = cell;
          one.shape = {shape.batch, 1, shape.channels};
          one.bias = data.bias;
          std::vector<double> want;
          for (int64_t row = 0; row < shape.batch; ++row) {
            auto from =
                data.preactivations.begin() + (row * shape.time + t) * width;
            one.preactivations.insert(one.preactivations.end(), from,
                                      from + width);
            auto at =
                expected.begin() + (row * shape.time + t) * shape.channels;
            want.insert(want.end(), at, at + shape.channels);
          }
          const LaunchOrder order{.seed = uint64_t(t) % 4};
          bool inPlace = t % 2 && !state.empty();
          CellRun run = program.step(one, state, inPlace, order);
          expectAgrees("last", run, {want, want, {}}, forwardTolerance, worst);
          state = run.outputs.at("last");
        }
        if (HasFailure())
          return;
      }
  std::cout << "measured: largest relative error of steps " << worst << "\n";
}

/// A sequence in pieces, the state carried on, is the sequence at once.
TEST_P(CompiledCells, Pieces) {
  const CellProgram &program = programOf(cell, scan);
  Shape shape{1, 300, 37};
  for (Regime regime : allRegimes) {
    SequenceData data = sampleSequence(cell, shape, regime, {}, 4);
    std::vector<double> expected = evaluate(data).output.value;
    int64_t width = std::ssize(parsed(cell).gates) * shape.channels;
    std::vector<float> state = data.initial;
    int64_t begin = 0;
    double worst = 0;
    for (int64_t end : {1, 65, 66, 66, 200, 300}) {
      SequenceData piece = data;
      piece.shape.time = end - begin;
      piece.initial = state;
      piece.preactivations.assign(data.preactivations.begin() + begin * width,
                                  data.preactivations.begin() + end * width);
      CellRun run = program.forward(piece, {});
      std::vector<double> want(expected.begin() + begin * shape.channels,
                               expected.begin() + end * shape.channels);
      expectAgrees("output", run, {want, want, {}}, forwardTolerance, worst);
      state = run.outputs.at("last");
      begin = end;
    }
  }
}

/// Neither the order of blocks and warps nor the number of host threads shows
/// in the results.
TEST_P(CompiledCells, BitwiseTheSameInAnyOrder) {
  const CellProgram &program = programOf(cell, scan);
  for (Shape shape : {Shape{3, 200, 67}, Shape{2, 33, 257}}) {
    SequenceData data = sampleSequence(cell, shape, Regime::Ordinary, {}, 5);
    std::optional<CellRun> first, firstBack;
    for (uint64_t seed : {0, 1, 2, 3, 4}) {
      const LaunchOrder order{seed, unsigned(1 + seed % 2)};
      CellRun run = program.forward(data, {}, order);
      CellRun back =
          program.backward(data, run.outputs.at("output"), {}, order);
      if (!first) {
        first = run;
        firstBack = back;
        continue;
      }
      for (const auto &[what, values] : run.outputs)
        EXPECT_EQ(0, std::memcmp(values.data(), first->outputs[what].data(),
                                 values.size() * sizeof(float)))
            << what << ", seed " << seed;
      for (const auto &[what, values] : back.outputs)
        EXPECT_EQ(0, std::memcmp(values.data(), firstBack->outputs[what].data(),
                                 values.size() * sizeof(float)))
            << what << ", seed " << seed;
      EXPECT_EQ(run.statistics.bytesReadMoved,
                first->statistics.bytesReadMoved);
      EXPECT_EQ(back.statistics.threadInstructions,
                firstBack->statistics.threadInstructions);
    }
  }
}

/// Take any one barrier away, and the emulator objects: none is superfluous,
/// and no race between the kernels' phases would go unseen.
TEST_P(CompiledCells, EveryBarrierIsNeededAndMissed) {
  std::string text = CellProgram::textOf(cell, scan);
  // (An odd number of tiles either way, so that the sums take the buffer that
  // the last one used.)
  Shape shape{1, 270, 37};
  SequenceData data = sampleSequence(cell, shape, Regime::Ordinary, {}, 7);
  CellRun intact = programOf(cell, scan).forward(data, {});
  const std::vector<std::string> broken = withoutEachBarrier(text);
  EXPECT_FALSE(broken.empty());
  for (size_t barrier = 0; barrier < broken.size(); ++barrier) {
    CellProgram program(broken[barrier]);
    auto runAll = [&] {
      program.forward(data, {});
      program.backward(data, intact.outputs.at("output"), {});
    };
    EXPECT_THROW(runAll(), minrnn::Error) << "barrier " << barrier;
  }
}

/// Bytes moved, in whole sectors, stay within 5% of the bytes that any kernel
/// has to move: each input read once, each output written once.
TEST_P(CompiledCells, TrafficIsWithinFivePercentOfTheFloor) {
  double gateCount = double(parsed(cell).gates.size());
  for (const std::string ioType : {"f32", "f16", "bf16"}) {
    const CellProgram program(cell, scan, ioType);
    double elementBytes = ioType == "f32" ? 4 : 2;
    for (int64_t channels : {64, 256}) {
      Shape shape{2, 1024, channels};
      SequenceData data = sampleSequence(cell, shape, Regime::Ordinary, {}, 6);
      const LaunchOrder order{.aligned = true};
      CellRun run = program.forward(data, {}, order);
      CellRun back =
          program.backward(data, run.outputs.at("output"), {}, order);
      auto expectNear = [&](const char *what, const EntryStatistics &statistics,
                            double floorPerElement) {
        double moved =
            double(statistics.bytesReadMoved + statistics.bytesWrittenMoved);
        double elements = double(shape.outputs());
        EXPECT_LE(moved / elements, 1.05 * floorPerElement) << what;
        EXPECT_GE(moved / elements, floorPerElement) << what;
        EXPECT_EQ(statistics.bankConflicts, 0u) << what;
        std::cout << "measured: " << what << " " << ioType << " H " << channels
                  << ": " << moved / elements << " bytes per element, floor "
                  << floorPerElement << "; "
                  << double(statistics.specialFunctions) / elements
                  << " special functions and "
                  << double(statistics.threadInstructions) / elements
                  << " instructions per element, " << statistics.bankConflicts
                  << " bank conflicts in " << statistics.sharedAccesses
                  << " accesses to shared memory\n";
      };
      // Pre-activations and h; then also dh, and the gradients of the former.
      expectNear("forward", run.statistics, elementBytes * (gateCount + 1));
      expectNear("backward", back.statistics,
                 elementBytes * (2 * gateCount + 2));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Emulator, CompiledCells,
                         ::testing::Combine(::testing::ValuesIn(allCells),
                                            ::testing::Values("log", "linear")),
                         caseName);
