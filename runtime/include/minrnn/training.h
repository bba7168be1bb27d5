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

namespace minrnn {

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
  /// The largest Euclidean norm of all gradients together.
  double clip = 1;
  /// Decides the initial weights and the windows.
  std::uint64_t seed = 1;
  /// Steps from one validation to the next.
  std::int64_t evaluateEvery = 100;
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

/// The mean cross-entropy in nats per character over the whole of `text`, cut
/// into windows of `context` characters that do not overlap, each from a zero
/// state; `batch` windows at a time. Throws Error when `text` has fewer than
/// two characters.
double evaluate(LanguageModel &model, std::span<const std::int32_t> text,
                std::int64_t batch, std::int64_t context);

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

  /// One step on random windows; returns their mean loss before the step.
  /// Throws Error when it is not finite; the weights are then as before.
  double step();

  /// Steps until `options().steps` are done. Calls `report` after each, and
  /// `evaluated` with it after each validation, the last step's included.
  void run(const std::function<void(const TrainingProgress &)> &report,
           const std::function<void(const TrainingProgress &)> &evaluated);

private:
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
};

} // namespace minrnn

#endif // MINRNN_TRAINING_H
