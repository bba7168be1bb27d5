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

#include <algorithm>
#include <charconv>
#include <functional>
#include <iostream>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

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

constexpr std::string_view stepInfix = ".step-";

/// `model.step-000120.safetensors` for `model.safetensors`.
std::filesystem::path stepBeside(const std::filesystem::path &checkpoint,
                                 std::int64_t step) {
  constexpr std::size_t width = 6;
  std::string digits = std::to_string(step);
  digits.insert(0, width - std::min(width, digits.size()), '0');
  std::filesystem::path path = checkpoint;
  path.replace_filename(checkpoint.stem().string() + std::string(stepInfix) +
                        digits + checkpoint.extension().string());
  return path;
}

/// The step in the name of a checkpoint that was kept of one.
std::optional<std::int64_t> stepOf(const std::filesystem::path &checkpoint) {
  const std::string stem = checkpoint.stem().string();
  const std::size_t infix = stem.rfind(stepInfix);
  if (infix == std::string::npos || infix == 0)
    return std::nullopt;
  const char *begin = stem.data() + infix + stepInfix.size();
  const char *end = stem.data() + stem.size();
  std::int64_t step = 0;
  const auto [rest, code] = std::from_chars(begin, end, step);
  return code == std::errc() && rest == end && step >= 0 ? std::optional(step)
                                                         : std::nullopt;
}

/// Those kept of steps beside a run's checkpoint, the newest first.
using StepFiles = std::map<std::int64_t, std::filesystem::path, std::greater<>>;
StepFiles stepsBeside(const std::filesystem::path &checkpoint) {
  StepFiles found;
  const std::filesystem::path folder =
      checkpoint.has_parent_path() ? checkpoint.parent_path() : ".";
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(folder, ignored), end;
       !ignored && entry != end; entry.increment(ignored))
    if (const auto step = stepOf(entry->path()))
      // The path as people write it, without the folder where they do.
      if (const std::filesystem::path path = stepBeside(checkpoint, *step);
          path.filename() == entry->path().filename())
        found.emplace(*step, path);
  return found;
}

/// `named`, or the newest whole one of a step beside it.
std::filesystem::path newestWhole(const std::filesystem::path &named) {
  try {
    requireWhole(named);
    return named;
  } catch (const Error &damage) {
    for (const auto &[step, path] : stepsBeside(named)) {
      try {
        requireWhole(path);
      } catch (const Error &error) {
        std::cerr << "minrnn: warning: " << error.what() << '\n';
        continue;
      }
      std::cerr << "minrnn: warning: " << damage.what()
                << "; going on from the newest whole one, " << path.string()
                << '\n';
      return path;
    }
    throw;
  }
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

std::filesystem::path minrnn::runOf(const std::filesystem::path &checkpoint) {
  if (!stepOf(checkpoint))
    return checkpoint;
  const std::string stem = checkpoint.stem().string();
  std::filesystem::path run = checkpoint;
  run.replace_filename(stem.substr(0, stem.rfind(stepInfix)) +
                       checkpoint.extension().string());
  return run;
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
  replacesSteps =
      choice.resume.empty() ||
      (!goesOn && std::filesystem::weakly_canonical(runOf(choice.resume)) !=
                      std::filesystem::weakly_canonical(choice.checkpoint));
  if (replacesSteps)
    for (const auto &[step, path] : stepsBeside(choice.checkpoint))
      refuseToReplace(path, choice.overwrite,
                      "go on from it with --resume " + path.string());
  if (!choice.resume.empty())
    this->choice.resume = newestWhole(choice.resume);
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
    // Nothing was kept before the first validation, but by a course that came
    // further and whose last checkpoint is damaged.
    if (info.metadata != state.info.metadata ||
        (!state.info.validation && info.stepsDone <= state.info.stepsDone))
      throw Error("'" + best.string() + "' is not of the same run as '" +
                  choice.resume.string() + "'; move it away");
    readCheckpoint(best, state.model, nullptr);
    kept = {info.stepsDone, state.trainer.evaluate()->loss};
  }
  readCheckpoint(choice.resume, state.model, &state.trainer.optimizer());
  state.trainer.setBestValidation(state.info.bestValidation);
  state.trainer.setGradientNorms(state.info.gradientNorms);
  state.trainer.setLast(state.info.stepLoss, state.info.validation);
  std::error_code ignored;
  if (!std::filesystem::equivalent(choice.resume, choice.checkpoint, ignored))
    return;
  // What a run that was killed after it had written this one did not come to.
  const std::int64_t step = state.trainer.stepsDone();
  const std::optional<Validation> &validation = state.info.bestValidation;
  if (!best.empty() && validation && validation->step == step &&
      !(kept && kept->loss <= validation->loss))
    writeBest(state, *validation);
  keepStep(state);
}

void CheckpointFiles::writeBest(const TrainingState &state,
                                const Validation &validation) {
  writeCheckpoint(best, state.info, state.model, state.trainer.optimizer());
  kept = validation;
}

void CheckpointFiles::keepStep(const TrainingState &state) {
  if (choice.keep == 0)
    return;
  const std::int64_t step = state.trainer.stepsDone();
  const std::filesystem::path path = stepBeside(choice.checkpoint, step);
  std::error_code error;
  const std::filesystem::path target =
      std::filesystem::canonical(choice.checkpoint, error);
  if (!error && !std::filesystem::equivalent(target, path, error)) {
    std::filesystem::remove(path, error);
    std::filesystem::create_hard_link(target, path, error);
    if (error) {
      removeStaleTemporaries(path);
      writeCheckpoint(path, state.info, state.model, state.trainer.optimizer());
    }
  }
  // Those of later steps are of a course that ended. What cannot be removed
  // stays until the next time.
  std::int64_t count = 0;
  for (const auto &[each, old] : stepsBeside(choice.checkpoint))
    if (each > step || ++count > choice.keep)
      std::filesystem::remove(old, error);
}

void CheckpointFiles::validated(const TrainingState &state,
                                const TrainingProgress &progress) {
  const Validation now{progress.step, *progress.validationLoss};
  CheckpointInfo &info = state.info;
  info.validation = now;
  if (!info.bestValidation || now.loss < info.bestValidation->loss)
    info.bestValidation = now;
  // First the last: it is what a run goes on from that is killed in between.
  save(state);
  // Written so that one whose loss was not finite is replaced.
  if (!best.empty() && !(kept && kept->loss <= now.loss))
    writeBest(state, now);
}

void CheckpointFiles::save(const TrainingState &state) {
  const std::int64_t step = state.trainer.stepsDone();
  if (writtenStep == step)
    return;
  state.info.gradientNorms = state.trainer.gradientNorms();
  state.info.stepLoss = state.trainer.stepLoss();
  writeCheckpoint(choice.checkpoint, state.info, state.model,
                  state.trainer.optimizer());
  writtenStep = step;
  if (std::exchange(replacesSteps, false))
    for (const auto &[ofEarlier, path] : stepsBeside(choice.checkpoint)) {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
  keepStep(state);
}

std::string CheckpointFiles::describe(const CheckpointInfo &info) const {
  std::string text = "wrote " + choice.checkpoint.string() + "\n";
  if (choice.keep > 0)
    if (const StepFiles steps = stepsBeside(choice.checkpoint); !steps.empty())
      text += "the last " + std::to_string(steps.size()) + " saved are kept, " +
              steps.rbegin()->second.string() + " to " +
              steps.begin()->second.string() + "\n";
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
