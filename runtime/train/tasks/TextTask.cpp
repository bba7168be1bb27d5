//===- TextTask.cpp - To say the next character of a text -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/random.h"
#include "minrnn/train/text.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <string>

using namespace minrnn;

namespace {

/// The windows of a text that are evaluated: `count` of `time` characters each,
/// spread over the `places` that the text has for them, and what is left behind
/// the last place where all of the text is.
struct Windows {
  std::int64_t time = 0;
  std::int64_t count = 0;
  std::int64_t places = 0;
  std::int64_t left = 0;

  std::int64_t characters() const { return time * count + left; }

  /// Batches of up to `batch` windows, and one of what is left.
  std::int64_t batches(std::int64_t batch) const {
    return (count + batch - 1) / batch + (left > 0 ? 1 : 0);
  }

  std::int64_t begin(std::int64_t window) const {
    // window * places / count, in numbers that stay small.
    return (window * (places / count) + window * (places % count) / count) *
           time;
  }
};

Windows windowsOf(std::int64_t textCharacters,
                  const EvaluationOptions &options) {
  if (options.batch < 1 || options.context < 1)
    throw Error("validation needs a positive batch and context");
  if (options.positions < 0)
    throw Error("the number of validation characters must not be negative, "
                "found " +
                std::to_string(options.positions));
  const std::int64_t targets = textCharacters - 1;
  if (targets < 1)
    throw Error(
        "the text is too short: its last 10 %, kept for validation, holds "
        "fewer than 2 characters");
  if (options.positions == 0 || options.positions >= targets) {
    const std::int64_t whole = targets / options.context;
    return {options.context, whole, whole, targets % options.context};
  }
  const std::int64_t time = std::min(options.context, options.positions);
  return {time, options.positions / time, targets / time, 0};
}

/// Adds the window of `time` characters from `begin` on.
void addWindow(std::span<const std::int32_t> text, std::int64_t begin,
               std::int64_t time, Batch &batch) {
  const auto from = text.begin() + begin;
  batch.inputs.insert(batch.inputs.end(), from, from + time);
  batch.targets.insert(batch.targets.end(), from + 1, from + 1 + time);
}

} // namespace

Batch minrnn::randomWindows(std::span<const std::int32_t> text,
                            std::int64_t batch, std::int64_t time,
                            std::uint64_t seed, std::uint64_t step) {
  const std::int64_t count = elementCount({batch, time}, "batch of windows");
  const std::int64_t places = static_cast<std::int64_t>(text.size()) - time;
  if (places < 1)
    throw Error("the text has " + std::to_string(text.size()) +
                " characters to train on; a window of " + std::to_string(time) +
                " needs " + std::to_string(time + 1) +
                "; give a longer text or a shorter context");
  Random random(seed, step);
  Batch windows{batch, time};
  windows.inputs.reserve(static_cast<std::size_t>(count));
  windows.targets.reserve(static_cast<std::size_t>(count));
  for (std::int64_t row = 0; row < batch; ++row)
    addWindow(text, random.below(places), time, windows);
  return windows;
}

std::int64_t
TextTask::validationCharacters(const EvaluationOptions &options) const {
  return windowsOf(static_cast<std::int64_t>(corpus.validation.size()), options)
      .characters();
}

std::int64_t
TextTask::validationBatches(const EvaluationOptions &options) const {
  return windowsOf(static_cast<std::int64_t>(corpus.validation.size()), options)
      .batches(options.batch);
}

Batch TextTask::validationBatch(const EvaluationOptions &options,
                                std::int64_t index) const {
  const Windows windows =
      windowsOf(static_cast<std::int64_t>(corpus.validation.size()), options);
  const std::int64_t first = index * options.batch;
  if (first >= windows.count) {
    Batch rest{1, windows.left};
    addWindow(corpus.validation, windows.count * windows.time, windows.left,
              rest);
    return rest;
  }
  Batch batch{std::min(options.batch, windows.count - first), windows.time};
  for (std::int64_t row = 0; row < batch.batch; ++row)
    addWindow(corpus.validation, windows.begin(first + row), windows.time,
              batch);
  return batch;
}
