//===- TrainingLog.cpp - Losses, step by step, in a file ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/TrainingLog.h"

#include "minrnn/error.h"
#include "runtime/core/ReadFile.h"
#include "specs/contract/Json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

using namespace minrnn;

namespace {

/// How a row of JSON begins, before the number of its step.
constexpr std::string_view jsonBegin = R"({"step":)";
/// How the first line of comma-separated values begins.
constexpr std::string_view csvBegin = "step,loss,validation_loss";

/// The next value of a line, which is taken off it; nothing where it is empty
/// or no number.
template <typename Number> std::optional<Number> takeValue(std::string &line) {
  const std::string text = line.substr(0, line.find(','));
  line.erase(0, std::min(text.size() + 1, line.size()));
  Number value{};
  const char *end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (fault != std::errc() || stop != end)
    return std::nullopt;
  return value;
}

/// Whether `step` was read from a line.
bool readCsv(std::string line, LoggedStep &step) {
  const auto number = takeValue<std::int64_t>(line);
  const auto loss = takeValue<double>(line);
  step = {number.value_or(0), loss.value_or(0), takeValue<double>(line)};
  return number && loss;
}

bool readJson(const std::string &line, LoggedStep &step) {
  const Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto isNumber = [&](const char *key) {
    return row.contains(key) && row.at(key).is_number();
  };
  if (!row.is_object() || !isNumber("step") || !isNumber("loss"))
    return false;
  step = {row.at("step").get<std::int64_t>(), row.at("loss").get<double>()};
  if (isNumber("validation_loss"))
    step.validationLoss = row.at("validation_loss").get<double>();
  return true;
}

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

LoggedSteps minrnn::readTrainingLog(const std::filesystem::path &path) {
  std::istringstream text(readInput(path));
  std::string line;
  const bool isJson = text.peek() == jsonBegin.front();
  if (!isJson && (!std::getline(text, line) || !line.starts_with(csvBegin)))
    throw Error(inputName(path) +
                ": expected a log of minrnn train, which begins with the line "
                "'" +
                std::string(csvBegin) + "' or with " + std::string(jsonBegin));
  LoggedSteps log;
  LoggedStep step;
  while (std::getline(text, line)) {
    const bool isRead = (isJson ? readJson(line, step) : readCsv(line, step)) &&
                        step.step >= 1 && std::isfinite(step.loss);
    if (!isRead) {
      ++log.unreadableLines;
      continue;
    }
    // What an earlier run did beyond its checkpoint is gone.
    while (!log.steps.empty() && log.steps.back().step >= step.step)
      log.steps.pop_back();
    log.steps.push_back(step);
  }
  return log;
}
