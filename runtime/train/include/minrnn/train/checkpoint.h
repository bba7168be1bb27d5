//===- checkpoint.h - A training run in a file ------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A checkpoint is a safetensors file: the weights by their names, the state of
// the optimiser (`optimizer.first_moment.<name>`, `...second_moment...`), and
// as metadata everything else that is needed to go on training or to use the
// model: the options, and what the model and the task say of themselves, such
// as the cell's source and the vocabulary. The entry `checksum` is over the
// rest of the metadata and all tensors; whoever changes them takes it out.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_CHECKPOINT_H
#define MINRNN_TRAIN_CHECKPOINT_H

#include "minrnn/train/trainer.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace minrnn {

/// What a checkpoint holds besides tensors.
struct CheckpointInfo {
  TrainingOptions training = {};
  std::int64_t stepsDone = 0;
  /// The last validation and the best one so far, where there was one.
  std::optional<Validation> validation = {};
  std::optional<Validation> bestValidation = {};
  /// Trainer::gradientNorms and Trainer::stepLoss.
  std::vector<double> gradientNorms = {};
  std::optional<StepLoss> stepLoss = {};
  /// What the model and the task say of themselves, each under names of its
  /// own.
  Metadata metadata = {};
};

/// Writes a checkpoint; it appears whole or not at all. `stepsDone` is taken
/// from `optimizer`. Throws Error when the file cannot be written, or when a
/// number is not finite, naming the first tensor or option; a checkpoint that
/// was there before then stays, and the message says so as `describeKept`
/// does.
void writeCheckpoint(const std::filesystem::path &path, CheckpointInfo info,
                     Model &model, Optimizer &optimizer);

/// What stays of a training run that failed: `m.st still holds step 40`.
std::string describeKept(const std::filesystem::path &path);

/// Reads all but the tensors. Throws Error, beginning with the path, when the
/// file is no checkpoint of this version, is damaged, or holds something that
/// is not a number in the place of one.
CheckpointInfo readCheckpointInfo(const std::filesystem::path &path);

/// Reads all of the file and throws Error, beginning with the path, when it is
/// no checkpoint or does not have the content that its checksum is of. A file
/// without one, of before there was one, or whose tensors were converted since,
/// is held against its header alone.
void requireWhole(const std::filesystem::path &path);

/// Reads the weights into `model` and, where `optimizer` is not null, its state
/// and steps. Throws Error as requireWhole does, and when a tensor is missing,
/// of another shape or not finite.
void readCheckpoint(const std::filesystem::path &path, Model &model,
                    Optimizer *optimizer);

} // namespace minrnn

#endif // MINRNN_TRAIN_CHECKPOINT_H
