//===- task.h - What a model is trained on ----------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_TASK_H
#define MINRNN_TRAIN_TASK_H

#include "minrnn/layers.h"
#include "minrnn/train/model.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace minrnn {

/// Asked now and then; true: end as soon as what is begun is whole.
using StopRequest = std::function<bool()>;

/// Sequences of tokens or of numbers, and what is to be said at each of their
/// positions.
struct Batch {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  /// [batch, time] each; a target is one of the model's outputs.
  std::vector<std::int32_t> inputs = {};
  std::vector<std::int32_t> targets = {};
  /// [batch, time]: a position where it is 0 counts for nothing, whatever its
  /// target. Empty: all count.
  std::vector<std::uint8_t> mask = {};
  /// Of a model of numbers, in the place of tokens: [batch, time, inputs] and
  /// [batch, time, outputs].
  std::vector<float> numbers = {};
  std::vector<float> numberTargets = {};

  /// How many positions count.
  std::int64_t counted() const;

  /// `count` of its sequences, from `first` on.
  Batch rows(std::int64_t first, std::int64_t count) const;
};

/// A batch's targets in the memory of a device.
struct DeviceTargets {
  /// Positions, and the model's outputs at each.
  std::int64_t rows = 0;
  std::int64_t outputSize = 0;
  const std::int32_t *targets = nullptr;
  /// [rows, outputSize], where the targets are numbers; else null.
  const float *numbers = nullptr;
  /// [rows], with the sum 1 over all batches of a step: what each counts; null:
  /// all the same, of a single batch.
  const float *weights = nullptr;
};

/// How a model is evaluated.
struct EvaluationOptions {
  /// Sequences at a time, and positions of a sequence.
  std::int64_t batch = 32;
  std::int64_t context = 128;
  /// How many positions are evaluated at most; 0: all.
  std::int64_t positions = 0;
  /// Asked before each batch.
  StopRequest stop = {};
};

/// Where batches come from, and how a model's outputs are evaluated.
class Task {
public:
  virtual ~Task() = default;

  /// The batch of a training step: `batch` sequences of `time` positions that
  /// depend on `seed` and `step` alone. Throws Error when the task has none
  /// such.
  virtual Batch trainingBatch(std::int64_t batch, std::int64_t time,
                              std::uint64_t seed, std::uint64_t step) const = 0;

  /// How many batches a validation evaluates, and each of them: the same ones
  /// each time, so that losses compare. Throws Error when an option is out of
  /// range or there is nothing to validate on.
  virtual std::int64_t
  validationBatches(const EvaluationOptions &options) const = 0;
  virtual Batch validationBatch(const EvaluationOptions &options,
                                std::int64_t index) const = 0;

  /// Queues loss[1] = the weighted mean of the loss of outputs[rows,
  /// outputSize], and its gradient in `dOutputs`, unless that is null; it may
  /// be the array of `outputs`. Here: cross-entropy in nats of a softmax; of
  /// targets that are numbers, the mean squared error.
  virtual void enqueueLoss(const LayerContext &context,
                           const DeviceTargets &targets, const float *outputs,
                           float *dOutputs, double *loss) const;

  /// What else a validation measures, by name: a mean over the positions that
  /// count. `addMetrics` adds to sums[metrics] what outputs[batch, time,
  /// outputSize] are worth there. Here: nothing.
  virtual std::vector<std::string> metricNames() const { return {}; }
  virtual void addMetrics(const Batch &batch, std::span<const float> outputs,
                          std::span<double> sums) const;

  /// What is needed to go on with it.
  virtual Metadata metadata() const { return {}; }
};

} // namespace minrnn

#endif // MINRNN_TRAIN_TASK_H
