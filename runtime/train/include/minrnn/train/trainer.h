//===- trainer.h - Training a model on a task -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_TRAINER_H
#define MINRNN_TRAIN_TRAINER_H

#include "minrnn/train/objective.h"
#include "minrnn/train/optimizer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace minrnn {

/// How a model is trained; the defaults suit a text of about a megabyte and a
/// model of one layer.
struct TrainingOptions {
  /// Sequences at a time, and positions of a sequence: windows of a text, and
  /// characters of a window.
  std::int64_t batch = 32;
  std::int64_t context = 128;
  /// How many batches a step sums the gradients of: it is that of a batch as
  /// many times as large, to rounding, in the memory of one.
  std::int64_t accumulate = 1;
  std::int64_t steps = 1000;
  /// The highest learning rate, and the last one as a fraction of it.
  double learningRate = 3e-3;
  double finalFraction = 0.1;
  std::int64_t warmupSteps = 50;
  LearningRateDecay decay = LearningRateDecay::Cosine;
  double weightDecay = 0.1;
  /// The largest Euclidean norm of all gradients together; 0: any.
  double clip = 1;
  /// Steps change nothing whose gradients have an outlier of a norm, as
  /// `isOutlier` has it.
  bool skipOutliers = false;
  /// Every step learns the batch of the first: a model that can learn anything
  /// comes to know it by heart.
  bool overfit = false;
  /// Decides the initial weights and the batches.
  std::uint64_t seed = 1;
  /// Steps from one validation to the next.
  std::int64_t evaluateEvery = 100;
  /// How many positions a validation evaluates at most; 0: all. Of the 150,000
  /// characters of a text, with the other defaults, 20,000 take some 2 % of the
  /// time between validations.
  std::int64_t evaluatePositions = 20000;
  /// `run` ends after a validation that finds the metric `accuracy` at least
  /// this; 0: never.
  double targetAccuracy = 0;
  /// `run` ends when the loss of as many validations in a row is not below the
  /// best; 0: never.
  std::int64_t patience = 0;

  /// How a validation evaluates.
  EvaluationOptions evaluation(StopRequest stop = {}) const {
    return {.batch = batch,
            .context = context,
            .positions = evaluatePositions,
            .stop = std::move(stop)};
  }
};

/// A validation: the loss on what was not trained on, in nats a position for a
/// language model, and the step after which it was measured.
struct Validation {
  std::int64_t step = 0;
  double loss = 0;
};

/// The loss of the last step, and smoothed over about 20 steps.
struct StepLoss {
  double last = 0;
  double smoothed = 0;
};

/// Where training stands.
struct TrainingProgress {
  /// Steps done, of how many.
  std::int64_t step = 0;
  std::int64_t steps = 0;
  StepLoss loss;
  /// The loss on what was not trained on, and the task's other metrics, where
  /// they were just measured.
  std::optional<double> validationLoss;
  std::vector<Metric> metrics;
  /// Positions trained on per second, validation left out.
  double tokensPerSecond = 0;
  double secondsLeft = 0;
};

/// Whether `norm` is more than six standard deviations above the mean of the
/// norms `before` it, of which there must be 64 to tell.
bool isOutlier(double norm, std::span<const double> before);

/// Trains a model step by step.
class Trainer {
public:
  /// `model`, `task` and `optimizer` must outlive the trainer. Throws Error
  /// when an option is out of range or the task has no batch of that size.
  Trainer(Model &model, const Task &task, Optimizer &optimizer,
          const TrainingOptions &options);

  const TrainingOptions &options() const { return trainingOptions; }
  std::int64_t stepsDone() const { return optimizerOfModel.stepsDone(); }
  /// With its state, for checkpoints.
  Optimizer &optimizer() { return optimizerOfModel; }

  /// Why steps could not be recorded as a graph on a device that records them;
  /// empty when they could, or nobody tried. Such steps are launched part by
  /// part, which takes longer.
  const std::string &graphRefusal() const { return refusal; }

  /// One step on a batch of the task; returns its mean loss before the step.
  /// Throws DivergenceError when it or the gradients' norm is not finite; the
  /// message names the first tensor where that shows.
  double step();

  /// Evaluates the model as a validation does; nothing when it was stopped.
  std::optional<Evaluation> evaluate(StopRequest stop = {}) const;

  /// Steps until `options().steps` are done, a validation ends the run early,
  /// or `stop` does: after a step or within a validation, which is then owed:
  /// the next `run`, or a run that goes on, begins with it. Calls `report`
  /// after each step, and `evaluated` with it after each validation, the last
  /// step's included. Every loss that they get is finite: throws
  /// DivergenceError as `step` does, and when that of a validation is not.
  void run(const std::function<void(const TrainingProgress &)> &report,
           const std::function<void(const TrainingProgress &)> &evaluated,
           const StopRequest &stop = {});

  /// Why a validation ended the last `run` early; empty when none did.
  const std::string &endedEarly() const { return earlyEnd; }

  /// The best validation so far, from which on patience counts; a run that goes
  /// on is given that of the run before.
  void setBestValidation(const std::optional<Validation> &validation) {
    best = validation;
  }

  /// With `skipOutliers`, the last norms of gradients, 128 at most, for a run
  /// that goes on; and how many steps of this one were skipped.
  const std::vector<double> &gradientNorms() const { return norms; }
  void setGradientNorms(const std::vector<double> &before) { norms = before; }
  std::int64_t stepsSkipped() const { return skipped; }

  /// The loss of the last step of `run` and the last validation, for a run that
  /// goes on; and whether the step is one with a validation, which was left
  /// out.
  const std::optional<StepLoss> &stepLoss() const { return lastLoss; }
  void setLast(const std::optional<StepLoss> &loss,
               const std::optional<Validation> &validation) {
    lastLoss = loss;
    last = validation;
  }
  bool owesValidation() const;

private:
  /// Ends the run where the validation says so.
  void judge(const TrainingProgress &progress);
  [[noreturn]] void diverged(const std::string &how);
  double largestNorm() const;
  /// Tells the model which part of which step comes: another seed, step or part
  /// leaves out others.
  void uploadStep(std::int64_t part);
  /// A step on a batch; gives the loss, and the norm of the gradients.
  std::pair<double, double> stepAtOnce(const Batch &batch);
  /// The same in parts that are added up, or of which the norm is known before
  /// anything changes.
  std::pair<double, double> stepInParts(const Batch &batch);
  /// Queues `work`, always the same, recorded where the device records.
  void enqueueRecorded(const std::function<void()> &work);

  Model &model;
  const Task &task;
  Optimizer &optimizerOfModel;
  TrainingOptions trainingOptions;
  LearningRateSchedule schedule;
  Objective objective;
  /// The sum of the gradients of several batches.
  DeviceArray<float> gradientSum;
  /// What is recorded, when the buffers were of `graphGeneration`, on devices
  /// that record.
  std::unique_ptr<Graph> graph;
  std::optional<std::uint64_t> graphGeneration;
  bool mayRecord = true;
  std::optional<StepLoss> lastLoss;
  std::optional<Validation> last;
  std::optional<Validation> best;
  std::vector<double> norms;
  std::int64_t skipped = 0;
  std::string earlyEnd;
  std::string refusal;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_TRAINER_H
