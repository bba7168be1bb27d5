//===- ErrorBounds.h - Results within the reference's bounds ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_ERRORBOUNDS_H
#define MINRNN_TESTS_REFERENCE_ERRORBOUNDS_H

#include "tests/reference/Equations.h"

#include <span>
#include <stdexcept>
#include <string>

namespace minrnn::reference {

/// A difference from the reference, or a kernel's misdeed.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What comparisons saw.
struct ErrorMetrics {
  /// Numbers compared, and of these the ones without a bound, since a `select`
  /// was undecided.
  int64_t numbers = 0, unbounded = 0;
  /// Numbers of hostile calls that have no bound or no finite value, and were
  /// not compared.
  int64_t skipped = 0;
  /// The largest error as a share of its bound.
  double largestShare = 0;
  /// The largest relative error where little cancels.
  double largestRelative = 0;
};

/// What a comparison grants.
struct BoundOptions {
  /// Whether what overflows may make a NaN: a number without a bound then says
  /// nothing.
  bool isHostile = false;
  /// Roundings of the result that the reference does not know of.
  double roundings = 0;
};

/// Compares the array `name` with what is expected of it, within `safety` times
/// the bounds of its errors. Throws Fault at the first number that is not.
void compareWithinBounds(const std::string &name, std::span<const float> found,
                         const Estimates &expected, ErrorMetrics &metrics,
                         const BoundOptions &options = {});
void compareWithinBounds(const std::string &name, std::span<const double> found,
                         const Estimates &expected, ErrorMetrics &metrics,
                         const BoundOptions &options = {});

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_ERRORBOUNDS_H
