//===- ConformanceTest.cpp - Compiled cells against the reference ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// minGRU and minLSTM, compiled for the host in both scan domains, held to the
// fixed bounds of specs/numerics.md at lengths and widths around every tile
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
struct LargestErrors {
  double forward = 0;
  double gradients = 0;
};
using ErrorsOfScans = std::array<LargestErrors, 2>;

/// rows[n, channels] with the channels over and over up to `width` of them.
template <typename Number>
std::vector<Number> repeated(const std::vector<Number> &rows, int64_t channels,
                             int64_t width) {
  std::vector<Number> wide;
  for (auto row = rows.begin(); row != rows.end(); row += channels)
    for (int64_t channel = 0; channel < width; ++channel)
      wide.push_back(row[channel % channels]);
  return wide;
}

Estimates repeated(const Estimates &rows, int64_t channels, int64_t width) {
  return {repeated(rows.value, channels, width),
          repeated(rows.magnitude, channels, width),
          {}};
}

SequenceData repeated(const SequenceData &data, int64_t width) {
  SequenceData wide = data;
  wide.shape.channels = width;
  for (auto numbers :
       {&SequenceData::preactivations, &SequenceData::bias,
        &SequenceData::initial, &SequenceData::dOutput, &SequenceData::dLast})
    wide.*numbers = repeated(data.*numbers, data.shape.channels, width);
  return wide;
}

/// Holds the kernels to the reference at each of `widths`, the channels of
/// `shape` over and over: no channel knows of another. (Of three channels none
/// is the same as one that is a power of two away.)
void expectAgreesWithReference(Cell cell, const Shape &shape, Regime regime,
                               const Presence &presence, ErrorsOfScans &errors,
                               const std::vector<int64_t> &widths) {
  SequenceData narrow = sampleSequence(cell, shape, regime, presence);
  CallResults expected = evaluate(narrow);
  CallGradients gradients = differentiate(narrow);
  for (int64_t width : widths) {
    const int64_t channels = shape.channels;
    SequenceData data = repeated(narrow, width);
    for (Scan scan : allScans) {
      SCOPED_TRACE(describe(cell, scan, data.shape, regime, presence));
      const KernelProgram &kernels = compiledCell(cell, scan);
      auto expectArray = [&](const char *what, const NamedArrays &found,
                             const Estimates &wanted,
                             const Tolerance &tolerance, double &largest) {
        largest = std::max(largest,
                           expectAgrees(what, found,
                                        width == channels
                                            ? wanted
                                            : repeated(wanted, channels, width),
                                        tolerance));
      };
      LargestErrors &error = errors[static_cast<size_t>(scan)];
      NamedArrays run = runForward(kernels, data);
      expectArray("output", run, expected.output, forwardTolerance,
                  error.forward);
      expectArray("last", run, expected.last, forwardTolerance, error.forward);
      NamedArrays back = runBackward(kernels, data, run.at("output"));
      expectArray("d_preactivations", back, gradients.preactivations,
                  gradientTolerance, error.gradients);
      expectArray("d_bias_rows", back, gradients.bias, gradientTolerance,
                  error.gradients);
      expectArray("d_initial", back, gradients.initial, gradientTolerance,
                  error.gradients);
    }
  }
}

void expectAgreesWithReference(Cell cell, const Shape &shape, Regime regime,
                               const Presence &presence,
                               ErrorsOfScans &errors) {
  expectAgreesWithReference(cell, shape, regime, presence, errors,
                            {shape.channels});
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

TEST_P(Conformance, HoldsTheBoundsOfTheReference) {
  auto [cell, time] = GetParam();
  bool isLong = time > 1000;
  ErrorsOfScans errors;
  for (Regime regime : allRegimes)
    for (const Presence &presence : presences(time <= 33)) {
      // Of long sequences many channels of one regime, so that the test stays
      // affordable, and no optional argument only there.
      bool isWide = !isLong || regime == Regime::LongMemory;
      if (!isWide && !presence.initial)
        continue;
      expectAgreesWithReference(cell, {isLong ? 1 : 2, time, 3}, regime,
                                presence, errors,
                                isWide && (!isLong || presence.initial)
                                    ? std::vector<int64_t>{1, 3, 64, 257}
                                    : std::vector<int64_t>{3});
      if (HasFailure())
        return; // One report of a fault is enough.
    }
  for (Scan scan : allScans) {
    const LargestErrors &error = errors[static_cast<size_t>(scan)];
    std::cout << "measured: " << name(cell) << " " << name(scan) << " T "
              << time << ": largest relative error forward " << error.forward
              << ", gradients " << error.gradients << "\n";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Host, Conformance,
    testing::Combine(testing::ValuesIn(allCells),
                     testing::Values<int64_t>(0, 1, 2, 31, 32, 33, 1000, 65536,
                                              70001)),
    caseName);

TEST(ConformanceOfShapes, EmptyBatchesAndChannels) {
  ErrorsOfScans errors;
  for (Cell cell : allCells)
    for (Shape shape : {Shape{0, 5, 3}, Shape{2, 5, 0}, Shape{0, 0, 0}})
      for (const Presence &presence : presences(true))
        expectAgreesWithReference(cell, shape, Regime::Ordinary, presence,
                                  errors);
}

TEST(ConformanceOfShapes, ManyRowsOfFewChannels) {
  ErrorsOfScans errors;
  for (Cell cell : allCells)
    for (Shape shape : {Shape{65, 9, 1}, Shape{33, 17, 5}, Shape{7, 65, 31}})
      expectAgreesWithReference(cell, shape, Regime::Ordinary, {}, errors);
}

TEST(ConformanceOfState, LinearScansTakeANegativeOne) {
  for (Cell cell : allCells) {
    SequenceData data =
        sampleSequence(cell, {3, 50, 33}, Regime::LongMemory, {});
    data.initial = sampleNormal(data.shape.states(), 9);
    CallGradients gradients = differentiate(data);
    const KernelProgram &kernels = compiledCell(cell, Scan::Linear);
    NamedArrays run = runForward(kernels, data);
    // Now the terms of h differ in sign.
    expectAgrees("output", run, evaluate(data).output, {1e-6, 1e-5});
    NamedArrays back = runBackward(kernels, data, run.at("output"));
    expectAgrees("d_preactivations", back, gradients.preactivations,
                 gradientTolerance);
    expectAgrees("d_initial", back, gradients.initial, gradientTolerance);
  }
}

TEST(ConformanceOfState, LogScansAnswerANegativeOneWithNaNInItsChannelOnly) {
  for (Cell cell : allCells) {
    SequenceData data =
        sampleSequence(cell, {2, 40, 19}, Regime::LongMemory, {});
    size_t bad = 23; // row 1, channel 4
    data.initial[bad] = -1;
    NamedArrays run = runForward(compiledCell(cell, Scan::Log), data);
    for (size_t i = 0; i < run.at("last").size(); ++i)
      EXPECT_EQ(std::isnan(run.at("last")[i]), i == bad) << i;
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
        const std::vector<std::string> &gates = parsed(cell).gates;
        for (int64_t i = 0; i < std::ssize(data.preactivations); ++i) {
          const std::string &gateName =
              gates[i / shape.channels % std::ssize(gates)];
          // minLSTM's a is sigmoid(-d), where d is about the input gate's
          // pre-activation when its forget gate is open.
          if (gateName != "h")
            data.preactivations[i] =
                static_cast<float>(gateName == "f" ? 20 : gate);
        }
        data.bias.clear();
        double memory = 1 + std::exp(-gate);
        double bound = 1e-5 + 2 * unit * memory;
        NamedArrays run = runForward(compiledCell(cell, scan), data);
        SCOPED_TRACE(testing::Message() << name(cell) << ", " << name(scan)
                                        << ", memory " << memory);
        double largest =
            expectAgrees("output", run, evaluate(data).output, {0, bound});
        std::cout << "measured: " << name(cell) << " " << name(scan)
                  << " memory of " << std::round(memory)
                  << " steps: largest relative error forward " << largest
                  << "\n";
      }
}
