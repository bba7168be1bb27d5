//===- DecodeLayer.h - One step of a layer for each token -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_DECODELAYER_H
#define MINRNN_RUNTIME_TOOLS_BENCH_DECODELAYER_H

#include "runtime/tools/bench/LayerArrays.h"

#include <vector>

namespace minrnn::bench {

/// A layer that is given one token at a time, and carries its states from one
/// to the next in place, from zero on.
class DecodeLayer {
public:
  /// The time of `sizes` does not matter.
  DecodeLayer(const CellKernels &cell, const LayerSizes &sizes,
              const SampleNumbers &numbers);

  /// The next token's input [B, D].
  void setInput(const std::vector<float> &input);
  /// Queues one step.
  void step();
  /// [B, H].
  std::vector<float> output() const;

  /// The bytes that a step is given and gives, weights included.
  std::uint64_t memory() const {
    return layer.bytes().scratch + arrays.bytes();
  }

private:
  CellKernels cell;
  Layer layer;
  LayerArrays arrays;
  std::vector<NamedTensor> named;
};

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_DECODELAYER_H
