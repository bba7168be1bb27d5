//===- TrainingLog.h - Losses, step by step, in a file ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAININGLOG_H
#define MINRNN_RUNTIME_TOOLS_TRAININGLOG_H

#include "minrnn/train/trainer.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace minrnn {

/// A file of a line a step: step, loss and validation loss in nats per
/// position, and the task's metrics; written at once so that it can be watched.
/// The values are comma-separated, with their names in the first line, or in a
/// file whose name ends in `.jsonl` a JSON object a line, without those not
/// measured.
class TrainingLog {
public:
  /// No log.
  TrainingLog() = default;

  /// Begins a log, in place of a file that is there. Throws Error when it
  /// cannot be written.
  static TrainingLog begin(const std::filesystem::path &path,
                           const std::vector<std::string> &metrics);

  /// Adds to the log of a run that goes on after `step`; begins one where there
  /// is none. What the file holds stays. Throws Error when it is no log.
  static TrainingLog goOn(const std::filesystem::path &path,
                          const std::vector<std::string> &metrics,
                          std::int64_t step);

  /// How many rows the file holds of steps that are yet to be done: the run
  /// that wrote them came further than its last checkpoint.
  std::int64_t laterRows() const { return rowsOfLaterSteps; }

  /// Throws Error when it cannot be written.
  void add(const TrainingProgress &progress);

private:
  TrainingLog(const std::filesystem::path &path,
              const std::vector<std::string> &metrics);
  /// The first line of comma-separated values.
  std::string header() const;
  void open(std::ios::openmode mode);
  void flush();

  std::string path;
  std::vector<std::string> names;
  bool isJson = false;
  std::ofstream file;
  std::int64_t rowsOfLaterSteps = 0;
};

/// What a log says of one step, in nats.
struct LoggedStep {
  std::int64_t step = 0;
  double loss = 0;
  std::optional<double> validationLoss = std::nullopt;
};

/// A log that was read.
struct LoggedSteps {
  /// In their order, each step once: those of the model that was saved last,
  /// where a run went on from before the end of another.
  std::vector<LoggedStep> steps;
  /// How many lines are no steps, as one that was cut off.
  std::int64_t unreadableLines = 0;
};

/// Reads a log; `-` is standard input. Throws Error when it cannot be read, or
/// is no log.
LoggedSteps readTrainingLog(const std::filesystem::path &path);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAININGLOG_H
