//===- SequenceSamples.h - Inputs of a whole call ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs, in the regimes of specs/numerics.md, for the cells that it promises
// fixed bounds for: those whose state is never negative.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_SEQUENCESAMPLES_H
#define MINRNN_TESTS_REFERENCE_SEQUENCESAMPLES_H

#include "tests/reference/Equations.h"
#include "tests/reference/Samples.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace minrnn::reference {

/// minGRU and minLSTM (Feng, Tung, Ahmed, Bengio, Hajimirsadeghi, "Were RNNs
/// All We Needed?", 2024, sections 3.1 and 3.2).
enum class Cell { MinGRU, MinLSTM, MinLSTMUnnormalized };

/// Every cell above, to loop over.
inline constexpr Cell allCells[] = {Cell::MinGRU, Cell::MinLSTM,
                                    Cell::MinLSTMUnnormalized};

/// The cell's name as in specs/cells: "mingru", "minlstm",
/// "minlstm_unnormalized".
std::string_view name(Cell cell);

/// What specs/cells says of it.
const ParsedCell &parsed(Cell cell);

/// What pre-activations look like.
enum class Regime {
  /// Normal, mean 0, deviation 1.
  Ordinary,
  /// Gates that keep almost all of the state (coefficient near 0.9975): errors
  /// add up over hundreds of steps.
  LongMemory,
  /// Uniform in +-10,000: every gate saturated, often several at once.
  Wide,
  /// Exact 0, +-10,000, +-80 and +-1e-30, in any order: each function at its
  /// branch points, next to each other.
  Mixture,
};

inline constexpr Regime allRegimes[] = {Regime::Ordinary, Regime::LongMemory,
                                        Regime::Wide, Regime::Mixture};

/// "ordinary", "long memory", "wide", "mixture".
std::string_view name(Regime regime);

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
  std::vector<float> bias;           // [G, H], normal with deviation 0.5
  /// [B, H], none negative, as a scan in log space asks: |normal|, with an
  /// exact zero now and then; in the hostile regimes between 1e-30 and 1e4.
  std::vector<float> initial;
  std::vector<float> dOutput; // [B, T, H], normal
  std::vector<float> dLast;   // [B, H], normal
};

/// The same in every run.
SequenceData sampleSequence(Cell cell, const Shape &shape, Regime regime,
                            const Presence &presence, uint64_t seed = 1);

/// What the reference says of `forward` and `backward`.
CallResults evaluate(const SequenceData &data);
CallGradients differentiate(const SequenceData &data);

/// The bounds of specs/numerics.md. Of the states: 1e-5 of the value itself at
/// every place. There is no absolute part but for underflow, since with a state
/// that is not negative nothing cancels: every term of h is positive.
inline constexpr Tolerance forwardTolerance = {0, 1e-5};

/// Of the gradients: 1e-4 of the value itself, or 1e-6 of the sum of the
/// absolute values of its terms. Gradients are sums of terms of both signs, and
/// a sum that cancels keeps the rounding errors of its terms.
inline constexpr Tolerance gradientTolerance = {1e-6, 1e-4};

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_SEQUENCESAMPLES_H
