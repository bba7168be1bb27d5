//===- Reference.h - Whether a layer's results are right --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before a time is printed, what was timed is compared with the same cell run
// on the host step by step, one call for each, its products summed in double.
// No schedule, tile or other scan domain is common to both.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_REFERENCE_H
#define MINRNN_RUNTIME_TOOLS_BENCH_REFERENCE_H

#include "runtime/tools/bench/MeasuredLayer.h"

#include <optional>
#include <span>
#include <string>

namespace minrnn::bench {

/// How far numbers may lie from those of the reference, as a part of the number
/// itself and of what is typical of its tensor together.
struct Tolerance {
  double output = 0;
  double gradient = 0;
};

/// That of a kernel: of what its sequences are stored as, and of its math.
Tolerance toleranceOf(const Manifest &manifest);

/// Where `found` first lies outside `tolerance`, what was expected there and
/// what was found; nothing where it lies nowhere outside. NaN is outside.
std::optional<std::string> findMismatch(const Expected &expected,
                                        std::span<const float> found,
                                        double tolerance);

/// What a check saw.
struct Checked {
  /// Which results were compared, in words.
  std::string words;
  /// The outputs that the layer gave in a window.
  Window window;
  std::vector<float> outputs;
};

/// Throws Error unless the layer has given the same bits since: whoever is
/// timed is whoever was checked.
void checkAgain(const MeasuredLayer &layer, const Checked &checked);

/// The cell on the host, step by step.
class Reference {
public:
  /// `host` is of the same text and io type as what will be checked.
  Reference(CellKernels host, const SampleNumbers &numbers)
      : host(std::move(host)), numbers(numbers) {}

  /// Runs the layer forward and backward and compares its output and gradients.
  /// Where all of it would take too long, compares some rows at the first
  /// steps, in the middle and at the last, and besides all of a smaller layer
  /// on the same device. Throws Error where something is wrong.
  Checked check(MeasuredLayer &layer) const;

  /// Compares what `step` gives for some tokens one after the other. Says in
  /// words what was compared.
  std::string checkSteps(const CellKernels &cell,
                         const LayerSizes &sizes) const;

private:
  void checkWindow(const MeasuredLayer &layer, const Window &window) const;

  CellKernels host;
  const SampleNumbers &numbers;
};

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_REFERENCE_H
