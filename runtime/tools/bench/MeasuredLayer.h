//===- MeasuredLayer.h - A layer with numbers, to be timed ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_MEASUREDLAYER_H
#define MINRNN_RUNTIME_TOOLS_BENCH_MEASUREDLAYER_H

#include "runtime/program/BoundProgram.h"
#include "runtime/tools/bench/LayerArrays.h"
#include "runtime/tools/bench/StepwiseRun.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace minrnn::bench {

/// What of a procedure is run.
enum class Extent {
  /// All of it.
  Whole,
  /// Without the matrix products over whole sequences, and without sums over
  /// the batch: the kernels of a parallel cell; the loop over time, products
  /// within it included, of one that projects its state.
  Kernels,
};

/// A layer that trains, on the device of its cell, with all that it is given:
/// inputs, parameters, biases and the gradient of the output; it gives the
/// output and the gradients of all inputs and parameters. No resets, no initial
/// state.
class MeasuredLayer {
public:
  MeasuredLayer(const CellKernels &cell, const LayerSizes &sizes,
                const SampleNumbers &numbers);

  /// Queues `forward` or `backward`. The kernels alone work on what a whole run
  /// left.
  void run(Procedure procedure, Extent extent);
  /// `carry` or `lookback`; empty where time is not in the hands of a schedule:
  /// on the host, and of a sequential cell.
  std::string schedule() const;
  /// Whether that is a single launch.
  bool isOneLaunch(Procedure procedure, Extent extent) const;
  /// The bytes that it must move: of each operation what it reads and what it
  /// writes, once each.
  std::uint64_t bytes(Procedure procedure, Extent extent) const;
  /// Sets every byte of what the layer gives to 0xff, which is no number.
  void spoilResults();

  const CellKernels &kernels() const { return cell; }
  const LayerSizes &sizes() const { return layer.sizes(); }
  std::vector<LayerTensor> tensors() const { return layer.tensors(); }
  bool has(std::string_view tensor) const { return arrays.has(tensor); }
  /// What the device's memory holds for it: the tensors and the layer's own.
  std::uint64_t memory() const {
    return layer.bytes().saved + layer.bytes().scratch + arrays.bytes();
  }

  /// All numbers of one of the caller's tensors.
  std::vector<float> numbers(std::string_view tensor) const;
  /// A window of a tensor [B, T, ...] that `forward` was given, left or saved,
  /// or of a gradient of such.
  std::vector<float> numbers(std::string_view tensor,
                             const Window &window) const;

private:
  struct Bound {
    TensorSizes sizes;
    std::vector<std::uint64_t> addresses;
    /// By extent.
    std::array<std::vector<BoundOperation>, 2> operations;
  };

  Bound bind(Procedure procedure) const;
  const Bound &bound(Procedure procedure) const {
    return procedure == Procedure::Backward ? backward : forward;
  }
  std::uint64_t address(std::string_view tensor) const;

  CellKernels cell;
  Layer layer;
  LayerArrays arrays;
  Bound forward;
  Bound backward;
};

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_MEASUREDLAYER_H
