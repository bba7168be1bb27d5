//===- TextCommand.cpp - minrnn train text --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/train/character_model.h"
#include "runtime/core/ReadFile.h"
#include "runtime/tools/Losses.h"
#include "runtime/tools/ShellWord.h"
#include "runtime/tools/train/TaskCommands.h"
#include "runtime/tools/train/TrainOptions.h"

using namespace minrnn;

namespace {

struct TextAndTask {
  explicit TextAndTask(TextCorpus corpus) : corpus(std::move(corpus)) {}

  TextCorpus corpus;
  TextTask task{corpus};
};

TextCorpus readCorpus(const std::filesystem::path &data) {
  if (data != "-")
    return TextCorpus::fromFile(data);
  const std::string text = readInput(data);
  if (text.empty())
    throw Error("standard input is empty; expected a text to learn");
  return TextCorpus::fromText(text);
}

/// The text in the vocabulary of a model that goes on.
TextCorpus readCorpusFor(const std::filesystem::path &checkpoint,
                         const std::filesystem::path &data) {
  const Vocabulary vocabulary = readCharacterModelInfo(checkpoint).vocabulary;
  const std::string text = readInput(data);
  try {
    return TextCorpus::fromText(text, &vocabulary);
  } catch (const Error &error) {
    throw Error(inputName(data) + ": " + error.what() + " in " +
                checkpoint.string() +
                ", which knows no other characters than that text had; remove "
                "or replace it, or train afresh, without --resume");
  }
}

TrainTask openText(TextCorpus read, const std::filesystem::path &data,
                   const TrainingOptions &training) {
  const auto text = std::make_shared<TextAndTask>(std::move(read));
  const TextCorpus &corpus = text->corpus;
  const auto all = static_cast<std::int64_t>(corpus.validation.size());
  const std::int64_t targets =
      text->task.validationCharacters(training.evaluation());
  // Nothing comes before the first one, from which it could be told.
  const bool areAll = targets == all - 1;
  const std::string evaluated = std::to_string(areAll ? all : targets);
  const std::string count = std::to_string(all);
  return {.task = {text, &text->task},
          .vocabulary = corpus.vocabulary.size(),
          .unit = characterUnit,
          .description =
              std::to_string(corpus.training.size()) +
              " characters to train on, " + count +
              " for validation, vocabulary of " +
              std::to_string(corpus.vocabulary.size()) + "\n" +
              (areAll ? ""
                      : "judged on " + evaluated + " of its " + count +
                            " characters, the same ones each time; "
                            "--eval-characters all for all of them\n"),
          .evaluated = "on " + evaluated + (areAll ? "" : " of " + count) +
                       " characters",
          .evalArguments =
              "--data " + (data == "-" ? "FILE" : shellWord(data.string()))};
}

} // namespace

TrainTask minrnn::openTrainedText(const std::filesystem::path &checkpoint,
                                  const TrainedTaskChoice &choice,
                                  TrainingOptions &training) {
  return openText(readCorpusFor(checkpoint, choice.data), choice.data,
                  training);
}

CLI::Option *minrnn::addEvalCharacters(CLI::App &command,
                                       std::int64_t &characters) {
  return addNumber<std::int64_t>(
             command, "--eval-characters", characters,
             "characters that a validation judges at most, spread over the "
             "last 10 %; 0 or 'all' for all of them",
             0, mostOfACount)
      ->transform([](const std::string &text) {
        return text == "all" ? std::string("0") : text;
      });
}

void minrnn::addTrainText(CLI::App &train) {
  TrainCommand command(train, "text",
                       "Train a character model on a text: the first 90 % to "
                       "train on, the last 10 % for validation.");
  command.app().footer(
      "Examples:\n"
      "  minrnn train text --data text.txt --preset small\n"
      "  minrnn train text --data text.txt --cell minlstm --layers 3 --log "
      "steps.csv\n"
      "  minrnn train text --data text.txt --cell my_cell.mlir --convolution 4 "
      "--dropout 0.2 --keep-best\n"
      "  minrnn train text --data text.txt --resume model.safetensors --steps "
      "5000");
  const auto data = std::make_shared<std::filesystem::path>();
  command.required(command.files().addInput(
      "--data", *data, "the text, any file; - for standard input"));
  command.addTraining<std::int64_t>("--context", &TrainingOptions::context,
                                    "characters of a window", 1, mostOfACount);
  addEvalCharacters(command.app(),
                    command.defaults().training.evaluatePositions);
  command.goesOnWith("--eval-characters", &TrainingOptions::evaluatePositions);
  command.trainsOn(
      [data](const TrainOptions &options, TrainingOptions &training) {
        return options.resumes()
                   ? openTrainedText(options.resume, {.data = *data}, training)
                   : openText(readCorpus(*data), *data, training);
      });
}
