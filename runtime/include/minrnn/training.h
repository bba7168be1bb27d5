//===- training.h - Training a language model on text -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAINING_H
#define MINRNN_TRAINING_H

#include "minrnn/language_model.h"
#include "minrnn/optimizer.h"
#include "minrnn/text.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace minrnn {

/// Asked now and then; true: end as soon as what is begun is whole.
using StopRequest = std::function<bool()>;

/// How a model is judged.
struct EvaluationOptions {
  /// Windows at a time, and characters of a window.
  std::int64_t batch = 32;
  std::int64_t context = 128;
  /// How many characters are judged at most; 0: all.
  std::int64_t characters = 0;
  /// Asked before each batch of windows.
  StopRequest stop = {};
};

/// How a model is trained; the defaults suit a text of about a megabyte and a
/// model of one layer.
struct TrainingOptions {
  /// Windows of a step, and characters of a window.
  std::int64_t batch = 32;
  std::int64_t context = 128;
  std::int64_t steps = 1000;
  /// The highest learning rate, and the last one as a fraction of it.
  double learningRate = 3e-3;
  double finalFraction = 0.1;
  std::int64_t warmupSteps = 50;
  double weightDecay = 0.1;
  /// The largest Euclidean norm of all gradients together; 0: any.
  double clip = 1;
  /// Decides the initial weights and the windows.
  std::uint64_t seed = 1;
  /// Steps from one validation to the next.
  std::int64_t evaluateEvery = 100;
  /// How many characters a validation judges at most; 0: all. Of 150,000, with
  /// the other defaults, 20,000 take some 2 % of the time between validations.
  std::int64_t evaluateCharacters = 20000;

  /// How a validation judges.
  EvaluationOptions evaluation(StopRequest stop = {}) const {
    return {.batch = batch,
            .context = context,
            .characters = evaluateCharacters,
            .stop = std::move(stop)};
  }
};

/// A validation: the loss in nats per character on text not trained on, and the
/// step after which it was measured.
struct Validation {
  std::int64_t step = 0;
  double loss = 0;
};

/// Where training stands.
struct TrainingProgress {
  /// Steps done, of how many.
  std::int64_t step = 0;
  std::int64_t steps = 0;
  /// Nats per character: of the step that was just done, and smoothed over
  /// about 20 steps.
  double stepLoss = 0;
  double loss = 0;
  /// Nats per character on text not trained on, where it was just measured.
  std::optional<double> validationLoss;
  /// Characters trained on per second, validation left out.
  double tokensPerSecond = 0;
  double secondsLeft = 0;
};

/// How many characters `evaluate` judges of a text of `textCharacters`. Throws
/// Error as it does.
std::int64_t evaluatedCharacters(std::int64_t textCharacters,
                                 const EvaluationOptions &options);

/// The mean cross-entropy in nats per character over `text`, cut into windows
/// that do not overlap, each from a zero state: over all of it, or over as many
/// windows as `characters` allows, spread evenly and the same ones each time,
/// so that losses compare. Nothing when it was stopped. Throws Error when
/// `text` has fewer than two characters or an option is out of range.
std::optional<double> evaluate(LanguageModel &model,
                               std::span<const std::int32_t> text,
                               const EvaluationOptions &options);

/// Trains a model step by step.
class Trainer {
public:
  /// `model` and `corpus` must outlive the trainer. Throws Error when an option
  /// is out of range or the text is too short for a window.
  Trainer(LanguageModel &model, const TextCorpus &corpus,
          const TrainingOptions &options);

  const TrainingOptions &options() const { return trainingOptions; }
  std::int64_t stepsDone() const { return optimizer.stepsDone(); }
  /// AdamW and its state, for checkpoints.
  AdamW &adamW() { return optimizer; }

  /// Why steps could not be recorded as a graph on a device that records them;
  /// empty when they could, or nobody tried. Such steps are launched part by
  /// part, which takes longer.
  const std::string &graphRefusal() const { return refusal; }

  /// One step on random windows; returns their mean loss before the step.
  /// Throws DivergenceError when it or the gradients' norm is not finite; the
  /// message names the first tensor where that shows.
  double step();

  /// Steps until `options().steps` are done or `stop` ends the run: after a
  /// step or within a validation, which is then left out. Calls `report` after
  /// each step, and `evaluated` with it after each validation, the last step's
  /// included. Every loss that they get is finite: throws DivergenceError as
  /// `step` does, and when that of a validation is not.
  void run(const std::function<void(const TrainingProgress &)> &report,
           const std::function<void(const TrainingProgress &)> &evaluated,
           const StopRequest &stop = {});

private:
  [[noreturn]] void diverged(const std::string &how);
  /// Queues a step on what was staged.
  void queueStep();

  LanguageModel &model;
  const TextCorpus &corpus;
  TrainingOptions trainingOptions;
  LearningRateSchedule schedule;
  AdamW optimizer;
  /// A step, recorded when the model's buffers were of `graphGeneration`, on
  /// devices that record.
  std::unique_ptr<Graph> graph;
  std::optional<std::uint64_t> graphGeneration;
  bool mayRecord = true;
  std::string refusal;
};

} // namespace minrnn

#endif // MINRNN_TRAINING_H
