//===- TrainingLog.cpp - Losses, step by step, in a file ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/TrainingLog.h"

#include "minrnn/error.h"

#include <limits>

using namespace minrnn;

TrainingLog::TrainingLog(const std::filesystem::path &path)
    : path(path.string()) {
  if (path.empty())
    return;
  file.open(path, std::ios::trunc);
  file.precision(std::numeric_limits<double>::max_digits10);
  file << "step,loss,validation_loss\n" << std::flush;
  if (!file)
    throw Error(this->path + ": cannot write the log");
}

void TrainingLog::add(const TrainingProgress &progress) {
  if (path.empty())
    return;
  file << progress.step << ',' << progress.stepLoss << ',';
  if (progress.validationLoss)
    file << *progress.validationLoss;
  file << '\n' << std::flush;
  if (!file)
    throw Error(path + ": cannot write the log");
}
