//===- TaskCommands.h - The subcommands of minrnn train ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAIN_TASKCOMMANDS_H
#define MINRNN_RUNTIME_TOOLS_TRAIN_TASKCOMMANDS_H

#include <CLI/CLI.hpp>

namespace minrnn {

/// `minrnn train text`: to say the next character of a text.
void addTrainText(CLI::App &train);

/// `minrnn train selective-copy`: to say again what was among blanks.
void addTrainSelectiveCopy(CLI::App &train);

/// `minrnn train regression`: numbers at each step of sequences of numbers.
void addTrainRegression(CLI::App &train);

/// `minrnn train formal`: formal languages.
void addTrainFormal(CLI::App &train);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAIN_TASKCOMMANDS_H
