//===- InnerValues.h - Projected values, as compiled ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference counts the values that a text projects within the step. The
// compiler may find two of them to be one, or one to be a state: `max(h, h)`.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_INNERVALUES_H
#define MINRNN_TESTS_REFERENCE_INNERVALUES_H

#include "tests/reference/Equations.h"

#include <cstdint>
#include <vector>

namespace minrnn::reference {

/// What a compiled cell's recurrent projection multiplies.
struct CompiledProjection {
  /// A value computed within the step, not a state.
  bool isInner = false;
  /// The place among the states or the inner values.
  int64_t place = 0;
};

/// Whether the compiler has a value of `cell` that is projected within the
/// step as a state.
bool hasInnerState(const ParsedCell &cell,
                   const std::vector<CompiledProjection> &compiled);

/// Of values or gradients [B, T, C, H], those at the compiler's places:
/// of values that are one there, the value, or of gradients the sum.
Estimates innerValues(const ParsedCell &cell,
                      const std::vector<CompiledProjection> &compiled,
                      const Estimates &estimates, int64_t channels);
Estimates innerGradients(const ParsedCell &cell,
                         const std::vector<CompiledProjection> &compiled,
                         const Estimates &estimates, int64_t channels);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_INNERVALUES_H
