//===- Estimate.h - Numbers and their rounding errors -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How far may a right kernel, computing in single precision, be from the exact
// result? A fixed tolerance cannot say: a cell that subtracts two large numbers
// loses digits by right, one that does not must not. So the reference carries,
// beside every number, a bound of the error that single precision may have made
// of it so far: running error analysis (Wilkinson 1963; Higham, "Accuracy and
// Stability of Numerical Algorithms", section 3.3) with
//
//   error(f(x, y)) = |df/dx| error(x) + |df/dy| error(y) + k u |f(x, y)|
//
// where u = 2^-24 (or that of another precision), and k is 1 for what hardware
// rounds correctly and 4, two units in the last place, for exp and its kin. A
// sum that cancels so keeps the error of its terms; a number that a gate then
// scales down has its error scaled down too. A derivative is a number like any
// other, with an error of its own. The bound is of first order in u, but for
// products; `safety` makes up for the second order, for the few roundings more
// that a function may take, and no more.
//
// One freedom is granted beyond the equations as written: whatever is affine in
// a state may be multiplied out, a (h + c) into a h + a c, for that is what
// makes a cell parallel. What is rounded then is not the value but its terms;
// the sum of their absolute values is the number's *magnitude*, and stands in
// the place of |f| and of the factors |df/dx| above.
//
// A scan in log space rounds the logarithm: its relative error is u |log2 f|
// more.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_ESTIMATE_H
#define MINRNN_TESTS_REFERENCE_ESTIMATE_H

#include <limits>

namespace minrnn::reference {

/// What a result may differ by is this many times its bound.
inline constexpr double safety = 4;

/// The unit roundoff of single precision.
inline constexpr double unitRoundoff = 0x1p-24;

/// What a result may have been computed in.
struct Precision {
  double unitRoundoff;
  /// The smallest number above zero: what the rounding of a result may amount
  /// to however small it is.
  double underflow;
  /// Larger ones overflow.
  double largest;
  /// Whether functions are those of fast math: see FunctionError.
  bool isFast = false;
};

/// By how much a function of fast math may be off, besides its roundings: a
/// part of its value, and an absolute error.
struct FunctionError {
  double relative = 0;
  double absolute = 0;
};

inline constexpr Precision singlePrecision = {
    reference::unitRoundoff, 0x1p-149, std::numeric_limits<float>::max()};
inline constexpr Precision doublePrecision = {
    0x1p-53, 0x1p-1074, std::numeric_limits<double>::max()};
/// Single precision with the functions of fast math, which flush what is
/// subnormal.
inline constexpr Precision fastPrecision = {reference::unitRoundoff, 0x1p-126,
                                            std::numeric_limits<float>::max(),
                                            /*isFast=*/true};

struct Estimate {
  double value = 0;
  /// The sum of the absolute values of the terms that may have been added up;
  /// |value| where nothing may be regrouped.
  double magnitude = 0;
  /// A bound of |computed - value|, of first order; infinite where single
  /// precision may have taken the other branch of a `select`, or overflowed.
  double error = 0;

  /// A number that is held as it is.
  static Estimate exact(double value);
};

/// Whether `x` and `y` are so near that single precision may order them the
/// other way round. Exact numbers it orders as they are.
bool isUndecided(const Estimate &x, const Estimate &y);

/// The product in which zero times infinity is zero: what a factor of zero
/// hides does not show.
double scaled(double factor, double error);

/// Arithmetic on estimates. `regroups` says of an operation that it may be
/// multiplied out: then it goes by its operands' magnitudes.
struct Arithmetic {
  /// Whether what is rounded are logarithms.
  bool logarithmic = false;
  Precision precision = singlePrecision;

  /// A number that inherits the error `inherited` and is rounded
  /// `roundings` times.
  Estimate rounded(double value, double magnitude, double inherited,
                   double roundings = 1) const;
  Estimate sum(const Estimate &x, const Estimate &y, bool regroups) const;
  Estimate difference(const Estimate &x, const Estimate &y,
                      bool regroups) const;
  Estimate product(const Estimate &x, const Estimate &y, bool regroups) const;
  Estimate quotient(const Estimate &x, const Estimate &y, bool regroups) const;
  /// f(x) = value, with f'(x) = slope: a function of two units in the last
  /// place; of fast math, with the error `fast` besides.
  Estimate function(const Estimate &x, double value, double slope,
                    FunctionError fast = {}) const;
};

Estimate negated(const Estimate &x);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_ESTIMATE_H
