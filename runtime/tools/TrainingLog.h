//===- TrainingLog.h - Losses, step by step, in a file ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAININGLOG_H
#define MINRNN_RUNTIME_TOOLS_TRAININGLOG_H

#include "minrnn/training.h"

#include <filesystem>
#include <fstream>
#include <string>

namespace minrnn {

/// A file of comma-separated values: step, loss and validation loss in nats per
/// character, a line a step, written at once so that it can be watched.
class TrainingLog {
public:
  /// Overwrites the file; an empty path means no log. Throws Error when it
  /// cannot be written.
  explicit TrainingLog(const std::filesystem::path &path);

  void add(const TrainingProgress &progress);

private:
  std::string path;
  std::ofstream file;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAININGLOG_H
