//===- TrainingTest.cpp - The model and its training ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/training.h"

#include "minrnn/blocks.h"
#include "minrnn/error.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/HandWrittenCells.h"
#include "tests/runtime/HandWrittenMinGru.h"
#include "tests/runtime/ReferenceRecurrent.h"
#include "tests/runtime/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <ostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using Reference = ReferenceRun (*)(const ReferenceLayer &layer);

/// The model's loss in plain double, for the parameters `p`.
double referenceLoss(const LanguageModel &model, Reference reference,
                     const Numbers &p, std::size_t batch, std::size_t time,
                     const std::vector<std::int32_t> &tokens,
                     const std::vector<std::int32_t> &targets) {
  const auto part = [&](const std::string &name, std::size_t tensors = 1) {
    const ModelParameter &parameter = parameterOf(model, name);
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
    const Numbers hidden = reference(cell).output;
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
  CellKernels (*cell)(int threads);
  Reference reference;
  std::int64_t expansion;
};

/// How a failing test names its parameter.
std::ostream &operator<<(std::ostream &stream, const ModelCase &modelCase) {
  return stream << modelCase.name;
}

class LanguageModelOf : public testing::TestWithParam<ModelCase> {
protected:
  static LanguageModel model() {
    LanguageModel model({5, 2, 6, GetParam().expansion}, GetParam().cell(0));
    model.initialise(3);
    return model;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Cells, LanguageModelOf,
    testing::Values(ModelCase{"mingru", handWrittenMinGru, minGruLayer, 2},
                    ModelCase{"gru", handWrittenGru, gru, 2},
                    ModelCase{"lstm", handWrittenLstm, lstm, 2},
                    ModelCase{"sru", handWrittenSru, sru, 1},
                    ModelCase{"tangle", handWrittenTangle, tangle, 1},
                    ModelCase{"mgu", handWrittenMgu, mgu, 2},
                    ModelCase{"knot", handWrittenKnot, knot, 1}),
    [](const auto &info) { return std::string(info.param.name); });

TEST_P(LanguageModelOf, GradientsAgreeWithCentralDifferencesInDouble) {
  LanguageModel model = this->model();
  // Biases and scales away from their plain initial values.
  Random random(9);
  for (float &value : model.parameters().onHost())
    value += static_cast<float>(0.1 * random.normal());
  const std::vector<std::int32_t> tokens = {0, 4, 2, 2, 1, 3};
  const std::vector<std::int32_t> targets = {4, 2, 2, 1, 3, 0};
  const double loss = model.lossAndGradients(2, 3, tokens, targets);
  const std::span<const float> start = model.parameters().onHost();
  Numbers p(start.begin(), start.end());
  const auto reference = [&] {
    return referenceLoss(model, GetParam().reference, p, 2, 3, tokens, targets);
  };
  EXPECT_NEAR(loss, reference(), 1e-6);
  EXPECT_NEAR(model.loss(2, 3, tokens, targets), loss, 1e-12);
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
    stepped += crossEntropy({1, 5}, logits.data(), &tokens[t + 1], nullptr);
  }
  const std::span<const std::int32_t> all(tokens);
  EXPECT_NEAR(stepped / 6, model.loss(1, 6, all.first(6), all.subspan(1)),
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
  const std::int64_t states = model.cell().states();
  EXPECT_EQ(model.stateSize(), 2 * states * channels);
  for (const RecurrentProjection &gate : model.cell().manifest().recurrent) {
    const ModelParameter &weight =
        parameterOf(model, "layers.1.cell." + gate.name + ".weight");
    EXPECT_EQ(weight.shape, (std::vector<std::int64_t>{channels, channels}));
    EXPECT_TRUE(weight.decays);
  }
  LanguageModel drawn = this->model();
  for (const std::string &name : model.cell().manifest().parameters) {
    const ModelParameter &parameter =
        parameterOf(model, "layers.0.cell." + name);
    EXPECT_EQ(parameter.shape, std::vector<std::int64_t>{channels});
    EXPECT_FALSE(parameter.decays);
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
    const LanguageModel model({5, 1, 6, 4}, handWrittenSru());
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
  EXPECT_THROW(model.loss(1, 2, foreign, good), Error);
  EXPECT_THROW(model.loss(1, 2, good, foreign), Error);
  EXPECT_THROW(model.loss(1, 3, good, good), Error);
  EXPECT_THROW(model.step(1, good, {}, {}), Error);
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
    sum +=
        static_cast<double>(length) *
        model.loss(1, static_cast<std::int64_t>(length),
                   all.subspan(begin, length), all.subspan(begin + 1, length));
  }
  for (const std::int64_t batch : {1, 3, 100})
    EXPECT_NEAR(evaluate(model, text, {.batch = batch, .context = 5}).value(),
                sum / 23, 1e-9);
  EXPECT_EQ(evaluatedCharacters(24, {.context = 5}), 23);
  EXPECT_THROW(evaluate(model, all.first(1), {.batch = 1, .context = 5}),
               Error);
  EXPECT_THROW(evaluate(model, all, {.characters = -1}), Error);
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
      sum += model.loss(1, static_cast<std::int64_t>(time),
                        all.subspan(begin, time), all.subspan(begin + 1, time));
    return sum / static_cast<double>(begins.size());
  };
  // Of 20 places for windows of 5, three: the places 0, 6 and 13.
  for (const std::int64_t batch : {1, 2, 100}) {
    const EvaluationOptions options{
        .batch = batch, .context = 5, .characters = 19};
    EXPECT_EQ(evaluatedCharacters(104, options), 15);
    EXPECT_NEAR(evaluate(model, text, options).value(), mean({0, 30, 65}, 5),
                1e-9);
  }
  // Fewer characters than a window has make a shorter one.
  const EvaluationOptions few{.context = 50, .characters = 8};
  EXPECT_EQ(evaluatedCharacters(104, few), 8);
  EXPECT_NEAR(evaluate(model, text, few).value(), mean({0}, 8), 1e-9);
  // As many as there are: all of them.
  for (const std::int64_t characters : {103, 104, 1000, 0})
    EXPECT_EQ(
        evaluatedCharacters(104, {.context = 5, .characters = characters}),
        103);
}

TEST(Evaluate, StopsBetweenBatches) {
  LanguageModel model = smallModel(3);
  const std::vector<std::int32_t> text(24, 1);
  int asked = 0;
  const auto stopAt = [&](int when) {
    asked = 0;
    return evaluate(model, text,
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
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  LanguageModel model(
      {.vocabulary = corpus.vocabulary.size(), .width = 16, .expansion = 2},
      handWrittenMinGru());
  model.initialise(1);
  Trainer trainer(model, corpus, quickTraining());
  const EvaluationOptions whole{.batch = 8, .context = 16};
  const double before = evaluate(model, corpus.validation, whole).value();
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
  EXPECT_EQ(after, evaluate(model, corpus.validation, whole).value());
  EXPECT_GT(before, 1.2);
  // What the window's first characters leave open is all that remains.
  EXPECT_LT(after, 0.25);
}

TEST(Trainer, SaysWhenItDiverges) {
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  LanguageModel model = smallModel(corpus.vocabulary.size());
  model.parameters().onHost()[0] = NAN;
  Trainer trainer(model, corpus, quickTraining());
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
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  LanguageModel model = smallModel(corpus.vocabulary.size());
  TrainingOptions options = quickTraining();
  options.evaluateEvery = 2;
  Trainer trainer(model, corpus, options);
  std::vector<std::int64_t> reported;
  try {
    trainer.run(
        [&](const TrainingProgress &progress) {
          EXPECT_TRUE(std::isfinite(progress.stepLoss));
          EXPECT_FALSE(progress.validationLoss);
          reported.push_back(progress.step);
        },
        [&](const TrainingProgress &) {
          FAIL() << "a validation that is not a number was reported";
        },
        [&] {
          // Once step 2 is done, and before it is judged.
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
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  TrainingOptions options = quickTraining();
  options.evaluateEvery = 2;
  // A validation asks before each of its 3 batches of windows, and before the
  // shorter window at the end.
  const auto run = [&](int stopAt, std::vector<std::int64_t> &validations) {
    LanguageModel model = smallModel(corpus.vocabulary.size());
    Trainer trainer(model, corpus, options);
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
  EXPECT_EQ(run(2, none), 2);
  // Within the validation after step 2: at its beginning, and near its end.
  EXPECT_EQ(run(3, none), 2);
  EXPECT_EQ(run(6, none), 2);
  EXPECT_TRUE(none.empty());
  std::vector<std::int64_t> one;
  EXPECT_EQ(run(7, one), 3);
  EXPECT_EQ(one, std::vector<std::int64_t>{2});
}

TEST(Trainer, ClipsNothingWithAClipOfZero) {
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  const auto train = [&](double clip) {
    LanguageModel model = smallModel(corpus.vocabulary.size());
    TrainingOptions options = quickTraining();
    options.clip = clip;
    Trainer trainer(model, corpus, options);
    for (int i = 0; i < 3; ++i)
      trainer.step();
    return trainer.adamW().firstMoment().download();
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
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  const auto train = [&](const std::shared_ptr<HostDevice> &device,
                         const std::string &refusal) {
    LanguageModel model(
        {corpus.vocabulary.size(), 2, 6, 2},
        {parseManifest(handWrittenMinGruManifest(), "the manifest"),
         handWrittenMinGruModule(device)});
    model.initialise(3);
    Trainer trainer(model, corpus, quickTraining());
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
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  LanguageModel model = smallModel(corpus.vocabulary.size());
  const auto make = [&](auto change) {
    TrainingOptions options = quickTraining();
    change(options);
    const Trainer trainer(model, corpus, options);
  };
  EXPECT_NO_THROW(make([](TrainingOptions &) {}));
  EXPECT_THROW(make([](TrainingOptions &o) { o.batch = 0; }), Error);
  EXPECT_THROW(make([](TrainingOptions &o) { o.context = 100000; }), Error);
  EXPECT_THROW(make([](TrainingOptions &o) { o.learningRate = NAN; }), Error);
  EXPECT_THROW(make([](TrainingOptions &o) { o.evaluateEvery = 0; }), Error);
  EXPECT_THROW(make([](TrainingOptions &o) { o.evaluateCharacters = -1; }),
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
