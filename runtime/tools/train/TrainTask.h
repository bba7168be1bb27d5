//===- TrainTask.h - What a minrnn train trains on --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAIN_TRAINTASK_H
#define MINRNN_RUNTIME_TOOLS_TRAIN_TRAINTASK_H

#include "minrnn/train/generated_task.h"
#include "minrnn/train/trainer.h"

#include <cstdint>
#include <memory>
#include <string>

namespace minrnn {

/// A task as a command trains on it.
struct TrainTask {
  std::shared_ptr<const Task> task;
  std::int64_t vocabulary = 0;
  /// Of a task of numbers, how many come in and go out at each position.
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  /// What a position is, in messages.
  std::string unit = "position";
  /// What a loss is counted in; empty: nats a unit.
  std::string loss = "";
  /// What there is to learn from, in lines of their own.
  std::string description;
  /// What a validation evaluates, as `on 512 sequences`.
  std::string evaluated;
  /// What minrnn eval needs beside the checkpoint, as `--data text.txt`.
  std::string evalArguments = "";
  /// The same task at lengths that are not trained on, and these, as `lengths
  /// 41 to 160`: evaluated at the end; null: nothing is.
  std::shared_ptr<const GeneratedTask> longer = nullptr;
  std::string lengths = "";
};

/// Prints what the model is worth at lengths that it was not trained on, where
/// the task has such.
void printLonger(const TrainTask &task, Model &model, std::int64_t batch);

/// Whether --test-length asks for sequences longer than `trained`. Throws Error
/// when it asks for others.
bool testsLonger(std::int64_t testLength, std::int64_t trained);

/// A task that generates its sequences, and sets what of `training` they
/// decide. `longer` may be null.
TrainTask generatedTask(const std::shared_ptr<const GeneratedTask> &task,
                        const std::string &description,
                        std::int64_t validationSequences,
                        const std::shared_ptr<const GeneratedTask> &longer,
                        const std::string &lengths, TrainingOptions &training);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAIN_TRAINTASK_H
