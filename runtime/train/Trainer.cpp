//===- Trainer.cpp - Training a language model on text --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/trainer.h"

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/train/NotFinite.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

using namespace minrnn;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void check(const TrainingOptions &options) {
  const auto atLeast = [](std::int64_t value, std::int64_t least,
                          const char *name) {
    if (value < least)
      throw Error(std::string("training: the ") + name + " must be at least " +
                  std::to_string(least) + ", found " + std::to_string(value));
  };
  atLeast(options.batch, 1, "batch");
  atLeast(options.context, 1, "context");
  atLeast(options.steps, 0, "number of steps");
  atLeast(options.warmupSteps, 0, "number of warm-up steps");
  atLeast(options.evaluateEvery, 1, "number of steps between validations");
  atLeast(options.evaluatePositions, 0, "number of validation positions");
  const auto within = [](double value, double low, double high,
                         const char *name) {
    // Written so that NaN fails as well.
    if (!(value >= low && value <= high))
      throw Error(std::string("training: the ") + name + " must be from " +
                  formatNumber(low) + " to " + formatNumber(high) + ", found " +
                  formatNumber(value));
  };
  within(options.learningRate, 0, 100, "learning rate");
  within(options.finalFraction, 0, 1, "final fraction of the learning rate");
  within(options.targetAccuracy, 0, 1, "target accuracy");
  atLeast(options.patience, 0, "patience");
  within(options.weightDecay, 0, 100, "weight decay");
  // Far from where the scale of a gradient would overflow.
  if (options.clip != 0)
    within(options.clip, 1e-12, 1e12,
           "largest norm of the gradients (0 for any)");
}

} // namespace

Trainer::Trainer(Model &model, const Task &task, Optimizer &optimizer,
                 const TrainingOptions &options)
    : model(model), task(task), optimizerOfModel(optimizer),
      trainingOptions(options),
      schedule{options.learningRate,
               options.learningRate * options.finalFraction,
               options.warmupSteps, options.steps},
      objective(model, task) {
  check(options);
  if (options.targetAccuracy > 0 &&
      std::ranges::count(task.metricNames(), "accuracy") == 0)
    throw Error("training: a target accuracy needs a task that measures one");
  // Fails here, not after a while, when the task has too little.
  task.trainingBatch(1, options.context, options.seed, 0);
  task.validationBatches(options.evaluation());
}

double Trainer::step() {
  const std::int64_t index = stepsDone();
  objective.upload(task.trainingBatch(
      trainingOptions.batch, trainingOptions.context, trainingOptions.seed,
      static_cast<std::uint64_t>(index)));
  optimizerOfModel.upload(schedule.rate(index));
  enqueueStep();
  const double loss = objective.waitForLoss();
  const double norm = optimizerOfModel.waitForNorm();
  if (!std::isfinite(loss) || !std::isfinite(norm))
    diverged("at step " + std::to_string(index + 1) + " the loss is " +
             formatNumber(loss) + " and the gradient's norm " +
             formatNumber(norm));
  return loss;
}

std::optional<Evaluation> Trainer::evaluate(StopRequest stop) const {
  return minrnn::evaluate(model, task,
                          trainingOptions.evaluation(std::move(stop)));
}

void Trainer::diverged(const std::string &how) {
  const auto look = [&](DeviceArray<float> &numbers, const char *prefix) {
    return findNotFinite(model.layout(), numbers.download(), prefix);
  };
  std::optional<std::string> where = look(model.parameters(), "");
  if (!where)
    where = look(model.gradients(), "gradient of ");
  throw DivergenceError(
      "training diverged: " + how +
      (where ? ", first in " + *where : ", though every parameter is finite") +
      "; use a lower learning rate");
}

void Trainer::enqueueStep() {
  const auto work = [&] {
    objective.enqueueLossAndGradients();
    optimizerOfModel.enqueueStep(trainingOptions.clip > 0
                                     ? trainingOptions.clip
                                     : std::numeric_limits<double>::infinity(),
                                 model.parameters(), model.gradients());
  };
  // The first step, and any after which a buffer has moved, runs as it is: it
  // reserves memory and loads modules. From the next on, one recorded graph.
  if (graphGeneration != objective.bufferGeneration()) {
    graph.reset();
    work();
    graphGeneration = objective.bufferGeneration();
    return;
  }
  if (!graph && mayRecord) {
    // A driver that records no such graph runs the step all the same.
    try {
      graph = model.context().device().capture(work);
    } catch (const Error &error) {
      refusal = error.what();
    }
    mayRecord = graph != nullptr;
  }
  if (graph)
    graph->launch();
  else
    work();
}

void Trainer::judge(const TrainingProgress &progress) {
  const double loss = *progress.validationLoss;
  if (!best || loss < best->loss)
    best = {progress.step, loss};
  if (trainingOptions.targetAccuracy > 0)
    for (const Metric &metric : progress.metrics)
      if (metric.name == "accuracy" &&
          metric.value >= trainingOptions.targetAccuracy)
        earlyEnd = "the accuracy of " + formatNumber(metric.value) +
                   " reaches the target of " +
                   formatNumber(trainingOptions.targetAccuracy);
  if (trainingOptions.patience > 0 &&
      progress.step - best->step >=
          trainingOptions.patience * trainingOptions.evaluateEvery)
    earlyEnd = "the validation loss has not been lower since step " +
               std::to_string(best->step);
}

void Trainer::run(
    const std::function<void(const TrainingProgress &)> &report,
    const std::function<void(const TrainingProgress &)> &evaluated,
    const StopRequest &stop) {
  constexpr double smoothing = 0.05;
  TrainingProgress progress;
  progress.steps = trainingOptions.steps;
  const std::int64_t firstStep = stepsDone();
  double trainingSeconds = 0;
  double validationSeconds = 0;
  std::int64_t validations = 0;
  bool stopped = false;
  earlyEnd.clear();
  while (stepsDone() < trainingOptions.steps && !stopped && earlyEnd.empty()) {
    const Clock::time_point begin = Clock::now();
    const double loss = step();
    trainingSeconds += secondsSince(begin);
    progress.step = stepsDone();
    const std::int64_t run = progress.step - firstStep;
    progress.stepLoss = loss;
    progress.loss =
        run == 1 ? loss : progress.loss + smoothing * (loss - progress.loss);
    progress.tokensPerSecond = static_cast<double>(run * trainingOptions.batch *
                                                   trainingOptions.context) /
                               std::max(trainingSeconds, 1e-9);
    const bool isLast = progress.step == trainingOptions.steps;
    stopped = stop && stop();
    progress.validationLoss.reset();
    progress.metrics.clear();
    std::optional<Evaluation> validation;
    if (!stopped &&
        (isLast || progress.step % trainingOptions.evaluateEvery == 0)) {
      const Clock::time_point validationBegin = Clock::now();
      validation = evaluate(stop);
      validationSeconds += secondsSince(validationBegin);
      ++validations;
      stopped = !validation;
    }
    const bool isFinite = !validation || std::isfinite(validation->loss);
    if (validation && isFinite) {
      progress.validationLoss = validation->loss;
      progress.metrics = validation->metrics;
    }
    const auto stepsLeft =
        static_cast<double>(trainingOptions.steps - progress.step);
    const double validationsLeft = std::ceil(
        stepsLeft / static_cast<double>(trainingOptions.evaluateEvery));
    progress.secondsLeft =
        stepsLeft * trainingSeconds / static_cast<double>(run) +
        (validations == 0 ? 0
                          : validationsLeft * validationSeconds /
                                static_cast<double>(validations));
    report(progress);
    if (!isFinite)
      diverged("after step " + std::to_string(progress.step) +
               " the validation loss is " + formatNumber(validation->loss));
    if (progress.validationLoss) {
      judge(progress);
      evaluated(progress);
    }
  }
}
