//===- TrainCommand.cpp - What minrnn train trains on ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/Commands.h"
#include "runtime/tools/train/TaskCommands.h"

void minrnn::addTrainCommand(CLI::App &minrnn) {
  CLI::App *train = minrnn.add_subcommand("train", "Train a model.");
  train->require_subcommand(1);
  train->footer("Examples:\n"
                "  minrnn train text --data text.txt --preset small\n"
                "  minrnn train formal --task parity --preset small --log "
                "parity.csv\n"
                "'minrnn train TASK --help' has the options of a task.");
  addTrainText(*train);
  addTrainSelectiveCopy(*train);
  addTrainFormal(*train);
  addTrainRegression(*train);
}
