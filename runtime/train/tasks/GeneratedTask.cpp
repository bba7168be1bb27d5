//===- GeneratedTask.cpp - Tasks whose sequences are drawn ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/generated_task.h"

#include "minrnn/error.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// The random numbers of validations: training draws from a stream a step, and
/// no step comes to the upper half of them.
constexpr std::uint64_t validationSeed = 0x76616c69646174;
constexpr std::uint64_t firstValidationStream = std::uint64_t{1} << 63U;

Batch emptyBatch(std::int64_t batch, std::int64_t time) {
  const auto count = static_cast<std::size_t>(
      elementCount({batch, time}, "batch of sequences"));
  return {batch, time, std::vector<std::int32_t>(count),
          std::vector<std::int32_t>(count), std::vector<std::uint8_t>(count)};
}

SequenceRow rowOf(Batch &batch, std::int64_t row) {
  const auto of = [&]<typename Element>(std::vector<Element> &array) {
    return std::span<Element>(array).subspan(
        static_cast<std::size_t>(row * batch.time),
        static_cast<std::size_t>(batch.time));
  };
  return {of(batch.inputs), of(batch.targets), of(batch.mask)};
}

void checkLength(std::int64_t found, std::int64_t expected) {
  if (found != expected)
    throw Error("the task's sequences have " + std::to_string(expected) +
                " positions; " + std::to_string(found) + " were asked for");
}

} // namespace

GeneratedTask::GeneratedTask(std::int64_t vocabulary, std::int64_t positions,
                             std::int64_t validationSequences)
    : tokens(vocabulary), length(positions),
      validationSequences(validationSequences) {
  if (tokens < 1 || length < 1 || validationSequences < 1)
    throw Error("a task needs tokens, positions and sequences to validate on");
}

Batch GeneratedTask::trainingBatch(std::int64_t batch, std::int64_t time,
                                   std::uint64_t seed,
                                   std::uint64_t step) const {
  checkLength(time, length);
  Batch drawn = emptyBatch(batch, time);
  Random random(seed, step);
  for (std::int64_t row = 0; row < batch; ++row)
    draw(random, rowOf(drawn, row));
  return drawn;
}

std::int64_t
GeneratedTask::validationCount(const EvaluationOptions &options) const {
  if (options.batch < 1 || options.positions < 0)
    throw Error("validation needs a positive batch, and no negative number of "
                "positions");
  checkLength(options.context, length);
  return options.positions == 0
             ? validationSequences
             : std::clamp<std::int64_t>(options.positions / length, 1,
                                        validationSequences);
}

std::int64_t
GeneratedTask::validationBatches(const EvaluationOptions &options) const {
  return (validationCount(options) + options.batch - 1) / options.batch;
}

Batch GeneratedTask::validationBatch(const EvaluationOptions &options,
                                     std::int64_t index) const {
  const std::int64_t first = index * options.batch;
  Batch drawn = emptyBatch(
      std::min(options.batch, validationCount(options) - first), length);
  for (std::int64_t row = 0; row < drawn.batch; ++row) {
    Random random(validationSeed, firstValidationStream +
                                      static_cast<std::uint64_t>(first + row));
    draw(random, rowOf(drawn, row));
  }
  return drawn;
}

void GeneratedTask::addMetrics(const Batch &batch,
                               std::span<const float> outputs,
                               std::span<double> sums) const {
  const std::vector<bool> right = rightAnswers(batch, outputs);
  sums[0] += static_cast<double>(std::ranges::count(right, true));
}

std::vector<bool> minrnn::rightAnswers(const Batch &batch,
                                       std::span<const float> outputs) {
  std::vector<bool> right(batch.targets.size());
  if (right.empty())
    return right;
  const std::size_t outputSize = outputs.size() / right.size();
  for (std::size_t i = 0; i < right.size(); ++i) {
    const auto ofPosition = outputs.subspan(i * outputSize, outputSize);
    right[i] = (batch.mask.empty() || batch.mask[i] != 0) &&
               std::ranges::max_element(ofPosition) - ofPosition.begin() ==
                   batch.targets[i];
  }
  return right;
}
