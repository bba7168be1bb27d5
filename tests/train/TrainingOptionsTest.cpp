//===- TrainingOptionsTest.cpp - What may be asked of a training ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/train/checkpoint.h"
#include "minrnn/train/formal.h"
#include "minrnn/train/trainer.h"
#include "tests/runtime/TemporaryFolder.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// A model and its trainer.
struct Training {
  Training(const Task &task, std::int64_t vocabulary,
           const TrainingOptions &options)
      : model(smallModel(vocabulary)), adamW(adamWOf(model)),
        trainer(model, task, adamW, options) {}

  std::vector<double> losses(int steps) {
    std::vector<double> found;
    found.reserve(static_cast<std::size_t>(steps));
    for (int i = 0; i < steps; ++i)
      found.push_back(trainer.step());
    return found;
  }

  LanguageModel model;
  AdamW adamW;
  Trainer trainer;
};

/// Words of different lengths, each sorted: rows count differently.
const FormalTask &sorting() {
  static const FormalTask task({.language = "bucket-sort",
                                .minLength = 1,
                                .maxLength = 6,
                                .validationSequences = 20});
  return task;
}

TrainingOptions optionsOf(const FormalTask &task) {
  TrainingOptions options = quickTraining();
  options.context = task.positions();
  options.evaluatePositions = 0;
  return options;
}

TEST(Batch, GivesSomeOfItsRows) {
  const Batch batch{3, 2, {1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}};
  const Batch two = batch.rows(1, 2);
  EXPECT_EQ(two.batch, 2);
  EXPECT_EQ(two.time, 2);
  EXPECT_EQ(two.inputs, (std::vector<std::int32_t>{3, 4, 5, 6}));
  EXPECT_EQ(two.targets, (std::vector<std::int32_t>{4, 3, 2, 1}));
  EXPECT_TRUE(two.mask.empty());
  const Batch masked{2, 1, {1, 2}, {1, 2}, {0, 1}};
  EXPECT_EQ(masked.rows(1, 1).mask, std::vector<std::uint8_t>{1});
}

TEST(Accumulation, IsABatchAsManyTimesAsLarge) {
  const SmallTask text(learnableText());
  const auto compare = [](const Task &task, std::int64_t vocabulary,
                          TrainingOptions options) {
    options.batch = 12;
    Training whole(task, vocabulary, options);
    options.batch = 4;
    options.accumulate = 3;
    Training parts(task, vocabulary, options);
    const std::vector<double> expected = whole.losses(4);
    const std::vector<double> found = parts.losses(4);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 1e-5 * expected[i]) << i;
    // Moments are of the gradients, and no larger than these.
    const std::vector<float> moments = whole.adamW.firstMoment().download();
    const std::vector<float> ofParts = parts.adamW.firstMoment().download();
    const float largest = std::abs(*std::ranges::max_element(
        moments, {}, [](float moment) { return std::abs(moment); }));
    EXPECT_GT(largest, 0);
    for (std::size_t i = 0; i < moments.size(); ++i)
      ASSERT_NEAR(ofParts[i], moments[i], 1e-4F * largest) << i;
    EXPECT_EQ(parts.trainer.stepsDone(), 4);
  };
  compare(text.task, text.vocabulary(), quickTraining());
  compare(sorting(), sorting().vocabulary(), optionsOf(sorting()));
}

TEST(LearningRateSchedule, FallsAlongALineOrNotAtAll) {
  const LearningRateSchedule line{1, 0.1, 10, 110, LearningRateDecay::Linear};
  EXPECT_DOUBLE_EQ(line.rate(4), 0.5);
  EXPECT_DOUBLE_EQ(line.rate(10), 1);
  EXPECT_NEAR(line.rate(60), 0.55, 1e-12);
  EXPECT_NEAR(line.rate(35), 0.775, 1e-12);
  EXPECT_NEAR(line.rate(200), 0.1, 1e-12);
  const LearningRateSchedule level{1, 0.1, 10, 110,
                                   LearningRateDecay::Constant};
  EXPECT_DOUBLE_EQ(level.rate(4), 0.5);
  EXPECT_DOUBLE_EQ(level.rate(109), 1);
}

TEST(Trainer, FollowsTheScheduleThatIsAskedFor) {
  const SmallTask text(learnableText());
  const auto train = [&](LearningRateDecay decay) {
    TrainingOptions options = quickTraining();
    options.warmupSteps = 1;
    options.steps = 4;
    options.decay = decay;
    return Training(text.task, text.vocabulary(), options).losses(4);
  };
  const auto cosine = train(LearningRateDecay::Cosine);
  const auto linear = train(LearningRateDecay::Linear);
  const auto constant = train(LearningRateDecay::Constant);
  // The first two steps have the peak.
  EXPECT_EQ(cosine[2], constant[2]);
  EXPECT_NE(cosine[3], constant[3]);
  EXPECT_NE(linear[3], constant[3]);
  EXPECT_NE(cosine[3], linear[3]);
}

TEST(Outliers, AreFarAboveTheOthers) {
  std::vector<double> norms(63, 1);
  EXPECT_FALSE(isOutlier(1e9, norms));
  norms.push_back(1);
  EXPECT_TRUE(isOutlier(1.001, norms));
  EXPECT_FALSE(isOutlier(1, norms));
  // Of mean 2 and deviation 1.
  norms.assign(64, 1);
  for (std::size_t i = 0; i < 64; i += 2)
    norms[i] = 3;
  EXPECT_FALSE(isOutlier(7.99, norms));
  EXPECT_TRUE(isOutlier(8.01, norms));
}

TEST(Outliers, AreSkipped) {
  const SmallTask text(learnableText());
  TrainingOptions options = quickTraining();
  Training plain(text.task, text.vocabulary(), options);
  options.skipOutliers = true;
  Training careful(text.task, text.vocabulary(), options);
  EXPECT_EQ(careful.losses(5), plain.losses(5));
  EXPECT_EQ(careful.model.parameters().download(),
            plain.model.parameters().download());
  EXPECT_EQ(careful.trainer.stepsSkipped(), 0);
  EXPECT_EQ(careful.trainer.gradientNorms().size(), 5U);

  // Norms that were small before make the next an outlier.
  careful.trainer.setGradientNorms(std::vector<double>(128, 1e-6));
  const std::vector<float> before = careful.model.parameters().download();
  const double loss = careful.trainer.step();
  EXPECT_EQ(loss, plain.trainer.step());
  EXPECT_EQ(careful.trainer.stepsSkipped(), 1);
  EXPECT_EQ(careful.trainer.stepsDone(), 6);
  EXPECT_EQ(careful.model.parameters().download(), before);
  EXPECT_NE(plain.model.parameters().download(), before);
  ASSERT_EQ(careful.trainer.gradientNorms().size(), 128U);
  EXPECT_GT(careful.trainer.gradientNorms().back(), 1e-3);
}

TEST(Overfitting, LearnsOneBatch) {
  TrainingOptions options = optionsOf(sorting());
  options.overfit = true;
  Training training(sorting(), sorting().vocabulary(), options);
  const Batch first =
      sorting().trainingBatch(options.batch, options.context, options.seed, 0);
  double loss = training.losses(5).back();
  for (int i = 0; i < 3; ++i) {
    const double before = Objective(training.model, sorting()).loss(first);
    EXPECT_LT(before, loss);
    loss = training.trainer.step();
    EXPECT_EQ(loss, before);
  }
}

std::int64_t lastStep(Training &training) {
  training.trainer.run([](const TrainingProgress &) {},
                       [](const TrainingProgress &) {});
  return training.trainer.stepsDone();
}

TEST(Trainer, EndsAtItsTarget) {
  TrainingOptions options = optionsOf(sorting());
  options.evaluateEvery = 2;
  options.steps = 7;
  Training whole(sorting(), sorting().vocabulary(), options);
  EXPECT_EQ(lastStep(whole), 7);
  EXPECT_EQ(whole.trainer.endedEarly(), "");

  options.targetAccuracy = 1e-9;
  Training early(sorting(), sorting().vocabulary(), options);
  // Of the first validation that has a right answer.
  EXPECT_EQ(lastStep(early), 2);
  EXPECT_TRUE(early.trainer.endedEarly().starts_with("the accuracy of 0."))
      << early.trainer.endedEarly();

  const SmallTask text(learnableText());
  EXPECT_THROW(Training(text.task, text.vocabulary(), options), Error);
  options.targetAccuracy = 1.5;
  EXPECT_THROW(Training(sorting(), sorting().vocabulary(), options), Error);
}

TEST(Trainer, LosesItsPatience) {
  TrainingOptions options = optionsOf(sorting());
  options.evaluateEvery = 2;
  options.steps = 20;
  options.patience = 3;
  // At a rate of nothing no validation is below the first.
  options.learningRate = 0;
  Training training(sorting(), sorting().vocabulary(), options);
  EXPECT_EQ(lastStep(training), 8);
  EXPECT_EQ(training.trainer.endedEarly(),
            "the validation loss has not been lower since step 2");
  // It counts from the best of the run before.
  training.adamW.setStepsDone(0);
  training.trainer.setBestValidation(Validation{0, 0.01});
  EXPECT_EQ(lastStep(training), 6);
}

TEST(Checkpoint, HoldsWhatWasAskedOfTheTraining) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "m.st";
  LanguageModel model = smallModel(3);
  AdamW adamW = adamWOf(model);
  CheckpointInfo written{.gradientNorms = {0.1, 1.0 / 3}};
  written.training.accumulate = 5;
  written.training.decay = LearningRateDecay::Linear;
  written.training.skipOutliers = true;
  written.training.overfit = true;
  written.training.targetAccuracy = 0.75;
  written.training.patience = 4;
  writeCheckpoint(path, written, model, adamW);
  const CheckpointInfo read = readCheckpointInfo(path);
  EXPECT_EQ(read.gradientNorms, written.gradientNorms);
  EXPECT_EQ(read.training.accumulate, 5);
  EXPECT_EQ(read.training.decay, LearningRateDecay::Linear);
  EXPECT_TRUE(read.training.skipOutliers);
  EXPECT_TRUE(read.training.overfit);
  EXPECT_EQ(read.training.targetAccuracy, 0.75);
  EXPECT_EQ(read.training.patience, 4);
}

} // namespace
