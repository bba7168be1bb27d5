//===- HostLayersTest.cpp - Layers against double precision ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each layer's forward is held to a plain evaluation in double, and its
// backward to central differences of that evaluation.
//
//===----------------------------------------------------------------------===//

#include "tests/layers/HostLayers.h"
#include "minrnn/error.h"
#include "minrnn/layers.h"
#include "minrnn/random.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/ReferenceLayers.h"

#include "gtest/gtest.h"

#include <array>
#include <cmath>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// Bounds of a sum of some dozens of terms of order one in f32.
constexpr double relative = 1e-5;
constexpr double absolute = 5e-6;

TEST(Linear, ForwardAndBackward) {
  constexpr std::size_t rows = 9;
  constexpr std::size_t inputs = 5;
  constexpr std::size_t outputs = 7;
  const LinearShape shape{rows, inputs, outputs};
  Numbers x = randomNumbers(rows * inputs, 1);
  Numbers weight = randomNumbers(outputs * inputs, 2);
  Numbers bias = randomNumbers(outputs, 3);
  const Numbers dy = randomNumbers(rows * outputs, 4);
  const std::vector<float> xf = toFloats(x);
  const std::vector<float> wf = toFloats(weight);
  const std::vector<float> bf = toFloats(bias);
  const std::vector<float> dyf = toFloats(dy);

  std::vector<float> y(rows * outputs);
  linearForward(hostLayers(), shape, xf.data(), wf.data(), bf.data(), y.data());
  const Numbers expected = linear(rows, inputs, outputs, x, weight, bias);
  expectClose(y, expected, relative, absolute, "y");

  linearForward(hostLayers(), shape, xf.data(), wf.data(), bf.data(), y.data(),
                true);
  Numbers doubled = expected;
  for (double &value : doubled)
    value *= 2;
  expectClose(y, doubled, relative, absolute, "y, added");

  std::vector<float> dx(x.size());
  std::vector<float> dWeight(weight.size());
  std::vector<float> dBias(bias.size());
  linearBackward(hostLayers(), shape, xf.data(), wf.data(), dyf.data(),
                 dx.data(), dWeight.data(), dBias.data());
  const auto loss = [&] {
    return weightedSum(linear(rows, inputs, outputs, x, weight, bias), dy);
  };
  expectClose(dx, centralDifferences(x, loss), relative, absolute, "dx");
  expectClose(dWeight, centralDifferences(weight, loss), relative, absolute,
              "dWeight");
  expectClose(dBias, centralDifferences(bias, loss), relative, absolute,
              "dBias");
}

TEST(Linear, NoRowsGiveZeroGradients) {
  std::vector<float> dWeight(6, 1);
  std::vector<float> dBias(3, 1);
  linearBackward<float>(hostLayers(), {0, 2, 3}, nullptr, nullptr, nullptr,
                        nullptr, dWeight.data(), dBias.data());
  EXPECT_EQ(dWeight, std::vector<float>(6, 0.0F));
  EXPECT_EQ(dBias, std::vector<float>(3, 0.0F));
}

TEST(RmsNorm, ForwardAndBackward) {
  constexpr std::size_t rows = 6;
  // More than one group of columns.
  constexpr std::size_t width = 70;
  const RmsNormShape shape{rows, width};
  Numbers x = randomNumbers(rows * width, 1, 0.3);
  Numbers scale = randomNumbers(width, 2);
  const Numbers dy = randomNumbers(rows * width, 3);
  const std::vector<float> xf = toFloats(x);
  const std::vector<float> sf = toFloats(scale);
  const std::vector<float> dyf = toFloats(dy);

  std::vector<float> y(x.size());
  std::vector<float> inverseRms(rows);
  rmsNormForward(hostLayers(), shape, xf.data(), sf.data(), y.data(),
                 inverseRms.data());
  const double epsilon = shape.epsilon;
  expectClose(y, rmsNorm(rows, width, x, scale, epsilon), relative, absolute,
              "y");

  std::vector<float> dx(x.size());
  std::vector<float> dScale(width);
  rmsNormBackward(hostLayers(), shape, xf.data(), sf.data(), inverseRms.data(),
                  dyf.data(), dx.data(), dScale.data());
  const auto loss = [&] {
    return weightedSum(rmsNorm(rows, width, x, scale, epsilon), dy);
  };
  Numbers expected = centralDifferences(x, loss);
  expectClose(dx, expected, relative, absolute, "dx");
  expectClose(dScale, centralDifferences(scale, loss), relative, absolute,
              "dScale");

  std::fill(dx.begin(), dx.end(), 1.0F);
  rmsNormBackward(hostLayers(), shape, xf.data(), sf.data(), inverseRms.data(),
                  dyf.data(), dx.data(), dScale.data(), true);
  for (double &value : expected)
    value += 1;
  expectClose(dx, expected, relative, absolute, "dx, added");
}

TEST(RmsNorm, ZeroRowsStayZero) {
  std::vector<float> x(8, 0);
  std::vector<float> scale(8, 1);
  std::vector<float> y(8, 1);
  float inverseRms = 0;
  rmsNormForward(hostLayers(), {1, 8}, x.data(), scale.data(), y.data(),
                 &inverseRms);
  EXPECT_EQ(y, std::vector<float>(8, 0.0F));
  EXPECT_TRUE(std::isfinite(inverseRms));
}

TEST(Embedding, ForwardAndBackward) {
  constexpr std::int64_t width = 70;
  const EmbeddingShape shape{5, 4, width};
  const std::vector<std::int32_t> tokens = {2, 0, 2, 3, 2};
  const std::vector<float> table = toFloats(randomNumbers(4 * width, 1));
  std::vector<float> output(5 * width);
  embeddingForward(hostLayers(), shape, tokens.data(), table.data(),
                   output.data());
  for (std::int64_t row = 0; row < 5; ++row)
    for (std::int64_t j = 0; j < width; ++j)
      EXPECT_EQ(output[row * width + j], table[tokens[row] * width + j]);

  const std::vector<float> dOutput = toFloats(randomNumbers(5 * width, 2));
  std::vector<float> dTable(4 * width, 9);
  embeddingBackward(hostLayers(), shape, tokens.data(), dOutput.data(),
                    dTable.data());
  for (std::int64_t j = 0; j < width; ++j) {
    EXPECT_EQ(dTable[0 * width + j], dOutput[1 * width + j]);
    EXPECT_EQ(dTable[1 * width + j], 0.0F);
    EXPECT_NEAR(dTable[2 * width + j],
                dOutput[j] + dOutput[2 * width + j] + dOutput[4 * width + j],
                1e-6);
  }
}

TEST(Embedding, RefusesForeignTokens) {
  std::vector<float> memory(8);
  for (const std::int32_t token : {-1, 2})
    EXPECT_THROW(embeddingForward(hostLayers(), {1, 2, 4}, &token,
                                  memory.data(), memory.data()),
                 Error);
}

TEST(CrossEntropy, LossAndGradient) {
  constexpr std::size_t rows = 5;
  constexpr std::size_t classes = 7;
  Numbers logits = randomNumbers(rows * classes, 1, 3);
  const std::vector<std::int32_t> targets = {0, 6, 3, 3, 1};
  const std::vector<float> floats = toFloats(logits);
  std::vector<float> gradient = floats;
  // In place, as the model does it.
  const double loss = hostCrossEntropy({rows, classes}, gradient.data(),
                                       targets.data(), gradient.data());
  EXPECT_NEAR(loss, crossEntropyLoss(rows, classes, logits, targets), 1e-6);
  EXPECT_EQ(loss, hostCrossEntropy({rows, classes}, floats.data(),
                                   targets.data(), nullptr));
  const auto reference = [&] {
    return crossEntropyLoss(rows, classes, logits, targets);
  };
  expectClose(gradient, centralDifferences(logits, reference), relative, 1e-6,
              "dLogits");
}

// What counts for nothing is as if it were not there, whatever it holds.
TEST(CrossEntropy, WeighsItsRows) {
  constexpr std::size_t classes = 7;
  const Numbers logits = randomNumbers(3 * classes, 1, 3);
  const std::vector<std::int32_t> targets = {4, 0, 6};
  const std::vector<float> counted = toFloats(logits);
  std::vector<float> expected(counted.size());
  const double loss = hostCrossEntropy({3, classes}, counted.data(),
                                       targets.data(), expected.data());

  std::vector<float> all(classes, NAN);
  all.insert(all.end(), counted.begin(), counted.end());
  all.resize(5 * classes, INFINITY);
  const std::vector<std::int32_t> allTargets = {-1, 4, 0, 6, 99};
  const float third = 1.0F / 3;
  const std::vector<float> weights = {0, third, third, third, 0};
  EXPECT_NEAR(hostCrossEntropy({5, classes}, all.data(), allTargets.data(),
                               all.data(), weights.data()),
              loss, 1e-7);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool counts = i >= classes && i < 4 * classes;
    ASSERT_EQ(all[i], counts ? expected[i - classes] : 0) << i;
  }

  // Weights that differ: a sum of single rows.
  const std::vector<float> uneven = {2, 0.5F, 0};
  std::vector<float> gradient(counted.size());
  double sum = 0;
  for (std::size_t row = 0; row < 3; ++row)
    sum += static_cast<double>(uneven[row]) *
           hostCrossEntropy({1, classes}, &counted[row * classes],
                            &targets[row], &expected[row * classes]);
  EXPECT_NEAR(hostCrossEntropy({3, classes}, counted.data(), targets.data(),
                               gradient.data(), uneven.data()),
              sum, 1e-6);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    ASSERT_NEAR(gradient[i], uneven[i / classes] * expected[i], 1e-6) << i;
}

TEST(CrossEntropy, SurvivesExtremes) {
  const std::vector<float> logits = {3e38F, -3e38F, 0};
  const std::vector<std::int32_t> target = {0};
  std::vector<float> gradient(3);
  EXPECT_EQ(
      hostCrossEntropy({1, 3}, logits.data(), target.data(), gradient.data()),
      0);
  for (const float g : gradient)
    EXPECT_EQ(g, 0.0F);
  EXPECT_EQ(hostCrossEntropy({0, 3}, nullptr, nullptr, nullptr), 0);
  // Impossible, yet it happened: an infinite loss, and no gradient that looks
  // sound.
  const std::vector<float> impossible = {-INFINITY, 1, 2};
  EXPECT_EQ(hostCrossEntropy({1, 3}, impossible.data(), target.data(),
                             gradient.data()),
            INFINITY);
  for (const float g : gradient)
    EXPECT_TRUE(std::isnan(g));
  const std::vector<std::int32_t> foreign = {3};
  EXPECT_THROW(hostCrossEntropy({1, 3}, logits.data(), foreign.data(), nullptr),
               Error);
}

TEST(LayerNorm, ForwardAndBackward) {
  constexpr std::size_t rows = 6;
  // More than one group of columns.
  constexpr std::size_t width = 70;
  const LayerNormShape shape{rows, width};
  Numbers x = randomNumbers(rows * width, 1, 0.3);
  for (double &value : x)
    value = static_cast<float>(value + 2);
  Numbers scale = randomNumbers(width, 2);
  Numbers bias = randomNumbers(width, 3);
  const Numbers dy = randomNumbers(rows * width, 4);
  const std::vector<float> xf = toFloats(x);
  const std::vector<float> sf = toFloats(scale);
  const std::vector<float> bf = toFloats(bias);
  const std::vector<float> dyf = toFloats(dy);
  const double epsilon = shape.epsilon;

  std::vector<float> y(x.size());
  std::vector<float> mean(rows);
  std::vector<float> inverse(rows);
  layerNormForward(hostLayers(), shape, xf.data(), sf.data(), bf.data(),
                   y.data(), mean.data(), inverse.data());
  expectClose(y, layerNorm(rows, width, x, scale, bias, epsilon), relative,
              absolute, "y");

  std::vector<float> dx(x.size(), 1);
  std::vector<float> dScale(width);
  std::vector<float> dBias(width);
  const auto loss = [&] {
    return weightedSum(layerNorm(rows, width, x, scale, bias, epsilon), dy);
  };
  Numbers expected = centralDifferences(x, loss);
  layerNormBackward(hostLayers(), shape, xf.data(), sf.data(), mean.data(),
                    inverse.data(), dyf.data(), dx.data(), dScale.data(),
                    dBias.data());
  expectClose(dx, expected, relative, absolute, "dx");
  expectClose(dScale, centralDifferences(scale, loss), relative, absolute,
              "dScale");
  expectClose(dBias, centralDifferences(bias, loss), relative, absolute,
              "dBias");

  std::vector<float> inPlace = dyf;
  layerNormBackward(hostLayers(), shape, xf.data(), sf.data(), mean.data(),
                    inverse.data(), inPlace.data(), inPlace.data(),
                    dScale.data(), dBias.data());
  EXPECT_EQ(inPlace, dx);

  std::fill(dx.begin(), dx.end(), 1.0F);
  layerNormBackward(hostLayers(), shape, xf.data(), sf.data(), mean.data(),
                    inverse.data(), dyf.data(), dx.data(), dScale.data(),
                    dBias.data(), true);
  for (double &value : expected)
    value += 1;
  expectClose(dx, expected, relative, absolute, "dx, added");
}

TEST(Activation, ForwardAndBackward) {
  const std::array<std::pair<Activation, double (*)(double)>, 3> cases = {
      {{Activation::Relu, relu},
       {Activation::Silu, silu},
       {Activation::Gelu, gelu}}};
  for (const auto &[activation, exact] : cases) {
    Numbers x = randomNumbers(200, 1, 3);
    const Numbers dy = randomNumbers(200, 2);
    const std::vector<float> xf = toFloats(x);
    std::vector<float> y = xf;
    activationForward(hostLayers(), activation, 200, y.data(), y.data());
    const auto evaluated = [&, exact = exact] {
      Numbers values;
      for (const double value : x)
        values.push_back(exact(value));
      return values;
    };
    // Relative alone: small values far below zero count, too. There GELU's
    // function has the condition number x^2 in its rounded argument.
    const Numbers values = evaluated();
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double condition =
          activation == Activation::Gelu ? 1.2e-7 * x[i] * x[i] : 0;
      ASSERT_NEAR(y[i], values[i], (1e-6 + condition) * std::abs(values[i]))
          << "at " << x[i];
    }
    std::vector<float> dx = toFloats(dy);
    activationBackward(hostLayers(), activation, 200, xf.data(), dx.data(),
                       dx.data());
    expectClose(
        dx, centralDifferences(x, [&] { return weightedSum(evaluated(), dy); }),
        relative, 1e-6, "dx");
  }
}

TEST(SquaredError, LossAndGradient) {
  const std::vector<float> predicted = {1, 2, NAN, 4, -1, 3};
  const std::vector<float> targets = {0, 4, 5, 6, 1, 3};
  const std::vector<float> weights = {0.75F, 0, 0.25F};
  std::vector<float> gradient(6, 9);
  double loss = -1;
  squaredError(hostLayers(), {3, 2}, predicted.data(), targets.data(),
               weights.data(), gradient.data(), &loss);
  EXPECT_DOUBLE_EQ(loss, 0.75 * (1 + 4) / 2 + 0.25 * (4 + 0) / 2);
  EXPECT_EQ(gradient, (std::vector<float>{0.75F, -1.5F, 0, 0, -0.5F, 0}));
  squaredError(hostLayers(), {2, 1}, targets.data(), predicted.data(), nullptr,
               nullptr, &loss);
  EXPECT_DOUBLE_EQ(loss, (1 + 4) / 2.0);
  squaredError(hostLayers(), {0, 3}, nullptr, nullptr, nullptr, nullptr, &loss);
  EXPECT_EQ(loss, 0);
  EXPECT_THROW(squaredError(hostLayers(), {-1, 3}, nullptr, nullptr, nullptr,
                            nullptr, &loss),
               Error);
}

TEST(GatedActivation, ForwardAndBackward) {
  constexpr std::size_t rows = 7;
  constexpr std::size_t width = 5;
  Random random(4);
  Numbers x(2 * rows * width);
  Numbers dy(rows * width);
  for (double &value : x)
    value = 2 * random.normal();
  for (double &value : dy)
    value = random.normal();
  const std::vector<float> xf = toFloats(x);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = xf[i];
  const std::vector<float> dyf = toFloats(dy);
  for (std::size_t i = 0; i < dy.size(); ++i)
    dy[i] = dyf[i];
  const auto exact = [&] {
    Numbers y;
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t i = 0; i < width; ++i)
        y.push_back(gelu(x[2 * r * width + i]) * x[(2 * r + 1) * width + i]);
    return y;
  };
  const GatedActivationShape shape{rows, width};
  std::vector<float> y(rows * width);
  gatedActivationForward(hostLayers(), Activation::Gelu, shape, xf.data(),
                         y.data());
  expectClose(y, exact(), 1e-5, 1e-6, "y");
  std::vector<float> dx = xf;
  gatedActivationBackward(hostLayers(), Activation::Gelu, shape, dx.data(),
                          dyf.data(), dx.data());
  expectClose(dx,
              centralDifferences(x, [&] { return weightedSum(exact(), dy); }),
              1e-4, 1e-5, "dx");
  EXPECT_THROW(gatedActivationForward(hostLayers(), Activation::Gelu, {-1, 2},
                                      nullptr, nullptr),
               Error);
}

TEST(Activation, SurvivesExtremes) {
  const std::vector<float> x = {-1e4F, 1e4F, 0};
  const std::vector<float> ones(3, 1);
  std::vector<float> y(3);
  std::vector<float> dx(3);
  for (const Activation activation :
       {Activation::Relu, Activation::Silu, Activation::Gelu}) {
    activationForward(hostLayers(), activation, 3, x.data(), y.data());
    EXPECT_EQ(y, (std::vector<float>{0, 1e4F, 0}));
    activationBackward(hostLayers(), activation, 3, x.data(), ones.data(),
                       dx.data());
    const float atZero = activation == Activation::Relu ? 0.0F : 0.5F;
    EXPECT_EQ(dx, (std::vector<float>{0, 1, atZero}));
  }
}

TEST(CausalConvolution, ForwardAndBackward) {
  constexpr std::size_t batch = 3;
  constexpr std::size_t channels = 5;
  for (const std::size_t time : {1, 2, 7})
    for (const std::size_t taps : {1, 3, 4}) {
      const CausalConvolutionShape shape{batch, static_cast<std::int64_t>(time),
                                         channels,
                                         static_cast<std::int64_t>(taps)};
      const auto count = static_cast<std::int64_t>(batch * time * channels);
      Numbers x = randomNumbers(count, 1);
      Numbers weight =
          randomNumbers(static_cast<std::int64_t>(channels * taps), 2);
      Numbers bias = randomNumbers(channels, 3);
      const Numbers dy = randomNumbers(count, 4);
      const std::vector<float> xf = toFloats(x);
      const std::vector<float> wf = toFloats(weight);
      const std::vector<float> bf = toFloats(bias);
      const std::vector<float> dyf = toFloats(dy);
      std::vector<float> y(x.size());
      const auto evaluated = [&] {
        return causalConvolution(batch, time, channels, taps, x, weight, bias);
      };
      causalConvolutionForward(hostLayers(), shape, xf.data(), wf.data(),
                               bf.data(), y.data());
      expectClose(y, evaluated(), relative, absolute, "y");
      causalConvolutionForward(hostLayers(), shape, xf.data(), wf.data(),
                               nullptr, y.data());
      expectClose(y,
                  causalConvolution(batch, time, channels, taps, x, weight, {}),
                  relative, absolute, "y without bias");

      std::vector<float> dx(x.size(), 9);
      std::vector<float> dWeight(weight.size(), 9);
      std::vector<float> dBias(channels, 9);
      causalConvolutionBackward(hostLayers(), shape, xf.data(), wf.data(),
                                dyf.data(), dx.data(), dWeight.data(),
                                dBias.data());
      const auto loss = [&] { return weightedSum(evaluated(), dy); };
      expectClose(dx, centralDifferences(x, loss), relative, absolute, "dx");
      expectClose(dWeight, centralDifferences(weight, loss), relative, absolute,
                  "dWeight");
      expectClose(dBias, centralDifferences(bias, loss), relative, absolute,
                  "dBias");
    }
}

TEST(CausalConvolution, NoStepsGiveZeroGradients) {
  std::vector<float> dWeight(6, 1);
  std::vector<float> dBias(2, 1);
  const std::vector<float> weight(6, 1);
  causalConvolutionBackward(hostLayers(), {2, 0, 2, 3}, nullptr, weight.data(),
                            nullptr, nullptr, dWeight.data(), dBias.data());
  EXPECT_EQ(dWeight, std::vector<float>(6, 0.0F));
  EXPECT_EQ(dBias, std::vector<float>(2, 0.0F));
}

// The known answers of the authors' Random123.
TEST(Philox, KnownAnswers) {
  using Words = std::array<std::uint32_t, 4>;
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Dropout, LeavesOutItsShareAndKeepsTheMean) {
  constexpr std::int64_t count = 100003;
  std::vector<float> x(count, 2);
  std::vector<float> y(count);
  hostDropout({count, 0.2, 7}, 3, x.data(), y.data());
  std::int64_t left = 0;
  for (const float value : y) {
    left += value == 0;
    ASSERT_TRUE(value == 0 || value == 2.5F) << value;
  }
  // Five standard deviations of the binomial distribution.
  EXPECT_NEAR(static_cast<double>(left), 0.2 * count, 5 * 126.5);

  // In place, the same mask; any prefix has it, too.
  hostDropout({1000, 0.2, 7}, 3, x.data(), x.data());
  EXPECT_TRUE(std::equal(x.begin(), x.begin() + 1000, y.begin()));
  std::vector<float> other(count, 2);
  using SeedAndStep = std::pair<std::uint64_t, std::uint64_t>;
  for (const auto &[seed, step] :
       {SeedAndStep{8, 3}, SeedAndStep{7, 4}, SeedAndStep{7, 3 + (1ULL << 32U)},
        SeedAndStep{7 + (1ULL << 32U), 3}}) {
    std::fill(other.begin(), other.end(), 2.0F);
    hostDropout({count, 0.2, seed}, step, other.data(), other.data());
    std::int64_t both = 0;
    for (std::size_t i = 0; i < other.size(); ++i)
      both += other[i] == 0 && y[i] == 0;
    // Independent masks: 0.04 of all, within five standard deviations.
    EXPECT_NEAR(static_cast<double>(both), 0.04 * count, 5 * 62);
  }
}

TEST(Dropout, RefusesARateThatIsNone) {
  float x = 3;
  for (const double rate : {-0.1, 1.0, 2.0, std::nan("")})
    EXPECT_THROW(hostDropout({1, rate, 0}, 0, &x, &x), Error);
  hostDropout({1, 0, 0}, 0, &x, &x);
  EXPECT_EQ(x, 3.0F);
}

} // namespace
