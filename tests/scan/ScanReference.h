//===- ScanReference.h - The scan level held to the reference ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the reference computes and what the scan level's interpreter computes
// are the same mathematics, both in double. So they must agree within the
// reference's bound of the rounding errors, taken for double precision: some
// 2^29 times closer than kernels can be held to.
//
// The compiler does compute in single precision itself, where it folds
// constants or writes down their logarithms. Where a module holds a number of
// that kind the bound is single precision's.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_SCAN_SCANREFERENCE_H
#define MINRNN_TESTS_SCAN_SCANREFERENCE_H

#include "tests/reference/ErrorBounds.h"
#include "tests/scan/ScanCell.h"

#include <cstdint>
#include <vector>

namespace minrnn::scan {

using reference::Fault;

/// What the comparisons saw; the shares of bounds are those of numbers in
/// double precision alone, `inDouble` of them.
struct Metrics : reference::ErrorMetrics {
  int64_t inDouble = 0;
};

/// Whether the compiler may have rounded a number of `scans` that `cell`
/// does not have.
bool holdsRoundedConstants(mlir::ModuleOp scans,
                           const reference::ParsedCell &cell);

/// A call, and the gradients that backward is given.
struct GradedCall {
  LayerCall layer;
  std::vector<double> dOutput; // [B, T, H]
  std::vector<double> dLast;   // [B, S, H], or empty for zero
  /// Whether what overflows may make a NaN: a number without a bound then says
  /// nothing.
  bool isHostile = false;
};

/// What the reference says of a call, for results of the call's precision.
struct Expected {
  reference::CallResults results;
  reference::CallGradients gradients;
  /// The gradients of the layer: [B, T, D], [G, H, D], [G, H], [R, H], [P, H].
  reference::Estimates input, weight, bias, recurrentBias, parameters;
};
Expected expectedOf(const reference::ParsedCell &cell, const GradedCall &call);

/// Runs forward, step by step and backward, and throws Fault at the first
/// number that is not within its bound.
void compare(ScanCell &cell, const reference::ParsedCell &parsed,
             const GradedCall &call, const Expected &expected,
             Metrics &metrics);

} // namespace minrnn::scan

#endif // MINRNN_TESTS_SCAN_SCANREFERENCE_H
