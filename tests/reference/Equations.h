//===- Equations.h - The reference of any cell ------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluates a whole call of specs/abi.md for any cell, in double precision, one
// step after the other, and its gradients by reverse mode through time. Shares
// nothing with the compiler: not its rules of derivation, not its proofs, not
// its order of evaluation. The products with the recurrent weights, which the
// contract leaves to the caller, are the reference's own here, so that what it
// yields is the mathematical function of the inputs and its gradients.
//
// Layouts are those of specs/abi.md. B is the batch, T the time steps, G the
// gates, R the recurrent projections, C the values computed within the step
// that are projected, P the parameters, S the states, H the channels.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_EQUATIONS_H
#define MINRNN_TESTS_REFERENCE_EQUATIONS_H

#include "tests/reference/Estimate.h"
#include "tests/reference/ParsedCell.h"

#include <cstdint>
#include <span>
#include <vector>

namespace minrnn::reference {

struct Shape {
  int64_t batch = 0;
  int64_t time = 0;
  int64_t channels = 0;

  int64_t states() const { return batch * channels; }
  int64_t outputs() const { return batch * time * channels; }
};

/// What a call reads. An empty `bias`, `recurrentBias`, `reset` or `initial`
/// is an absent one.
struct Call {
  Shape shape;
  bool reverse = false;
  std::vector<double> preactivations;  // [B, T, G, H]
  std::vector<double> input;           // [B, T, H] if the cell reads it
  std::vector<double> recurrentWeight; // [R, H, H]: U_r[r, to, from]
  std::vector<double> bias;            // [G, H]
  std::vector<double> recurrentBias;   // [R, H]
  std::vector<double> parameters;      // [P, H]
  std::vector<uint8_t> reset;          // [B, T]
  std::vector<double> initial;         // [B, S, H]
  /// The contract is a pre-activation plus a bias rounded to single precision,
  /// and it is there that a `select` decides. Central differences need the
  /// unrounded sum.
  bool roundsPreactivations = true;
  /// Whether the states are carried as their logarithms. Bears on the errors,
  /// not on the values.
  bool logarithmic = false;
  /// What the results that are compared were computed in. Bears on the errors,
  /// not on the values.
  Precision precision = singlePrecision;
};

/// An array of numbers, and what single precision may make of them; see
/// Estimate.h.
struct Estimates {
  std::vector<double> value;
  std::vector<double> magnitude;
  std::vector<double> error;

  void resize(int64_t size);
  Estimate at(int64_t index) const;
  void set(int64_t index, const Estimate &estimate);
};

struct CallResults {
  Estimates output; // [B, T, H]
  Estimates states; // [B, T, S, H]
  Estimates last;   // [B, S, H]
  /// [B, T, R, H], without the bias. Of a state, zero at a reset.
  Estimates recurrent;
  Estimates inner; // [B, T, C, H], what is projected within the step
};

/// The gradients of sum(dOutput * output) + sum(dLast * last).
struct CallGradients {
  Estimates preactivations; // [B, T, G, H]
  Estimates input;          // [B, T, H], of what is read; empty without a read
  /// [B, T, R, H]. Where a state is projected, zero at a reset.
  Estimates recurrent;
  /// [B, T, C, H], what arrives through the projections alone.
  Estimates inner;
  Estimates recurrentWeight; // [R, H, H]
  Estimates bias;            // [B, G, H], not summed over the batch
  Estimates recurrentBias;   // [B, R, H]
  Estimates parameters;      // [B, P, H]
  Estimates initial;         // [B, S, H]
};

/// Throws std::invalid_argument when a size does not fit.
CallResults evaluate(const ParsedCell &cell, const Call &call);

/// `dOutput` is [B, T, H]; `dLast` is [B, S, H], or empty for zero. Throws
/// std::invalid_argument when a size does not fit.
CallGradients differentiate(const ParsedCell &cell, const Call &call,
                            std::span<const double> dOutput,
                            std::span<const double> dLast);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_EQUATIONS_H
