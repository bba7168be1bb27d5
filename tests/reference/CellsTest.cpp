//===- CellsTest.cpp - The reference is tested ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference against the paper's formulas taken literally, against numbers
// worked out by hand, and its gradients against central differences. The last
// tests show that these comparisons can fail.
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Cells.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

using namespace minrnn::reference;

namespace {

Inputs sampleInputs(Cell cell, const Shape &shape, Regime regime, bool bias,
                    bool initial) {
  Inputs inputs;
  inputs.preactivations = widen(samplePreactivations(cell, shape, regime, 11));
  if (bias)
    inputs.bias = widen(sampleBias(cell, shape, 12));
  if (initial)
    inputs.initial = widen(sampleInitial(shape, regime, 13));
  return inputs;
}

/// The paper's equations as printed, with no numerical care: right for
/// ordinary inputs only.
double literalStep(Cell cell, const double *k, double h) {
  auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  auto positive = [&](double x) { return x >= 0 ? x + 0.5 : sigmoid(x); };
  if (cell == Cell::MinGRU) {
    double z = sigmoid(k[0]);
    return (1 - z) * h + z * positive(k[1]);
  }
  double f = sigmoid(k[0]);
  double i = sigmoid(k[1]);
  if (cell == Cell::MinLSTM) {
    double sum = f + i;
    f /= sum;
    i /= sum;
  }
  return f * h + i * positive(k[2]);
}

std::vector<double> sumOverBatch(std::span<const double> rows, int64_t batch) {
  std::vector<double> sum(batch == 0 ? 0 : rows.size() / batch);
  for (size_t i = 0; i < rows.size(); ++i)
    sum[i % sum.size()] += rows[i];
  return sum;
}

} // namespace

TEST(ReferenceForward, MatchesThePaperTakenLiterally) {
  Shape shape{2, 40, 5};
  for (Cell cell : allCells) {
    SCOPED_TRACE(name(cell));
    auto gateCount = static_cast<int64_t>(gates(cell).size());
    Inputs inputs = sampleInputs(cell, shape, Regime::Ordinary, true, true);
    std::vector<double> expected(shape.outputs());
    for (int64_t row = 0; row < shape.batch; ++row)
      for (int64_t c = 0; c < shape.channels; ++c) {
        double h = inputs.initial[row * shape.channels + c];
        for (int64_t t = 0; t < shape.time; ++t) {
          double k[3] = {};
          int64_t at = row * shape.time + t;
          for (int64_t g = 0; g < gateCount; ++g)
            k[g] =
                inputs
                    .preactivations[(at * gateCount + g) * shape.channels + c] +
                inputs.bias[g * shape.channels + c];
          h = literalStep(cell, k, h);
          expected[at * shape.channels + c] = h;
        }
      }
    Comparison result =
        compare(forward(cell, shape, inputs).output, expected, {0, 1e-13});
    EXPECT_TRUE(result.agrees) << result.message;
  }
}

TEST(ReferenceForward, MatchesNumbersWorkedOutByHand) {
  // All pre-activations zero: every gate is 1/2, g(0) is 1/2. minGRU and the
  // normalised minLSTM halve the distance to 1/2; the unnormalised one maps h
  // to h/2 + 1/4, which here is the same line.
  for (Cell cell : allCells) {
    SCOPED_TRACE(name(cell));
    Shape shape{1, 3, 1};
    Inputs inputs;
    inputs.preactivations.assign(3 * gates(cell).size(), 0.0);
    inputs.initial = {2.5};
    Outputs run = forward(cell, shape, inputs);
    EXPECT_DOUBLE_EQ(run.output[0], 1.5);
    EXPECT_DOUBLE_EQ(run.output[1], 1.0);
    EXPECT_DOUBLE_EQ(run.output[2], 0.75);
    EXPECT_DOUBLE_EQ(run.last[0], 0.75);
  }
  // Forget gate 3/4, input gate 1/4 (logits +-log 3), g(1.5) = 2, h0 = 4: the
  // two gates sum to one already, so both minLSTM agree: 3 + 1/2.
  for (Cell cell : {Cell::MinLSTM, Cell::MinLSTMUnnormalized}) {
    Inputs inputs;
    inputs.preactivations = {std::log(3.0), -std::log(3.0), 1.5};
    inputs.initial = {4};
    EXPECT_NEAR(forward(cell, {1, 1, 1}, inputs).last[0], 3.5, 1e-15);
  }
  // Forget gate 3/4, input gate 3/4: normalised 1/2 each (2 + 1), or not
  // (3 + 3/2).
  Inputs inputs;
  inputs.preactivations = {std::log(3.0), std::log(3.0), 1.5};
  inputs.initial = {4};
  EXPECT_NEAR(forward(Cell::MinLSTM, {1, 1, 1}, inputs).last[0], 3.0, 1e-15);
  EXPECT_NEAR(forward(Cell::MinLSTMUnnormalized, {1, 1, 1}, inputs).last[0],
              4.5, 1e-15);
}

TEST(ReferenceForward, KeepsTheRatioOfGatesThatBothUnderflow) {
  // sigmoid(-10000) is zero in double; f / (f + i) must not become 0 / 0.
  Inputs inputs;
  inputs.preactivations = {-10000, -10000 - std::log(3.0), 1.5};
  inputs.initial = {4};
  EXPECT_NEAR(forward(Cell::MinLSTM, {1, 1, 1}, inputs).last[0], 3.5, 1e-11);
}

TEST(ReferenceForward, AnEmptySequenceLeavesTheState) {
  for (Cell cell : allCells) {
    Inputs inputs;
    inputs.initial = {1, 2, 3};
    EXPECT_EQ(forward(cell, {1, 0, 3}, inputs).last, inputs.initial);
    inputs.initial.clear();
    EXPECT_EQ(forward(cell, {1, 0, 3}, inputs).last,
              std::vector<double>(3, 0.0));
    EXPECT_TRUE(forward(cell, {0, 4, 3}, inputs).last.empty());
  }
}

TEST(ReferenceForward, RefusesSizesThatDoNotFit) {
  Inputs inputs;
  inputs.preactivations.resize(7);
  EXPECT_THROW(forward(Cell::MinGRU, {1, 2, 2}, inputs), std::invalid_argument);
}

TEST(ReferenceBackward, MatchesCentralDifferences) {
  for (Cell cell : allCells)
    for (Regime regime : {Regime::Ordinary, Regime::LongMemory})
      for (Shape shape : {Shape{2, 7, 3}, Shape{1, 1, 2}, Shape{1, 33, 1}})
        for (bool bias : {false, true})
          for (bool initial : {false, true}) {
            SCOPED_TRACE(testing::Message()
                         << name(cell) << ", " << name(regime) << ", T "
                         << shape.time << ", bias " << bias << ", initial "
                         << initial);
            Inputs inputs = sampleInputs(cell, shape, regime, bias, initial);
            std::vector<double> dOutput =
                widen(sampleNormal(shape.outputs(), 21));
            std::vector<double> dLast = widen(sampleNormal(shape.states(), 22));
            Gradients found = backward(cell, shape, inputs, dOutput, dLast);

            // Truncation is of order step^2 = 1e-10, rounding of order
            // 1e-16 * |objective| / step = 1e-10.
            Tolerance tolerance{2e-9, 1e-7};
            Gradients expected =
                centralDifferences(cell, shape, inputs, dOutput, dLast);
            auto check = [&](std::span<const double> gradient,
                             std::span<const double> difference) {
              Comparison result = compare(gradient, difference, tolerance);
              EXPECT_TRUE(result.agrees) << result.message;
            };
            check(found.preactivations, expected.preactivations);
            if (bias)
              check(sumOverBatch(found.bias, shape.batch), expected.bias);
            if (initial)
              check(found.initial, expected.initial);
          }
}

TEST(ReferenceBackward, AnEmptySequencePassesTheGradientOfTheLastState) {
  for (Cell cell : allCells) {
    std::vector<double> dLast = {1, -2};
    Gradients found = backward(cell, {1, 0, 2}, {}, {}, dLast);
    EXPECT_EQ(found.initial, dLast);
    EXPECT_EQ(found.bias, std::vector<double>(2 * gates(cell).size(), 0.0));
  }
}

TEST(ReferenceBackward, AnAbsentGradientOfTheLastStateIsZero) {
  Shape shape{2, 5, 3};
  Inputs inputs =
      sampleInputs(Cell::MinLSTM, shape, Regime::Ordinary, true, true);
  std::vector<double> dOutput = widen(sampleNormal(shape.outputs(), 21));
  std::vector<double> zero(shape.states(), 0.0);
  EXPECT_EQ(
      backward(Cell::MinLSTM, shape, inputs, dOutput, {}).preactivations,
      backward(Cell::MinLSTM, shape, inputs, dOutput, zero).preactivations);
}

TEST(Reference, StaysFiniteOnHostileInputs) {
  Shape shape{2, 2000, 3};
  for (Cell cell : allCells)
    for (Regime regime : allRegimes) {
      SCOPED_TRACE(testing::Message() << name(cell) << ", " << name(regime));
      Inputs inputs = sampleInputs(cell, shape, regime, true, true);
      Outputs run = forward(cell, shape, inputs);
      for (double h : run.output) {
        ASSERT_TRUE(std::isfinite(h));
        ASSERT_GE(h, 0);
      }
      EXPECT_EQ(run.output, run.outputMagnitude);
      Gradients found = backward(cell, shape, inputs,
                                 widen(sampleNormal(shape.outputs(), 21)), {});
      for (double gradient : found.preactivations)
        ASSERT_TRUE(std::isfinite(gradient));
      for (size_t i = 0; i < found.preactivations.size(); ++i)
        ASSERT_LE(std::abs(found.preactivations[i]),
                  found.preactivationsMagnitude[i] * (1 + 1e-12));
    }
}

TEST(Samples, AreTheSameInEveryRunAndOnEveryMachine) {
  // Pinned: should the generator change, so do all the tests' inputs.
  Random random(0);
  EXPECT_EQ(random.next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(random.next(), 0x6e789e6aa1b965f4u);
}

TEST(Samples, ReachTheirExtremes) {
  Shape shape{1, 500, 8};
  auto wide = samplePreactivations(Cell::MinGRU, shape, Regime::Wide, 1);
  auto [low, high] = std::minmax_element(wide.begin(), wide.end());
  EXPECT_LT(*low, -9.9e3F);
  EXPECT_GT(*high, 9.9e3F);
  auto mixed = samplePreactivations(Cell::MinGRU, shape, Regime::Mixture, 1);
  for (float value : {0.0F, 1e4F, -1e4F, 80.0F, -80.0F, 1e-30F, -1e-30F})
    EXPECT_NE(std::find(mixed.begin(), mixed.end(), value), mixed.end());
  auto initial = sampleInitial({8, 1, 64}, Regime::Wide, 1);
  EXPECT_GE(*std::min_element(initial.begin(), initial.end()), 0.0F);
  EXPECT_NE(std::find(initial.begin(), initial.end(), 0.0F), initial.end());
}

// The reference's comparisons are worth something only if they can fail.

TEST(Comparison, FindsAWrongGradient) {
  Shape shape{1, 7, 3};
  Inputs inputs =
      sampleInputs(Cell::MinGRU, shape, Regime::Ordinary, false, true);
  std::vector<double> dOutput = widen(sampleNormal(shape.outputs(), 21));
  std::vector<double> dLast(shape.states(), 0.0);
  std::vector<double> wrong =
      backward(Cell::MinGRU, shape, inputs, dOutput, dLast).preactivations;
  wrong[5] *= 1.001;
  Comparison result =
      compare(wrong,
              centralDifferences(Cell::MinGRU, shape, inputs, dOutput, dLast)
                  .preactivations,
              {2e-9, 1e-7});
  EXPECT_FALSE(result.agrees);
  EXPECT_EQ(result.worstIndex, 5);
}

TEST(Comparison, NeverAgreesWithNaNOrInfinity) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> expected = {1, 2};
  for (double bad : {nan, infinity, -infinity}) {
    Comparison result =
        compare(std::vector<double>{1, bad}, expected, {1e9, 1e9});
    EXPECT_FALSE(result.agrees);
    EXPECT_EQ(result.worstIndex, 1);
  }
  EXPECT_FALSE(
      compare(std::vector<double>{1, 2}, std::vector<double>{1, nan}, {1, 1})
          .agrees);
}

TEST(Comparison, TakesTheAbsolutePartInUnitsOfTheMagnitude) {
  std::vector<double> expected = {1, 1};
  std::vector<double> magnitude = {1, 1e6};
  std::vector<double> found = {1, 1.5};
  EXPECT_TRUE(compare(found, expected, {1e-6, 0}, magnitude).agrees);
  magnitude = {1e6, 1};
  EXPECT_FALSE(compare(found, expected, {1e-6, 0}, magnitude).agrees);
}
