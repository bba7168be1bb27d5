//===- SeriesTask.cpp - Regression on sequences of numbers ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/random.h"
#include "minrnn/train/series.h"
#include "runtime/train/CheckpointMetadata.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <utility>

using namespace minrnn;

namespace {

bool counts(const Series &series, std::int64_t step) {
  return series.mask.empty() ||
         series.mask[static_cast<std::size_t>(step)] != 0;
}

} // namespace

std::int64_t SeriesTask::stepsOf(const std::vector<Range> &ranges) {
  std::int64_t steps = 0;
  for (const Range &range : ranges)
    steps += range.size();
  return steps;
}

void SeriesTask::split() {
  const auto count = static_cast<std::int64_t>(series.sequences.size());
  if (count == 1) {
    const std::int64_t time = series.sequences.front().time;
    const std::int64_t end = time - time / 10;
    training.push_back({0, 0, end});
    validation.push_back({0, end, time});
  } else {
    const std::int64_t first = count - std::max<std::int64_t>(count / 10, 1);
    for (std::int64_t i = 0; i < count; ++i)
      (i < first ? training : validation)
          .push_back(
              {i, 0, series.sequences[static_cast<std::size_t>(i)].time});
  }
  if (count == 0 || trainingSteps() == 0 || validationSteps() == 0)
    throw Error("there is too little to train and validate on: expected at "
                "least two sequences, or one of 10 steps, besides the horizon");
}

SeriesTask::SeriesTask(SeriesData data, SeriesOptions options)
    : series(std::move(data)), taskOptions(std::move(options)) {
  split();
  const auto find = [&](std::int64_t columns,
                        std::vector<float> Series::*member,
                        std::vector<double> &means,
                        std::vector<double> &deviations) {
    for (std::int64_t column = 0; column < columns; ++column) {
      double sum = 0;
      double squares = 0;
      double steps = 0;
      const auto forEach = [&](const auto &visit) {
        for (const Range &range : training) {
          const Series &one =
              series.sequences[static_cast<std::size_t>(range.sequence)];
          for (std::int64_t t = range.begin; t < range.end; ++t)
            if (counts(one, t))
              visit((one.*
                     member)[static_cast<std::size_t>(t * columns + column)]);
        }
      };
      forEach([&](double value) {
        sum += value;
        ++steps;
      });
      const double mean = steps > 0 ? sum / steps : 0;
      forEach(
          [&](double value) { squares += (value - mean) * (value - mean); });
      const double deviation = steps > 0 ? std::sqrt(squares / steps) : 0;
      means.push_back(mean);
      // A column that never changes says nothing.
      deviations.push_back(deviation > 0 ? deviation : 1);
    }
  };
  find(inputs(), &Series::inputs, scale.inputMeans, scale.inputDeviations);
  find(targets(), &Series::targets, scale.targetMeans, scale.targetDeviations);
}

SeriesTask::SeriesTask(SeriesData data, SeriesOptions options,
                       SeriesScale scaleOfRun)
    : series(std::move(data)), taskOptions(std::move(options)),
      scale(std::move(scaleOfRun)) {
  split();
  if (scale.inputMeans.size() != series.inputs.size() ||
      scale.inputDeviations.size() != series.inputs.size() ||
      scale.targetMeans.size() != series.targets.size() ||
      scale.targetDeviations.size() != series.targets.size())
    throw Error("the data has other columns than the earlier run had");
}

void SeriesTask::addWindow(const Range &range, std::int64_t time,
                           Batch &batch) const {
  const Series &one =
      series.sequences[static_cast<std::size_t>(range.sequence)];
  const auto add = [&](const std::vector<float> &all, std::int64_t columns,
                       const std::vector<double> &means,
                       const std::vector<double> &deviations,
                       std::vector<float> &to) {
    for (std::int64_t t = range.begin; t < range.end; ++t)
      for (std::int64_t i = 0; i < columns; ++i) {
        const auto column = static_cast<std::size_t>(i);
        to.push_back(static_cast<float>(
            (all[static_cast<std::size_t>(t * columns + i)] - means[column]) /
            deviations[column]));
      }
    to.resize(to.size() +
              static_cast<std::size_t>((time - range.size()) * columns));
  };
  add(one.inputs, inputs(), scale.inputMeans, scale.inputDeviations,
      batch.numbers);
  add(one.targets, targets(), scale.targetMeans, scale.targetDeviations,
      batch.numberTargets);
  for (std::int64_t t = range.begin; t < range.begin + time; ++t)
    batch.mask.push_back(t < range.end && counts(one, t) ? 1 : 0);
}

Batch SeriesTask::trainingBatch(std::int64_t batch, std::int64_t time,
                                std::uint64_t seed, std::uint64_t step) const {
  elementCount({batch, time, inputs() + targets()}, "batch of windows");
  // Every place where a window begins is as likely as any other.
  const auto placesOf = [&](const Range &range) {
    return std::max<std::int64_t>(range.size() - time + 1, 1);
  };
  std::int64_t places = 0;
  for (const Range &range : training)
    places += placesOf(range);
  Random random(seed, step);
  Batch windows{batch, time};
  for (std::int64_t row = 0; row < batch; ++row) {
    std::int64_t place = random.below(places);
    auto range = training.begin();
    for (; place >= placesOf(*range); ++range)
      place -= placesOf(*range);
    const std::int64_t begin = range->begin + place;
    addWindow({range->sequence, begin, std::min(begin + time, range->end)},
              time, windows);
  }
  return windows;
}

std::vector<SeriesTask::Range>
SeriesTask::windowsOf(const EvaluationOptions &options) const {
  if (options.batch < 1 || options.context < 1)
    throw Error("validation needs a positive batch and context");
  if (options.positions < 0)
    throw Error("the number of validation steps must not be negative, found " +
                std::to_string(options.positions));
  std::vector<Range> windows;
  for (const Range &range : validation)
    for (std::int64_t begin = range.begin; begin < range.end;
         begin += options.context)
      windows.push_back({range.sequence, begin,
                         std::min(begin + options.context, range.end)});
  const auto all = static_cast<std::int64_t>(windows.size());
  const std::int64_t wanted =
      options.positions == 0 ? all
                             : std::clamp<std::int64_t>(
                                   options.positions / options.context, 1, all);
  std::vector<Range> chosen;
  chosen.reserve(static_cast<std::size_t>(wanted));
  for (std::int64_t i = 0; i < wanted; ++i)
    chosen.push_back(windows[static_cast<std::size_t>(
        i * (all / wanted) + i * (all % wanted) / wanted)]);
  return chosen;
}

std::int64_t
SeriesTask::validationBatches(const EvaluationOptions &options) const {
  const auto windows = static_cast<std::int64_t>(windowsOf(options).size());
  return (windows + options.batch - 1) / options.batch;
}

Batch SeriesTask::validationBatch(const EvaluationOptions &options,
                                  std::int64_t index) const {
  const std::vector<Range> windows = windowsOf(options);
  const auto count = static_cast<std::int64_t>(windows.size());
  const std::int64_t first = index * options.batch;
  Batch batch{std::min(options.batch, count - first), options.context};
  for (std::int64_t row = 0; row < batch.batch; ++row)
    addWindow(windows[static_cast<std::size_t>(first + row)], options.context,
              batch);
  return batch;
}

std::vector<std::string> SeriesTask::metricNames() const {
  std::vector<std::string> names;
  names.reserve(series.targets.size());
  for (const std::string &target : series.targets)
    names.push_back("mae(" + target + ")");
  return names;
}

void SeriesTask::addMetrics(const Batch &batch, std::span<const float> outputs,
                            std::span<double> sums) const {
  const std::size_t columns = series.targets.size();
  for (std::size_t row = 0; row < batch.mask.size(); ++row)
    if (batch.mask[row] != 0)
      for (std::size_t i = 0; i < columns; ++i)
        sums[i] += std::abs(static_cast<double>(outputs[row * columns + i]) -
                            static_cast<double>(
                                batch.numberTargets[row * columns + i])) *
                   scale.targetDeviations[i];
}

Metadata SeriesTask::metadata() const {
  const Json options = {{"targets", series.targets},
                        {"inputs", series.inputs},
                        {"sequence", taskOptions.sequence},
                        {"horizon", taskOptions.horizon},
                        {"input_means", scale.inputMeans},
                        {"input_deviations", scale.inputDeviations},
                        {"target_means", scale.targetMeans},
                        {"target_deviations", scale.targetDeviations}};
  return {{"task", "regression"}, {"task_options", options.dump()}};
}

SeriesTask::Kept SeriesTask::read(const std::filesystem::path &path) {
  return readTaskOptions(path, "regression", [](const Json &json) {
    Kept kept;
    json.at("targets").get_to(kept.targets);
    json.at("inputs").get_to(kept.inputs);
    json.at("sequence").get_to(kept.options.sequence);
    json.at("horizon").get_to(kept.options.horizon);
    json.at("input_means").get_to(kept.scale.inputMeans);
    json.at("input_deviations").get_to(kept.scale.inputDeviations);
    json.at("target_means").get_to(kept.scale.targetMeans);
    json.at("target_deviations").get_to(kept.scale.targetDeviations);
    kept.options.targets = kept.targets;
    return kept;
  });
}
