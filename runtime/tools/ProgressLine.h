//===- ProgressLine.h - Progress that people watch --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_PROGRESSLINE_H
#define MINRNN_RUNTIME_TOOLS_PROGRESSLINE_H

#include "minrnn/train/trainer.h"

#include <chrono>
#include <string>

namespace minrnn {

/// Shows where training stands on standard output: on a terminal one line that
/// is rewritten a few times a second, and one that stays for each validation;
/// elsewhere the lines that stay alone.
class ProgressLine {
public:
  /// `unit` is what positions are called, as `character`.
  explicit ProgressLine(std::string unit);
  /// Removes the line that is rewritten, for what is told next.
  ~ProgressLine();
  ProgressLine(const ProgressLine &) = delete;
  ProgressLine &operator=(const ProgressLine &) = delete;

  /// Called after every step.
  void show(const TrainingProgress &progress);

  /// Called after each validation; `progress.validationLoss` is set.
  void keep(const TrainingProgress &progress);

private:
  /// Replaces what the live line shows by `text`.
  void rewrite(const std::string &text);

  std::string unit;
  bool isTerminal;
  std::chrono::steady_clock::time_point lastShown;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_PROGRESSLINE_H
