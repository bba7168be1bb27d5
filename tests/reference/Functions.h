//===- Functions.h - The functions of a cell, in double ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function of one number once, with its derivatives, in forms that neither
// cancel nor overflow. Whoever evaluates operations asks here.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_FUNCTIONS_H
#define MINRNN_TESTS_REFERENCE_FUNCTIONS_H

#include "tests/reference/Estimate.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

namespace minrnn::reference {

/// 1 / (1 + exp(-x)); of the two exponentials, the smaller one is formed.
template <typename Number> Number sigmoid(Number x) {
  Number e = std::exp(-std::abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/// x + 0.5 for x >= 0, sigmoid(x) otherwise.
template <typename Number> Number positive(Number x) {
  return x >= 0 ? x + Number(0.5) : sigmoid(x);
}

/// log(1 + exp(x)), without overflow and exact where exp(x) is tiny.
template <typename Number> Number softplus(Number x) {
  return std::max(x, Number(0)) + std::log1p(std::exp(-std::abs(x)));
}

/// log2(2^x + 2^y).
inline double logAddExp2(double x, double y) {
  if (x == y) // also where both are infinite, and have no difference
    return x + 1;
  double distance = std::abs(x - y);
  return std::max(x, y) + std::log1p(std::exp2(-distance)) / std::numbers::ln2;
}

inline double sigmoidSlope(double x) { return sigmoid(x) * sigmoid(-x); }

/// The derivative of sigmoidSlope.
inline double sigmoidBend(double x) {
  return sigmoidSlope(x) * (sigmoid(-x) - sigmoid(x));
}

/// 1 / cosh(x)^2, the derivative of tanh, without the cancellation of
/// 1 - tanh(x)^2.
inline double tanhSlope(double x) { return 4 * sigmoidSlope(2 * x); }

/// A function that the cell language has an operation for.
struct Function {
  std::string_view operation;
  double (*value)(double x);
  /// As anyone would compute it in single precision.
  float (*inSingle)(float x);
  /// Its first and its second derivative.
  double (*slope)(double x);
  double (*bend)(double x);
  /// Where not zero: the derivative jumps by so much at 0, to 1, which it is
  /// from there on.
  double jump = 0;
  /// Of fast math (specs/numerics.md): its error, and that of its derivative.
  FunctionError fast = {};
  FunctionError fastSlope = {};
};

// What tanh.approx may be off by, 2^-11 of its result, is 2^-12 in a sigmoid,
// as 1/2 + tanh(x / 2) / 2, and no more in s (1 - s). An exponential that is
// not corrected is off by what the rounding of its exponent is, and a logarithm
// of 1 + e^x by what its short polynomial is, 5.7e-5.
inline constexpr FunctionError fastTanh = {0x1p-11, 0};
inline constexpr FunctionError fastTanhSlope = {0, 0x1p-10};
inline constexpr FunctionError fastSigmoid = {0, 0x1p-12};
inline constexpr FunctionError fastExp = {76 * unitRoundoff, 0};
inline constexpr FunctionError fastSoftplus = {1036 * unitRoundoff, 0};

inline constexpr Function functions[] = {
    {"math.exp", std::exp, std::exp, std::exp, std::exp, 0, fastExp, fastExp},
    {"math.expm1", std::expm1, std::expm1, std::exp, std::exp, 0, fastExp,
     fastExp},
    {"math.log", std::log, std::log, [](double x) { return 1 / x; },
     [](double x) { return -1 / (x * x); }},
    {"math.tanh", std::tanh, std::tanh, tanhSlope,
     [](double x) { return -2 * std::tanh(x) * tanhSlope(x); }, 0, fastTanh,
     fastTanhSlope},
    {"math.sqrt", std::sqrt, std::sqrt,
     [](double x) { return 0.5 / std::sqrt(x); },
     [](double x) { return -0.25 / (x * std::sqrt(x)); }},
    {"minrnn.sigmoid", sigmoid, sigmoid, sigmoidSlope, sigmoidBend, 0,
     fastSigmoid, fastSigmoid},
    {"minrnn.positive", positive, positive,
     [](double x) { return x >= 0 ? 1 : sigmoidSlope(x); },
     [](double x) { return x >= 0 ? 0 : sigmoidBend(x); }, 0.75, fastSigmoid,
     fastSigmoid},
    {"minrnn.softplus", softplus, softplus, sigmoid, sigmoidSlope, 0,
     fastSoftplus, fastSigmoid},
};

/// The function of an operation; null where it is none.
constexpr const Function *findFunction(std::string_view operation) {
  for (const Function &function : functions)
    if (function.operation == operation)
      return &function;
  return nullptr;
}

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_FUNCTIONS_H
