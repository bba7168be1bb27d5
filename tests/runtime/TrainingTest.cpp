//===- TrainingTest.cpp - The model, its training, its checkpoints --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/training.h"

#include "minrnn/blocks.h"
#include "minrnn/checkpoint.h"
#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/HandWrittenCells.h"
#include "tests/runtime/HandWrittenMinGru.h"
#include "tests/runtime/ReferenceRecurrent.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <ostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

LanguageModel smallModel(std::int64_t vocabulary, std::int64_t layers = 2) {
  LanguageModel model({vocabulary, layers, 6, 2}, handWrittenMinGru());
  model.initialise(3);
  return model;
}

const ModelParameter &parameterOf(const LanguageModel &model,
                                  const std::string &name) {
  for (const ModelParameter &parameter : model.layout())
    if (parameter.name == name)
      return parameter;
  throw Error("no parameter " + name);
}

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
    EXPECT_NEAR(evaluate(model, text, batch, 5), sum / 23, 1e-9);
  EXPECT_THROW(evaluate(model, all.first(1), 1, 5), Error);
}

/// A text whose next character follows from the last two.
std::string learnableText() {
  std::string text;
  for (int i = 0; i < 400; ++i)
    text += "abacabad";
  return text;
}

TrainingOptions quickTraining() {
  TrainingOptions options;
  options.batch = 8;
  options.context = 16;
  options.steps = 150;
  options.learningRate = 1e-2;
  options.warmupSteps = 10;
  options.evaluateEvery = 60;
  return options;
}

TEST(Trainer, LearnsAndReports) {
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  LanguageModel model(
      {.vocabulary = corpus.vocabulary.size(), .width = 16, .expansion = 2},
      handWrittenMinGru());
  model.initialise(1);
  Trainer trainer(model, corpus, quickTraining());
  const double before = evaluate(model, corpus.validation, 8, 16);
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
  EXPECT_EQ(after, evaluate(model, corpus.validation, 8, 16));
  EXPECT_GT(before, 1.2);
  // What the window's first characters leave open is all that remains.
  EXPECT_LT(after, 0.25);
}

TEST(Trainer, SaysWhenItDiverges) {
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  LanguageModel model = smallModel(corpus.vocabulary.size());
  model.parameters().onHost()[0] = NAN;
  Trainer trainer(model, corpus, quickTraining());
  EXPECT_THROW(trainer.step(), Error);
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
}

TEST(Checkpoint, ResumesToTheVerySameWeights) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  const TextCorpus corpus = TextCorpus::fromText(learnableText());
  const std::int64_t vocabulary = corpus.vocabulary.size();

  LanguageModel straight = smallModel(vocabulary);
  Trainer whole(straight, corpus, quickTraining());
  for (int i = 0; i < 6; ++i)
    whole.step();

  LanguageModel first = smallModel(vocabulary);
  Trainer half(first, corpus, quickTraining());
  for (int i = 0; i < 3; ++i)
    half.step();
  writeCheckpoint(path,
                  {.cellSource = "the cell",
                   .cellName = "mingru",
                   .model = first.options(),
                   .training = half.options(),
                   .vocabulary = corpus.vocabulary,
                   .validationLoss = 1.25},
                  first, half.adamW());

  const CheckpointInfo info = readCheckpointInfo(path);
  EXPECT_EQ(info.cellSource, "the cell");
  EXPECT_EQ(info.cellName, "mingru");
  EXPECT_EQ(info.stepsDone, 3);
  EXPECT_EQ(info.validationLoss, 1.25);
  EXPECT_EQ(info.vocabulary.toJson(), corpus.vocabulary.toJson());
  LanguageModel second(info.model, handWrittenMinGru());
  Trainer rest(second, corpus, info.training);
  readCheckpoint(path, second, &rest.adamW());
  for (int i = 0; i < 3; ++i)
    rest.step();
  EXPECT_TRUE(std::ranges::equal(straight.parameters().onHost(),
                                 second.parameters().onHost()));
}

TEST(Checkpoint, RefusesWhatIsNone) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "tensors.safetensors";
  writeSafetensors(path, {});
  EXPECT_THROW(readCheckpointInfo(path), Error);
  writeSafetensors(path, {},
                   {{"format", "minrnn-checkpoint"}, {"version", "2"}});
  EXPECT_THROW(readCheckpointInfo(path), Error);
  LanguageModel model = smallModel(5);
  EXPECT_THROW(readCheckpoint(path, model, nullptr), Error);
}

TEST(Checkpoint, RefusesSizesThatAreNotThoseOfItsTensors) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  LanguageModel model = smallModel(3);
  AdamW adamW({}, std::vector<bool>(model.parameters().size()));
  const auto writeAndRead = [&](auto change) {
    CheckpointInfo info{.model = model.options(),
                        .vocabulary = Vocabulary::ofText("abc")};
    change(info.model);
    writeCheckpoint(path, info, model, adamW);
    readCheckpointInfo(path);
  };
  EXPECT_NO_THROW(writeAndRead([](LanguageModelOptions &) {}));
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_THROW(writeAndRead([](auto &m) { m.layers = huge; }), Error);
  EXPECT_THROW(writeAndRead([](auto &m) { m.layers = 0; }), Error);
  EXPECT_THROW(writeAndRead([](auto &m) { m.width = huge; }), Error);
  EXPECT_THROW(writeAndRead([](auto &m) { m.expansion = huge; }), Error);
  EXPECT_THROW(writeAndRead([](auto &m) { m.vocabulary = huge; }), Error);
}

TEST(Checkpoint, RefusesNumbersThatAreNotFinite) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  LanguageModel model = smallModel(5);
  AdamW adamW({}, std::vector<bool>(model.parameters().size()));
  model.parameters().onHost()[7] = INFINITY;
  writeCheckpoint(path, {.model = model.options()}, model, adamW);
  try {
    readCheckpoint(path, model, nullptr);
    FAIL() << "an infinite weight was read";
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what())
                  .find("tensor 'embedding.weight': element 7 is inf"),
              std::string::npos)
        << error.what();
  }
}

} // namespace
