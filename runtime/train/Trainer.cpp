//===- Trainer.cpp - Training a model on a task ---------------------------===//
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
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
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
  atLeast(options.accumulate, 1, "number of batches of a step");
  elementCount({options.batch, options.accumulate, options.context},
               "the batches of a step");
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
               options.warmupSteps, options.steps, options.decay},
      objective(model, task) {
  check(options);
  if (options.targetAccuracy > 0 &&
      std::ranges::count(task.metricNames(), "accuracy") == 0)
    throw Error("training: a target accuracy needs a task that measures one");
  // Fails here, not after a while, when the task has too little.
  task.trainingBatch(1, options.context, options.seed, 0);
  task.validationBatches(options.evaluation());
}

bool minrnn::isOutlier(double norm, std::span<const double> before) {
  constexpr std::size_t enough = 64;
  if (before.size() < enough)
    return false;
  const auto count = static_cast<double>(before.size());
  const double mean =
      std::accumulate(before.begin(), before.end(), 0.0) / count;
  double squares = 0;
  for (const double each : before)
    squares += (each - mean) * (each - mean);
  return norm > mean + 6 * std::sqrt(squares / count);
}

double Trainer::largestNorm() const {
  return trainingOptions.clip > 0 ? trainingOptions.clip
                                  : std::numeric_limits<double>::infinity();
}

void Trainer::uploadStep(std::int64_t part) {
  model.uploadStep((trainingOptions.seed << 32) +
                   static_cast<std::uint64_t>(
                       stepsDone() * trainingOptions.accumulate + part));
}

std::pair<double, double> Trainer::stepAtOnce(const Batch &batch) {
  uploadStep(0);
  objective.upload(batch);
  enqueueRecorded([&] {
    objective.enqueueLossAndGradients();
    optimizerOfModel.enqueueStep(largestNorm(), model.parameters(),
                                 model.gradients());
  });
  const double loss = objective.waitForLoss();
  return {loss, optimizerOfModel.waitForNorm()};
}

std::pair<double, double> Trainer::stepInParts(const Batch &batch) {
  const LayerContext &context = model.context();
  const std::size_t count = model.parameters().size();
  if (gradientSum.size() == 0)
    gradientSum = {context.sharedDevice(), count};
  gradientSum.clear();
  const std::int64_t counted = batch.counted();
  double loss = 0;
  for (std::int64_t row = 0; row < batch.batch; row += trainingOptions.batch) {
    uploadStep(row / trainingOptions.batch);
    objective.upload(batch.rows(row, trainingOptions.batch), counted);
    enqueueRecorded([&] {
      objective.enqueueLossAndGradients();
      add(context, static_cast<std::int64_t>(count), model.gradients().data(),
          gradientSum.data());
    });
    loss += objective.waitForLoss();
  }
  if (trainingOptions.skipOutliers) {
    const DeviceArray<double> norm(context.sharedDevice(), 1);
    const DeviceArray<float> scale(context.sharedDevice(), 1);
    clipScale(context, static_cast<std::int64_t>(count), gradientSum.data(),
              largestNorm(), norm.data(), scale.data());
    const double found = norm.download().at(0);
    if (std::isfinite(found)) {
      const bool skips = isOutlier(found, norms);
      constexpr std::size_t kept = 128;
      if (norms.size() == kept)
        norms.erase(norms.begin());
      norms.push_back(found);
      if (skips) {
        ++skipped;
        optimizerOfModel.setStepsDone(stepsDone() + 1);
        return {loss, found};
      }
    }
  }
  optimizerOfModel.enqueueStep(largestNorm(), model.parameters(), gradientSum);
  return {loss, optimizerOfModel.waitForNorm()};
}

double Trainer::step() {
  const std::int64_t index = stepsDone();
  const Batch batch = task.trainingBatch(
      trainingOptions.batch * trainingOptions.accumulate,
      trainingOptions.context, trainingOptions.seed,
      trainingOptions.overfit ? 0 : static_cast<std::uint64_t>(index));
  optimizerOfModel.upload(schedule.rate(index));
  const bool isAtOnce =
      trainingOptions.accumulate == 1 && !trainingOptions.skipOutliers;
  const auto [loss, norm] = isAtOnce ? stepAtOnce(batch) : stepInParts(batch);
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

void Trainer::enqueueRecorded(const std::function<void()> &work) {
  // The first step, and any after which a buffer has moved, runs as it is: it
  // reserves memory and loads modules. From the next on, one recorded graph.
  if (graphGeneration != objective.bufferGeneration()) {
    graph.reset();
    work();
    graphGeneration = objective.bufferGeneration();
    return;
  }
  if (!graph && mayRecord) {
    // A driver that records no such graph runs the work all the same.
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

bool Trainer::owesValidation() const {
  const std::int64_t done = stepsDone();
  return lastLoss &&
         (done == trainingOptions.steps ||
          done % trainingOptions.evaluateEvery == 0) &&
         !(last && last->step == done);
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
  while (!stopped && earlyEnd.empty() &&
         (owesValidation() || stepsDone() < trainingOptions.steps)) {
    if (!owesValidation()) {
      const Clock::time_point begin = Clock::now();
      const double loss = step();
      trainingSeconds += secondsSince(begin);
      const double before = lastLoss ? lastLoss->smoothed : loss;
      lastLoss = {loss, before + smoothing * (loss - before)};
    }
    progress.step = stepsDone();
    const std::int64_t run = progress.step - firstStep;
    progress.loss = *lastLoss;
    progress.tokensPerSecond = static_cast<double>(run * trainingOptions.batch *
                                                   trainingOptions.accumulate *
                                                   trainingOptions.context) /
                               std::max(trainingSeconds, 1e-9);
    progress.validationLoss.reset();
    progress.metrics.clear();
    std::optional<Evaluation> validation;
    if (owesValidation()) {
      const Clock::time_point validationBegin = Clock::now();
      validation = evaluate(stop);
      validationSeconds += secondsSince(validationBegin);
      ++validations;
      stopped = !validation;
    }
    const bool isFinite = !validation || std::isfinite(validation->loss);
    if (validation && isFinite) {
      progress.validationLoss = validation->loss;
      last = {progress.step, validation->loss};
      progress.metrics = validation->metrics;
    }
    const auto stepsLeft =
        static_cast<double>(trainingOptions.steps - progress.step);
    const double validationsLeft = std::ceil(
        stepsLeft / static_cast<double>(trainingOptions.evaluateEvery));
    progress.secondsLeft =
        stepsLeft * trainingSeconds /
            static_cast<double>(std::max<std::int64_t>(run, 1)) +
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
    stopped = stopped || (stop && stop());
  }
}
