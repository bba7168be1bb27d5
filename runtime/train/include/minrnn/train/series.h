//===- series.h - Sequences of numbers, and regression on them --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_SERIES_H
#define MINRNN_TRAIN_SERIES_H

#include "minrnn/train/task.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// One sequence of numbers, and what is to be said at each of its steps.
struct Series {
  std::int64_t time = 0;
  /// [time, inputs] and [time, targets].
  std::vector<float> inputs = {};
  std::vector<float> targets = {};
  /// [time]: a step where it is 0 counts for nothing. Empty: all count.
  std::vector<std::uint8_t> mask = {};
};

/// How the columns of a table become sequences.
struct SeriesOptions {
  /// The columns to predict.
  std::vector<std::string> targets = {};
  /// The column whose value changes where another sequence begins; empty: the
  /// table is one sequence.
  std::string sequence = {};
  /// How many rows ahead a target is. 0: it stands in the same row, and is no
  /// input.
  std::int64_t horizon = 0;
};

/// Sequences, of lengths of their own, with the names of their columns.
struct SeriesData {
  std::vector<std::string> inputs = {};
  std::vector<std::string> targets = {};
  std::vector<Series> sequences = {};

  /// A table as comma-separated values: a line of names, then a line of numbers
  /// a row. `where` begins messages. Throws Error, with the line, when a field
  /// is no finite number, a row has not as many as there are names, a column is
  /// named twice, or an option names none.
  static SeriesData fromCsv(std::string_view text, const std::string &where,
                            const SeriesOptions &options);

  /// A safetensors file with `inputs` [N, T, D], `targets` [N, T, K] and, where
  /// sequences are of different lengths, a `mask` [N, T] of bytes. Throws Error
  /// when a tensor is missing or of another shape, or a number that counts is
  /// not finite.
  static SeriesData fromSafetensors(const std::filesystem::path &path);
};

/// The mean and the standard deviation of each column.
struct SeriesScale {
  std::vector<double> inputMeans = {};
  std::vector<double> inputDeviations = {};
  std::vector<double> targetMeans = {};
  std::vector<double> targetDeviations = {};
};

/// To say numbers at each step of sequences of numbers. The last tenth of the
/// sequences, at least one, is to validate on; of a single sequence, its last
/// tenth of time. Columns are scaled to mean 0 and deviation 1 over what is
/// trained on, so that a loss of 1 is that of always saying the mean. A
/// validation evaluates windows that do not overlap.
class SeriesTask : public Task {
public:
  /// Finds the scale in the data. Throws Error when there is too little to
  /// train and validate on.
  SeriesTask(SeriesData data, SeriesOptions options);
  /// With the scale of an earlier run. Throws Error when it is of other
  /// columns.
  SeriesTask(SeriesData data, SeriesOptions options, SeriesScale scale);

  const SeriesData &data() const { return series; }
  std::int64_t inputs() const {
    return static_cast<std::int64_t>(series.inputs.size());
  }
  std::int64_t targets() const {
    return static_cast<std::int64_t>(series.targets.size());
  }
  /// How many steps there are to train on and to validate on.
  std::int64_t trainingSteps() const { return stepsOf(training); }
  std::int64_t validationSteps() const { return stepsOf(validation); }

  Batch trainingBatch(std::int64_t batch, std::int64_t time, std::uint64_t seed,
                      std::uint64_t step) const override;
  std::int64_t
  validationBatches(const EvaluationOptions &options) const override;
  Batch validationBatch(const EvaluationOptions &options,
                        std::int64_t index) const override;

  /// The mean absolute error of each target in its own unit, as `mae(x)`.
  std::vector<std::string> metricNames() const override;
  void addMetrics(const Batch &batch, std::span<const float> outputs,
                  std::span<double> sums) const override;

  /// `task`: `regression`; `task_options`: the options, the columns and their
  /// scale, as JSON.
  Metadata metadata() const override;

  /// What a checkpoint holds of such a task.
  struct Kept {
    SeriesOptions options = {};
    std::vector<std::string> inputs = {};
    std::vector<std::string> targets = {};
    SeriesScale scale = {};
  };
  /// Reads it. Throws Error, beginning with the path, when the checkpoint is of
  /// another task, or damaged.
  static Kept read(const std::filesystem::path &path);

private:
  /// Steps of a sequence, from `begin` to before `end`.
  struct Range {
    std::int64_t sequence = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;

    std::int64_t size() const { return end - begin; }
  };

  static std::int64_t stepsOf(const std::vector<Range> &ranges);
  /// Divides the sequences into what is trained and what is validated on.
  void split();
  /// Adds up to `time` steps, and fills the rest up with steps that do not
  /// count.
  void addWindow(const Range &range, std::int64_t time, Batch &batch) const;
  std::vector<Range> windowsOf(const EvaluationOptions &options) const;

  SeriesData series;
  SeriesOptions taskOptions;
  SeriesScale scale;
  std::vector<Range> training;
  std::vector<Range> validation;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_SERIES_H
