//===- selective_copy.h - To copy what is among blanks ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_SELECTIVE_COPY_H
#define MINRNN_TRAIN_SELECTIVE_COPY_H

#include "minrnn/train/generated_task.h"

#include <filesystem>
#include <string>
#include <vector>

namespace minrnn {

/// The sizes of "Were RNNs All We Needed?" (Feng et al. 2024).
struct SelectiveCopyOptions {
  /// Positions that hold the tokens to copy, the rest of them blanks.
  std::int64_t length = 4096;
  /// How many tokens are to be copied: at least 1, at most `length`.
  std::int64_t copies = 16;
  /// The marker, the tokens to copy and the blank; at least 3.
  std::int64_t vocabulary = 16;
  /// How many sequences a validation evaluates at most.
  std::int64_t validationSequences = 512;
};

/// Selective copying (Gu & Dao 2023, "Mamba"): `copies` tokens from 1 to
/// vocabulary - 2 at random places among blanks (vocabulary - 1), then as many
/// markers (0). At the markers, and there alone, the tokens are to be said
/// again, in their order.
class SelectiveCopyTask : public GeneratedTask {
public:
  /// Throws Error when an option is out of range.
  explicit SelectiveCopyTask(const SelectiveCopyOptions &options);

  const SelectiveCopyOptions &options() const { return taskOptions; }

  /// `accuracy`, and `sequences`: the share of those without a mistake.
  std::vector<std::string> metricNames() const override {
    return {"accuracy", "sequences"};
  }
  void addMetrics(const Batch &batch, std::span<const float> outputs,
                  std::span<double> sums) const override;

  /// `task`: `selective-copy`, and `task_options`.
  Metadata metadata() const override;
  /// The options of the task that the model in a checkpoint was trained on.
  /// Throws Error, beginning with the path, when it was another task, or they
  /// are damaged.
  static SelectiveCopyOptions readOptions(const std::filesystem::path &path);

protected:
  void draw(Random &random, const SequenceRow &row) const override;

private:
  SelectiveCopyOptions taskOptions;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_SELECTIVE_COPY_H
