//===- SamplingTest.cpp - Tokens drawn from logits ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/sampling.h"
#include "minrnn/error.h"

#include "gtest/gtest.h"
#include <array>
#include <cmath>
#include <limits>
#include <vector>

using namespace minrnn;

namespace {

/// The logits of probabilities.
template <std::size_t N>
std::vector<float> logitsOf(const std::array<double, N> &probabilities) {
  std::vector<float> logits;
  logits.reserve(N);
  for (const double probability : probabilities)
    // Another constant in front changes nothing.
    logits.push_back(static_cast<float>(std::log(probability) + 3));
  return logits;
}

constexpr std::array<double, 5> someProbabilities = {0.1, 0.4, 0.05, 0.3, 0.15};

/// Draws many tokens and expects as many of each as `probabilities` say, within
/// five standard deviations, and of an impossible one none.
void expectDistribution(const std::vector<float> &logits,
                        const SamplingOptions &options,
                        const std::vector<double> &probabilities) {
  constexpr int draws = 40000;
  Random random(7);
  std::vector<int> counts(logits.size());
  for (int i = 0; i < draws; ++i)
    ++counts.at(static_cast<std::size_t>(drawToken(logits, options, random)));
  for (std::size_t token = 0; token < counts.size(); ++token) {
    const double p = probabilities[token];
    EXPECT_NEAR(counts[token], p * draws, 5 * std::sqrt(draws * p * (1 - p)))
        << "token " << token;
  }
}

TEST(Sampling, DrawsFromTheSoftmax) {
  expectDistribution(logitsOf(someProbabilities), {},
                     {0.1, 0.4, 0.05, 0.3, 0.15});
}

TEST(Sampling, ATemperatureSharpensOrFlattens) {
  // p^(1/T), normalised.
  const auto expected = [](double temperature) {
    std::vector<double> powers;
    double total = 0;
    for (const double p : someProbabilities) {
      powers.push_back(std::pow(p, 1 / temperature));
      total += powers.back();
    }
    for (double &power : powers)
      power /= total;
    return powers;
  };
  for (const double temperature : {0.5, 2.0})
    expectDistribution(logitsOf(someProbabilities),
                       {.temperature = temperature}, expected(temperature));
  expectDistribution(logitsOf(someProbabilities), {.temperature = 0},
                     {0, 1, 0, 0, 0});
}

TEST(Sampling, TopKLeavesTheLikeliest) {
  const std::vector<float> logits = logitsOf(someProbabilities);
  expectDistribution(logits, {.topK = 1}, {0, 1, 0, 0, 0});
  expectDistribution(logits, {.topK = 2}, {0, 0.4 / 0.7, 0, 0.3 / 0.7, 0});
  expectDistribution(logits, {.topK = 5}, {0.1, 0.4, 0.05, 0.3, 0.15});
  expectDistribution(logits, {.topK = 100}, {0.1, 0.4, 0.05, 0.3, 0.15});
}

TEST(Sampling, TopPLeavesTheSmallestNucleus) {
  const std::vector<float> logits = logitsOf(someProbabilities);
  expectDistribution(logits, {.topP = 0.01}, {0, 1, 0, 0, 0});
  expectDistribution(logits, {.topP = 0.39}, {0, 1, 0, 0, 0});
  // The token with which the share is reached is in.
  expectDistribution(logits, {.topP = 0.41}, {0, 0.4 / 0.7, 0, 0.3 / 0.7, 0});
  expectDistribution(logits, {.topP = 0.8},
                     {0, 0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85});
  expectDistribution(logits, {.topP = 0.999}, {0.1, 0.4, 0.05, 0.3, 0.15});
}

TEST(Sampling, TopPIsOfWhatTopKAndTheTemperatureLeave) {
  const std::vector<float> logits = logitsOf(someProbabilities);
  // Of the two likeliest the first has 4/7; at temperature 1/2, 16/25.
  expectDistribution(logits, {.topK = 2, .topP = 0.57}, {0, 1, 0, 0, 0});
  expectDistribution(logits, {.topK = 2, .topP = 0.6},
                     {0, 4.0 / 7, 0, 3.0 / 7, 0});
  expectDistribution(logits, {.temperature = 0.5, .topK = 2, .topP = 0.6},
                     {0, 1, 0, 0, 0});
}

TEST(Sampling, OfEquallyLikelyTokensTheFirstAreLeft) {
  const std::vector<float> logits(4, 1);
  expectDistribution(logits, {.topK = 3}, {1.0 / 3, 1.0 / 3, 1.0 / 3, 0});
  expectDistribution(logits, {.topP = 0.5}, {0.5, 0.5, 0, 0});
}

TEST(Sampling, RefusesWhatCannotBeDrawnFrom) {
  Random random(1);
  const std::vector<float> logits = logitsOf(someProbabilities);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const SamplingOptions &options :
       {SamplingOptions{.temperature = -1}, SamplingOptions{.temperature = nan},
        SamplingOptions{.topK = -1}, SamplingOptions{.topP = 0},
        SamplingOptions{.topP = 1.01}, SamplingOptions{.topP = nan}})
    EXPECT_THROW(drawToken(logits, options, random), Error);
  EXPECT_THROW(drawToken({}, {}, random), Error);
  EXPECT_THROW(drawToken(std::vector<float>{1, INFINITY}, {}, random), Error);
}

} // namespace
