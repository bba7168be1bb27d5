//===- TrainTask.cpp - What a minrnn train trains on ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/train/TrainTask.h"

#include "minrnn/error.h"
#include "runtime/tools/Losses.h"

#include <iostream>

using namespace minrnn;

void minrnn::printLonger(const TrainTask &task, Model &model,
                         std::int64_t batch) {
  if (!task.longer)
    return;
  const auto found =
      evaluate(model, *task.longer,
               {.batch = batch, .context = task.longer->positions()});
  std::cout << "at " << task.lengths << ": "
            << describeEvaluation(found.value(), task.unit, task.loss) << '\n'
            << std::flush;
}

bool minrnn::testsLonger(std::int64_t testLength, std::int64_t trained) {
  if (testLength != 0 && testLength <= trained)
    throw Error("--test-length must be above the " + std::to_string(trained) +
                " that are trained on, found " + std::to_string(testLength));
  return testLength != 0;
}

TrainTask
minrnn::generatedTask(const std::shared_ptr<const GeneratedTask> &task,
                      const std::string &description,
                      std::int64_t validationSequences,
                      const std::shared_ptr<const GeneratedTask> &longer,
                      const std::string &lengths, TrainingOptions &training) {
  training.context = task->positions();
  training.evaluatePositions = 0;
  return {.task = task,
          .vocabulary = task->vocabulary(),
          .description = description + "\n",
          .evaluated =
              "on " + std::to_string(validationSequences) + " sequences",
          .longer = longer,
          .lengths = lengths};
}
