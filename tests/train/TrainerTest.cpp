//===- TrainerTest.cpp - Training and judging a model ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/trainer.h"

#include "minrnn/error.h"
#include "tests/runtime/HandWrittenMinGru.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>

using namespace minrnn;
using namespace minrnn::test;

namespace {

double meanLoss(Model &model, const Task &task,
                const EvaluationOptions &options) {
  return evaluate(model, task, options).value().loss;
}

TEST(Evaluate, CoversTheWholeTextOnce) {
  LanguageModel model = smallModel(3);
  std::vector<std::int32_t> text;
  text.reserve(24);
  for (int i = 0; i < 24; ++i)
    text.push_back(i * i % 3);
  // Windows of 5 with a last one of 3: by hand, one at a time.
  double sum = 0;
  const std::span<const std::int32_t> all(text);
  for (std::size_t begin = 0; begin < 23; begin += 5) {
    const std::size_t length = std::min<std::size_t>(5, 23 - begin);
    sum += static_cast<double>(length) *
           lossOf(model, 1, static_cast<std::int64_t>(length),
                  all.subspan(begin, length), all.subspan(begin + 1, length));
  }
  const TextCorpus corpus{.validation = text};
  const TextTask task(corpus);
  for (const std::int64_t batch : {1, 3, 100})
    EXPECT_NEAR(meanLoss(model, task, {.batch = batch, .context = 5}), sum / 23,
                1e-9);
  EXPECT_EQ(task.validationCharacters({.context = 5}), 23);
  EXPECT_THROW(evaluate(model, task, {.positions = -1}), Error);
  const TextCorpus tooShort{.validation = {0}};
  EXPECT_THROW(evaluate(model, TextTask(tooShort), {.batch = 1, .context = 5}),
               Error);
}

TEST(Evaluate, SpreadsAFewWindowsOverTheText) {
  LanguageModel model = smallModel(3);
  std::vector<std::int32_t> text;
  text.reserve(104);
  for (int i = 0; i < 104; ++i)
    text.push_back(i * i % 7 % 3);
  const std::span<const std::int32_t> all(text);
  const auto mean = [&](const std::vector<std::size_t> &begins,
                        std::size_t time) {
    double sum = 0;
    for (const std::size_t begin : begins)
      sum += lossOf(model, 1, static_cast<std::int64_t>(time),
                    all.subspan(begin, time), all.subspan(begin + 1, time));
    return sum / static_cast<double>(begins.size());
  };
  const TextCorpus corpus{.validation = text};
  const TextTask task(corpus);
  // Of 20 places for windows of 5, three: the places 0, 6 and 13.
  for (const std::int64_t batch : {1, 2, 100}) {
    const EvaluationOptions options{
        .batch = batch, .context = 5, .positions = 19};
    EXPECT_EQ(task.validationCharacters(options), 15);
    EXPECT_NEAR(meanLoss(model, task, options), mean({0, 30, 65}, 5), 1e-9);
  }
  // Fewer characters than a window has make a shorter one.
  const EvaluationOptions few{.context = 50, .positions = 8};
  EXPECT_EQ(task.validationCharacters(few), 8);
  EXPECT_NEAR(meanLoss(model, task, few), mean({0}, 8), 1e-9);
  // As many as there are: all of them.
  for (const std::int64_t characters : {103, 104, 1000, 0})
    EXPECT_EQ(
        task.validationCharacters({.context = 5, .positions = characters}),
        103);
}

TEST(Evaluate, StopsBetweenBatches) {
  LanguageModel model = smallModel(3);
  const TextCorpus corpus{.validation = std::vector<std::int32_t>(24, 1)};
  const TextTask task(corpus);
  int asked = 0;
  const auto stopAt = [&](int when) {
    asked = 0;
    return evaluate(model, task,
                    {.batch = 1, .context = 5, .stop = [&asked, when] {
                       return ++asked == when;
                     }});
  };
  EXPECT_FALSE(stopAt(1));
  EXPECT_FALSE(stopAt(5));
  EXPECT_EQ(asked, 5);
  EXPECT_TRUE(stopAt(6));
  EXPECT_EQ(asked, 5);
}

TEST(Trainer, LearnsAndReports) {
  const SmallTask text(learnableText());
  LanguageModel model(
      {.vocabulary = text.vocabulary(), .width = 16, .expansion = 2},
      handWrittenMinGru());
  model.initialise(1);
  AdamW adamW = adamWOf(model);
  Trainer trainer(model, text.task, adamW, quickTraining());
  const EvaluationOptions whole{.batch = 8, .context = 16};
  const double before = meanLoss(model, text.task, whole);
  std::vector<std::int64_t> reports;
  std::vector<std::int64_t> evaluations;
  double after = 0;
  trainer.run(
      [&](const TrainingProgress &progress) {
        reports.push_back(progress.step);
        EXPECT_GT(progress.tokensPerSecond, 0);
        EXPECT_EQ(progress.steps, 150);
      },
      [&](const TrainingProgress &progress) {
        evaluations.push_back(progress.step);
        after = progress.validationLoss.value_or(INFINITY);
      });
  EXPECT_EQ(reports.size(), 150U);
  EXPECT_EQ(evaluations, (std::vector<std::int64_t>{60, 120, 150}));
  EXPECT_EQ(after, meanLoss(model, text.task, whole));
  EXPECT_GT(before, 1.2);
  // What the window's first characters leave open is all that remains.
  EXPECT_LT(after, 0.25);
}

TEST(Trainer, SaysWhenItDiverges) {
  const SmallTask text(learnableText());
  LanguageModel model = smallModel(text.vocabulary());
  model.parameters().onHost()[0] = NAN;
  AdamW adamW = adamWOf(model);
  Trainer trainer(model, text.task, adamW, quickTraining());
  try {
    trainer.step();
    FAIL() << "a loss that is not a number";
  } catch (const DivergenceError &error) {
    EXPECT_STREQ(error.what(),
                 "training diverged: at step 1 the loss is nan and the "
                 "gradient's norm nan, first in tensor 'embedding.weight': "
                 "element [0, 0] is nan; use a lower learning rate");
  }
}

TEST(Trainer, RefusesAValidationThatIsNotFinite) {
  const SmallTask text(learnableText());
  LanguageModel model = smallModel(text.vocabulary());
  TrainingOptions options = quickTraining();
  options.evaluateEvery = 2;
  AdamW adamW = adamWOf(model);
  Trainer trainer(model, text.task, adamW, options);
  std::vector<std::int64_t> reported;
  try {
    trainer.run(
        [&](const TrainingProgress &progress) {
          EXPECT_TRUE(std::isfinite(progress.loss.last));
          EXPECT_FALSE(progress.validationLoss);
          reported.push_back(progress.step);
        },
        [&](const TrainingProgress &) {
          FAIL() << "a validation that is not a number was reported";
        },
        [&] {
          // Once step 2 is done, and before it is evaluated.
          if (trainer.stepsDone() == 2)
            model.parameters().onHost()[7] = NAN;
          return false;
        });
    FAIL() << "training went on";
  } catch (const DivergenceError &error) {
    EXPECT_STREQ(error.what(),
                 "training diverged: after step 2 the validation loss is nan, "
                 "first in tensor 'embedding.weight': element [1, 1] is nan; "
                 "use a lower learning rate");
  }
  EXPECT_EQ(reported, (std::vector<std::int64_t>{1, 2}));
}

TEST(Trainer, StopsAfterAStepOrWithinAValidation) {
  const SmallTask text(learnableText());
  TrainingOptions options = quickTraining();
  options.evaluateEvery = 2;
  // A validation asks before each of its 3 batches of windows, and before the
  // shorter window at the end.
  const auto run = [&](int stopAt, std::vector<std::int64_t> &validations) {
    LanguageModel model = smallModel(text.vocabulary());
    AdamW adamW = adamWOf(model);
    Trainer trainer(model, text.task, adamW, options);
    int asked = 0;
    std::int64_t reported = 0;
    trainer.run(
        [&](const TrainingProgress &progress) { reported = progress.step; },
        [&](const TrainingProgress &progress) {
          validations.push_back(progress.step);
        },
        [&] { return ++asked == stopAt; });
    EXPECT_EQ(asked, stopAt);
    EXPECT_EQ(reported, trainer.stepsDone());
    return reported;
  };
  std::vector<std::int64_t> none;
  EXPECT_EQ(run(1, none), 1);
  // Within the validation after step 2: at its beginning, and near its end.
  EXPECT_EQ(run(2, none), 2);
  EXPECT_EQ(run(5, none), 2);
  EXPECT_TRUE(none.empty());
  std::vector<std::int64_t> one;
  EXPECT_EQ(run(6, one), 2);
  EXPECT_EQ(one, std::vector<std::int64_t>{2});
  EXPECT_EQ(run(7, one), 3);
}

TEST(Trainer, BeginsWithTheValidationThatTheRunBeforeLeftOut) {
  const SmallTask text(learnableText());
  TrainingOptions options = quickTraining();
  options.evaluateEvery = 2;
  options.steps = 5;
  struct Row {
    std::int64_t step;
    double last, smoothed;
    std::optional<double> validation;
    bool operator==(const Row &) const = default;
  };
  const auto train = [&](int stopAt) {
    LanguageModel model = smallModel(text.vocabulary());
    AdamW adamW = adamWOf(model);
    std::vector<Row> rows;
    const auto run = [&](Trainer &trainer, int atMost) {
      int asked = 0;
      trainer.run(
          [&](const TrainingProgress &progress) {
            rows.push_back({progress.step, progress.loss.last,
                            progress.loss.smoothed, progress.validationLoss});
          },
          [](const TrainingProgress &) {}, [&] { return ++asked == atMost; });
    };
    Trainer first(model, text.task, adamW, options);
    run(first, stopAt);
    EXPECT_EQ(first.owesValidation(), stopAt == 2);
    Trainer second(model, text.task, adamW, options);
    second.setLast(first.stepLoss(), std::nullopt);
    if (stopAt != 0)
      run(second, 0);
    return rows;
  };
  const std::vector<Row> whole = train(0);
  ASSERT_EQ(whole.size(), 5);
  EXPECT_TRUE(whole[1].validation);
  std::vector<Row> parts = train(2);
  ASSERT_EQ(parts.size(), 6);
  EXPECT_FALSE(parts[1].validation);
  parts.erase(parts.begin() + 1);
  EXPECT_EQ(parts, whole);
}

TEST(Trainer, ClipsNothingWithAClipOfZero) {
  const SmallTask text(learnableText());
  const auto train = [&](double clip) {
    LanguageModel model = smallModel(text.vocabulary());
    TrainingOptions options = quickTraining();
    options.clip = clip;
    AdamW adamW = adamWOf(model);
    Trainer trainer(model, text.task, adamW, options);
    for (int i = 0; i < 3; ++i)
      trainer.step();
    return adamW.firstMoment().download();
  };
  EXPECT_EQ(train(0), train(1e12));
  EXPECT_NE(train(0), train(1e-3));
}

/// A device that ought to record graphs, and cannot.
class UnableToRecord : public HostDevice {
public:
  std::unique_ptr<Graph>
  capture(const std::function<void()> & /*work*/) override {
    ++attempts;
    throw Error("this driver records nothing");
  }
  int attempts = 0;
};

TEST(Trainer, GoesOnWhereNoGraphCanBeRecorded) {
  const SmallTask text(learnableText());
  const auto train = [&](const std::shared_ptr<HostDevice> &device,
                         const std::string &refusal) {
    LanguageModel model(
        {text.vocabulary(), 2, 6, 2},
        {parseManifest(handWrittenMinGruManifest(), "the manifest"),
         handWrittenMinGruModule(device)});
    model.initialise(3);
    AdamW adamW = adamWOf(model);
    Trainer trainer(model, text.task, adamW, quickTraining());
    for (int i = 0; i < 4; ++i)
      trainer.step();
    EXPECT_EQ(trainer.graphRefusal(), refusal);
    return model.parameters().download();
  };
  const auto unable = std::make_shared<UnableToRecord>();
  EXPECT_EQ(train(unable, "this driver records nothing"),
            train(std::make_shared<HostDevice>(), ""));
  EXPECT_EQ(unable->attempts, 1);
}

TEST(Trainer, RefusesBadOptions) {
  const SmallTask text(learnableText());
  LanguageModel model = smallModel(text.vocabulary());
  const auto make = [&](auto change) {
    TrainingOptions options = quickTraining();
    change(options);
    AdamW adamW = adamWOf(model);
    Trainer trainer(model, text.task, adamW, options);
  };
  EXPECT_NO_THROW(make([](TrainingOptions &) {}));
  EXPECT_THROW(make([](TrainingOptions &o) { o.batch = 0; }), Error);
  EXPECT_THROW(make([](TrainingOptions &o) { o.context = 100000; }), Error);
  EXPECT_THROW(make([](TrainingOptions &o) { o.learningRate = NAN; }), Error);
  EXPECT_THROW(make([](TrainingOptions &o) { o.evaluateEvery = 0; }), Error);
  EXPECT_THROW(make([](TrainingOptions &o) { o.evaluatePositions = -1; }),
               Error);
  EXPECT_NO_THROW(make([](TrainingOptions &o) { o.clip = 0; }));
  // A number and the bound that it breaks never look alike.
  try {
    make([](TrainingOptions &o) { o.clip = 1e-13; });
    FAIL() << "a clip of 1e-13";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(),
                 "training: the largest norm of the gradients (0 for any) must "
                 "be from 1e-12 to 1e+12, found 1e-13");
  }
}

} // namespace
