//===- objective.h - The loss of a model on a task --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_OBJECTIVE_H
#define MINRNN_TRAIN_OBJECTIVE_H

#include "minrnn/device_array.h"
#include "minrnn/train/model.h"
#include "minrnn/train/task.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace minrnn {

/// The loss of a model on batches of a task, and its gradients.
class Objective {
public:
  /// Both must outlive it.
  Objective(Model &model, const Task &task);

  /// The mean loss of the positions that count. Throws Error as `upload` does.
  double loss(const Batch &batch);

  /// The same, and overwrites the model's gradients.
  double lossAndGradients(const Batch &batch);

  /// The same in parts, for a step that is recorded in a graph: copies a batch
  /// to the device, queues what is done with it, and waits for the loss. Throws
  /// Error when the batch's arrays are of another length than it says, an input
  /// is none that the model knows, or a target is none of its outputs. A batch
  /// that is a part of a larger one, of which `countedInAll` positions count,
  /// has its part of that one's loss and gradients.
  void upload(const Batch &batch,
              std::optional<std::int64_t> countedInAll = std::nullopt);
  void enqueueLoss();
  void enqueueLossAndGradients();
  double waitForLoss() const;

  /// The outputs[batch, time, outputSize] after `loss`.
  std::vector<float> outputs() const;

  /// Changes when a buffer has moved: a graph that was recorded before is of no
  /// use any more.
  std::uint64_t bufferGeneration() const;

private:
  void enqueue(float *dOutputs);

  Model &model;
  const Task &task;
  /// Room for targets and weights, which grows.
  DeviceArray<std::int32_t> targets;
  DeviceArray<float> numberTargets;
  DeviceArray<float> weights;
  /// [1]
  DeviceArray<double> lossOfBatch;
  DeviceTargets there;
  std::uint64_t generation = 0;
};

/// Something that a validation measured.
struct Metric {
  std::string name;
  double value = 0;
};

/// What a validation found: means over all positions that count.
struct Evaluation {
  double loss = 0;
  std::vector<Metric> metrics = {};
};

/// Evaluates a model on the validation batches of a task, each row from zero
/// states. Nothing when it was stopped. Throws Error as the task does.
std::optional<Evaluation> evaluate(Model &model, const Task &task,
                                   const EvaluationOptions &options);

} // namespace minrnn

#endif // MINRNN_TRAIN_OBJECTIVE_H
