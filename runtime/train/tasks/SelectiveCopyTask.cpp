//===- SelectiveCopyTask.cpp - To copy what is among blanks ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/train/selective_copy.h"
#include "runtime/train/CheckpointMetadata.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>

using namespace minrnn;

namespace {

SelectiveCopyOptions checked(const SelectiveCopyOptions &options) {
  if (options.copies < 1 || options.copies > options.length)
    throw Error("selective copying: the tokens to copy must be from 1 to the "
                "length of " +
                std::to_string(options.length) + ", found " +
                std::to_string(options.copies));
  if (options.vocabulary < 3 || options.vocabulary > (1 << 30))
    throw Error("selective copying: the vocabulary must have from 3 to 2^30 "
                "tokens, the marker and the blank among them, found " +
                std::to_string(options.vocabulary));
  elementCount({options.length, 2}, "selective copying");
  return options;
}

} // namespace

SelectiveCopyTask::SelectiveCopyTask(const SelectiveCopyOptions &options)
    : GeneratedTask(checked(options).vocabulary,
                    options.length + options.copies,
                    options.validationSequences),
      taskOptions(options) {}

void SelectiveCopyTask::draw(Random &random, const SequenceRow &row) const {
  const auto &[length, copies, vocabulary, sequences] = taskOptions;
  const auto blank = static_cast<std::int32_t>(vocabulary - 1);
  const auto ask = static_cast<std::size_t>(length);
  std::ranges::fill(row.inputs.first(ask), blank);
  // Of the places left, each is as likely (Knuth's algorithm S).
  std::int64_t found = 0;
  for (std::int64_t t = 0; found < copies; ++t)
    if (random.below(length - t) < copies - found) {
      const auto token =
          static_cast<std::int32_t>(1 + random.below(vocabulary - 2));
      const std::size_t answer = ask + static_cast<std::size_t>(found++);
      row.inputs[static_cast<std::size_t>(t)] = token;
      row.targets[answer] = token;
      row.mask[answer] = 1;
    }
}

void SelectiveCopyTask::addMetrics(const Batch &batch,
                                   std::span<const float> outputs,
                                   std::span<double> sums) const {
  const std::vector<bool> right = rightAnswers(batch, outputs);
  for (std::int64_t row = 0; row < batch.batch; ++row) {
    const auto begin = right.begin() + row * batch.time;
    const auto hits = std::count(begin, begin + batch.time, true);
    sums[0] += static_cast<double>(hits);
    // A metric is a mean over the positions that count.
    sums[1] += hits == taskOptions.copies ? static_cast<double>(hits) : 0;
  }
}

Metadata SelectiveCopyTask::metadata() const {
  const Json options = {
      {"length", taskOptions.length},
      {"copies", taskOptions.copies},
      {"vocabulary", taskOptions.vocabulary},
      {"validation_sequences", taskOptions.validationSequences}};
  return {{"task", "selective-copy"}, {"task_options", options.dump()}};
}

SelectiveCopyOptions
SelectiveCopyTask::readOptions(const std::filesystem::path &path) {
  return readTaskOptions(path, "selective-copy", [](const Json &json) {
    SelectiveCopyOptions options;
    json.at("length").get_to(options.length);
    json.at("copies").get_to(options.copies);
    json.at("vocabulary").get_to(options.vocabulary);
    json.at("validation_sequences").get_to(options.validationSequences);
    return checked(options);
  });
}
