//===- SmallTraining.h - A model and a text for tests -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_TRAIN_SMALLTRAINING_H
#define MINRNN_TESTS_TRAIN_SMALLTRAINING_H

#include "minrnn/error.h"
#include "minrnn/train/language_model.h"
#include "minrnn/train/text.h"
#include "minrnn/train/trainer.h"
#include "tests/runtime/HandWrittenMinGru.h"

#include <string>

namespace minrnn::test {

inline LanguageModel smallModel(std::int64_t vocabulary,
                                std::int64_t layers = 2) {
  LanguageModel model({vocabulary, layers, 6, 2}, handWrittenMinGru());
  model.initialise(3);
  return model;
}

inline const PlannedTensor &parameterOf(const LanguageModel &model,
                                        const std::string &name) {
  for (const PlannedTensor &parameter : model.layout())
    if (parameter.name == name)
      return parameter;
  throw Error("no parameter " + name);
}

/// AdamW for all parameters of a model.
inline AdamW adamWOf(Model &model, const AdamWOptions &options = {}) {
  return {options, model.layout(), model.context()};
}

/// The loss of a model that is to say `targets`, both [batch, time].
inline double lossOf(Model &model, std::int64_t batch, std::int64_t time,
                     std::span<const std::int32_t> inputs,
                     std::span<const std::int32_t> targets) {
  const TextCorpus corpus;
  const TextTask task(corpus);
  return Objective(model, task)
      .loss({batch,
             time,
             {inputs.begin(), inputs.end()},
             {targets.begin(), targets.end()}});
}

/// A text and the task to say its next character.
struct SmallTask {
  explicit SmallTask(const std::string &text)
      : corpus(TextCorpus::fromText(text)) {}

  TextCorpus corpus;
  TextTask task{corpus};
  std::int64_t vocabulary() const { return corpus.vocabulary.size(); }
};

/// A text whose next character follows from the last two.
inline std::string learnableText() {
  std::string text;
  for (int i = 0; i < 400; ++i)
    text += "abacabad";
  return text;
}

inline TrainingOptions quickTraining() {
  TrainingOptions options;
  options.batch = 8;
  options.context = 16;
  options.steps = 150;
  options.learningRate = 1e-2;
  options.warmupSteps = 10;
  options.evaluateEvery = 60;
  return options;
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_TRAIN_SMALLTRAINING_H
