//===- ConformanceTest.cpp - Compiled cells against the judge -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every cell in specs/cells, compiled for the host in both scan domains, held
// to the bounds of specs/numerics.md at lengths and widths around every tile
// edge, on ordinary and on hostile inputs, with and without each optional
// argument.
//
//===----------------------------------------------------------------------===//

#include "tests/e2e/CellRuns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <string>
#include <tuple>

using namespace minrnn;
using namespace minrnn::e2e;
using namespace minrnn::reference;

namespace {

std::string describe(Cell cell, Scan scan, const Shape &shape, Regime regime,
                     const Presence &presence) {
  std::string text = std::string(name(cell)) + ", " + std::string(name(scan)) +
                     ", B " + std::to_string(shape.batch) + ", T " +
                     std::to_string(shape.time) + ", H " +
                     std::to_string(shape.channels) + ", " +
                     std::string(name(regime));
  for (auto [present, what] :
       {std::pair{presence.bias, ", bias"}, std::pair{presence.initial, ", h0"},
        std::pair{presence.dLast, ", d_last"}})
    if (present)
      text += what;
  return text;
}

/// The largest relative errors seen, to print at the end of a test.
struct Figures {
  double forward = 0;
  double gradients = 0;
};

void checkAgainstJudge(Cell cell, const Shape &shape, Regime regime,
                       const Presence &presence,
                       std::array<Figures, 2> &figures) {
  SequenceData data = sampleSequence(cell, shape, regime, presence);
  Inputs inputs = judgedInputs(data);
  Outputs expected = forward(cell, shape, inputs);
  Gradients gradients =
      backward(cell, shape, inputs, widen(data.dOutput), widen(data.dLast));

  for (Scan scan : allScans) {
    SCOPED_TRACE(describe(cell, scan, shape, regime, presence));
    CellKernels kernels = compiledCell(cell, scan);
    ForwardRun run = runForward(kernels, data);
    Figures &figure = figures[static_cast<size_t>(scan)];
    figure.forward =
        std::max({figure.forward,
                  expectAgrees("output", run.output, expected.output,
                               forwardTolerance, expected.outputMagnitude),
                  // The last state is not negative: it is its own magnitude.
                  expectAgrees("last", run.last, expected.last,
                               forwardTolerance, expected.last)});
    BackwardRun back = runBackward(kernels, data, run.output);
    figure.gradients =
        std::max({figure.gradients,
                  expectAgrees("d_preactivations", back.preactivations,
                               gradients.preactivations, gradientTolerance,
                               gradients.preactivationsMagnitude),
                  expectAgrees("d_bias", back.bias, gradients.bias,
                               gradientTolerance, gradients.biasMagnitude),
                  expectAgrees("d_initial", back.initial, gradients.initial,
                               gradientTolerance, gradients.initialMagnitude)});
  }
}

/// All eight combinations of the optional arguments, or only all and none.
std::vector<Presence> presences(bool everyCombination) {
  std::vector<Presence> result;
  for (int bits = 0; bits < 8; ++bits)
    if (everyCombination || bits == 0 || bits == 7)
      result.push_back({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0});
  return result;
}

class Conformance : public testing::TestWithParam<std::tuple<Cell, int64_t>> {};

std::string
caseName(const testing::TestParamInfo<std::tuple<Cell, int64_t>> &info) {
  return std::string(name(std::get<0>(info.param))) + "_T" +
         std::to_string(std::get<1>(info.param));
}

} // namespace

TEST_P(Conformance, HoldsTheBoundsOfTheJudge) {
  auto [cell, time] = GetParam();
  bool isLong = time > 1000;
  std::array<Figures, 2> figures;
  for (int64_t channels : {1, 3, 64, 257}) {
    // A long sequence of many channels is one row of one regime, so that the
    // judge stays affordable.
    bool isLarge = isLong && channels > 3;
    Shape shape{isLarge ? 1 : 2, time, channels};
    for (Regime regime : allRegimes) {
      if (isLarge && regime != Regime::LongMemory)
        continue;
      if (isLong && channels == 257 && cell != Cell::MinGRU)
        continue;
      for (const Presence &presence : presences(time <= 33)) {
        if (isLarge && !presence.initial)
          continue;
        checkAgainstJudge(cell, shape, regime, presence, figures);
        if (HasFailure())
          return; // One report of a fault is enough.
      }
    }
  }
  for (Scan scan : allScans) {
    const Figures &figure = figures[static_cast<size_t>(scan)];
    std::cout << "figure: " << name(cell) << " " << name(scan) << " T " << time
              << ": largest relative error forward " << figure.forward
              << ", gradients " << figure.gradients << "\n";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Host, Conformance,
    testing::Combine(testing::ValuesIn(allCells),
                     testing::Values<int64_t>(0, 1, 2, 31, 32, 33, 1000, 65536,
                                              70001)),
    caseName);

TEST(ConformanceOfShapes, EmptyBatchesAndChannels) {
  std::array<Figures, 2> figures;
  for (Cell cell : allCells)
    for (Shape shape : {Shape{0, 5, 3}, Shape{2, 5, 0}, Shape{0, 0, 0}})
      for (const Presence &presence : presences(true))
        checkAgainstJudge(cell, shape, Regime::Ordinary, presence, figures);
}

TEST(ConformanceOfShapes, ManyRowsOfFewChannels) {
  std::array<Figures, 2> figures;
  for (Cell cell : allCells)
    for (Shape shape : {Shape{65, 9, 1}, Shape{33, 17, 5}, Shape{7, 65, 31}})
      checkAgainstJudge(cell, shape, Regime::Ordinary, {}, figures);
}

TEST(ConformanceOfState, LinearScansTakeANegativeOne) {
  for (Cell cell : allCells) {
    Shape shape{3, 50, 33};
    SequenceData data = sampleSequence(cell, shape, Regime::LongMemory, {});
    data.initial = sampleNormal(shape.states(), 9);
    Inputs inputs = judgedInputs(data);
    Outputs expected = forward(cell, shape, inputs);
    Gradients gradients =
        backward(cell, shape, inputs, widen(data.dOutput), widen(data.dLast));
    CellKernels kernels = compiledCell(cell, Scan::Linear);
    ForwardRun run = runForward(kernels, data);
    // Now the terms of h differ in sign.
    expectAgrees("output", run.output, expected.output, {1e-6, 1e-5},
                 expected.outputMagnitude);
    BackwardRun back = runBackward(kernels, data, run.output);
    expectAgrees("d_preactivations", back.preactivations,
                 gradients.preactivations, gradientTolerance,
                 gradients.preactivationsMagnitude);
    expectAgrees("d_initial", back.initial, gradients.initial,
                 gradientTolerance, gradients.initialMagnitude);
  }
}

TEST(ConformanceOfState, LogScansAnswerANegativeOneWithNaNInItsChannelOnly) {
  for (Cell cell : allCells) {
    Shape shape{2, 40, 19};
    SequenceData data = sampleSequence(cell, shape, Regime::LongMemory, {});
    int64_t bad = 23; // row 1, channel 4
    data.initial[bad] = -1;
    CellKernels kernels = compiledCell(cell, Scan::Log);
    ForwardRun run = runForward(kernels, data);
    for (int64_t i = 0; i < shape.states(); ++i)
      EXPECT_EQ(std::isnan(run.last[i]), i == bad) << i;
  }
}

TEST(ConformanceOfState, ErrorsGrowWithTheMemoryAndNotWithTheLength) {
  // The same gate at every step is the hardest case: each rounding falls in
  // the same direction once h is close to its fixed point. With the coefficient
  // a, an error lives for 1 / (1 - a) steps; a itself and the new state are
  // each rounded by up to 2^-24 at every step.
  constexpr double unit = 0x1p-24;
  for (Cell cell : {Cell::MinGRU, Cell::MinLSTM})
    for (double gate : {-4.0, -6.0, -8.0, -10.0, -12.0})
      for (Scan scan : allScans) {
        Shape shape{1, 100000, 3};
        SequenceData data = sampleSequence(cell, shape, Regime::Ordinary, {});
        auto gateCount = static_cast<int64_t>(gates(cell).size());
        for (int64_t i = 0; i < shape.time * gateCount * shape.channels; ++i) {
          int64_t g = i / shape.channels % gateCount;
          // minLSTM's a is sigmoid(-d), where d is about the input gate's
          // pre-activation when its forget gate is open.
          std::string_view gateName = gates(cell)[g];
          if (gateName != "h")
            data.preactivations[i] =
                static_cast<float>(gateName == "f" ? 20 : gate);
        }
        data.bias.clear();
        double memory = 1 + std::exp(-gate);
        double bound = 1e-5 + 2 * unit * memory;
        Outputs expected = forward(cell, shape, judgedInputs(data));
        ForwardRun run = runForward(compiledCell(cell, scan), data);
        SCOPED_TRACE(testing::Message() << name(cell) << ", " << name(scan)
                                        << ", memory " << memory);
        double largest = expectAgrees("output", run.output, expected.output,
                                      {0, bound}, expected.outputMagnitude);
        std::cout << "figure: " << name(cell) << " " << name(scan)
                  << " memory of " << std::round(memory)
                  << " steps: largest relative error forward " << largest
                  << "\n";
      }
}

TEST(ConformanceOfGradients, MatchCentralDifferencesInDouble) {
  Tolerance tolerance = gradientTolerance;
  // Central differences are themselves this wrong, which is as if the
  // magnitude were larger.
  constexpr double differenceError = 2e-9;
  auto widened = [&](std::vector<double> magnitude) {
    for (double &value : magnitude)
      value += differenceError / tolerance.absolute;
    return magnitude;
  };
  for (Cell cell : allCells)
    for (Regime regime : {Regime::Ordinary, Regime::LongMemory}) {
      Shape shape{2, 21, 5};
      SequenceData data = sampleSequence(cell, shape, regime, {});
      Inputs inputs = judgedInputs(data);
      inputs.bias.assign(data.bias.size(), 0); // moved by the differences
      std::vector<double> dOutput = widen(data.dOutput);
      std::vector<double> dLast = widen(data.dLast);
      Gradients expected =
          centralDifferences(cell, shape, inputs, dOutput, dLast);
      // The differences know no magnitudes of terms; the judge does.
      Gradients judged = backward(cell, shape, inputs, dOutput, dLast);
      std::vector<double> biasMagnitude(expected.bias.size());
      for (size_t i = 0; i < judged.biasMagnitude.size(); ++i)
        biasMagnitude[i % biasMagnitude.size()] += judged.biasMagnitude[i];
      for (Scan scan : allScans) {
        SCOPED_TRACE(describe(cell, scan, shape, regime, {}));
        CellKernels kernels = compiledCell(cell, scan);
        ForwardRun run = runForward(kernels, data);
        BackwardRun back = runBackward(kernels, data, run.output);
        expectAgrees("d_preactivations", back.preactivations,
                     expected.preactivations, tolerance,
                     widened(judged.preactivationsMagnitude));
        expectAgrees("d_initial", back.initial, expected.initial, tolerance,
                     widened(judged.initialMagnitude));
        std::vector<float> bias(expected.bias.size());
        for (size_t i = 0; i < back.bias.size(); ++i)
          bias[i % bias.size()] += back.bias[i];
        expectAgrees("d_bias", bias, expected.bias, tolerance,
                     widened(biasMagnitude));
      }
    }
}
