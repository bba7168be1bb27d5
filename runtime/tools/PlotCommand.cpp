//===- PlotCommand.cpp - Losses over the steps of trainings ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "runtime/tools/Chart.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/TrainingLog.h"

#include <algorithm>
#include <iostream>
#include <limits>
#include <memory>

using namespace minrnn;

namespace {

/// More points of a line than these are not seen in a chart.
constexpr std::size_t mostPoints = 400;

struct PlotOptions {
  std::vector<std::filesystem::path> logs;
  std::filesystem::path output;
  std::string title;
  std::string unit = "nats";
  bool isLogarithmic = false;
};

/// The losses of training, as means of `count` steps; the last has what is
/// left.
std::vector<ChartSeries::Point> meansOf(const std::vector<LoggedStep> &steps,
                                        std::size_t count) {
  std::vector<ChartSeries::Point> points;
  for (std::size_t begin = 0; begin < steps.size(); begin += count) {
    const std::size_t end = std::min(begin + count, steps.size());
    double step = 0;
    double loss = 0;
    for (std::size_t i = begin; i < end; ++i) {
      step += static_cast<double>(steps[i].step);
      loss += steps[i].loss;
    }
    const auto number = static_cast<double>(end - begin);
    loss /= number;
    points.push_back({step / number, loss, loss, loss});
  }
  return points;
}

std::vector<ChartSeries::Point>
validationsOf(const std::vector<LoggedStep> &steps) {
  std::vector<ChartSeries::Point> points;
  for (const LoggedStep &step : steps)
    if (step.validationLoss)
      points.push_back({static_cast<double>(step.step), *step.validationLoss,
                        *step.validationLoss, *step.validationLoss});
  return points;
}

/// What tells a log from the others: its name, or the path where two have the
/// same; nothing where it is the only one.
std::string nameOf(const std::filesystem::path &log,
                   const std::vector<std::filesystem::path> &all) {
  if (all.size() == 1)
    return "";
  const bool isUnique =
      std::ranges::count(all, log.stem(),
                         [](const auto &path) { return path.stem(); }) == 1;
  return (isUnique ? log.stem() : log).string() + " ";
}

/// Zeros have no place on a scale of powers: they are drawn as the least loss
/// above them.
void raiseZeros(std::vector<ChartSeries> &all) {
  double least = std::numeric_limits<double>::infinity();
  for (const ChartSeries &series : all)
    for (const ChartSeries::Point &point : series.points)
      if (point.y > 0)
        least = std::min(least, point.y);
  for (ChartSeries &series : all)
    for (ChartSeries::Point &point : series.points) {
      point.y = std::max(point.y, least);
      point.low = point.high = point.y;
    }
}

void plot(const PlotOptions &options) {
  Chart chart{.title = options.title,
              .x = {"training step"},
              .y = {"loss [" + options.unit + "]"},
              .series = {}};
  for (std::size_t look = 0; look < options.logs.size(); ++look) {
    const std::filesystem::path &path = options.logs[look];
    const LoggedSteps log = readTrainingLog(path);
    if (log.unreadableLines > 0)
      std::cerr << "minrnn: note: " << path.string() << ": left out "
                << log.unreadableLines
                << (log.unreadableLines == 1 ? " line" : " lines")
                << " that cannot be read\n";
    if (log.steps.empty())
      throw Error(path.string() + ": the log has no step yet");
    const std::string name = nameOf(path, options.logs);
    const std::size_t count = (log.steps.size() + mostPoints - 1) / mostPoints;
    chart.series.push_back(
        {.name =
             name + "training" +
             (count == 1 ? ""
                         : ", means of " + std::to_string(count) + " steps"),
         .points = meansOf(log.steps, count),
         .look = look,
         .isFine = true});
    if (std::vector<ChartSeries::Point> points = validationsOf(log.steps);
        !points.empty())
      chart.series.push_back({.name = name + "validation",
                              .points = std::move(points),
                              .look = look});
  }
  if (options.isLogarithmic) {
    chart.y.spacing = Spacing::PowersOfTen;
    raiseZeros(chart.series);
  }
  writeChart(options.output, chart);
}

} // namespace

void minrnn::addPlotCommand(CLI::App &minrnn) {
  CLI::App *command = minrnn.add_subcommand(
      "plot", "Draw the losses of trainings over their steps, as SVG.");
  const auto options = std::make_shared<PlotOptions>();
  const auto files = std::make_shared<FileOptions>(*command);
  command
      ->add_option("logs", options->logs,
                   "what minrnn train --log wrote, of one or several trainings")
      ->required()
      ->type_name("LOG");
  files
      ->addOutput("--output,-o", options->output,
                  "the chart; - for standard output")
      ->required();
  command->add_option("--title", options->title, "what stands above the chart")
      ->type_name("TEXT");
  command->add_option("--unit", options->unit, "what losses are counted in")
      ->type_name("TEXT")
      ->capture_default_str();
  command->add_flag("--log-scale", options->isLogarithmic,
                    "losses on a scale of powers of ten");
  command->footer("Examples:\n"
                  "  minrnn plot steps.csv -o losses.svg\n"
                  "  minrnn plot mingru.csv minlstm.csv gru.csv -o cells.svg "
                  "--title tinyshakespeare\n"
                  "  minrnn plot parity.jsonl --log-scale -o parity.svg");
  command->callback([options, files] {
    NamedFiles named = files->named();
    for (const std::filesystem::path &log : options->logs)
      named.addInput("LOG", log);
    checkFiles(*files, named);
    plot(*options);
  });
}
