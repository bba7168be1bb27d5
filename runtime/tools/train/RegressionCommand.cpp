//===- RegressionCommand.cpp - minrnn train regression --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/train/series.h"
#include "runtime/core/ReadFile.h"
#include "runtime/tools/Losses.h"
#include "runtime/tools/ShellWord.h"
#include "runtime/tools/train/TaskCommands.h"
#include "runtime/tools/train/TrainOptions.h"

using namespace minrnn;

namespace {

SeriesData readSeries(const std::filesystem::path &data,
                      const SeriesOptions &options) {
  if (data.extension() != ".safetensors")
    return SeriesData::fromCsv(readInput(data), inputName(data), options);
  if (!options.sequence.empty() || options.horizon != 0)
    throw Error("--sequence and --horizon are of tables; a safetensors file "
                "has its sequences in 'inputs', 'targets' and 'mask'");
  return SeriesData::fromSafetensors(data);
}

std::shared_ptr<SeriesTask>
openSeries(const std::filesystem::path &data, const SeriesOptions &options,
           const std::filesystem::path &checkpoint) {
  if (checkpoint.empty())
    return std::make_shared<SeriesTask>(readSeries(data, options), options);
  const SeriesTask::Kept kept = SeriesTask::read(checkpoint);
  SeriesData series = readSeries(data, kept.options);
  if (series.inputs != kept.inputs || series.targets != kept.targets)
    throw Error(inputName(data) + ": it has other columns than the run of " +
                checkpoint.string() + " had");
  return std::make_shared<SeriesTask>(std::move(series), kept.options,
                                      kept.scale);
}

TrainTask openRegression(const std::filesystem::path &data,
                         const SeriesOptions &options,
                         const std::filesystem::path &checkpoint,
                         const TrainingOptions &training) {
  const std::shared_ptr<SeriesTask> task =
      openSeries(data, options, checkpoint);
  const EvaluationOptions evaluation = training.evaluation();
  std::int64_t evaluated = 0;
  for (std::int64_t i = 0; i < task->validationBatches(evaluation); ++i)
    evaluated += task->validationBatch(evaluation, i).counted();
  return {.task = task,
          .inputs = task->inputs(),
          .outputs = task->targets(),
          .unit = "step",
          .loss = varianceUnit,
          .description =
              std::to_string(task->targets()) + " numbers from " +
              std::to_string(task->inputs()) + " at each of " +
              std::to_string(task->trainingSteps()) + " steps to train on, " +
              std::to_string(task->validationSteps()) + " for validation\n",
          .evaluated = "on " + std::to_string(evaluated) + " steps",
          .evalArguments =
              "--data " + (data == "-" ? "FILE" : shellWord(data.string()))};
}

} // namespace

TrainTask minrnn::openTrainedRegression(const std::filesystem::path &checkpoint,
                                        const TrainedTaskChoice &choice,
                                        TrainingOptions &training) {
  return openRegression(choice.data, {}, checkpoint, training);
}

void minrnn::addTrainRegression(CLI::App &train) {
  TrainCommand command(
      train, "regression",
      "Train a model to say numbers at each step of sequences of numbers, such "
      "as time series: the last tenth is for validation. The loss is the mean "
      "squared error, in units of the targets' variance: 1 is what always "
      "saying the mean comes to.");
  command.app().footer(
      "Examples:\n"
      "  minrnn train regression --data series.csv --target y --horizon 1\n"
      "  minrnn train regression --data runs.csv --target x,y --sequence run "
      "--cell minlstm --log steps.csv");
  const auto data = std::make_shared<std::filesystem::path>();
  const auto options = std::make_shared<SeriesOptions>();
  command.required(command.files().addInput(
      "--data", *data,
      "a table, comma-separated with a line of names; - for standard input; or "
      "a file.safetensors with 'inputs' [N, T, D], 'targets' [N, T, K] and "
      "maybe 'mask' [N, T]"));
  command
      .fixed(command.app().add_option("--target", options->targets,
                                      "the columns of a table to predict"))
      ->delimiter(',')
      ->type_name("NAME,...");
  command
      .fixed(command.app().add_option(
          "--sequence", options->sequence,
          "the column whose value tells the sequences of a table apart"))
      ->type_name("NAME");
  command.fixed(addNumber<std::int64_t>(
      command.app(), "--horizon", options->horizon,
      "how many rows ahead a target is; 0: in the same row, where it is no "
      "input",
      0, mostOfACount));
  command.addTraining<std::int64_t>("--context", &TrainingOptions::context,
                                    "steps of a window", 1, mostOfACount);
  command.addTraining<std::int64_t>(
      "--eval-steps", &TrainingOptions::evaluatePositions,
      "steps that a validation evaluates at most; 0: all", 0, mostOfACount);
  command.trainsOn([data, options](const TrainOptions &train,
                                   const TrainingOptions &training) {
    return openRegression(*data, *options, train.resume, training);
  });
}
