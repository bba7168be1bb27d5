//===- HostJudge.h - A compiled call held to the judge ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One call of a cell compiled for the host, in every way that it can be made,
// held to the bounds of the rounding errors that the judge of any cell carries
// along (tests/reference/Estimate.h).
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_E2E_HOSTJUDGE_H
#define MINRNN_TESTS_E2E_HOSTJUDGE_H

#include "tests/e2e/HostCell.h"
#include "tests/reference/Equations.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace minrnn::e2e {

/// What the comparisons saw.
struct Figures {
  /// Numbers compared, and of these the ones without a bound, since a `select`
  /// was undecided.
  int64_t numbers = 0, unbounded = 0;
  /// Numbers of hostile calls that have no bound or no finite value, and were
  /// not compared.
  int64_t skipped = 0;
  /// The largest difference, in units of what is allowed.
  double worst = 0;
};

/// A difference between a kernel and the judge, or a kernel's misdeed.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a call gives, by the judge; and what backward is given.
struct JudgedCall {
  reference::Call call;
  std::vector<float> dOutput; // [B, T, H]
  std::vector<float> dLast;   // [B, S, H], or empty for zero
  reference::CallResults results;
  /// Whether what overflows may make a NaN: a number without a bound then says
  /// nothing.
  bool isHostile = false;
};

/// Runs forward, step by step and backward, and throws Fault, or
/// std::runtime_error, at the first number that is not within its bound.
/// Returns what `forward` and `backward` gave.
struct HostRun {
  NamedArrays forward, backward;
};
HostRun judge(const HostCell &cell, const reference::Program &program,
              const JudgedCall &judged, Figures &figures);

} // namespace minrnn::e2e

#endif // MINRNN_TESTS_E2E_HOSTJUDGE_H
