//===- CheckpointFiles.h - Where a training run keeps its model -*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CHECKPOINTFILES_H
#define MINRNN_RUNTIME_TOOLS_CHECKPOINTFILES_H

#include "minrnn/train/checkpoint.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace minrnn {

/// Where the best model is kept: `model.best.safetensors` for
/// `model.safetensors`.
std::filesystem::path bestBeside(const std::filesystem::path &checkpoint);

/// The run's checkpoint that one kept of a step is beside: `model.safetensors`
/// for `model.step-000120.safetensors`, and for any other name itself.
std::filesystem::path runOf(const std::filesystem::path &checkpoint);

/// Throws Error when `path` is a file that holds something, unless `overwrite`:
/// `what` exists already, `otherwise` says what else can be done.
void refuseToReplace(const std::filesystem::path &path, bool overwrite,
                     const std::string &otherwise);

/// What is being trained.
struct TrainingState {
  CheckpointInfo &info;
  Model &model;
  Trainer &trainer;
};

/// The files of a run: its model as it was last saved, and beside it, where
/// asked, the best one by validation and those of the last steps saved. The one
/// of a step is another name (a hard link) of what was the last then, or a copy
/// where the file system has no such names.
class CheckpointFiles {
public:
  struct Choice {
    std::filesystem::path checkpoint;
    /// Where the run goes on from; empty: it begins.
    std::filesystem::path resume;
    bool keepBest = false;
    /// How many of the steps last saved are kept.
    std::int64_t keep = 0;
    bool overwrite = false;
  };

  /// Throws Error when a file cannot be written, or would be replaced that this
  /// run does not go on from. Writes nothing, and removes what a killed run
  /// left of its own. If the checkpoint to go on from is damaged, the newest
  /// whole one of a step beside it takes its place, and standard error has a
  /// warning; throws Error when there is none.
  explicit CheckpointFiles(const Choice &choice);

  /// Where the model is written.
  const std::filesystem::path &last() const { return choice.checkpoint; }
  /// Where the run goes on from; empty: it begins.
  const std::filesystem::path &source() const { return choice.resume; }

  /// The model to use: the best one where it is kept.
  const std::filesystem::path &chosen() const {
    return kept ? best : choice.checkpoint;
  }

  /// Reads the state that the run goes on from. The best model kept so far is
  /// evaluated anew, so that its loss compares whatever has changed. Throws
  /// Error as readCheckpoint does, and when that model is another one.
  void resume(const TrainingState &state);

  /// Writes the model after a validation. Throws Error as writeCheckpoint does.
  void validated(const TrainingState &state, const TrainingProgress &progress);

  /// Writes the model, if it has come further since it was last written.
  void save(const TrainingState &state);

  /// What is to be told at the end of a run: what was written, and whether the
  /// model was better before.
  std::string describe(const CheckpointInfo &info) const;

private:
  void writeBest(const TrainingState &state, const Validation &validation);
  void keepStep(const TrainingState &state);

  Choice choice;
  /// Whether it writes to the file that it goes on from.
  bool goesOn = false;
  /// Whether those of steps beside it are of an earlier run, to be replaced.
  bool replacesSteps = false;
  /// Empty: none is kept.
  std::filesystem::path best;
  /// What the file of the best model holds.
  std::optional<Validation> kept;
  std::optional<std::int64_t> writtenStep;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CHECKPOINTFILES_H
