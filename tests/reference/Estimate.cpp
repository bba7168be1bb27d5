//===- Estimate.cpp - Numbers and their rounding errors -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Estimate.h"

#include <cmath>
#include <limits>

using namespace minrnn::reference;

Estimate Estimate::exact(double value) { return {value, std::abs(value), 0}; }

/// Whether single precision finds infinity, or nearly so, in the place of `x`,
/// and of `y` not by far.
static bool isBeyond(const Estimate &x, const Estimate &y) {
  double largest = singlePrecision.largest;
  return std::isinf(x.error) && std::abs(x.value) > largest &&
         std::isfinite(y.error) && std::abs(y.value) + y.error < largest / 2;
}

bool minrnn::reference::isUndecided(const Estimate &x, const Estimate &y) {
  if (isBeyond(x, y) || isBeyond(y, x))
    return false;
  double error = x.error + y.error;
  return error > 0 && std::abs(x.value - y.value) <= safety * error;
}

double minrnn::reference::scaled(double factor, double error) {
  return factor == 0 || error == 0 ? 0 : std::abs(factor) * error;
}

Estimate Arithmetic::rounded(double value, double magnitude, double inherited,
                             double roundings) const {
  if (std::abs(value) > precision.largest)
    return {value, magnitude, std::numeric_limits<double>::infinity()};
  if (logarithmic && value != 0)
    roundings += std::abs(std::log2(std::abs(value)));
  return {value, magnitude,
          inherited + roundings * precision.unitRoundoff * magnitude +
              precision.underflow};
}

Estimate Arithmetic::sum(const Estimate &x, const Estimate &y,
                         bool regroups) const {
  double value = x.value + y.value;
  return rounded(value, regroups ? x.magnitude + y.magnitude : std::abs(value),
                 x.error + y.error);
}

Estimate Arithmetic::difference(const Estimate &x, const Estimate &y,
                                bool regroups) const {
  return sum(x, negated(y), regroups);
}

Estimate Arithmetic::product(const Estimate &x, const Estimate &y,
                             bool regroups) const {
  double xSize = regroups ? x.magnitude : std::abs(x.value);
  double ySize = regroups ? y.magnitude : std::abs(y.value);
  // Zero times what overflows is no number.
  if (std::max(std::abs(x.value), std::abs(y.value)) > precision.largest)
    return {x.value * y.value, xSize * ySize,
            std::numeric_limits<double>::infinity()};
  // All that is left of two factors that are zero but for their errors.
  double secondOrder = x.error * y.error;
  return rounded(x.value * y.value, xSize * ySize,
                 scaled(xSize, y.error) + scaled(ySize, x.error) +
                     (std::isfinite(secondOrder) ? secondOrder : 0));
}

Estimate Arithmetic::quotient(const Estimate &x, const Estimate &y,
                              bool regroups) const {
  double size = regroups ? x.magnitude : std::abs(x.value);
  double divisor = std::abs(y.value);
  // A divisor that single precision may take for zero says nothing of the
  // quotient.
  if (divisor <= safety * precision.underflow)
    return {x.value / y.value, size / divisor,
            std::numeric_limits<double>::infinity()};
  return rounded(x.value / y.value, size / divisor,
                 x.error / divisor + scaled(size / divisor / divisor, y.error));
}

Estimate Arithmetic::function(const Estimate &x, double value, double slope,
                              FunctionError fast) const {
  double own = precision.isFast
                   ? fast.absolute + scaled(fast.relative, std::abs(value))
                   : 0;
  return rounded(value, std::abs(value), scaled(slope, x.error) + own, 4);
}

Estimate minrnn::reference::negated(const Estimate &x) {
  return {-x.value, x.magnitude, x.error};
}
