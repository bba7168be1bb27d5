//===- CheckpointFiles.cpp - Where a training run keeps its model ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CheckpointFiles.h"

#include "files/StagedFile.h"
#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"

#include <system_error>

using namespace minrnn;

namespace {

/// Whether replacing `path` loses something. A device or a pipe is written to,
/// not replaced.
bool holdsSomething(const std::filesystem::path &path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) &&
         std::filesystem::file_size(path, ignored) > 0;
}

/// Minutes of training must not end in a folder that cannot be written to.
void prepare(const std::filesystem::path &path) {
  removeStaleTemporaries(path);
  StagedFile probe;
  if (const std::error_code error = probe.open(path))
    throw Error("cannot write '" + path.string() + "': " + error.message());
}

std::string describeValidation(const Validation &validation) {
  return formatNumber(static_cast<float>(validation.loss)) + " after step " +
         std::to_string(validation.step);
}

} // namespace

std::filesystem::path
minrnn::bestBeside(const std::filesystem::path &checkpoint) {
  std::filesystem::path best = checkpoint;
  best.replace_filename(checkpoint.stem().string() + ".best" +
                        checkpoint.extension().string());
  return best;
}

void minrnn::refuseToReplace(const std::filesystem::path &path, bool overwrite,
                             const std::string &otherwise) {
  if (!overwrite && holdsSomething(path))
    throw Error("'" + path.string() + "' exists already; " + otherwise +
                ", or replace it with --overwrite");
}

CheckpointFiles::CheckpointFiles(const Choice &choice) : choice(choice) {
  std::error_code ignored;
  goesOn =
      !choice.resume.empty() &&
      std::filesystem::equivalent(choice.checkpoint, choice.resume, ignored);
  if (!goesOn)
    refuseToReplace(choice.checkpoint, choice.overwrite,
                    "go on from it with --resume " +
                        choice.checkpoint.string());
  prepare(choice.checkpoint);
  if (!choice.keepBest)
    return;
  best = bestBeside(choice.checkpoint);
  if (!goesOn)
    refuseToReplace(best, choice.overwrite, "move it away");
  prepare(best);
}

void CheckpointFiles::resume(const TrainingState &state) {
  if (goesOn && holdsSomething(best)) {
    const CheckpointInfo info = readCheckpointInfo(best);
    // Nothing was kept before the first validation.
    if (info.metadata != state.info.metadata || !state.info.validation)
      throw Error("'" + best.string() + "' is not of the same run as '" +
                  choice.resume.string() + "'; move it away");
    readCheckpoint(best, state.model, nullptr);
    kept = {info.stepsDone, state.trainer.evaluate()->loss};
  }
  readCheckpoint(choice.resume, state.model, &state.trainer.optimizer());
  state.trainer.setBestValidation(state.info.bestValidation);
  state.trainer.setGradientNorms(state.info.gradientNorms);
}

void CheckpointFiles::validated(const TrainingState &state,
                                const TrainingProgress &progress) {
  const Validation now{progress.step, *progress.validationLoss};
  CheckpointInfo &info = state.info;
  info.validation = now;
  info.gradientNorms = state.trainer.gradientNorms();
  if (!info.bestValidation || now.loss < info.bestValidation->loss)
    info.bestValidation = now;
  // Written so that one whose loss was not finite is replaced.
  if (!best.empty() && !(kept && kept->loss <= now.loss)) {
    writeCheckpoint(best, info, state.model, state.trainer.optimizer());
    kept = now;
  }
  save(state);
}

void CheckpointFiles::save(const TrainingState &state) {
  const std::int64_t step = state.trainer.stepsDone();
  if (writtenStep == step)
    return;
  state.info.gradientNorms = state.trainer.gradientNorms();
  writeCheckpoint(choice.checkpoint, state.info, state.model,
                  state.trainer.optimizer());
  writtenStep = step;
}

std::string CheckpointFiles::describe(const CheckpointInfo &info) const {
  std::string text = "wrote " + choice.checkpoint.string() + "\n";
  if (kept)
    return text + "the best by validation, " + describeValidation(*kept) +
           ", is in " + best.string() + "\n";
  if (info.validation && info.bestValidation &&
      info.bestValidation->loss < info.validation->loss)
    text += "the validation loss was lower before: " +
            describeValidation(*info.bestValidation) +
            "; --keep-best keeps the best model beside the last\n";
  return text;
}
