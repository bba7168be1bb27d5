//===- TrainingLog.cpp - Losses, step by step, in a file ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/TrainingLog.h"

#include "minrnn/error.h"

#include <charconv>
#include <limits>
#include <system_error>

using namespace minrnn;

namespace {

constexpr const char *header = "step,loss,validation_loss";

} // namespace

TrainingLog TrainingLog::begin(const std::filesystem::path &path) {
  TrainingLog log;
  log.open(path, std::ios::trunc);
  log.file << header << '\n';
  log.flush();
  return log;
}

TrainingLog TrainingLog::goOn(const std::filesystem::path &path,
                              std::int64_t step) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) ||
      std::filesystem::file_size(path, ignored) == 0)
    return begin(path);
  TrainingLog log;
  std::ifstream before(path);
  std::string line;
  std::getline(before, line);
  if (!before || line != header)
    throw Error(path.string() +
                ": expected a log of minrnn train, which "
                "begins with the line '" +
                header + "'; name another --log");
  while (std::getline(before, line)) {
    std::int64_t done = 0;
    std::from_chars(line.data(), line.data() + line.size(), done);
    log.rowsOfLaterSteps += done > step ? 1 : 0;
  }
  // A last line that was cut off stays a line of its own.
  before.clear();
  before.seekg(-1, std::ios::end);
  const bool isCut = before.get() != '\n';
  log.open(path, std::ios::app);
  if (isCut)
    log.file << '\n';
  log.flush();
  return log;
}

void TrainingLog::open(const std::filesystem::path &log,
                       std::ios::openmode mode) {
  path = log.string();
  file.open(log, std::ios::out | mode);
  file.precision(std::numeric_limits<double>::max_digits10);
}

void TrainingLog::flush() {
  file << std::flush;
  if (!file)
    throw Error(path + ": cannot write the log");
}

void TrainingLog::add(const TrainingProgress &progress) {
  if (path.empty())
    return;
  file << progress.step << ',' << progress.stepLoss << ',';
  if (progress.validationLoss)
    file << *progress.validationLoss;
  file << '\n';
  flush();
}
