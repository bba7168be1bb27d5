//===- TaskCommands.h - The subcommands of minrnn train ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAIN_TASKCOMMANDS_H
#define MINRNN_RUNTIME_TOOLS_TRAIN_TASKCOMMANDS_H

#include "runtime/tools/train/TrainTask.h"

#include <CLI/CLI.hpp>
#include <filesystem>

namespace minrnn {

/// `minrnn train text`: to say the next character of a text.
void addTrainText(CLI::App &train);

/// `minrnn train selective-copy`: to say again what was among blanks.
void addTrainSelectiveCopy(CLI::App &train);

/// `minrnn train regression`: numbers at each step of sequences of numbers.
void addTrainRegression(CLI::App &train);

/// `minrnn train formal`: formal languages.
void addTrainFormal(CLI::App &train);

/// Adds `--eval-characters N|all`, of which `all` is 0.
CLI::Option *addEvalCharacters(CLI::App &command, std::int64_t &characters);

/// What is given to open the task of a checkpoint once more.
struct TrainedTaskChoice {
  /// The text, or the table or file of sequences of numbers.
  std::filesystem::path data = {};
  /// Of a task that draws its sequences: how many a validation evaluates, 0: as
  /// many as in training; and up to which length others are, 0: none.
  std::int64_t validationSequences = 0;
  std::int64_t testLength = 0;
};

/// The task that the model in a checkpoint was trained on. Throws Error,
/// beginning with the path, when it was another, and as the task does.
using OpenTrainedTask = TrainTask(const std::filesystem::path &checkpoint,
                                  const TrainedTaskChoice &choice,
                                  TrainingOptions &training);
OpenTrainedTask openTrainedText;
OpenTrainedTask openTrainedSelectiveCopy;
OpenTrainedTask openTrainedFormal;
OpenTrainedTask openTrainedRegression;

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAIN_TASKCOMMANDS_H
