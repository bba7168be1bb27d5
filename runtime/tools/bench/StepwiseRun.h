//===- StepwiseRun.h - A layer run by single steps on the host --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_STEPWISERUN_H
#define MINRNN_RUNTIME_TOOLS_BENCH_STEPWISERUN_H

#include "runtime/tools/bench/LayerArrays.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace minrnn::bench {

/// Some rows of the batch, and steps [first, first + count) of each.
struct Window {
  std::vector<std::int64_t> rows;
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// The sample numbers of a window of a tensor [B, T, width].
std::vector<float> numbersOf(const SampleNumbers &numbers,
                             std::string_view tensor, const LayerSizes &whole,
                             const Window &window, std::int64_t width);

/// What one tensor should hold.
struct Expected {
  std::vector<std::int64_t> shape;
  std::vector<float> numbers = {};
  /// The root mean square of the numbers; of gradients that are sums over
  /// steps, what it would be if the parts of the steps did not cancel.
  double typical = 0;
};
using ExpectedTensors = std::map<std::string, Expected, std::less<>>;

/// What a run gives beside `output`.
enum class Gradients {
  None,
  /// `d_input`.
  OfInput,
  /// That, and the sums over rows and steps: those of the parameters.
  All
};

/// Runs a window by one call of `step` for each step, from the states
/// `initial` on (none: zero), on the sample numbers, products summed in double:
/// `output`. For gradients goes back by one `backward` for each, from the
/// window's end, which is taken for the sequence's. Throws Error where the
/// numbers do not stay finite.
ExpectedTensors runBySteps(const CellKernels &host,
                           const SampleNumbers &numbers,
                           const LayerSizes &whole, const Window &window,
                           std::vector<float> initial, Gradients gradients);

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_STEPWISERUN_H
