//===- SelectiveCopyCommand.cpp - minrnn train selective-copy -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/selective_copy.h"
#include "runtime/tools/train/TaskCommands.h"
#include "runtime/tools/train/TrainOptions.h"

using namespace minrnn;

namespace {

TrainTask openSelectiveCopy(const SelectiveCopyOptions &options,
                            std::int64_t testLength,
                            TrainingOptions &training) {
  const auto task = std::make_shared<SelectiveCopyTask>(options);
  SelectiveCopyOptions longer = options;
  longer.length = testLength;
  return generatedTask(task,
                       "copying " + std::to_string(options.copies) +
                           " tokens among " + std::to_string(options.length) +
                           ", vocabulary of " +
                           std::to_string(options.vocabulary),
                       options.validationSequences,
                       testsLonger(testLength, options.length)
                           ? std::make_shared<SelectiveCopyTask>(longer)
                           : nullptr,
                       "length " + std::to_string(testLength), training);
}

} // namespace

TrainTask
minrnn::openTrainedSelectiveCopy(const std::filesystem::path &checkpoint,
                                 const TrainedTaskChoice &choice,
                                 TrainingOptions &training) {
  SelectiveCopyOptions options = SelectiveCopyTask::readOptions(checkpoint);
  if (choice.validationSequences > 0)
    options.validationSequences = choice.validationSequences;
  return openSelectiveCopy(options, choice.testLength, training);
}

void minrnn::addTrainSelectiveCopy(CLI::App &train) {
  TrainCommand command(
      train, "selective-copy",
      "Train a model to say again, in their order, the tokens that it read "
      "among blanks. Without options, the sizes of the paper; --length 64 "
      "--copies 4 is learned in minutes.");
  command.app().footer(
      "Examples:\n"
      "  minrnn train selective-copy --preset small\n"
      "  minrnn train selective-copy --preset small --cell minlstm --log "
      "copy.csv\n"
      "  minrnn train selective-copy --preset paper --device cuda --keep-best");
  const auto options = std::make_shared<SelectiveCopyOptions>();
  const auto testLength = std::make_shared<std::int64_t>(0);
  const auto add = [&](const std::string &name, std::int64_t &value,
                       const std::string &what, std::int64_t least) {
    command.fixed(addNumber<std::int64_t>(command.app(), name, value, what,
                                          least, mostOfACount));
  };
  add("--length", options->length,
      "positions among which the tokens to copy are", 1);
  add("--copies", options->copies, "tokens to copy", 1);
  add("--vocabulary", options->vocabulary,
      "tokens there are, the blank and the marker among them", 3);
  command.addGeneratedTaskOptions(options->validationSequences, *testLength);
  command.trainsOn([options, testLength](const TrainOptions &train,
                                         TrainingOptions &training) {
    return train.resumes()
               ? openTrainedSelectiveCopy(train.resume,
                                          {.testLength = *testLength}, training)
               : openSelectiveCopy(*options, *testLength, training);
  });
}
