//===- EvalCommand.cpp - A trained model on its task once more ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/train/checkpoint.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/Losses.h"
#include "runtime/tools/NumberOptions.h"
#include "runtime/tools/OpenModel.h"
#include "runtime/tools/train/TaskCommands.h"
#include "runtime/tools/train/TrainOptions.h"
#include "runtime/train/CheckpointMetadata.h"

#include <array>
#include <iostream>
#include <memory>

using namespace minrnn;

namespace {

struct EvalOptions {
  std::filesystem::path checkpoint;
  TrainedTaskChoice task;
  std::int64_t characters = TrainingOptions().evaluatePositions;
  DeviceChoice device;
};

/// A task, and the options that are its own.
struct TrainedTask {
  std::string_view name;
  OpenTrainedTask *open;
  std::vector<std::string> options;
};

const TrainedTask &findTask(const CheckpointInfo &info,
                            const std::filesystem::path &checkpoint) {
  static const std::vector<std::string> generated = {"--eval-sequences",
                                                     "--test-length"};
  static const std::array<TrainedTask, 4> tasks = {
      {{"text", openTrainedText, {"--data", "--eval-characters"}},
       {"selective-copy", openTrainedSelectiveCopy, generated},
       {"formal", openTrainedFormal, generated},
       {"regression", openTrainedRegression, {"--data"}}}};
  const std::string name = taskOf(info.metadata);
  const auto *const found = std::ranges::find(tasks, name, &TrainedTask::name);
  if (found == tasks.end())
    throw Error(checkpoint.string() + ": the model was trained on the task '" +
                name + "', which minrnn eval does not know");
  return *found;
}

/// Throws Error when an option is given that is another task's, or the data is
/// missing.
void checkOptions(const CLI::App &command, const TrainedTask &task,
                  const std::filesystem::path &checkpoint) {
  const std::string where = checkpoint.string() +
                            ": the model was trained on the task '" +
                            std::string(task.name) + "', which ";
  const auto isOwn = [&](const std::string &option) {
    return std::ranges::find(task.options, option) != task.options.end();
  };
  for (const char *option :
       {"--data", "--eval-characters", "--eval-sequences", "--test-length"})
    if (command.count(option) > 0 && !isOwn(option))
      throw Error(where + "has no " + option);
  if (isOwn("--data") && command.count("--data") == 0)
    throw Error(where + "needs --data FILE");
}

void evaluate(const EvalOptions &options, const CLI::App &command) {
  CheckpointInfo info = readCheckpointInfo(options.checkpoint);
  const TrainedTask &trained = findTask(info, options.checkpoint);
  checkOptions(command, trained, options.checkpoint);
  const LanguageModelInfo description =
      readLanguageModelInfo(options.checkpoint);
  noteConversions(SafetensorsReader(options.checkpoint));
  if (command.count("--eval-characters") > 0)
    info.training.evaluatePositions = options.characters;
  const TrainTask task =
      trained.open(options.checkpoint, options.task, info.training);
  LanguageModel model =
      openModel(description, options.checkpoint.string(),
                {.ioType = description.ioType, .device = options.device.open()},
                [&](const Device &device) {
                  return trainingPrecision(device, options.device);
                });
  readCheckpoint(options.checkpoint, model, nullptr);
  const auto found =
      minrnn::evaluate(model, *task.task, info.training.evaluation());
  std::cout << "validation "
            << describeEvaluation(found.value(), task.unit, task.loss) << ' '
            << task.evaluated << '\n';
  printLonger(task, model, info.training.batch);
}

} // namespace

void minrnn::addEvalCommand(CLI::App &minrnn) {
  CLI::App *command = minrnn.add_subcommand(
      "eval", "Evaluate a trained model on what its training validates on: the "
              "last 10 % of its data, or sequences that are not trained on.");
  const auto options = std::make_shared<EvalOptions>();
  const auto files = std::make_shared<FileOptions>(*command);
  files
      ->addInput("checkpoint", options->checkpoint, "what minrnn train wrote",
                 FileOptions::Dash::Refused)
      ->required();
  files->addInput("--data", options->task.data,
                  "the text, or the table or file of numbers, of a model of "
                  "such; - for standard input");
  addEvalCharacters(*command, options->characters)->default_str("");
  addNumber<std::int64_t>(*command, "--eval-sequences",
                          options->task.validationSequences,
                          "sequences to evaluate, of another task (default: "
                          "as many as a validation of its training)",
                          1, mostOfACount)
      ->default_str("");
  addNumber<std::int64_t>(*command, "--test-length", options->task.testLength,
                          "evaluate sequences longer than those trained on, up "
                          "to this length, too",
                          1, mostOfACount)
      ->default_str("");
  addDeviceOptions(*command, options->device);
  addProductsOption(*command, options->device,
                    "tf32 on a GPU that has it, ieee elsewhere");
  command->footer("Examples:\n"
                  "  minrnn eval model.safetensors --data text.txt\n"
                  "  minrnn eval model.safetensors --data other.txt "
                  "--eval-characters all\n"
                  "  minrnn eval parity.safetensors --eval-sequences 10000 "
                  "--test-length 256");
  command->callback([options, files, command] {
    checkFiles(*files, files->named());
    evaluate(*options, *command);
  });
}
