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
#include "tests/device/OnDevice.h"
#include "tests/layers/HostLayers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
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

  std::optional<LayerContext> context;
};

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
