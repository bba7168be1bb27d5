//===- Functions.h - What double lacks --------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of the cell language that <cmath> does not have, in forms that
// neither cancel nor overflow.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_FUNCTIONS_H
#define MINRNN_TESTS_REFERENCE_FUNCTIONS_H

#include <algorithm>
#include <cmath>
#include <numbers>

namespace minrnn::reference {

/// 1 / (1 + exp(-x)); of the two exponentials, the smaller one is formed.
inline double sigmoid(double x) {
  double e = std::exp(-std::abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/// x + 0.5 for x >= 0, sigmoid(x) otherwise.
inline double positive(double x) { return x >= 0 ? x + 0.5 : sigmoid(x); }

/// log(1 + exp(x)), without overflow and exact where exp(x) is tiny.
inline double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

/// log2(2^x + 2^y).
inline double logAddExp2(double x, double y) {
  if (x == y) // also where both are infinite, and have no difference
    return x + 1;
  double distance = std::abs(x - y);
  return std::max(x, y) + std::log1p(std::exp2(-distance)) / std::numbers::ln2;
}

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_FUNCTIONS_H
