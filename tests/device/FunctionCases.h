//===- FunctionCases.h - The functions of gates, and their bounds -*- C++
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_FUNCTIONCASES_H
#define MINRNN_TESTS_DEVICE_FUNCTIONCASES_H

#include "tests/reference/Estimate.h"
#include "tests/reference/Functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace minrnn::test {

/// A function that a cell may call.
struct FunctionCase {
  const char *name;
  /// The operation, of the number `%k`.
  const char *operation;
  double (*exact)(double x);
  /// The largest relative error on any device, and on the host, in units of
  /// 2^-24.
  double bound;
  double ofHost;
  /// The absolute error besides, on any device, and in PTX.
  double absolute = 0;
  double ofPtx = 0;

  /// Whether `found` is as near to `value` as is promised: besides its relative
  /// error it may be off by one subnormal number.
  bool holds(double value, float found, bool runsPtx) const {
    constexpr double largest = std::numeric_limits<float>::max();
    if (std::isnan(value))
      return std::isnan(found);
    const double allowed =
        (runsPtx ? bound : ofHost) * reference::unitRoundoff * std::abs(value) +
        0x1p-149 + absolute + (runsPtx ? ofPtx : 0);
    if (std::isinf(found))
      return (std::isinf(value) || std::abs(value) + allowed > largest) &&
             std::signbit(found) == std::signbit(value);
    // Written so that a NaN does not pass.
    return std::abs(found - value) <= allowed;
  }
};

/// Those that a cell has gates of.
inline std::vector<FunctionCase> gateFunctions() {
  using namespace reference;
  return {
      {"exp", "math.exp %k", [](double x) { return std::exp(x); }, 10, 2},
      {"expm1", "math.expm1 %k", [](double x) { return std::expm1(x); }, 14, 3},
      {"sigmoid", "minrnn.sigmoid %k", [](double x) { return sigmoid(x); }, 12,
       4.5},
      {"positive", "minrnn.positive %k", [](double x) { return positive(x); },
       12, 4.5},
      {"softplus", "minrnn.softplus %k", [](double x) { return softplus(x); },
       12, 6},
      {"tanh", "math.tanh %k", [](double x) { return std::tanh(x); }, 6, 4.5}};
}

/// And the others.
inline std::vector<FunctionCase> otherFunctions() {
  return {// lg2.approx is off by up to 2^-22 where its result is near 0.
          {"log", "math.log %k", [](double x) { return std::log(x); }, 7, 7, 0,
           0x1p-22},
          {"sqrt", "math.sqrt %k", [](double x) { return std::sqrt(x); }, 1, 1},
          {"1/x", "arith.divf %one, %k", [](double x) { return 1 / x; }, 1, 1},
          {"x x", "arith.mulf %k, %k", [](double x) { return x * x; }, 1, 1},
          {"max(x, 0)", "arith.maximumf %k, %zero",
           [](double x) { return std::max(x, 0.0); }, 0, 0},
          {"|x|", "math.absf %k", [](double x) { return std::abs(x); }, 0, 0},
          // The power may be 2^-125 where it is less, and the result that times
          // log2 e.
          {"log2(1 + 2^x)", "minrnn.logaddexp2 %k, %zero",
           [](double x) { return reference::logAddExp2(x, 0); }, 10, 6,
           0x1.72p-125}};
}

/// A cell with a state for each function, of the one projection. Where it is
/// but one, it is the output.
inline std::string cellOf(std::span<const FunctionCase> functions) {
  std::string states;
  std::string operations;
  std::string results;
  std::string types;
  const char *comma = "";
  for (size_t i = 0; i < functions.size(); ++i) {
    const std::string number = std::to_string(i);
    states.append(comma).append("%h").append(number).append(": f32");
    operations.append("  %f").append(number).append(" = ");
    operations.append(functions[i].operation).append(" : f32\n");
    results.append(comma).append("%f").append(number);
    types.append(comma).append("f32");
    comma = ", ";
  }
  return "minrnn.cell @functions(%x: !minrnn.input) state(" + states +
         ") {\n"
         "  %k = minrnn.project %x \"k\" : f32\n"
         "  %one = arith.constant 1.0 : f32\n"
         "  %zero = arith.constant 0.0 : f32\n" +
         operations +
         (functions.size() > 1 ? "  minrnn.output %h0 : f32\n" : "") +
         "  minrnn.yield " + results + " : " + types + "\n}\n";
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_FUNCTIONCASES_H
