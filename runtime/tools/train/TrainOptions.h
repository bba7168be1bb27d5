//===- TrainOptions.h - The options of every minrnn train -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAIN_TRAINOPTIONS_H
#define MINRNN_RUNTIME_TOOLS_TRAIN_TRAINOPTIONS_H

#include "files/FileOptions.h"
#include "minrnn/train/language_model.h"
#include "minrnn/train/trainer.h"
#include "runtime/tools/CommandOptions.h"
#include "runtime/tools/NumberOptions.h"
#include "runtime/tools/train/TrainConfig.h"
#include "runtime/tools/train/TrainTask.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace minrnn {

/// What every `minrnn train` takes.
struct TrainOptions {
  std::string cell = "mingru";
  std::string cellName;
  std::filesystem::path checkpoint = "model.safetensors";
  std::filesystem::path resume;
  std::filesystem::path log;
  std::filesystem::path tensorboard;
  bool keepBest = false;
  /// How many of the steps last saved are kept, and how many steps there are
  /// from one saved to the next, beside those of validations; 0: none.
  std::int64_t keep = 0;
  std::int64_t saveEvery = 0;
  bool overwrite = false;
  /// Of a run that begins.
  LanguageModelOptions model;
  /// Of a run that goes on, only what the command line gives; `goOnWith` puts
  /// it in the place of what the checkpoint says.
  TrainingOptions training;
  std::vector<std::function<void(TrainingOptions &)>> goOnWith;
  std::string recompute = "gates";
  std::string schedule = "auto";
  std::string math = "precise";
  std::optional<int> numWarps = std::nullopt;
  /// Empty: f32, or that of the checkpoint.
  std::string ioType;
  DeviceChoice device;

  bool resumes() const { return !resume.empty(); }
};

/// The task that a run trains on: of a run that goes on, that of the checkpoint
/// `options.resume`. May set what of `training` the task decides.
using OpenTask =
    std::function<TrainTask(const TrainOptions &, TrainingOptions &training)>;

/// A `minrnn train NAME` while its options are declared: first the task's own,
/// then those that all have.
class TrainCommand {
public:
  TrainCommand(CLI::App &train, const std::string &name,
               const std::string &description);

  CLI::App &app() { return command; }
  FileOptions &files() { return *fileOptions; }
  TrainOptions &defaults() { return *options; }

  /// An option of the task or the model, which a run that goes on does not
  /// take: its checkpoint says it.
  CLI::Option *fixed(CLI::Option *option) {
    fixedOptions.push_back(option);
    return option;
  }

  /// An option that must be given, on the command line or in a configuration.
  CLI::Option *required(CLI::Option *option) {
    requiredOptions.push_back(option);
    return option;
  }

  /// An option that a run that goes on may change.
  template <typename Number>
  CLI::Option *addTraining(const std::string &name,
                           Number TrainingOptions::*member,
                           const std::string &description,
                           Number least = std::numeric_limits<Number>::lowest(),
                           Number most = std::numeric_limits<Number>::max()) {
    CLI::Option *option = addNumber(command, name, options->training.*member,
                                    description, least, most);
    goesOnWith(name, member);
    return option;
  }

  /// A run that goes on takes this member from the command line where the
  /// option is given.
  template <typename Value>
  void goesOnWith(const std::string &name, Value TrainingOptions::*member) {
    options->goOnWith.emplace_back([option = command.get_option(name),
                                    given = &options->training,
                                    member](TrainingOptions &training) {
      if (option->count() > 0)
        training.*member = given->*member;
    });
  }

  /// Adds `--eval-sequences`, `--test-length` and `--target-accuracy`.
  void addGeneratedTaskOptions(std::int64_t &validationSequences,
                               std::int64_t &testLength);

  /// Adds the options that all have, and trains on what `open` gives when the
  /// command line is parsed.
  void trainsOn(const OpenTask &open);

private:
  void addFileOptions();
  void addModelOptions();
  void addTrainingOptions();
  void addComputeOptions();

  CLI::App &command;
  std::shared_ptr<TrainOptions> options;
  std::shared_ptr<FileOptions> fileOptions;
  std::shared_ptr<TrainConfig> config;
  std::vector<CLI::Option *> fixedOptions;
  std::vector<CLI::Option *> requiredOptions;
};

/// The most of what is counted on the command line.
constexpr std::int64_t mostOfACount = std::int64_t{1} << 40;

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAIN_TRAINOPTIONS_H
