//===- Evaluation.cpp - How well a model predicts a text -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/training.h"

#include <algorithm>
#include <string>

using namespace minrnn;

namespace {

/// The windows of a text that are judged: `count` of `time` characters each,
/// spread over the `places` that the text has for them, and what is left behind
/// the last place where all of the text is judged.
struct Windows {
  std::int64_t time = 0;
  std::int64_t count = 0;
  std::int64_t places = 0;
  std::int64_t left = 0;

  std::int64_t characters() const { return time * count + left; }

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
  if (options.characters < 0)
    throw Error("the number of characters to judge by must not be negative, "
                "found " +
                std::to_string(options.characters));
  const std::int64_t targets = textCharacters - 1;
  if (targets < 1)
    throw Error("the text to judge by has " + std::to_string(textCharacters) +
                " characters; at least 2 are needed");
  if (options.characters == 0 || options.characters >= targets) {
    const std::int64_t whole = targets / options.context;
    return {options.context, whole, whole, targets % options.context};
  }
  const std::int64_t time = std::min(options.context, options.characters);
  return {time, options.characters / time, targets / time, 0};
}

} // namespace

std::int64_t minrnn::evaluatedCharacters(std::int64_t textCharacters,
                                         const EvaluationOptions &options) {
  return windowsOf(textCharacters, options).characters();
}

std::optional<double> minrnn::evaluate(LanguageModel &model,
                                       std::span<const std::int32_t> text,
                                       const EvaluationOptions &options) {
  const Windows windows =
      windowsOf(static_cast<std::int64_t>(text.size()), options);
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> targets;
  const auto add = [&](std::int64_t begin, std::int64_t time) {
    const auto from = text.begin() + begin;
    tokens.insert(tokens.end(), from, from + time);
    targets.insert(targets.end(), from + 1, from + 1 + time);
  };
  double sum = 0;
  const auto judge = [&](std::int64_t rows, std::int64_t time) {
    sum += model.loss(rows, time, tokens, targets) *
           static_cast<double>(rows * time);
    tokens.clear();
    targets.clear();
  };
  const auto stopped = [&] { return options.stop && options.stop(); };
  for (std::int64_t window = 0; window < windows.count;) {
    if (stopped())
      return std::nullopt;
    const std::int64_t rows = std::min(options.batch, windows.count - window);
    for (const std::int64_t end = window + rows; window < end; ++window)
      add(windows.begin(window), windows.time);
    judge(rows, windows.time);
  }
  if (windows.left > 0) {
    if (stopped())
      return std::nullopt;
    add(windows.count * windows.time, windows.left);
    judge(1, windows.left);
  }
  return sum / static_cast<double>(windows.characters());
}
