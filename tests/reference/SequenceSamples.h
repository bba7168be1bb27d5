//===- SequenceSamples.h - Inputs of a whole call ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_SEQUENCESAMPLES_H
#define MINRNN_TESTS_REFERENCE_SEQUENCESAMPLES_H

#include "tests/reference/Cells.h"
#include "tests/reference/Samples.h"

#include <cstdint>
#include <vector>

namespace minrnn::reference {

/// Which of the optional arguments a run has.
struct Presence {
  bool bias = true;
  bool initial = true;
  bool dLast = true;
  /// `last`, `d_bias` and `d_initial`.
  bool optionalOutputs = true;
};

/// A cell's inputs in single precision; an absent one is empty.
struct SequenceData {
  Cell cell = Cell::MinGRU;
  Shape shape;
  std::vector<float> preactivations; // [B, T, G, H]
  std::vector<float> bias;           // [G, H]
  std::vector<float> initial;        // [B, H]
  std::vector<float> dOutput;        // [B, T, H]
  std::vector<float> dLast;          // [B, H]
};

/// The same in every run.
SequenceData sampleSequence(Cell cell, const Shape &shape, Regime regime,
                            const Presence &presence, uint64_t seed = 1);

/// `data` as the reference takes it. The bias is added here, in f32:
/// the kernels' contract is a pre-activation plus a bias rounded to f32, and
/// at 10,000 that rounding alone moves exp(k) by 5e-4.
Inputs judgedInputs(const SequenceData &data);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_SEQUENCESAMPLES_H
