//===- BlocksTest.cpp - Blocks against double precision -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each block's forward is held to a plain evaluation in double, and its
// backward to central differences of that evaluation.
//
//===----------------------------------------------------------------------===//

#include "minrnn/blocks.h"

#include "minrnn/error.h"
#include "runtime/device/HostProduct.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/ReferenceBlocks.h"

#include "gtest/gtest.h"
#include <cmath>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// Bounds of a sum of some dozens of terms of order one in f32.
constexpr double relative = 1e-5;
constexpr double absolute = 5e-6;

template <typename Scalar> void checkGemm() {
  struct Sizes {
    std::int64_t m, n, k;
  };
  for (const auto &[m, n, k] :
       {Sizes{1, 1, 1}, Sizes{3, 5, 7}, Sizes{130, 40, 70}, Sizes{33, 700, 20},
        Sizes{600, 90, 33}, Sizes{4, 0, 3}, Sizes{0, 4, 3}, Sizes{4, 3, 0}})
    for (const Transpose ta : {Transpose::No, Transpose::Yes})
      for (const Transpose tb : {Transpose::No, Transpose::Yes})
        for (const bool accumulate : {false, true}) {
          const Numbers a = randomNumbers(m * k, 1);
          const Numbers b = randomNumbers(k * n, 2);
          std::vector<Scalar> as(a.begin(), a.end());
          std::vector<Scalar> bs(b.begin(), b.end());
          std::vector<Scalar> c(static_cast<std::size_t>(m * n), 3);
          gemm<Scalar>(m, n, k, {as.data(), ta == Transpose::No ? k : m, ta},
                       {bs.data(), tb == Transpose::No ? n : k, tb}, c.data(),
                       n, accumulate);
          for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t j = 0; j < n; ++j) {
              double sum = accumulate ? 3 : 0;
              for (std::int64_t l = 0; l < k; ++l)
                sum += a[ta == Transpose::No ? i * k + l : l * m + i] *
                       b[tb == Transpose::No ? l * n + j : j * k + l];
              ASSERT_NEAR(c[i * n + j], sum, 5e-5)
                  << m << " x " << n << " x " << k << " at " << i << ", " << j;
            }
        }
}

TEST(Gemm, FloatOfEverySizeAndTranspose) { checkGemm<float>(); }
TEST(Gemm, DoubleOfEverySizeAndTranspose) { checkGemm<double>(); }

TEST(Gemm, RefusesWhatBlasCannotTake) {
  EXPECT_THROW(gemm<float>(-1, 1, 1, {}, {}, nullptr, 1, false), Error);
  EXPECT_THROW(gemm<float>(0, 1, 1, {nullptr, std::int64_t{1} << 40},
                           {nullptr, 1}, nullptr, 1, false),
               Error);
}

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
  linearForward(shape, xf.data(), wf.data(), bf.data(), y.data());
  const Numbers expected = linear(rows, inputs, outputs, x, weight, bias);
  expectClose(y, expected, relative, absolute, "y");

  linearForward(shape, xf.data(), wf.data(), bf.data(), y.data(), Store::Add);
  Numbers doubled = expected;
  for (double &value : doubled)
    value *= 2;
  expectClose(y, doubled, relative, absolute, "y, added");

  std::vector<float> dx(x.size());
  std::vector<float> dWeight(weight.size());
  std::vector<float> dBias(bias.size());
  linearBackward(shape, xf.data(), wf.data(), dyf.data(), dx.data(),
                 dWeight.data(), dBias.data());
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
  linearBackward({0, 2, 3}, nullptr, nullptr, nullptr, nullptr, dWeight.data(),
                 dBias.data());
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
  rmsNormForward(shape, xf.data(), sf.data(), y.data(), inverseRms.data());
  const double epsilon = shape.epsilon;
  expectClose(y, rmsNorm(rows, width, x, scale, epsilon), relative, absolute,
              "y");

  std::vector<float> dx(x.size());
  std::vector<float> dScale(width);
  rmsNormBackward(shape, xf.data(), sf.data(), inverseRms.data(), dyf.data(),
                  dx.data(), dScale.data());
  const auto loss = [&] {
    return weightedSum(rmsNorm(rows, width, x, scale, epsilon), dy);
  };
  Numbers expected = centralDifferences(x, loss);
  expectClose(dx, expected, relative, absolute, "dx");
  expectClose(dScale, centralDifferences(scale, loss), relative, absolute,
              "dScale");

  std::fill(dx.begin(), dx.end(), 1.0F);
  rmsNormBackward(shape, xf.data(), sf.data(), inverseRms.data(), dyf.data(),
                  dx.data(), dScale.data(), Store::Add);
  for (double &value : expected)
    value += 1;
  expectClose(dx, expected, relative, absolute, "dx, added");
}

TEST(RmsNorm, ZeroRowsStayZero) {
  std::vector<float> x(8, 0);
  std::vector<float> scale(8, 1);
  std::vector<float> y(8, 1);
  float inverseRms = 0;
  rmsNormForward({1, 8}, x.data(), scale.data(), y.data(), &inverseRms);
  EXPECT_EQ(y, std::vector<float>(8, 0.0F));
  EXPECT_TRUE(std::isfinite(inverseRms));
}

TEST(Embedding, ForwardAndBackward) {
  constexpr std::int64_t width = 70;
  const EmbeddingShape shape{5, 4, width};
  const std::vector<std::int32_t> tokens = {2, 0, 2, 3, 2};
  const std::vector<float> table = toFloats(randomNumbers(4 * width, 1));
  std::vector<float> output(5 * width);
  embeddingForward(shape, tokens.data(), table.data(), output.data());
  for (std::int64_t row = 0; row < 5; ++row)
    for (std::int64_t j = 0; j < width; ++j)
      EXPECT_EQ(output[row * width + j], table[tokens[row] * width + j]);

  const std::vector<float> dOutput = toFloats(randomNumbers(5 * width, 2));
  std::vector<float> dTable(4 * width, 9);
  embeddingBackward(shape, tokens.data(), dOutput.data(), dTable.data());
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
    EXPECT_THROW(
        embeddingForward({1, 2, 4}, &token, memory.data(), memory.data()),
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
  const double loss = crossEntropy({rows, classes}, gradient.data(),
                                   targets.data(), gradient.data());
  EXPECT_NEAR(loss, crossEntropyLoss(rows, classes, logits, targets), 1e-6);
  EXPECT_EQ(loss, crossEntropy({rows, classes}, floats.data(), targets.data(),
                               nullptr));
  const auto reference = [&] {
    return crossEntropyLoss(rows, classes, logits, targets);
  };
  expectClose(gradient, centralDifferences(logits, reference), relative, 1e-6,
              "dLogits");
}

TEST(CrossEntropy, SurvivesExtremes) {
  const std::vector<float> logits = {3e38F, -3e38F, 0};
  const std::vector<std::int32_t> target = {0};
  std::vector<float> gradient(3);
  EXPECT_EQ(crossEntropy({1, 3}, logits.data(), target.data(), gradient.data()),
            0);
  for (const float g : gradient)
    EXPECT_EQ(g, 0.0F);
  EXPECT_EQ(crossEntropy({0, 3}, nullptr, nullptr, nullptr), 0);
  // Impossible, yet it happened: an infinite loss, and no gradient that looks
  // sound.
  const std::vector<float> impossible = {-INFINITY, 1, 2};
  EXPECT_EQ(
      crossEntropy({1, 3}, impossible.data(), target.data(), gradient.data()),
      INFINITY);
  for (const float g : gradient)
    EXPECT_TRUE(std::isnan(g));
  const std::vector<std::int32_t> foreign = {3};
  EXPECT_THROW(crossEntropy({1, 3}, logits.data(), foreign.data(), nullptr),
               Error);
}

} // namespace
