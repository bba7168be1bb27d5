//===- FormalCommand.cpp - minrnn train formal ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/formal.h"
#include "runtime/tools/train/TaskCommands.h"
#include "runtime/tools/train/TrainOptions.h"

using namespace minrnn;

namespace {

std::string lengthsOf(const FormalOptions &options) {
  return "lengths " + std::to_string(options.minLength) + " to " +
         std::to_string(options.maxLength);
}

TrainTask openFormal(const FormalOptions &options, std::int64_t testLength,
                     TrainingOptions &training) {
  const auto task = std::make_shared<FormalTask>(options);
  FormalOptions longer = options;
  longer.minLength = options.maxLength + 1;
  longer.maxLength = testLength;
  return generatedTask(task,
                       options.language + ", words of " + lengthsOf(options) +
                           ", vocabulary of " +
                           std::to_string(task->vocabulary()),
                       options.validationSequences,
                       testsLonger(testLength, options.maxLength)
                           ? std::make_shared<FormalTask>(longer)
                           : nullptr,
                       lengthsOf(longer), training);
}

/// `parity (the number of ones, modulo 2); ...`
std::string describeLanguages() {
  std::string text;
  for (const FormalLanguage &language : formalLanguages())
    text += (text.empty() ? "" : "; ") + std::string(language.name) + " (" +
            std::string(language.description) + ")";
  return text;
}

} // namespace

TrainTask minrnn::openTrainedFormal(const std::filesystem::path &checkpoint,
                                    const TrainedTaskChoice &choice,
                                    TrainingOptions &training) {
  FormalOptions options = FormalTask::readOptions(checkpoint);
  if (choice.validationSequences > 0)
    options.validationSequences = choice.validationSequences;
  return openFormal(options, choice.testLength, training);
}

void minrnn::addTrainFormal(CLI::App &train) {
  TrainCommand command(train, "formal",
                       "Train a model to answer to words of a formal language, "
                       "behind their last symbol.");
  command.app().footer(
      "Examples:\n"
      "  minrnn train formal --task even-pairs --preset small\n"
      "  minrnn train formal --task parity --preset small --cell gru "
      "--expansion 1 --log parity.csv\n"
      "  minrnn train formal --resume model.safetensors --test-length 1000");
  const auto options = std::make_shared<FormalOptions>();
  const auto testLength = std::make_shared<std::int64_t>(0);
  std::vector<std::string_view> names;
  for (const FormalLanguage &language : formalLanguages())
    names.push_back(language.name);
  command
      .fixed(addChoice(command.app(), "--task", options->language,
                       "what is asked: " + describeLanguages(), names))
      ->type_name("NAME");
  CLI::Option *least = command.fixed(addNumber<std::int64_t>(
      command.app(), "--min-length", options->minLength,
      "the least length of a word (default: the language's least)", 1,
      mostOfACount));
  least->default_str("");
  command.fixed(
      addNumber<std::int64_t>(command.app(), "--max-length", options->maxLength,
                              "the largest length of a word", 1, mostOfACount));
  command.addGeneratedTaskOptions(options->validationSequences, *testLength);
  command.trainsOn([options, testLength, least](const TrainOptions &train,
                                                TrainingOptions &training) {
    if (train.resumes())
      return openTrainedFormal(train.resume, {.testLength = *testLength},
                               training);
    FormalOptions chosen = *options;
    if (least->count() == 0)
      chosen.minLength = formalLanguage(chosen.language).leastLength;
    return openFormal(chosen, *testLength, training);
  });
}
