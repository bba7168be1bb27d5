//===- SamplesTest.cpp - Inputs and comparisons are tested ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/SequenceSamples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace minrnn::reference;

/// Where gates are saturated or almost shut, long sequences stay in range.
TEST(Equations, StayFiniteOnHostileInputs) {
  Shape shape{2, 2000, 3};
  for (Cell cell : allCells)
    for (Regime regime : allRegimes) {
      SCOPED_TRACE(testing::Message() << name(cell) << ", " << name(regime));
      SequenceData data = sampleSequence(cell, shape, regime, {});
      Estimates output = evaluate(data).output;
      for (double h : output.value) {
        ASSERT_TRUE(std::isfinite(h));
        ASSERT_GE(h, 0);
      }
      // No state is negative: nothing cancels.
      EXPECT_TRUE(
          compare(output.value, output.magnitude, Tolerance{0, 1e-11}).agrees);
      Estimates gradients = differentiate(data).preactivations;
      for (size_t i = 0; i < gradients.value.size(); ++i) {
        ASSERT_TRUE(std::isfinite(gradients.value[i]));
        ASSERT_LE(std::abs(gradients.value[i]),
                  gradients.magnitude[i] * (1 + 1e-12));
      }
    }
}

TEST(Equations, KeepTheRatioOfGatesThatBothUnderflow) {
  // sigmoid(-10000) is zero in double; f / (f + i) must not become 0 / 0.
  Call call;
  call.shape = {1, 1, 1};
  call.preactivations = {-10000, -10000 - std::log(3.0), 1.5};
  call.initial = {4};
  call.roundsPreactivations = false;
  EXPECT_NEAR(evaluate(parsed(Cell::MinLSTM), call).last.value[0], 3.5, 1e-11);
}

TEST(Samples, AreTheSameInEveryRunAndOnEveryMachine) {
  // Pinned: should the generator change, so do all the tests' inputs.
  Random random(0);
  EXPECT_EQ(random.next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(random.next(), 0x6e789e6aa1b965f4u);
}

TEST(Samples, ReachTheirExtremes) {
  auto sample = [](const Shape &shape, Regime regime) {
    return sampleSequence(Cell::MinGRU, shape, regime, {});
  };
  auto wide = sample({1, 500, 8}, Regime::Wide).preactivations;
  auto [low, high] = std::minmax_element(wide.begin(), wide.end());
  EXPECT_LT(*low, -9.9e3F);
  EXPECT_GT(*high, 9.9e3F);
  auto mixed = sample({1, 500, 8}, Regime::Mixture).preactivations;
  for (float value : {0.0F, 1e4F, -1e4F, 80.0F, -80.0F, 1e-30F, -1e-30F})
    EXPECT_NE(std::find(mixed.begin(), mixed.end(), value), mixed.end());
  auto initial = sample({8, 1, 64}, Regime::Wide).initial;
  EXPECT_GE(*std::min_element(initial.begin(), initial.end()), 0.0F);
  EXPECT_NE(std::find(initial.begin(), initial.end(), 0.0F), initial.end());
}

// The reference's comparisons are worth something only if they can fail.

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
