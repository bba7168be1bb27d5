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
#include <optional>
#include <string_view>
#include <system_error>

using namespace minrnn;

namespace {

/// How a row of JSON begins, before the number of its step.
constexpr std::string_view jsonBegin = R"({"step":)";

} // namespace

TrainingLog::TrainingLog(const std::filesystem::path &path,
                         const std::vector<std::string> &metrics)
    : path(path.string()), names({"step", "loss", "validation_loss"}),
      isJson(path.extension() == ".jsonl") {
  names.insert(names.end(), metrics.begin(), metrics.end());
}

TrainingLog TrainingLog::begin(const std::filesystem::path &path,
                               const std::vector<std::string> &metrics) {
  TrainingLog log(path, metrics);
  log.open(std::ios::trunc);
  if (!log.isJson)
    log.file << log.header() << '\n';
  log.flush();
  return log;
}

std::string TrainingLog::header() const {
  std::string line;
  for (const std::string &name : names)
    line += (line.empty() ? "" : ",") + name;
  return line;
}

TrainingLog TrainingLog::goOn(const std::filesystem::path &path,
                              const std::vector<std::string> &metrics,
                              std::int64_t step) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) ||
      std::filesystem::file_size(path, ignored) == 0)
    return begin(path, metrics);
  TrainingLog log(path, metrics);
  std::ifstream before(path);
  std::string line;
  if (!log.isJson)
    std::getline(before, line);
  const std::string_view rowBegin = log.isJson ? jsonBegin : "";
  if (log.isJson ? before.peek() != jsonBegin.front()
                 : !before || line != log.header())
    throw Error(log.path +
                ": expected a log of minrnn train, which begins with " +
                (log.isJson ? std::string(jsonBegin)
                            : "the line '" + log.header() + "'") +
                "; name another --log");
  while (std::getline(before, line)) {
    std::int64_t done = 0;
    if (line.starts_with(rowBegin))
      std::from_chars(line.data() + rowBegin.size(), line.data() + line.size(),
                      done);
    log.rowsOfLaterSteps += done > step ? 1 : 0;
  }
  // A last line that was cut off stays a line of its own.
  before.clear();
  before.seekg(-1, std::ios::end);
  const bool isCut = before.get() != '\n';
  log.open(std::ios::app);
  if (isCut)
    log.file << '\n';
  log.flush();
  return log;
}

void TrainingLog::open(std::ios::openmode mode) {
  file.open(path, std::ios::out | mode);
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
  std::vector<std::optional<double>> values = {progress.loss.last,
                                               progress.validationLoss};
  for (const Metric &metric : progress.metrics)
    values.emplace_back(metric.value);
  values.resize(names.size() - 1);
  if (isJson)
    file << jsonBegin;
  file << progress.step;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!isJson)
      file << ',';
    else if (values[i])
      file << ",\"" << names[i + 1] << "\":";
    if (values[i])
      file << *values[i];
  }
  file << (isJson ? "}\n" : "\n");
  flush();
}
