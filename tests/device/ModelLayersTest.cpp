//===- ModelLayersTest.cpp - The layers of a model on every device --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each layer on each device against itself on the host, which has references of
// its own: so that what a model asks for is what the device does, room to work
// in included.
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_array.h"
#include "minrnn/layers.h"
#include "minrnn/random.h"
#include "runtime/core/HalfStorage.h"
#include "tests/device/OnDevice.h"
#include "tests/layers/HostLayers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using Floats = std::vector<float>;

Floats numbers(std::int64_t count, std::uint64_t seed) {
  Random random(seed);
  Floats result(static_cast<std::size_t>(count));
  for (float &number : result)
    number = static_cast<float>(random.normal());
  return result;
}

class ModelLayersOn : public OnEveryDevice {
protected:
  void SetUp() override {
    OnEveryDevice::SetUp();
    if (!device)
      return;
    try {
      context.emplace(device);
    } catch (const Error &error) {
      ASSERT_NE(GetParam(), "host") << error.what();
      GTEST_SKIP() << error.what();
    }
  }

  template <typename Element>
  DeviceArray<Element> there(const std::vector<Element> &values) const {
    return {device, std::span<const Element>(values)};
  }
  DeviceArray<float> room(std::int64_t count) const {
    return {device, static_cast<std::size_t>(count)};
  }

  static void expectSame(const DeviceArray<float> &found,
                         const Floats &expected, const char *what,
                         double absolute = 2e-6) {
    const Floats numbers = found.download();
    ASSERT_EQ(numbers.size(), expected.size()) << what;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      ASSERT_NEAR(numbers[i], expected[i],
                  absolute + 1e-5 * std::fabs(expected[i]))
          << what << "[" << i << "]";
  }

  /// As `expectSame`, of numbers that were rounded last: one that was halfway
  /// between two on one device may be beyond it on the other.
  static void expectSame(const DeviceArray<BFloat16> &found,
                         const std::vector<BFloat16> &expected,
                         const char *what, double absolute = 2e-6) {
    const std::vector<BFloat16> numbers = found.download();
    ASSERT_EQ(numbers.size(), expected.size()) << what;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      ASSERT_NEAR(float{numbers[i]}, float{expected[i]},
                  absolute + 0x1p-7 * std::fabs(float{expected[i]}))
          << what << "[" << i << "]";
  }

  std::optional<LayerContext> context;
};

std::vector<BFloat16> roundedNumbers(std::int64_t count, std::uint64_t seed) {
  std::vector<BFloat16> result;
  for (const float number : numbers(count, seed))
    result.emplace_back(number);
  return result;
}

Floats widened(const std::vector<BFloat16> &numbers) {
  return {numbers.begin(), numbers.end()};
}

/// Fails unless `found` is what was computed in f32, rounded.
void expectRounded(const std::vector<BFloat16> &found, const Floats &expected,
                   const char *what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_EQ(found[i].bits, BFloat16(expected[i]).bits)
        << what << "[" << i << "]";
}

// More rows than are summed without a workspace, and no whole warp.
constexpr std::int64_t rows = 300;
constexpr std::int64_t width = 37;

TEST_P(ModelLayersOn, Embedding) {
  const EmbeddingShape shape{rows, 11, width};
  std::vector<std::int32_t> tokens(rows);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<std::int32_t>(i * i % 11);
  const Floats table = numbers(11 * width, 1);
  const Floats dOutput = numbers(rows * width, 2);
  Floats output(dOutput.size());
  Floats dTable(table.size());
  embeddingForward(hostLayers(), shape, tokens.data(), table.data(),
                   output.data());
  embeddingBackward(hostLayers(), shape, tokens.data(), dOutput.data(),
                    dTable.data());

  const auto tokensThere = there(tokens);
  const auto outputThere = room(rows * width);
  const auto dTableThere = room(11 * width);
  embeddingForward(*context, shape, tokensThere.data(), there(table).data(),
                   outputThere.data());
  embeddingBackward(*context, shape, tokensThere.data(), there(dOutput).data(),
                    dTableThere.data());
  expectSame(outputThere, output, "output", 0);
  expectSame(dTableThere, dTable, "dTable", 1e-5);
}

TEST_P(ModelLayersOn, Linear) {
  const LinearShape shape{rows, width, 5};
  const Floats input = numbers(rows * width, 1);
  const Floats weight = numbers(5 * width, 2);
  const Floats bias = numbers(5, 3);
  const Floats dOutput = numbers(rows * 5, 4);
  for (const bool accumulate : {false, true}) {
    Floats output = numbers(rows * 5, 5);
    Floats dInput = numbers(rows * width, 6);
    Floats dWeight(weight.size());
    Floats dBias(bias.size());
    const auto outputThere = there(output);
    const auto dInputThere = there(dInput);
    const auto dWeightThere = room(5 * width);
    const auto dBiasThere = room(5);
    linearForward(hostLayers(), shape, input.data(), weight.data(), bias.data(),
                  output.data(), accumulate);
    linearBackward(hostLayers(), shape, input.data(), weight.data(),
                   dOutput.data(), dInput.data(), dWeight.data(), dBias.data(),
                   accumulate);
    linearForward(*context, shape, there(input).data(), there(weight).data(),
                  there(bias).data(), outputThere.data(), accumulate);
    linearBackward(*context, shape, there(input).data(), there(weight).data(),
                   there(dOutput).data(), dInputThere.data(),
                   dWeightThere.data(), dBiasThere.data(), accumulate);
    expectSame(outputThere, output, "output", 1e-5);
    expectSame(dInputThere, dInput, "dInput", 1e-5);
    expectSame(dWeightThere, dWeight, "dWeight", 1e-4);
    expectSame(dBiasThere, dBias, "dBias", 1e-5);
  }
}

TEST_P(ModelLayersOn, RmsNorm) {
  const RmsNormShape shape{rows, width};
  const Floats input = numbers(rows * width, 1);
  const Floats scale = numbers(width, 2);
  const Floats dOutput = numbers(rows * width, 3);
  Floats output(input.size());
  Floats inverse(rows);
  const auto outputThere = room(rows * width);
  const auto inverseThere = room(rows);
  rmsNormForward(hostLayers(), shape, input.data(), scale.data(), output.data(),
                 inverse.data());
  rmsNormForward(*context, shape, there(input).data(), there(scale).data(),
                 outputThere.data(), inverseThere.data());
  expectSame(outputThere, output, "output");
  expectSame(inverseThere, inverse, "inverseRms");
  for (const bool accumulate : {false, true}) {
    Floats dInput = numbers(rows * width, 4);
    Floats dScale(scale.size());
    const auto dInputThere = there(dInput);
    const auto dScaleThere = room(width);
    rmsNormBackward(hostLayers(), shape, input.data(), scale.data(),
                    inverse.data(), dOutput.data(), dInput.data(),
                    dScale.data(), accumulate);
    rmsNormBackward(*context, shape, there(input).data(), there(scale).data(),
                    inverseThere.data(), there(dOutput).data(),
                    dInputThere.data(), dScaleThere.data(), accumulate);
    expectSame(dInputThere, dInput, "dInput", 1e-5);
    expectSame(dScaleThere, dScale, "dScale", 1e-4);
  }
}

TEST_P(ModelLayersOn, LayerNorm) {
  const LayerNormShape shape{rows, width};
  const Floats input = numbers(rows * width, 1);
  const Floats scale = numbers(width, 2);
  const Floats bias = numbers(width, 3);
  const Floats dOutput = numbers(rows * width, 4);
  Floats output(input.size());
  Floats mean(rows);
  Floats inverse(rows);
  const auto outputThere = room(rows * width);
  const auto meanThere = room(rows);
  const auto inverseThere = room(rows);
  layerNormForward(hostLayers(), shape, input.data(), scale.data(), bias.data(),
                   output.data(), mean.data(), inverse.data());
  layerNormForward(*context, shape, there(input).data(), there(scale).data(),
                   there(bias).data(), outputThere.data(), meanThere.data(),
                   inverseThere.data());
  expectSame(outputThere, output, "output", 1e-5);
  expectSame(meanThere, mean, "mean");
  expectSame(inverseThere, inverse, "inverseDeviation");
  for (const bool accumulate : {false, true}) {
    Floats dInput = numbers(rows * width, 5);
    Floats dScale(scale.size());
    Floats dBias(bias.size());
    const auto dInputThere = there(dInput);
    const auto dScaleThere = room(width);
    const auto dBiasThere = room(width);
    layerNormBackward(hostLayers(), shape, input.data(), scale.data(),
                      mean.data(), inverse.data(), dOutput.data(),
                      dInput.data(), dScale.data(), dBias.data(), accumulate);
    layerNormBackward(*context, shape, there(input).data(), there(scale).data(),
                      meanThere.data(), inverseThere.data(),
                      there(dOutput).data(), dInputThere.data(),
                      dScaleThere.data(), dBiasThere.data(), accumulate);
    expectSame(dInputThere, dInput, "dInput", 1e-5);
    expectSame(dScaleThere, dScale, "dScale", 1e-4);
    expectSame(dBiasThere, dBias, "dBias", 1e-4);
  }
}

TEST_P(ModelLayersOn, RoundsToBFloat16) {
  Floats all = numbers(70000, 1);
  all.resize(70000 + 9);
  const Floats special = {INFINITY,
                          -INFINITY,
                          NAN,
                          std::bit_cast<float>(0x7F800001),
                          std::numeric_limits<float>::max(),
                          1 + 0x1p-8F,
                          1 + 3 * 0x1p-8F,
                          0x1p-133F,
                          -0.0F};
  std::copy(special.begin(), special.end(), all.end() - 9);
  const DeviceArray<BFloat16> found(device, all.size());
  roundToBFloat16(*context, std::ssize(all), there(all).data(), found.data());
  const std::vector<BFloat16> there = found.download();
  for (std::size_t i = 0; i < all.size(); ++i)
    ASSERT_EQ(there[i].bits, narrow(ElementType::BF16, double{all[i]}))
        << all[i];
}

TEST_P(ModelLayersOn, EmbeddingInBf16) {
  const EmbeddingShape shape{rows, 11, width};
  std::vector<std::int32_t> tokens(rows);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<std::int32_t>(i * i % 11);
  const Floats table = numbers(11 * width, 1);
  const std::vector<BFloat16> dOutput = roundedNumbers(rows * width, 2);
  Floats output(dOutput.size());
  Floats dTable(table.size());
  embeddingForward(hostLayers(), shape, tokens.data(), table.data(),
                   output.data());
  embeddingBackward(hostLayers(), shape, tokens.data(), widened(dOutput).data(),
                    dTable.data());
  const auto tokensThere = there(tokens);
  const DeviceArray<BFloat16> outputThere(device, dOutput.size());
  const auto dTableThere = room(11 * width);
  embeddingForward(*context, shape, tokensThere.data(), there(table).data(),
                   outputThere.data());
  embeddingBackward(*context, shape, tokensThere.data(), there(dOutput).data(),
                    dTableThere.data());
  expectRounded(outputThere.download(), output, "output");
  expectSame(dTableThere, dTable, "dTable", 1e-5);
}

TEST_P(ModelLayersOn, LinearInBf16) {
  const LinearShape shape{rows, width, 5};
  const std::vector<BFloat16> input = roundedNumbers(rows * width, 1);
  const std::vector<BFloat16> weight = roundedNumbers(5 * width, 2);
  const Floats bias = numbers(5, 3);
  const std::vector<BFloat16> dOutput = roundedNumbers(rows * 5, 4);
  for (const bool accumulate : {false, true}) {
    std::vector<BFloat16> output = roundedNumbers(rows * 5, 5);
    std::vector<BFloat16> dInput = roundedNumbers(rows * width, 6);
    Floats single = widened(output);
    Floats dWeight(weight.size());
    Floats dBias(bias.size());
    const auto outputThere = there(output);
    const auto singleThere = there(single);
    const auto dInputThere = there(dInput);
    const auto dWeightThere = room(5 * width);
    const auto dBiasThere = room(5);
    // In f32, of the same numbers.
    Floats outputInF32 = single;
    Floats dInputInF32 = widened(dInput);
    linearForward(hostLayers(), shape, widened(input).data(),
                  widened(weight).data(), bias.data(), outputInF32.data(),
                  accumulate);
    linearBackward(hostLayers(), shape, widened(input).data(),
                   widened(weight).data(), widened(dOutput).data(),
                   dInputInF32.data(), dWeight.data(), dBias.data(),
                   accumulate);
    const auto inputThere = there(input);
    const auto weightThere = there(weight);
    linearForward(*context, shape, inputThere.data(), weightThere.data(),
                  there(bias).data(), outputThere.data(), accumulate);
    linearForward(*context, shape, inputThere.data(), weightThere.data(),
                  there(bias).data(), singleThere.data(), accumulate);
    linearBackward(*context, shape, inputThere.data(), weightThere.data(),
                   there(dOutput).data(), dInputThere.data(),
                   dWeightThere.data(), dBiasThere.data(), accumulate);
    // Rounded once after the product and once after the bias.
    std::transform(outputInF32.begin(), outputInF32.end(), output.begin(),
                   [](float number) { return BFloat16(number); });
    std::transform(dInputInF32.begin(), dInputInF32.end(), dInput.begin(),
                   [](float number) { return BFloat16(number); });
    expectSame(outputThere, output, "output", 0x1p-5);
    expectSame(singleThere, outputInF32, "output in f32", 1e-5);
    expectSame(dInputThere, dInput, "dInput", 1e-5);
    expectSame(dWeightThere, dWeight, "dWeight", 1e-4);
    expectSame(dBiasThere, dBias, "dBias", 1e-4);
  }
}

TEST_P(ModelLayersOn, NormsInBf16) {
  // The second is too wide to be kept in shared memory.
  for (const auto &[rows, width] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{300, 37},
                                                          {3, 4001}}) {
    const std::vector<BFloat16> input = roundedNumbers(rows * width, 1);
    const Floats scale = numbers(width, 2);
    const Floats bias = numbers(width, 3);
    const std::vector<BFloat16> dOutput = roundedNumbers(rows * width, 4);
    const Floats inputInF32 = widened(input);
    const Floats dOutputInF32 = widened(dOutput);
    const auto inputThere = there(input);
    const auto scaleThere = there(scale);
    const auto dOutputThere = there(dOutput);
    const auto rounded = [](const Floats &numbers) {
      return std::vector<BFloat16>(numbers.begin(), numbers.end());
    };
    Floats output(input.size());
    Floats mean(static_cast<std::size_t>(rows));
    Floats inverse(static_cast<std::size_t>(rows));
    Floats dScale(scale.size());
    Floats dBias(scale.size());
    const DeviceArray<BFloat16> outputThere(device, input.size());
    const auto meanThere = room(rows);
    const auto inverseThere = room(rows);
    const auto dScaleThere = room(width);
    const auto dBiasThere = room(width);
    rmsNormForward(hostLayers(), {rows, width}, inputInF32.data(), scale.data(),
                   output.data(), inverse.data());
    rmsNormForward(*context, {rows, width}, inputThere.data(),
                   scaleThere.data(), outputThere.data(), inverseThere.data());
    expectSame(outputThere, rounded(output), "RMSNorm");
    expectSame(inverseThere, inverse, "inverseRms");
    for (const bool accumulate : {false, true}) {
      const std::vector<BFloat16> before = roundedNumbers(rows * width, 5);
      Floats dInput = widened(before);
      const auto dInputThere = there(before);
      rmsNormBackward(hostLayers(), {rows, width}, inputInF32.data(),
                      scale.data(), inverse.data(), dOutputInF32.data(),
                      dInput.data(), dScale.data(), accumulate);
      rmsNormBackward(*context, {rows, width}, inputThere.data(),
                      scaleThere.data(), inverseThere.data(),
                      dOutputThere.data(), dInputThere.data(),
                      dScaleThere.data(), accumulate);
      expectSame(dInputThere, rounded(dInput), "RMSNorm, dInput", 1e-5);
      expectSame(dScaleThere, dScale, "RMSNorm, dScale", 1e-4);
    }
    layerNormForward(hostLayers(), {rows, width}, inputInF32.data(),
                     scale.data(), bias.data(), output.data(), mean.data(),
                     inverse.data());
    layerNormForward(*context, {rows, width}, inputThere.data(),
                     scaleThere.data(), there(bias).data(), outputThere.data(),
                     meanThere.data(), inverseThere.data());
    expectSame(outputThere, rounded(output), "LayerNorm", 1e-5);
    for (const bool accumulate : {false, true}) {
      const std::vector<BFloat16> before = roundedNumbers(rows * width, 5);
      Floats dInput = widened(before);
      const auto dInputThere = there(before);
      layerNormBackward(hostLayers(), {rows, width}, inputInF32.data(),
                        scale.data(), mean.data(), inverse.data(),
                        dOutputInF32.data(), dInput.data(), dScale.data(),
                        dBias.data(), accumulate);
      layerNormBackward(*context, {rows, width}, inputThere.data(),
                        scaleThere.data(), meanThere.data(),
                        inverseThere.data(), dOutputThere.data(),
                        dInputThere.data(), dScaleThere.data(),
                        dBiasThere.data(), accumulate);
      expectSame(dInputThere, rounded(dInput), "LayerNorm, dInput", 1e-5);
      expectSame(dScaleThere, dScale, "LayerNorm, dScale", 1e-4);
      expectSame(dBiasThere, dBias, "LayerNorm, dBias", 1e-4);
    }
  }
}

TEST_P(ModelLayersOn, Attention) {
  // The queries, keys and values of a position side by side.
  const AttentionShape shape{2, 40, 0, 3, width};
  constexpr std::int64_t columns = 3 * width;
  const auto part = [](auto *array, std::int64_t index) {
    return HeadRows<std::remove_pointer_t<decltype(array)>>{
        array + index * columns, 40 * 3 * columns, 3 * columns};
  };
  const auto whole = [](auto *array) {
    return HeadRows<std::remove_pointer_t<decltype(array)>>{array, 40 * columns,
                                                            columns};
  };
  const auto run = [&](const LayerContext &on, float *rows,
                       const float *dOutput, float *output, float *logSumExp,
                       float *dRows) {
    const RotaryShape rotary{2, 40, 3, width - width % 2, 5};
    for (const std::int64_t index : {0, 1})
      rotaryEmbedding(on, rotary, part(rows, index));
    const HeadRows<const float> query = part(rows, 0);
    const HeadRows<const float> key = part(rows, 1);
    const HeadRows<const float> value = part(rows, 2);
    attentionForward(on, shape, query, key, value, whole(output), logSumExp);
    attentionBackward(on, shape, query, key, value,
                      whole(static_cast<const float *>(output)), whole(dOutput),
                      logSumExp, part(dRows, 0), part(dRows, 1),
                      part(dRows, 2));
  };
  Floats rows = numbers(2 * 40 * 3 * columns, 1);
  const Floats dOutput = numbers(2 * 40 * columns, 2);
  const auto rowsThere = there(rows);
  const auto outputThere = room(2 * 40 * columns);
  const auto logSumExpThere = room(2 * 3 * 40);
  const auto dRowsThere = room(2 * 40 * 3 * columns);
  Floats output(dOutput.size());
  Floats logSumExp(2 * 3 * 40);
  Floats dRows(rows.size());
  run(hostLayers(), rows.data(), dOutput.data(), output.data(),
      logSumExp.data(), dRows.data());
  run(*context, rowsThere.data(), there(dOutput).data(), outputThere.data(),
      logSumExpThere.data(), dRowsThere.data());
  expectSame(rowsThere, rows, "turned");
  expectSame(outputThere, output, "output", 1e-5);
  expectSame(logSumExpThere, logSumExp, "logSumExp", 1e-5);
  expectSame(dRowsThere, dRows, "gradients", 2e-5);
}

TEST_P(ModelLayersOn, Activations) {
  constexpr std::int64_t count = 1025;
  const Floats input = numbers(count, 1);
  const Floats dOutput = numbers(count, 2);
  for (const Activation activation :
       {Activation::Relu, Activation::Silu, Activation::Gelu}) {
    Floats output(input.size());
    Floats dInput(input.size());
    const auto outputThere = room(count);
    const auto dInputThere = room(count);
    activationForward(hostLayers(), activation, count, input.data(),
                      output.data());
    activationBackward(hostLayers(), activation, count, input.data(),
                       dOutput.data(), dInput.data());
    activationForward(*context, activation, count, there(input).data(),
                      outputThere.data());
    activationBackward(*context, activation, count, there(input).data(),
                       there(dOutput).data(), dInputThere.data());
    expectSame(outputThere, output, "output");
    expectSame(dInputThere, dInput, "dInput");
  }
}

TEST_P(ModelLayersOn, CausalConvolution) {
  const CausalConvolutionShape shape{3, 70, width, 4};
  const std::int64_t count = 3 * 70 * width;
  const Floats input = numbers(count, 1);
  const Floats weight = numbers(width * 4, 2);
  const Floats bias = numbers(width, 3);
  const Floats dOutput = numbers(count, 4);
  Floats output(input.size());
  Floats dInput(input.size());
  Floats dWeight(weight.size());
  Floats dBias(bias.size());
  causalConvolutionForward(hostLayers(), shape, input.data(), weight.data(),
                           bias.data(), output.data());
  causalConvolutionBackward(hostLayers(), shape, input.data(), weight.data(),
                            dOutput.data(), dInput.data(), dWeight.data(),
                            dBias.data());
  const auto outputThere = room(count);
  const auto dInputThere = room(count);
  const auto dWeightThere = room(width * 4);
  const auto dBiasThere = room(width);
  causalConvolutionForward(*context, shape, there(input).data(),
                           there(weight).data(), there(bias).data(),
                           outputThere.data());
  causalConvolutionBackward(*context, shape, there(input).data(),
                            there(weight).data(), there(dOutput).data(),
                            dInputThere.data(), dWeightThere.data(),
                            dBiasThere.data());
  expectSame(outputThere, output, "output", 1e-5);
  expectSame(dInputThere, dInput, "dInput", 1e-5);
  expectSame(dWeightThere, dWeight, "dWeight", 1e-4);
  expectSame(dBiasThere, dBias, "dBias", 1e-4);
}

TEST_P(ModelLayersOn, DropoutReadsItsStepWhereTheNumbersAre) {
  constexpr std::int64_t count = 1000;
  const Floats input = numbers(count, 1);
  const DropoutMask mask{count, 0.3, 42};
  for (const std::uint64_t step : {0, 7}) {
    Floats output(input.size());
    hostDropout(mask, step, input.data(), output.data());
    const auto outputThere = room(count);
    dropout(*context, mask, there(std::vector<std::uint64_t>{step}).data(),
            there(input).data(), outputThere.data());
    expectSame(outputThere, output, "output", 0);
  }
}

TEST_P(ModelLayersOn, CrossEntropy) {
  const CrossEntropyShape shape{rows, width};
  const Floats logits = numbers(rows * width, 1);
  std::vector<std::int32_t> targets(rows);
  // The first third counts for nothing.
  Floats masked(rows);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    targets[i] = static_cast<std::int32_t>(i * 7 % width);
    masked[i] = i < rows / 3 ? 0 : 0.005F;
  }
  const auto masksThere = there(masked);
  for (const bool isMasked : {false, true}) {
    Floats dLogits(logits.size());
    const double loss =
        hostCrossEntropy(shape, logits.data(), targets.data(), dLogits.data(),
                         isMasked ? masked.data() : nullptr);
    const auto inPlace = there(logits);
    const DeviceArray<double> lossThere(device, 1);
    crossEntropy(*context, shape, inPlace.data(), there(targets).data(),
                 isMasked ? masksThere.data() : nullptr, inPlace.data(),
                 lossThere.data());
    EXPECT_NEAR(lossThere.download()[0], loss, 1e-6);
    expectSame(inPlace, dLogits, "dLogits");
  }
}

TEST_P(ModelLayersOn, SumsCopiesAndAdds) {
  const Floats values = numbers(rows * width, 1);
  std::vector<double> sums(width);
  for (std::size_t i = 0; i < values.size(); ++i)
    sums[i % width] += values[i];
  const auto sumsThere = room(width);
  sumRows(*context, rows, width, there(values).data(), sumsThere.data());
  expectSame(sumsThere, Floats(sums.begin(), sums.end()), "sums");

  // Every second row's first columns, into the middle of wider ones.
  constexpr std::int64_t wide = width + 4;
  Floats expected(rows / 2 * wide, -1);
  for (std::int64_t row = 0; row < rows / 2; ++row)
    std::copy_n(values.begin() + row * 2 * width, width,
                expected.begin() + row * wide);
  const auto copied = there(Floats(expected.size(), -1));
  copyRows(*context, rows / 2, width, there(values).data(), 2 * width,
           copied.data(), wide);
  expectSame(copied, expected, "copied rows", 0);

  Floats total = numbers(rows * width, 2);
  const auto totalThere = there(total);
  for (std::size_t i = 0; i < total.size(); ++i)
    total[i] += values[i];
  add(*context, rows * width, there(values).data(), totalThere.data());
  expectSame(totalThere, total, "sum", 0);
}

TEST_P(ModelLayersOn, RoomThatGrowsLeavesTheEarlierResults) {
  // Each asks for more room than the one before.
  std::vector<DeviceArray<float>> found;
  std::vector<Floats> expected;
  for (const std::int64_t columns : {1, 5, 40, 200}) {
    const Floats values = numbers(rows * columns, 3);
    std::vector<double> sums(static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < values.size(); ++i)
      sums[i % sums.size()] += values[i];
    expected.emplace_back(sums.begin(), sums.end());
    found.push_back(room(columns));
    sumRows(*context, rows, columns, there(values).data(), found.back().data());
  }
  for (std::size_t i = 0; i < found.size(); ++i)
    expectSame(found[i], expected[i], "sums");
}

INSTANTIATE_TEST_SUITE_P(Devices, ModelLayersOn,
                         testing::ValuesIn(everyDevice()), deviceOf);

} // namespace
