//===- TrainRun.h - A training run of the command line ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAIN_TRAINRUN_H
#define MINRNN_RUNTIME_TOOLS_TRAIN_TRAINRUN_H

#include "runtime/tools/train/TrainOptions.h"

namespace minrnn {

/// Trains a model on the task that `open` gives, from the beginning or from
/// `given.resume` on, and says on standard output how it goes. Throws Error
/// when it cannot, DivergenceError as Trainer does, and Interrupted when a
/// signal ended it.
void train(const TrainOptions &given, const OpenTask &open);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAIN_TRAINRUN_H
