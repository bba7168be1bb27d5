//===- BlocksTest.cpp - The blocks of a model on every device -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function of Blocks on each device against the function of the same name
// on the host (minrnn/blocks.h), which has its own judges: so that what a model
// asks for is what the device does, workspaces included.
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_array.h"
#include "minrnn/device_blocks.h"
#include "minrnn/random.h"
#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
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

class BlocksOn : public OnEveryDevice {
protected:
  void SetUp() override {
    OnEveryDevice::SetUp();
    if (!device)
      return;
    try {
      blocks = Blocks::create(device);
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

  std::shared_ptr<Blocks> blocks;
};

// More rows than are summed without a workspace, and no whole warp.
constexpr std::int64_t rows = 300;
constexpr std::int64_t width = 37;

TEST_P(BlocksOn, Embedding) {
  const EmbeddingShape shape{rows, 11, width};
  std::vector<std::int32_t> tokens(rows);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<std::int32_t>(i * i % 11);
  const Floats table = numbers(11 * width, 1);
  const Floats dOutput = numbers(rows * width, 2);
  Floats output(dOutput.size());
  Floats dTable(table.size());
  embeddingForward(shape, tokens.data(), table.data(), output.data());
  embeddingBackward(shape, tokens.data(), dOutput.data(), dTable.data());

  const auto tokensThere = there(tokens);
  const auto outputThere = room(rows * width);
  const auto dTableThere = room(11 * width);
  blocks->embeddingForward(shape, tokensThere.data(), there(table).data(),
                           outputThere.data());
  blocks->embeddingBackward(shape, tokensThere.data(), there(dOutput).data(),
                            dTableThere.data());
  expectSame(outputThere, output, "output", 0);
  expectSame(dTableThere, dTable, "dTable", 1e-5);
}

TEST_P(BlocksOn, Linear) {
  const LinearShape shape{rows, width, 5};
  const Floats input = numbers(rows * width, 1);
  const Floats weight = numbers(5 * width, 2);
  const Floats bias = numbers(5, 3);
  const Floats dOutput = numbers(rows * 5, 4);
  for (const Store store : {Store::Overwrite, Store::Add}) {
    Floats output = numbers(rows * 5, 5);
    Floats dInput = numbers(rows * width, 6);
    Floats dWeight(weight.size());
    Floats dBias(bias.size());
    const auto outputThere = there(output);
    const auto dInputThere = there(dInput);
    const auto dWeightThere = room(5 * width);
    const auto dBiasThere = room(5);
    linearForward(shape, input.data(), weight.data(), bias.data(),
                  output.data(), store);
    linearBackward(shape, input.data(), weight.data(), dOutput.data(),
                   dInput.data(), dWeight.data(), dBias.data(), store);
    blocks->linearForward(shape, there(input).data(), there(weight).data(),
                          there(bias).data(), outputThere.data(), store);
    blocks->linearBackward(shape, there(input).data(), there(weight).data(),
                           there(dOutput).data(), dInputThere.data(),
                           dWeightThere.data(), dBiasThere.data(), store);
    expectSame(outputThere, output, "output", 1e-5);
    expectSame(dInputThere, dInput, "dInput", 1e-5);
    expectSame(dWeightThere, dWeight, "dWeight", 1e-4);
    expectSame(dBiasThere, dBias, "dBias", 1e-5);
  }
}

TEST_P(BlocksOn, RmsNorm) {
  const RmsNormShape shape{rows, width};
  const Floats input = numbers(rows * width, 1);
  const Floats scale = numbers(width, 2);
  const Floats dOutput = numbers(rows * width, 3);
  Floats output(input.size());
  Floats inverse(rows);
  const auto outputThere = room(rows * width);
  const auto inverseThere = room(rows);
  rmsNormForward(shape, input.data(), scale.data(), output.data(),
                 inverse.data());
  blocks->rmsNormForward(shape, there(input).data(), there(scale).data(),
                         outputThere.data(), inverseThere.data());
  expectSame(outputThere, output, "output");
  expectSame(inverseThere, inverse, "inverseRms");
  for (const Store store : {Store::Overwrite, Store::Add}) {
    Floats dInput = numbers(rows * width, 4);
    Floats dScale(scale.size());
    const auto dInputThere = there(dInput);
    const auto dScaleThere = room(width);
    rmsNormBackward(shape, input.data(), scale.data(), inverse.data(),
                    dOutput.data(), dInput.data(), dScale.data(), store);
    blocks->rmsNormBackward(shape, there(input).data(), there(scale).data(),
                            inverseThere.data(), there(dOutput).data(),
                            dInputThere.data(), dScaleThere.data(), store);
    expectSame(dInputThere, dInput, "dInput", 1e-5);
    expectSame(dScaleThere, dScale, "dScale", 1e-4);
  }
}

TEST_P(BlocksOn, LayerNorm) {
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
  layerNormForward(shape, input.data(), scale.data(), bias.data(),
                   output.data(), mean.data(), inverse.data());
  blocks->layerNormForward(shape, there(input).data(), there(scale).data(),
                           there(bias).data(), outputThere.data(),
                           meanThere.data(), inverseThere.data());
  expectSame(outputThere, output, "output", 1e-5);
  expectSame(meanThere, mean, "mean");
  expectSame(inverseThere, inverse, "inverseDeviation");
  for (const Store store : {Store::Overwrite, Store::Add}) {
    Floats dInput = numbers(rows * width, 5);
    Floats dScale(scale.size());
    Floats dBias(bias.size());
    const auto dInputThere = there(dInput);
    const auto dScaleThere = room(width);
    const auto dBiasThere = room(width);
    layerNormBackward(shape, input.data(), scale.data(), mean.data(),
                      inverse.data(), dOutput.data(), dInput.data(),
                      dScale.data(), dBias.data(), store);
    blocks->layerNormBackward(shape, there(input).data(), there(scale).data(),
                              meanThere.data(), inverseThere.data(),
                              there(dOutput).data(), dInputThere.data(),
                              dScaleThere.data(), dBiasThere.data(), store);
    expectSame(dInputThere, dInput, "dInput", 1e-5);
    expectSame(dScaleThere, dScale, "dScale", 1e-4);
    expectSame(dBiasThere, dBias, "dBias", 1e-4);
  }
}

TEST_P(BlocksOn, Activations) {
  constexpr std::int64_t count = 1025;
  const Floats input = numbers(count, 1);
  const Floats dOutput = numbers(count, 2);
  for (const Activation activation :
       {Activation::Relu, Activation::Silu, Activation::Gelu}) {
    Floats output(input.size());
    Floats dInput(input.size());
    const auto outputThere = room(count);
    const auto dInputThere = room(count);
    activationForward(activation, count, input.data(), output.data());
    activationBackward(activation, count, input.data(), dOutput.data(),
                       dInput.data());
    blocks->activationForward(activation, count, there(input).data(),
                              outputThere.data());
    blocks->activationBackward(activation, count, there(input).data(),
                               there(dOutput).data(), dInputThere.data());
    expectSame(outputThere, output, "output");
    expectSame(dInputThere, dInput, "dInput");
  }
}

TEST_P(BlocksOn, CausalConvolution) {
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
  causalConvolutionForward(shape, input.data(), weight.data(), bias.data(),
                           output.data());
  causalConvolutionBackward(shape, input.data(), weight.data(), dOutput.data(),
                            dInput.data(), dWeight.data(), dBias.data());
  const auto outputThere = room(count);
  const auto dInputThere = room(count);
  const auto dWeightThere = room(width * 4);
  const auto dBiasThere = room(width);
  blocks->causalConvolutionForward(shape, there(input).data(),
                                   there(weight).data(), there(bias).data(),
                                   outputThere.data());
  blocks->causalConvolutionBackward(
      shape, there(input).data(), there(weight).data(), there(dOutput).data(),
      dInputThere.data(), dWeightThere.data(), dBiasThere.data());
  expectSame(outputThere, output, "output", 1e-5);
  expectSame(dInputThere, dInput, "dInput", 1e-5);
  expectSame(dWeightThere, dWeight, "dWeight", 1e-4);
  expectSame(dBiasThere, dBias, "dBias", 1e-4);
}

TEST_P(BlocksOn, DropoutReadsItsStepWhereTheNumbersAre) {
  constexpr std::int64_t count = 1000;
  const Floats input = numbers(count, 1);
  // mask.step is not looked at.
  const DropoutMask mask{count, 0.3, 42, 1};
  for (const std::uint64_t step : {0, 7}) {
    DropoutMask ofStep = mask;
    ofStep.step = step;
    Floats output(input.size());
    dropout(ofStep, input.data(), output.data());
    const auto outputThere = room(count);
    blocks->dropout(mask, there(std::vector<std::uint64_t>{step}).data(),
                    there(input).data(), outputThere.data());
    expectSame(outputThere, output, "output", 0);
  }
}

TEST_P(BlocksOn, CrossEntropy) {
  const CrossEntropyShape shape{rows, width};
  const Floats logits = numbers(rows * width, 1);
  std::vector<std::int32_t> targets(rows);
  for (std::size_t i = 0; i < targets.size(); ++i)
    targets[i] = static_cast<std::int32_t>(i * 7 % width);
  Floats dLogits(logits.size());
  const double mean =
      crossEntropy(shape, logits.data(), targets.data(), dLogits.data());
  const auto inPlace = there(logits);
  const DeviceArray<double> meanThere(device, 1);
  blocks->crossEntropy(shape, inPlace.data(), there(targets).data(),
                       inPlace.data(), meanThere.data());
  EXPECT_NEAR(meanThere.download()[0], mean, 1e-6);
  expectSame(inPlace, dLogits, "dLogits");
}

TEST_P(BlocksOn, SumsCopiesAndAdds) {
  const Floats values = numbers(rows * width, 1);
  std::vector<double> sums(width);
  for (std::size_t i = 0; i < values.size(); ++i)
    sums[i % width] += values[i];
  const auto sumsThere = room(width);
  blocks->sumRows(rows, width, there(values).data(), sumsThere.data());
  expectSame(sumsThere, Floats(sums.begin(), sums.end()), "sums");

  // Every second row's first columns, into the middle of wider ones.
  constexpr std::int64_t wide = width + 4;
  Floats expected(rows / 2 * wide, -1);
  for (std::int64_t row = 0; row < rows / 2; ++row)
    std::copy_n(values.begin() + row * 2 * width, width,
                expected.begin() + row * wide);
  const auto copied = there(Floats(expected.size(), -1));
  blocks->copyRows(rows / 2, width, there(values).data(), 2 * width,
                   copied.data(), wide);
  expectSame(copied, expected, "copied rows", 0);

  Floats total = numbers(rows * width, 2);
  const auto totalThere = there(total);
  for (std::size_t i = 0; i < total.size(); ++i)
    total[i] += values[i];
  blocks->add(rows * width, there(values).data(), totalThere.data());
  expectSame(totalThere, total, "sum", 0);
}

TEST_P(BlocksOn, AWorkspaceThatGrowsLeavesTheEarlierResults) {
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
    blocks->sumRows(rows, columns, there(values).data(), found.back().data());
  }
  for (std::size_t i = 0; i < found.size(); ++i)
    expectSame(found[i], expected[i], "sums");
}

INSTANTIATE_TEST_SUITE_P(Devices, BlocksOn, testing::ValuesIn(everyDevice()),
                         deviceOf);

} // namespace
