//===- CallSamples.h - Inputs for any cell ----------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_CALLSAMPLES_H
#define MINRNN_TESTS_REFERENCE_CALLSAMPLES_H

#include "tests/reference/Equations.h"

#include <cstdint>

namespace minrnn::reference {

/// The largest absolute value of a sampled pre-activation with its bias, of an
/// input and of a parameter. What a random cell assumes of its inputs.
inline constexpr double largestPreactivation = 90;
inline constexpr double extremePreactivation = 1.1e4;
inline constexpr double largestInput = 10;
inline constexpr double largestParameter = 1.5;
inline constexpr double largestState = 4;

/// What a call has of what it may have.
struct CallOptions {
  bool reverse = false;
  bool bias = true;
  bool recurrentBias = true;
  bool reset = false;
  bool initial = true;
  /// Pre-activations of exact 0, +-80 and +-1e-30 among ordinary ones.
  bool hostile = false;
  /// Among them the places where f32 overflows, underflows and changes sign, up
  /// to `extremePreactivation`.
  bool extreme = false;
  /// As a scan in log space asks.
  bool nonNegativeInitial = false;
};

/// A call whose numbers are all of single precision; the same in every run.
Call sampleCall(const ParsedCell &cell, const Shape &shape,
                const CallOptions &options, uint64_t seed);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_CALLSAMPLES_H
