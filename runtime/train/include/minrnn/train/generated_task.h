//===- generated_task.h - Tasks whose sequences are drawn -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_GENERATED_TASK_H
#define MINRNN_TRAIN_GENERATED_TASK_H

#include "minrnn/random.h"
#include "minrnn/train/task.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace minrnn {

/// One sequence of a batch, [time] each, as Batch has them: zeros until they
/// are written, so that nothing counts.
struct SequenceRow {
  std::span<std::int32_t> inputs;
  std::span<std::int32_t> targets;
  std::span<std::uint8_t> mask;
};

/// A task whose sequences are drawn at random, as many as are asked for, and
/// which measures the share of right answers: the metric `accuracy`. A task of
/// one's own says in `draw` what a sequence is.
class GeneratedTask : public Task {
public:
  /// The tokens that a model reads and those that it answers with.
  std::int64_t vocabulary() const { return tokens; }
  /// The length of every sequence, padding included: what `trainingBatch`
  /// expects as `time` and EvaluationOptions as `context`.
  std::int64_t positions() const { return length; }

  Batch trainingBatch(std::int64_t batch, std::int64_t time, std::uint64_t seed,
                      std::uint64_t step) const override;

  /// A validation evaluates the same sequences each time, which no training
  /// sees: of each length as many as `validationSequences`, or as
  /// EvaluationOptions::positions allows, and at least one. They do not depend
  /// on the size of the batch.
  std::int64_t
  validationBatches(const EvaluationOptions &options) const override;
  Batch validationBatch(const EvaluationOptions &options,
                        std::int64_t index) const override;

  std::vector<std::string> metricNames() const override { return {"accuracy"}; }
  void addMetrics(const Batch &batch, std::span<const float> outputs,
                  std::span<double> sums) const override;

protected:
  /// Throws Error when a number is not positive.
  GeneratedTask(std::int64_t vocabulary, std::int64_t positions,
                std::int64_t validationSequences);

  /// Writes a sequence of `positions` tokens, the targets where something is to
  /// be answered, and there a mask of 1.
  virtual void draw(Random &random, const SequenceRow &row) const = 0;

private:
  std::int64_t validationCount(const EvaluationOptions &options) const;

  std::int64_t tokens;
  std::int64_t length;
  std::int64_t validationSequences;
};

/// For each position of a batch, whether it counts and the likeliest of
/// outputs[batch, time, outputSize] is its target.
std::vector<bool> rightAnswers(const Batch &batch,
                               std::span<const float> outputs);

} // namespace minrnn

#endif // MINRNN_TRAIN_GENERATED_TASK_H
