//===- Dual.h - Numbers that carry their derivatives ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_DUAL_H
#define MINRNN_TESTS_RUNTIME_DUAL_H

#include <array>
#include <cmath>
#include <cstddef>

namespace minrnn::test {

/// A number and its derivatives by `count` variables.
template <std::size_t count> struct Dual {
  double value = 0;
  std::array<double, count> slopes = {};

  /// f(a) with derivative `slope` at a.
  Dual chain(double result, double slope) const {
    Dual dual{result, slopes};
    for (double &s : dual.slopes)
      s *= slope;
    return dual;
  }

  friend Dual operator+(Dual a, const Dual &b) {
    a.value += b.value;
    for (std::size_t i = 0; i < count; ++i)
      a.slopes[i] += b.slopes[i];
    return a;
  }
  friend Dual operator*(const Dual &a, const Dual &b) {
    Dual product{a.value * b.value, {}};
    for (std::size_t i = 0; i < count; ++i)
      product.slopes[i] = a.slopes[i] * b.value + b.slopes[i] * a.value;
    return product;
  }
  friend Dual operator+(const Dual &a, double b) {
    return a.chain(a.value + b, 1);
  }
  friend Dual operator-(double a, const Dual &b) {
    return b.chain(a - b.value, -1);
  }
};

inline double logistic(double x) { return 1 / (1 + std::exp(-x)); }
inline double hyperbolicTangent(double x) { return std::tanh(x); }
inline double valueOf(double x) { return x; }

template <std::size_t count> Dual<count> logistic(const Dual<count> &x) {
  const double y = logistic(x.value);
  return x.chain(y, y * logistic(-x.value));
}
template <std::size_t count>
Dual<count> hyperbolicTangent(const Dual<count> &x) {
  const double y = std::tanh(x.value);
  return x.chain(y, 1 - y * y);
}
template <std::size_t count> double valueOf(const Dual<count> &x) {
  return x.value;
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_DUAL_H
