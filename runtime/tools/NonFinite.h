//===- NonFinite.h - What a run says of NaN and infinity --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_NONFINITE_H
#define MINRNN_RUNTIME_TOOLS_NONFINITE_H

#include "minrnn/error.h"
#include "minrnn/jit.h"

#include <algorithm>
#include <functional>
#include <string>

namespace minrnn {

/// What becomes of numbers that are not finite.
class NonFiniteReport {
public:
  /// Says more of the step that gave `tensor` such a number; empty: nothing.
  using Explain =
      std::function<std::string(const std::string &tensor, const StepValues &)>;

  explicit NonFiniteReport(bool allowed = false, Explain explain = {})
      : allowed(allowed), explainer(std::move(explain)) {}

  bool isAllowed() const { return allowed; }
  /// Whether anything was added. What follows from it is not worth a word.
  bool isEmpty() const { return first.empty(); }
  /// Throws Error with `words` unless such numbers are allowed; keeps the first
  /// words.
  void add(const std::string &words) {
    if (!allowed) {
      // The remedy follows the first line; a place in the cell may follow that.
      const std::size_t end = std::min(words.find('\n'), words.size());
      throw Error(words.substr(0, end) +
                  "; --allow-non-finite goes on with a warning" +
                  words.substr(end));
    }
    if (first.empty())
      first = words;
  }
  /// The first words added.
  const std::string &words() const { return first; }

  std::string explain(const std::string &tensor,
                      const StepValues &values) const {
    return explainer ? explainer(tensor, values) : std::string();
  }

private:
  bool allowed;
  Explain explainer;
  std::string first;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_NONFINITE_H
