//===- OptimizerTest.cpp - AdamW, clipping, learning rate -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/optimizer.h"

#include "minrnn/error.h"
#include "tests/layers/HostLayers.h"
#include "tests/runtime/Comparison.h"

#include "gtest/gtest.h"
#include <cmath>

using namespace minrnn;
using namespace minrnn::test;

namespace {

DeviceArray<float> onHost(const std::vector<float> &values) {
  return {std::make_shared<HostDevice>(), std::span<const float>(values)};
}

TEST(AdamW, FollowsItsEquationsInDouble) {
  // Long enough for the parallel path.
  constexpr std::size_t count = 40000;
  const AdamWOptions options{0.9, 0.95, 1e-8, 0.2};
  std::vector<bool> decays(count);
  for (std::size_t i = 0; i < count; i += 3)
    decays[i] = true;
  AdamW adamW(options, decays, hostLayers());
  std::vector<double> p = randomNumbers(count, 1);
  std::vector<double> m(count);
  std::vector<double> v(count);
  const DeviceArray<float> parameters = onHost(toFloats(p));
  for (int step = 1; step <= 5; ++step) {
    const std::vector<double> g = randomNumbers(count, 10 + step);
    const double rate = 0.01 * step;
    adamW.step(rate, 1e30, parameters, onHost(toFloats(g)));
    for (std::size_t i = 0; i < count; ++i) {
      m[i] = options.beta1 * m[i] + (1 - options.beta1) * g[i];
      v[i] = options.beta2 * v[i] + (1 - options.beta2) * g[i] * g[i];
      const double first = m[i] / (1 - std::pow(options.beta1, step));
      const double second = v[i] / (1 - std::pow(options.beta2, step));
      p[i] -= rate * (first / (std::sqrt(second) + options.epsilon) +
                      (decays[i] ? options.weightDecay * p[i] : 0));
    }
  }
  EXPECT_EQ(adamW.stepsDone(), 5);
  expectClose(parameters.onHost(), p, 1e-5, 1e-5, "parameters");
}

TEST(AdamW, RefusesAnotherLength) {
  AdamW adamW({}, std::vector<bool>(3), hostLayers());
  const DeviceArray<float> two = onHost({1, 2});
  EXPECT_THROW(adamW.step(1, 1, two, two), Error);
}

TEST(AdamW, ClipsOnlyWhatIsTooLong) {
  // The first moment shows the gradient that was taken.
  const auto taken = [](const std::vector<float> &gradients, double limit,
                        double norm) {
    AdamW adamW({}, std::vector<bool>(gradients.size()), hostLayers());
    const DeviceArray<float> parameters =
        onHost(std::vector<float>(gradients.size()));
    EXPECT_DOUBLE_EQ(adamW.step(1, limit, parameters, onHost(gradients)), norm);
    std::vector<float> moment = adamW.firstMoment().download();
    for (float &m : moment)
      m /= 1 - static_cast<float>(AdamWOptions().beta1);
    return moment;
  };
  EXPECT_FLOAT_EQ(taken({3, 4}, 10, 5)[0], 3);
  const std::vector<float> clipped = taken({3, 4}, 1, 5);
  EXPECT_FLOAT_EQ(clipped[0], 0.6F);
  EXPECT_FLOAT_EQ(clipped[1], 0.8F);
  EXPECT_TRUE(taken({}, 1, 0).empty());
  taken(std::vector<float>(100000, 0.5F), 1, 0.5 * std::sqrt(100000.0));
}

TEST(AdamW, ChangesNothingWhereTheNormIsNotFinite) {
  AdamW adamW({}, std::vector<bool>(2), hostLayers());
  const DeviceArray<float> parameters = onHost({1, 2});
  EXPECT_TRUE(std::isinf(adamW.step(1, 1, parameters, onHost({1, INFINITY}))));
  EXPECT_EQ(parameters.download(), (std::vector<float>{1, 2}));
  EXPECT_EQ(adamW.firstMoment().download(), (std::vector<float>{0, 0}));
  EXPECT_EQ(adamW.secondMoment().download(), (std::vector<float>{0, 0}));
  EXPECT_EQ(adamW.stepsDone(), 0);
}

TEST(LearningRateSchedule, WarmsUpAndFalls) {
  const LearningRateSchedule schedule{1, 0.1, 10, 110};
  EXPECT_DOUBLE_EQ(schedule.rate(0), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(9), 1);
  EXPECT_DOUBLE_EQ(schedule.rate(10), 1);
  EXPECT_NEAR(schedule.rate(60), 0.55, 1e-12);
  EXPECT_NEAR(schedule.rate(110), 0.1, 1e-12);
  EXPECT_NEAR(schedule.rate(1000), 0.1, 1e-12);
  const LearningRateSchedule onlyWarmUp{1, 0.1, 10, 5};
  EXPECT_DOUBLE_EQ(onlyWarmUp.rate(20), 1);
}

} // namespace
