//===- LanguageModelTest.cpp - The language model against double ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/language_model.h"

#include "minrnn/error.h"
#include "minrnn/layers.h"
#include "minrnn/train/objective.h"
#include "tests/layers/HostLayers.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/CompiledCell.h"
#include "tests/runtime/HandWrittenMinGru.h"
#include "tests/train/ReferenceLanguageModel.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <ostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

struct ModelCase {
  const char *name;
  std::int64_t expansion;
};

/// How a failing test names its parameter.
std::ostream &operator<<(std::ostream &stream, const ModelCase &modelCase) {
  return stream << modelCase.name;
}

class LanguageModelOf : public testing::TestWithParam<ModelCase> {
protected:
  static LanguageModel model() {
    LanguageModel model({5, 2, 6, GetParam().expansion},
                        compiledCell(GetParam().name));
    model.initialise(3);
    return model;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Cells, LanguageModelOf,
    testing::Values(ModelCase{"mingru", 2}, ModelCase{"gru", 2},
                    ModelCase{"lstm", 2}, ModelCase{"sru", 1},
                    ModelCase{"tangle", 1}, ModelCase{"mgu", 2},
                    ModelCase{"knot", 1}),
    [](const auto &info) { return std::string(info.param.name); });

TEST_P(LanguageModelOf, GradientsAgreeWithCentralDifferencesInDouble) {
  LanguageModel model = this->model();
  // Biases and scales away from their plain initial values.
  Random random(9);
  for (float &value : model.parameters().onHost())
    value += static_cast<float>(0.1 * random.normal());
  const std::vector<std::int32_t> tokens = {0, 4, 2, 2, 1, 3};
  const std::vector<std::int32_t> targets = {4, 2, 2, 1, 3, 0};
  const TextCorpus corpus;
  const TextTask task(corpus);
  const double loss =
      Objective(model, task).lossAndGradients({2, 3, tokens, targets});
  const std::span<const float> start = model.parameters().onHost();
  Numbers p(start.begin(), start.end());
  const reference::ParsedCell equations = equationsOf(GetParam().name);
  const ReferenceLanguageModel inDouble(model, &equations);
  const auto reference = [&] {
    return inDouble.loss(p, 2, 3, tokens, targets);
  };
  EXPECT_NEAR(loss, reference(), 1e-6);
  EXPECT_NEAR(lossOf(model, 2, 3, tokens, targets), loss, 1e-12);
  expectClose(model.gradients().onHost(), centralDifferences(p, reference),
              1e-4, 1e-6, "gradients");
}

TEST_P(LanguageModelOf, StepsAgreeWithTheWholeSequence) {
  LanguageModel model = this->model();
  const std::vector<std::int32_t> tokens = {0, 4, 2, 2, 1, 3, 3};
  ModelState state = model.initialState(1);
  std::vector<float> logits(5);
  double stepped = 0;
  for (std::size_t t = 0; t + 1 < tokens.size(); ++t) {
    model.step(state, {&tokens[t], 1}, logits);
    stepped += hostCrossEntropy({1, 5}, logits.data(), &tokens[t + 1], nullptr);
  }
  EXPECT_EQ(state.position, 6);
  const std::span<const std::int32_t> all(tokens);
  EXPECT_NEAR(stepped / 6, lossOf(model, 1, 6, all.first(6), all.subspan(1)),
              1e-6);
}

TEST_P(LanguageModelOf, StepsOfSeveralRowsAreThoseOfEachAlone) {
  LanguageModel model = this->model();
  ModelState both = model.initialState(2);
  std::vector<float> bothLogits(10);
  ModelState one = model.initialState(1);
  std::vector<float> logits(5);
  for (const std::int32_t token : {0, 3, 1}) {
    model.step(both, std::vector<std::int32_t>{4, token}, bothLogits);
    model.step(one, {&token, 1}, logits);
    for (std::size_t i = 0; i < 5; ++i)
      EXPECT_NEAR(bothLogits[5 + i], logits[i], 1e-6);
  }
}

TEST_P(LanguageModelOf, DrawsItsParameters) {
  const LanguageModel model = this->model();
  const std::int64_t channels = model.options().channels();
  const std::int64_t states = model.cell().manifest().size(Axis::States);
  EXPECT_EQ(model.stateSize(), 2 * states * channels);
  for (const RecurrentProjection &gate : model.cell().manifest().recurrent) {
    const PlannedTensor &weight =
        parameterOf(model, "layers.1.cell." + gate.name + ".weight");
    EXPECT_EQ(weight.shape, (std::vector<std::int64_t>{channels, channels}));
    EXPECT_TRUE(isDecayed(weight));
  }
  LanguageModel drawn = this->model();
  for (const std::string &name : model.cell().manifest().parameters) {
    const PlannedTensor &parameter =
        parameterOf(model, "layers.0.cell." + name);
    EXPECT_EQ(parameter.shape, std::vector<std::int64_t>{channels});
    EXPECT_FALSE(isDecayed(parameter));
    const auto values = drawn.parameters().onHost().subspan(
        static_cast<std::size_t>(parameter.offset),
        static_cast<std::size_t>(parameter.count));
    EXPECT_LE(*std::ranges::max_element(values), 0.5F);
    EXPECT_GE(*std::ranges::min_element(values), -0.5F);
    EXPECT_NE(values[0], values[1]);
  }
}

TEST(LanguageModel, WantsAnExpansionOfOneForACellThatReads) {
  try {
    const LanguageModel model({5, 1, 6, 4}, compiledCell("sru"));
    FAIL() << "a layer of 24 channels reads an input of 6";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(),
                 "cell 'sru' reads its channel of the input, so that a layer "
                 "has as many channels as the model is wide: expected an "
                 "expansion of 1, found 4");
  }
}

TEST(LanguageModel, RefusesNonsense) {
  EXPECT_THROW(LanguageModel({0, 1, 6, 2}, handWrittenMinGru()), Error);
  EXPECT_THROW(
      LanguageModel({5, 1, std::int64_t{1} << 40, std::int64_t{1} << 40},
                    handWrittenMinGru()),
      Error);
  LanguageModel model = smallModel(5);
  const std::vector<std::int32_t> good = {0, 1};
  const std::vector<std::int32_t> foreign = {0, 5};
  EXPECT_THROW(lossOf(model, 1, 2, foreign, good), Error);
  EXPECT_THROW(lossOf(model, 1, 2, good, foreign), Error);
  EXPECT_THROW(lossOf(model, 1, 3, good, good), Error);
  ModelState state = model.initialState(1);
  EXPECT_THROW(model.step(state, good, {}), Error);
  EXPECT_EQ(state.position, 0);
}

} // namespace
