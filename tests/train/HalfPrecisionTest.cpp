//===- HalfPrecisionTest.cpp - Models whose activations are bf16 ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/bfloat16.h"
#include "minrnn/train/checkpoint.h"
#include "minrnn/train/trainer.h"
#include "tests/runtime/CompiledCell.h"
#include "tests/runtime/TemporaryFolder.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <iostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// What a number of bf16 is off by at most, as a part of itself.
constexpr double unit = 0x1p-8;

CellKernels cellOf(const std::string &name, const std::string &ioType) {
  return compileCellFile(cellFileOf(name),
                         {.ioType = ioType,
                          .device = std::make_shared<HostDevice>(),
                          .cacheFolder = testCache(MINRNN_TEST_CACHE)});
}

LanguageModel modelOf(const std::string &cell, const std::string &ioType,
                      const LanguageModelOptions &options) {
  LanguageModel model(options, cellOf(cell, ioType), "the cell");
  model.initialise(3);
  return model;
}

LanguageModelOptions smallOptions(std::int64_t vocabulary) {
  return {.vocabulary = vocabulary, .layers = 2, .width = 24, .expansion = 2};
}

class InHalfPrecision : public testing::TestWithParam<std::string> {
protected:
  LanguageModel model(const std::string &ioType) const {
    return modelOf(GetParam(), ioType, smallOptions(text.vocabulary()));
  }

  SmallTask text{learnableText()};
};

TEST_P(InHalfPrecision, TheFirstGradientIsThatOfF32) {
  const Batch batch = text.task.trainingBatch(8, 32, 1, 0);
  LanguageModel single = model("f32");
  LanguageModel half = model("bf16");
  const double loss = Objective(single, text.task).lossAndGradients(batch);
  const double lossOfHalf = Objective(half, text.task).lossAndGradients(batch);
  EXPECT_NEAR(lossOfHalf, loss, unit * loss);
  EXPECT_NE(lossOfHalf, loss);
  const std::span<const float> expected = single.gradients().onHost();
  const std::span<const float> found = half.gradients().onHost();
  double difference = 0;
  double norm = 0;
  std::int64_t finer = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{found[i]} - double{expected[i]}, 2);
    norm += std::pow(double{expected[i]}, 2);
    finer += float{BFloat16(found[i])} != found[i] ? 1 : 0;
  }
  const double error = std::sqrt(difference / norm);
  std::cout << "measured: " << GetParam() << ", first gradient in bf16: off by "
            << error << " of its norm, loss by " << std::abs(lossOfHalf - loss)
            << '\n';
  // A dozen numbers are rounded on the way there and back.
  EXPECT_LE(error, 4 * unit);
  EXPECT_GE(error, unit / 16);
  // Gradients of parameters are summed and kept in f32.
  EXPECT_GT(finer, static_cast<std::int64_t>(found.size()) / 2);
}

TEST_P(InHalfPrecision, TrainingReachesTheLossOfF32) {
  const auto train = [&](const std::string &ioType) {
    LanguageModel trained = model(ioType);
    AdamW adamW = adamWOf(trained);
    TrainingOptions options = quickTraining();
    options.steps = 200;
    Trainer trainer(trained, text.task, adamW, options);
    while (trainer.stepsDone() < options.steps)
      trainer.step();
    return trainer.evaluate().value().loss;
  };
  const double single = train("f32");
  const double half = train("bf16");
  std::cout << "measured: " << GetParam()
            << ", validation loss after 200 steps: " << single << " in f32, "
            << half << " in bf16\n";
  EXPECT_LT(single, 0.25);
  EXPECT_NEAR(half, single, 0.01);
}

TEST_P(InHalfPrecision, ResumesToTheVerySameWeights) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  LanguageModel straight = model("bf16");
  AdamW adamWOfWhole = adamWOf(straight);
  Trainer whole(straight, text.task, adamWOfWhole, quickTraining());
  for (int i = 0; i < 6; ++i)
    whole.step();

  LanguageModel first = model("bf16");
  AdamW adamWOfHalf = adamWOf(first);
  Trainer half(first, text.task, adamWOfHalf, quickTraining());
  for (int i = 0; i < 3; ++i)
    half.step();
  writeCheckpoint(path,
                  {.training = half.options(), .metadata = first.metadata()},
                  first, adamWOfHalf);
  const LanguageModelInfo info = readLanguageModelInfo(path);
  EXPECT_EQ(info.ioType, "bf16");
  LanguageModel second(info.options, cellOf(GetParam(), info.ioType));
  AdamW adamWOfRest = adamWOf(second);
  Trainer rest(second, text.task, adamWOfRest, half.options());
  readCheckpoint(path, second, &adamWOfRest);
  for (int i = 0; i < 3; ++i)
    rest.step();
  EXPECT_TRUE(std::ranges::equal(straight.parameters().onHost(),
                                 second.parameters().onHost()));
  // The f32 that are kept are what goes on: rounded ones go elsewhere.
  readCheckpoint(path, second, &adamWOfRest);
  for (float &parameter : second.parameters().onHost())
    parameter = BFloat16(parameter);
  for (int i = 0; i < 3; ++i)
    rest.step();
  EXPECT_FALSE(std::ranges::equal(straight.parameters().onHost(),
                                  second.parameters().onHost()));
}

TEST_P(InHalfPrecision, StepsAgreeWithTheWholeSequence) {
  LanguageModel stepped = model("bf16");
  const std::vector<std::int32_t> tokens = {0, 1, 2, 3, 1, 3, 0};
  const std::span<const std::int32_t> all(tokens);
  const double whole = lossOf(stepped, 1, 6, all.first(6), all.subspan(1));
  ModelState state = stepped.initialState(1);
  std::vector<float> logits(static_cast<std::size_t>(stepped.outputSize()));
  double sum = 0;
  for (std::size_t t = 0; t + 1 < tokens.size(); ++t) {
    stepped.step(state, all.subspan(t, 1), logits);
    double total = 0;
    for (const float logit : logits)
      total += std::exp(double{logit});
    sum += std::log(total) -
           double{logits[static_cast<std::size_t>(tokens[t + 1])]};
  }
  // What is carried from step to step is f32.
  EXPECT_NEAR(sum / 6, whole, unit * whole);
}

INSTANTIATE_TEST_SUITE_P(Cells, InHalfPrecision,
                         testing::Values("mingru", "minlstm", "gru"),
                         [](const auto &info) { return info.param; });

TEST(HalfPrecision, ParametersTakeStepsThatBf16WouldNotNotice) {
  const SmallTask text(learnableText());
  LanguageModel model =
      modelOf("mingru", "bf16", smallOptions(text.vocabulary()));
  const PlannedTensor &norm = parameterOf(model, "norm.weight");
  AdamW adamW = adamWOf(model);
  TrainingOptions options = quickTraining();
  // Of 1 a step takes 1e-5, and bf16 knows none between 1 and 1 - 2^-8.
  options.learningRate = 1e-5;
  options.warmupSteps = 0;
  Trainer trainer(model, text.task, adamW, options);
  for (int i = 0; i < 5; ++i)
    trainer.step();
  for (const float scale :
       norm.of(std::span<const float>(model.parameters().onHost()))) {
    EXPECT_NE(scale, 1);
    EXPECT_EQ(float{BFloat16(scale)}, 1);
  }
}

TEST(HalfPrecision, ActivationsTakeHalfTheMemory) {
  const auto peak = [](const std::string &ioType) {
    const LanguageModelOptions options{
        .vocabulary = 4, .layers = 3, .width = 16, .expansion = 2};
    LanguageModel model = modelOf("mingru", ioType, options);
    const std::vector<std::int32_t> tokens(64 * 64);
    lossOf(model, 64, 64, tokens, tokens);
    return static_cast<double>(model.context().device().memoryUse().peak);
  };
  EXPECT_LT(peak("bf16"), 0.6 * peak("f32"));
}

TEST(HalfPrecision, IsNotF16) {
  try {
    const LanguageModel model(smallOptions(4), cellOf("mingru", "f16"));
    FAIL() << "a model of f16";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(),
                 "a model works on f32 or bf16; cell 'mingru' reads and writes "
                 "f16, in which small gradients vanish unless the loss is "
                 "scaled");
  }
}

} // namespace
