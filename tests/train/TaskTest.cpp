//===- TaskTest.cpp - Tasks with a mask and metrics -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/random.h"
#include "minrnn/train/trainer.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// To say again, at the last position, the token of the first. Nothing else
/// counts, and its targets are none of the model's outputs.
class Recall : public Task {
public:
  static constexpr std::int32_t tokens = 4;

  Batch trainingBatch(std::int64_t batch, std::int64_t time, std::uint64_t seed,
                      std::uint64_t step) const override {
    Batch drawn{batch, time};
    Random random(seed, step);
    for (std::int64_t row = 0; row < batch; ++row) {
      const std::size_t first = drawn.inputs.size();
      for (std::int64_t t = 0; t < time; ++t) {
        drawn.inputs.push_back(static_cast<std::int32_t>(random.below(tokens)));
        drawn.targets.push_back(t + 1 == time ? drawn.inputs[first] : -1);
        drawn.mask.push_back(t + 1 == time ? 1 : 0);
      }
    }
    return drawn;
  }
  std::int64_t
  validationBatches(const EvaluationOptions & /*options*/) const override {
    return 2;
  }
  Batch validationBatch(const EvaluationOptions &options,
                        std::int64_t index) const override {
    // Of different sizes, so that a mean of means is not the mean.
    return trainingBatch(index == 0 ? options.batch : 1, options.context, 999,
                         static_cast<std::uint64_t>(index));
  }
  std::vector<std::string> metricNames() const override { return {"accuracy"}; }
  void addMetrics(const Batch &batch, std::span<const float> outputs,
                  std::span<double> sums) const override {
    for (std::size_t i = 0; i < batch.mask.size(); ++i) {
      const auto logits = outputs.subspan(i * tokens, tokens);
      const auto said = std::ranges::max_element(logits) - logits.begin();
      sums[0] += batch.mask[i] != 0 && said == batch.targets[i] ? 1 : 0;
    }
  }
};

TEST(Objective, LeavesOutWhatTheMaskDoes) {
  // Two rows of which the second counts for nothing are the first alone.
  const std::vector<std::int32_t> inputs = {0, 3, 1, 2};
  const std::vector<std::int32_t> targets = {3, 1, 2, 0};
  Batch alone{1, 4, inputs, targets};
  Batch both{2, 4, inputs, targets, {1, 1, 1, 1, 0, 0, 0, 0}};
  both.inputs.insert(both.inputs.end(), {2, 2, 0, 1});
  both.targets.insert(both.targets.end(), {-1, 4, 99, 0});
  EXPECT_EQ(both.counted(), 4);
  EXPECT_EQ(alone.counted(), 4);
  LanguageModel model = smallModel(4);
  const Recall task;
  Objective objective(model, task);
  const double loss = objective.lossAndGradients(alone);
  const std::vector<float> gradients = model.gradients().download();
  const std::uint64_t unmasked = objective.bufferGeneration();
  EXPECT_NEAR(objective.lossAndGradients(both), loss, 1e-6);
  // A graph without weights is not one with them.
  EXPECT_NE(objective.bufferGeneration(), unmasked);
  const std::vector<float> ofBoth = model.gradients().download();
  for (std::size_t i = 0; i < gradients.size(); ++i)
    ASSERT_NEAR(ofBoth[i], gradients[i], 1e-6) << i;
  EXPECT_NEAR(objective.loss(both), loss, 1e-6);

  // Single positions: their mean.
  double sum = 0;
  for (std::size_t t = 0; t < 4; ++t) {
    alone.mask.assign(4, 0);
    alone.mask[t] = 1;
    sum += objective.loss(alone);
  }
  EXPECT_NEAR(sum / 4, loss, 1e-6);
  alone.mask.assign(4, 0);
  EXPECT_EQ(objective.loss(alone), 0);
}

TEST(Objective, RefusesABatchThatDoesNotFit) {
  LanguageModel model = smallModel(4);
  const Recall task;
  Objective objective(model, task);
  EXPECT_THROW(objective.loss({1, 2, {0, 1}, {0}}), Error);
  EXPECT_THROW(objective.loss({1, 2, {0, 1}, {0, 4}}), Error);
  EXPECT_THROW(objective.loss({1, 2, {0, 1}, {0, 4}, {1, 1}}), Error);
  EXPECT_THROW(objective.loss({1, 2, {0, 4}, {0, 1}, {1, 0}}), Error);
  EXPECT_THROW(objective.loss({1, 2, {0, 1}, {0, 1}, {1}}), Error);
  EXPECT_NO_THROW(objective.loss({1, 2, {0, 1}, {0, 4}, {1, 0}}));
}

TEST(Trainer, LearnsATaskWithAMaskAndMeasuresIt) {
  const Recall task;
  LanguageModel model({.vocabulary = Recall::tokens, .layers = 2, .width = 16},
                      handWrittenMinGru());
  model.initialise(1);
  AdamW adamW = adamWOf(model);
  TrainingOptions options = quickTraining();
  options.batch = 16;
  options.context = 4;
  options.steps = 400;
  options.evaluateEvery = 400;
  Trainer trainer(model, task, adamW, options);
  // By hand: 17 positions count, with one of each row.
  const Evaluation before = trainer.evaluate().value();
  double loss = 0;
  double hits = 0;
  Objective objective(model, task);
  for (std::int64_t index = 0; index < 2; ++index) {
    const Batch batch = task.validationBatch(options.evaluation(), index);
    loss += objective.loss(batch) * static_cast<double>(batch.batch);
    task.addMetrics(batch, objective.outputs(), {&hits, 1});
  }
  EXPECT_NEAR(before.loss, loss / 17, 1e-9);
  ASSERT_EQ(before.metrics.size(), 1U);
  EXPECT_EQ(before.metrics[0].name, "accuracy");
  EXPECT_NEAR(before.metrics[0].value, hits / 17, 1e-12);
  EXPECT_LT(before.metrics[0].value, 0.8);

  std::vector<Metric> after;
  trainer.run([](const TrainingProgress &) {},
              [&](const TrainingProgress &progress) {
                after = progress.metrics;
                EXPECT_LT(progress.validationLoss.value_or(INFINITY), 0.1);
              });
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].value, 1);
}

} // namespace
