//===- LanguageModelBranchesTest.cpp - The switches of the block ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/train/checkpoint.h"
#include "minrnn/train/objective.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/CompiledCell.h"
#include "tests/runtime/TemporaryFolder.h"
#include "tests/train/ReferenceLanguageModel.h"

#include "gtest/gtest.h"
#include <numeric>
#include <ostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

struct SwitchesCase {
  const char *name;
  const char *cell;
  LanguageModelOptions options;
};

/// How a failing test names its parameter.
std::ostream &operator<<(std::ostream &stream, const SwitchesCase &switches) {
  return stream << switches.name;
}

LanguageModelOptions small(LanguageModelOptions options) {
  options.vocabulary = 5;
  options.layers = 2;
  options.width = 6;
  options.expansion = 2;
  return options;
}

class Switches : public testing::TestWithParam<SwitchesCase> {
protected:
  static LanguageModel build(const LanguageModelOptions &options) {
    return options.isAttention()
               ? LanguageModel(options, hostLayers())
               : LanguageModel(options, compiledCell(GetParam().cell));
  }

  static LanguageModel model() {
    LanguageModel model = build(small(GetParam().options));
    model.initialise(3);
    // Biases, scales and initial states away from their plain initial values.
    Random random(9);
    for (float &value : model.parameters().onHost())
      value += static_cast<float>(0.1 * random.normal());
    return model;
  }

  const std::vector<std::int32_t> tokens = {0, 4, 2, 2, 1, 3, 1, 1, 0, 3};
  const std::vector<std::int32_t> targets = {4, 2, 2, 1, 3, 0, 1, 4, 4, 2};
};

INSTANTIATE_TEST_SUITE_P(
    Options, Switches,
    testing::Values(
        SwitchesCase{"layer_norm", "mingru", {.norm = NormKind::Layer}},
        SwitchesCase{"convolution", "mingru", {.convolution = 4}},
        SwitchesCase{"one_tap", "mingru", {.convolution = 1}},
        SwitchesCase{"feed_forward", "minlstm", {.feedForward = 2}},
        SwitchesCase{"dropout", "mingru", {.dropout = 0.3}},
        SwitchesCase{"learned_initial", "mingru", {.learnedInitial = true}},
        SwitchesCase{"learned_states", "lstm", {.learnedInitial = true}},
        SwitchesCase{"out_bias", "mingru", {.outBias = true}},
        SwitchesCase{"tied", "mingru", {.tiedEmbedding = true}},
        SwitchesCase{"forget_bias", "minlstm", {.forgetBias = 3}},
        SwitchesCase{"all",
                     "minlstm",
                     {.norm = NormKind::Layer,
                      .convolution = 4,
                      .feedForward = 3,
                      .dropout = 0.2,
                      .learnedInitial = true,
                      .outBias = true,
                      .tiedEmbedding = true,
                      .forgetBias = 1}},
        SwitchesCase{"attention", "", {.heads = 1}},
        SwitchesCase{"attention_of_heads",
                     "",
                     {.norm = NormKind::Layer,
                      .convolution = 2,
                      .feedForward = 2,
                      .dropout = 0.2,
                      .outBias = true,
                      .tiedEmbedding = true,
                      .heads = 3}},
        SwitchesCase{
            "all_of_gru",
            "gru",
            {.convolution = 3, .feedForward = 2, .learnedInitial = true}}),
    [](const auto &info) { return std::string(info.param.name); });

TEST_P(Switches, GradientsAgreeWithCentralDifferencesInDouble) {
  LanguageModel model = this->model();
  constexpr std::uint64_t step = 7;
  model.uploadStep(step);
  const TextCorpus corpus;
  const TextTask task(corpus);
  const double loss =
      Objective(model, task).lossAndGradients({2, 5, tokens, targets});
  const std::span<const float> start = model.parameters().onHost();
  Numbers p(start.begin(), start.end());
  std::optional<reference::ParsedCell> equations;
  if (!model.options().isAttention())
    equations = equationsOf(GetParam().cell);
  ReferenceLanguageModel inDouble(model, equations ? &*equations : nullptr);
  inDouble.step = step;
  const auto reference = [&] {
    return inDouble.loss(p, 2, 5, tokens, targets);
  };
  EXPECT_NEAR(loss, reference(), 1e-6);
  expectClose(model.gradients().onHost(), centralDifferences(p, reference),
              1e-4, 2e-6, "gradients");
  // An evaluation leaves nothing out.
  inDouble.step.reset();
  EXPECT_NEAR(lossOf(model, 2, 5, tokens, targets), reference(), 1e-6);
}

TEST_P(Switches, PiecesAgreeWithTheWholeSequence) {
  LanguageModel model = this->model();
  const TextCorpus corpus;
  const TextTask task(corpus);
  Objective objective(model, task);
  objective.loss({2, 5, tokens, targets});
  const std::vector<float> whole = objective.outputs();
  const auto piece = [&](std::int64_t first, std::int64_t count) {
    std::vector<std::int32_t> part;
    for (std::int64_t row : {0, 1})
      for (std::int64_t t = first; t < first + count; ++t)
        part.push_back(tokens[static_cast<std::size_t>(row * 5 + t)]);
    return part;
  };
  const auto expectPiece = [&](ModelState &state, std::int64_t count) {
    const std::int64_t first = state.position;
    std::vector<float> logits(static_cast<std::size_t>(2 * count * 5));
    model.step(state, piece(first, count), logits);
    EXPECT_EQ(state.position, first + count);
    for (std::int64_t row : {0, 1})
      for (std::int64_t i = 0; i < 5 * count; ++i)
        ASSERT_NEAR(logits[static_cast<std::size_t>(row * 5 * count + i)],
                    whole[static_cast<std::size_t>((row * 5 + first) * 5 + i)],
                    2e-6)
            << "row " << row << ", from " << first << ", number " << i;
  };
  for (const std::vector<std::int64_t> &pieces :
       std::vector<std::vector<std::int64_t>>{
           {5}, {1, 1, 1, 1, 1}, {2, 3}, {4, 1}, {1, 0, 2, 2}}) {
    ModelState state = model.initialState(2);
    for (const std::int64_t count : pieces)
      expectPiece(state, count);
  }
  // A snapshot goes its own way.
  ModelState state = model.initialState(2);
  expectPiece(state, 2);
  ModelState snapshot = model.copyOf(state);
  expectPiece(state, 3);
  expectPiece(snapshot, 1);
  expectPiece(snapshot, 2);
}

TEST_P(Switches, AreKeptInACheckpoint) {
  LanguageModel model = this->model();
  AdamW adamW = adamWOf(model);
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "switches.safetensors";
  writeCheckpoint(path, {.metadata = model.metadata()}, model, adamW);
  const LanguageModelOptions read = readLanguageModelInfo(path).options;
  LanguageModel again = build(read);
  EXPECT_EQ(again.metadata().at("model"), model.metadata().at("model"));
  readCheckpoint(path, again, nullptr);
  EXPECT_EQ(lossOf(again, 2, 5, tokens, targets),
            lossOf(model, 2, 5, tokens, targets));
}

/// A model of numbers, with a step that does not count.
TEST(SwitchesOf, NumbersHaveTheGradientsOfDouble) {
  LanguageModel model({.layers = 2,
                       .width = 6,
                       .expansion = 2,
                       .convolution = 2,
                       .inputs = 3,
                       .outputs = 2},
                      compiledCell("mingru"));
  model.initialise(3);
  Random random(9);
  for (float &value : model.parameters().onHost())
    value += static_cast<float>(0.1 * random.normal());
  const auto drawn = [&](std::size_t count) {
    std::vector<float> numbers(count);
    for (float &number : numbers)
      number = static_cast<float>(random.normal());
    return numbers;
  };
  const Batch batch{.batch = 2,
                    .time = 4,
                    .mask = {1, 1, 0, 1, 1, 1, 1, 1},
                    .numbers = drawn(24),
                    .numberTargets = drawn(16)};
  const TextCorpus corpus;
  const TextTask task(corpus);
  Objective objective(model, task);
  const double loss = objective.lossAndGradients(batch);
  const std::span<const float> start = model.parameters().onHost();
  Numbers p(start.begin(), start.end());
  const reference::ParsedCell equations = equationsOf("mingru");
  const ReferenceLanguageModel inDouble(model, &equations);
  const Numbers numbers(batch.numbers.begin(), batch.numbers.end());
  const auto reference = [&] {
    const Numbers outputs = inDouble.outputs(p, 2, 4, numbers);
    double sum = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (batch.mask[i / 2] != 0)
        sum += std::pow(outputs[i] - batch.numberTargets[i], 2);
    return sum / 14;
  };
  EXPECT_NEAR(loss, reference(), 1e-6);
  expectClose(model.gradients().onHost(), centralDifferences(p, reference),
              1e-4, 2e-6, "gradients");
  // Step by step.
  objective.loss(batch);
  const std::vector<float> whole = objective.outputs();
  ModelState state = model.initialState(1);
  std::vector<float> outputs(8);
  model.step(state, std::span<const float>(batch.numbers).first(9),
             std::span(outputs).first(6));
  model.step(state, std::span<const float>(batch.numbers).subspan(9, 3),
             std::span(outputs).subspan(6));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    EXPECT_NEAR(outputs[i], whole[i], 1e-6);
  EXPECT_THROW(model.step(state, std::vector<std::int32_t>{1}, outputs), Error);
  EXPECT_THROW(objective.loss({1, 1, {0}, {0}}), Error);
}

TEST(SwitchesOf, DropoutLeavesOutOthersInAnotherStep) {
  LanguageModel model(small({.dropout = 0.5}), compiledCell("mingru"));
  model.initialise(3);
  const TextCorpus corpus;
  const TextTask task(corpus);
  Objective objective(model, task);
  const Batch batch{1, 3, {0, 1, 2}, {1, 2, 3}};
  const auto lossAt = [&](std::uint64_t step) {
    model.uploadStep(step);
    return objective.lossAndGradients(batch);
  };
  const double first = lossAt(1);
  EXPECT_NE(first, lossAt(2));
  EXPECT_EQ(first, lossAt(1));
  EXPECT_NE(first, objective.loss(batch));
}

/// "Were RNNs All We Needed?": the models of selective copying.
TEST(SwitchesOf, ParameterCountsAreThoseOfThePaper) {
  const LanguageModelOptions options{.vocabulary = 16,
                                     .layers = 3,
                                     .width = 64,
                                     .expansion = 6,
                                     .norm = NormKind::Layer,
                                     .learnedInitial = true,
                                     .outBias = true};
  const auto count = [&](const char *cell) {
    const LanguageModel model(options, compiledCell(cell));
    return std::accumulate(model.layout().begin(), model.layout().end(),
                           std::int64_t{0},
                           [](std::int64_t sum, const PlannedTensor &tensor) {
                             return sum + tensor.count;
                           });
  };
  EXPECT_EQ(count("mingru"), 227328);
  EXPECT_EQ(count("minlstm"), 302208);
}

TEST(SwitchesOf, AttentionEndsWhereItsCacheDoes) {
  LanguageModel model(small({.heads = 1, .maxPositions = 3}), hostLayers());
  model.initialise(1);
  ModelState state = model.initialState(1);
  std::vector<float> logits(10);
  const std::vector<std::int32_t> two = {1, 2};
  model.step(state, two, logits);
  try {
    model.step(state, two, logits);
    FAIL() << "position 4 of 3";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "the model attends to at most 3 positions, but "
                               "this is number 4");
  }
  EXPECT_EQ(state.position, 2);
  EXPECT_THROW(LanguageModel(small({.heads = 2}), hostLayers()), Error);
  EXPECT_THROW(LanguageModel(small({.heads = 4}), hostLayers()), Error);
  EXPECT_THROW(LanguageModel(small({}), hostLayers()), Error);
}

TEST(SwitchesOf, RefuseWhatDoesNotGoTogether) {
  const auto expectError = [](const LanguageModelOptions &options,
                              const char *cell, const std::string &message,
                              const char *ioType = "f32") {
    try {
      const LanguageModel model(
          small(options),
          compileCellFile(cellFileOf(cell),
                          {.ioType = ioType,
                           .device = std::make_shared<HostDevice>(),
                           .cacheFolder = testCache(MINRNN_TEST_CACHE)}));
      FAIL() << message;
    } catch (const Error &error) {
      EXPECT_EQ(error.what(), message);
    }
  };
  expectError({.dropout = 1}, "mingru",
              "the probability of dropout must be from 0 to below 1, found 1");
  expectError({.convolution = -1}, "mingru",
              "a language model needs a number of taps of 0 or more, found -1");
  expectError({.forgetBias = 1}, "mingru",
              "a forget bias is that of a gate 'f', which cell 'mingru' does "
              "not have");
  expectError({.heads = 2}, "mingru",
              "attention takes the place of cells: expected no heads beside "
              "cell 'mingru', found 2");
  expectError({.feedForward = 2}, "mingru",
              "convolution, feed-forward, dropout and models of numbers are of "
              "f32, but cell "
              "'mingru' stores sequences as bf16; compile it with io type f32, "
              "or leave them out",
              "bf16");
}

} // namespace
