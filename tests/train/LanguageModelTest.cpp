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
#include "tests/runtime/ReferenceRecurrent.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <ostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// The model's loss in plain double, for the parameters `p`.
double referenceLoss(const LanguageModel &model,
                     const reference::ParsedCell &equations, const Numbers &p,
                     std::size_t batch, std::size_t time,
                     const std::vector<std::int32_t> &tokens,
                     const std::vector<std::int32_t> &targets) {
  const auto part = [&](const std::string &name, std::size_t tensors = 1) {
    const PlannedTensor &parameter = parameterOf(model, name);
    const auto begin = p.begin() + parameter.offset;
    return Numbers(begin, begin + parameter.count *
                                      static_cast<std::int64_t>(tensors));
  };
  const LanguageModelOptions &options = model.options();
  const auto width = static_cast<std::size_t>(options.width);
  const auto channels = static_cast<std::size_t>(options.channels());
  const auto vocabulary = static_cast<std::size_t>(options.vocabulary);
  const std::size_t rows = batch * time;
  const double epsilon = RmsNormShape().epsilon;
  const Numbers table = part("embedding.weight");
  Numbers x;
  for (const std::int32_t token : tokens)
    x.insert(x.end(), table.begin() + token * options.width,
             table.begin() + (token + 1) * options.width);
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    const std::string prefix = "layers." + std::to_string(layer) + ".";
    const Numbers normalised =
        rmsNorm(rows, width, x, part(prefix + "norm.weight"), epsilon);
    // Tensors of one kind follow one another.
    const Manifest &manifest = model.cell().manifest();
    const auto all = [&](const auto &names, const auto &nameOf,
                         const char *ending) {
      return names.empty()
                 ? Numbers()
                 : part(prefix + "cell." + nameOf(names.front()) + ending,
                        names.size());
    };
    const auto itself = [](const std::string &name) { return name; };
    const auto gateName = [](const RecurrentProjection &gate) {
      return gate.name;
    };
    ReferenceLayer cell;
    cell.batch = batch;
    cell.time = time;
    cell.inputs = width;
    cell.channels = channels;
    cell.x = normalised;
    cell.weight = all(manifest.gates, itself, ".weight");
    cell.bias = all(manifest.gates, itself, ".bias");
    cell.recurrentWeight = all(manifest.recurrent, gateName, ".weight");
    cell.recurrentBias = all(manifest.recurrent, gateName, ".bias");
    cell.parameters = all(manifest.parameters, itself, "");
    const Numbers hidden = evaluate(equations, cell).output;
    const Numbers out =
        linear(rows, channels, width, hidden, part(prefix + "out.weight"));
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] += out[i];
  }
  const Numbers logits =
      linear(rows, width, vocabulary,
             rmsNorm(rows, width, x, part("norm.weight"), epsilon),
             part("head.weight"));
  return crossEntropyLoss(rows, vocabulary, logits, targets);
}

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
  const auto reference = [&] {
    return referenceLoss(model, equations, p, 2, 3, tokens, targets);
  };
  EXPECT_NEAR(loss, reference(), 1e-6);
  EXPECT_NEAR(lossOf(model, 2, 3, tokens, targets), loss, 1e-12);
  expectClose(model.gradients().onHost(), centralDifferences(p, reference),
              1e-4, 1e-6, "gradients");
}

TEST_P(LanguageModelOf, StepsAgreeWithTheWholeSequence) {
  LanguageModel model = this->model();
  const std::vector<std::int32_t> tokens = {0, 4, 2, 2, 1, 3, 3};
  std::vector<float> state(static_cast<std::size_t>(model.stateSize()));
  std::vector<float> logits(5);
  double stepped = 0;
  for (std::size_t t = 0; t + 1 < tokens.size(); ++t) {
    model.step(1, std::vector<std::int32_t>{tokens[t]}, state, logits);
    stepped += hostCrossEntropy({1, 5}, logits.data(), &tokens[t + 1], nullptr);
  }
  const std::span<const std::int32_t> all(tokens);
  EXPECT_NEAR(stepped / 6, lossOf(model, 1, 6, all.first(6), all.subspan(1)),
              1e-6);
}

TEST_P(LanguageModelOf, StepsOfSeveralRowsAreThoseOfEachAlone) {
  LanguageModel model = this->model();
  const auto size = static_cast<std::size_t>(model.stateSize());
  std::vector<float> both(2 * size);
  std::vector<float> bothLogits(10);
  std::vector<float> one(size);
  std::vector<float> logits(5);
  for (const std::int32_t token : {0, 3, 1}) {
    model.step(2, std::vector<std::int32_t>{4, token}, both, bothLogits);
    model.step(1, std::vector<std::int32_t>{token}, one, logits);
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
  EXPECT_THROW(model.step(1, good, {}, {}), Error);
}

} // namespace
