//===- Objective.cpp - The loss of a model on a task ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/objective.h"

#include "minrnn/error.h"
#include "runtime/core/DeviceAddress.h"
#include "runtime/train/GrowArray.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>

using namespace minrnn;

namespace {

void check(const Batch &batch, std::int64_t rows, std::int64_t outputSize,
           bool readsNumbers) {
  if (readsNumbers) {
    const std::int64_t count = elementCount({rows, outputSize}, "targets");
    if (static_cast<std::int64_t>(batch.numberTargets.size()) != count)
      throw Error("expected " + std::to_string(count) +
                  " numbers as targets, found " +
                  std::to_string(batch.numberTargets.size()));
  } else if (batch.targets.size() != batch.inputs.size()) {
    throw Error("expected as many targets as tokens");
  }
  if (!batch.mask.empty() &&
      static_cast<std::int64_t>(batch.mask.size()) != rows)
    throw Error("expected a mask of " + std::to_string(rows) +
                " positions, found " + std::to_string(batch.mask.size()));
  for (std::size_t i = 0; i < batch.targets.size(); ++i)
    if ((batch.targets[i] < 0 || batch.targets[i] >= outputSize) &&
        (batch.mask.empty() || batch.mask[i] != 0))
      throw Error("target " + std::to_string(batch.targets[i]) +
                  " at position " + std::to_string(i) +
                  " is not in the vocabulary of " + std::to_string(outputSize));
}

/// What each position counts of `countedInAll`.
std::vector<float> weightsOf(const Batch &batch, std::int64_t countedInAll) {
  const float share =
      1.0F / static_cast<float>(std::max<std::int64_t>(countedInAll, 1));
  std::vector<float> weights(static_cast<std::size_t>(batch.batch * batch.time),
                             share);
  for (std::size_t i = 0; i < batch.mask.size(); ++i)
    if (batch.mask[i] == 0)
      weights[i] = 0;
  return weights;
}

} // namespace

Objective::Objective(Model &model, const Task &task)
    : model(model), task(task), lossOfBatch(model.context().sharedDevice(), 1) {
}

void Objective::upload(const Batch &batch,
                       std::optional<std::int64_t> countedInAll) {
  const std::int64_t rows =
      elementCount({batch.batch, batch.time}, "batch x time");
  const bool readsNumbers = model.inputSize() > 0;
  if (readsNumbers)
    model.upload(batch.batch, batch.time, batch.numbers);
  else
    model.upload(batch.batch, batch.time, batch.inputs);
  check(batch, rows, model.outputSize(), readsNumbers);
  const std::shared_ptr<Device> &device = model.context().sharedDevice();
  bool moved = false;
  if (readsNumbers) {
    moved = grow(device, numberTargets, rows * model.outputSize());
    numberTargets.upload(batch.numberTargets);
  } else {
    moved = grow(device, targets, rows);
    targets.upload(batch.targets);
  }
  const bool isWeighted = !batch.mask.empty() || countedInAll;
  if (isWeighted) {
    moved |= grow(device, weights, rows);
    weights.upload(weightsOf(batch, countedInAll.value_or(batch.counted())));
  }
  // With weights or without are two graphs.
  if (moved || isWeighted != (there.weights != nullptr))
    ++generation;
  there = {.rows = rows,
           .outputSize = model.outputSize(),
           .targets = targets.data(),
           .numbers = readsNumbers ? numberTargets.data() : nullptr,
           .weights = isWeighted ? weights.data() : nullptr};
}

void Objective::enqueue(float *dOutputs) {
  task.enqueueLoss(model.context(), there, model.outputs(), dOutputs,
                   lossOfBatch.data());
}

void Objective::enqueueLoss() {
  model.enqueueForward(/*training=*/false);
  enqueue(nullptr);
}

void Objective::enqueueLossAndGradients() {
  model.enqueueForward(/*training=*/true);
  enqueue(model.outputs());
  model.enqueueBackward();
}

double Objective::waitForLoss() const { return lossOfBatch.download().at(0); }

double Objective::loss(const Batch &batch) {
  upload(batch);
  enqueueLoss();
  return waitForLoss();
}

double Objective::lossAndGradients(const Batch &batch) {
  upload(batch);
  enqueueLossAndGradients();
  return waitForLoss();
}

std::vector<float> Objective::outputs() const {
  std::vector<float> values(
      static_cast<std::size_t>(there.rows * there.outputSize));
  if (!values.empty())
    model.context().device().copyToHost(values.data(),
                                        addressOf(model.outputs()),
                                        values.size() * sizeof(float));
  return values;
}

std::uint64_t Objective::bufferGeneration() const {
  return generation + model.bufferGeneration();
}

std::optional<Evaluation> minrnn::evaluate(Model &model, const Task &task,
                                           const EvaluationOptions &options) {
  const std::vector<std::string> names = task.metricNames();
  std::vector<double> sums(names.size());
  double lossSum = 0;
  std::int64_t positions = 0;
  Objective objective(model, task);
  const std::int64_t batches = task.validationBatches(options);
  for (std::int64_t index = 0; index < batches; ++index) {
    if (options.stop && options.stop())
      return std::nullopt;
    const Batch batch = task.validationBatch(options, index);
    const std::int64_t counted = batch.counted();
    lossSum += objective.loss(batch) * static_cast<double>(counted);
    positions += counted;
    if (!names.empty())
      task.addMetrics(batch, objective.outputs(), sums);
  }
  Evaluation found{lossSum / static_cast<double>(positions)};
  for (std::size_t i = 0; i < names.size(); ++i)
    found.metrics.push_back(
        {names[i], sums[i] / static_cast<double>(positions)});
  return found;
}
