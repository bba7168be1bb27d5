//===- Interval.h - What values a cell's numbers can take -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interval analysis in exact arithmetic over the real numbers: what log space
// needs to know (is the offset positive? is the coefficient within [0, 1]?)
// and what `--explain` shows as proof. Infinite ends are open; a NaN is not a
// value. The rule of every operation is written down in specs/rationale.md.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_ANALYSIS_INTERVAL_H
#define MINRNN_COMPILER_ANALYSIS_INTERVAL_H

#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"

#include <limits>
#include <optional>

namespace minrnn::compiler {

/// A non-empty interval of real numbers, each end open or closed.
struct Interval {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
  bool lowerOpen = true;
  bool upperOpen = true;

  static Interval everything() { return {}; }
  static Interval point(double value) { return {value, value, false, false}; }
  static Interval positive() {
    return {0, std::numeric_limits<double>::infinity(), true, true};
  }
  static Interval nonNegative() {
    return {0, std::numeric_limits<double>::infinity(), false, true};
  }

  bool isPositive() const { return lower > 0 || (lower == 0 && lowerOpen); }
  bool isNonNegative() const { return lower >= 0; }
  bool isNegative() const { return upper < 0 || (upper == 0 && upperOpen); }
  bool contains(double value) const;

  dialect::IntervalAttr toAttribute(mlir::MLIRContext *context) const;
};

/// {x + y}, {x - y}, {x y}, {x / y}, {-x}, {max(x, y)}, {min(x, y)}, and the
/// smallest interval around both.
Interval operator+(const Interval &x, const Interval &y);
Interval operator-(const Interval &x, const Interval &y);
Interval operator*(const Interval &x, const Interval &y);
Interval operator/(const Interval &x, const Interval &y);
Interval operator-(const Interval &x);
Interval maximum(const Interval &x, const Interval &y);
Interval minimum(const Interval &x, const Interval &y);
Interval join(const Interval &x, const Interval &y);

/// The intervals of the values of a block of cell operations. Values are
/// evaluated on demand and remembered; arguments and whatever has no rule are
/// unbounded.
class IntervalAnalysis {
public:
  /// The interval that `value` (an f32) is proven to lie in.
  Interval get(mlir::Value value);

private:
  Interval evaluate(mlir::Operation *op);
  /// The interval of sigmoid(k) x + sigmoid(-k) y, which lies between x and y;
  /// none if `sum` is not of this form.
  std::optional<Interval> weightedMean(mlir::arith::AddFOp sum);

  llvm::DenseMap<mlir::Value, Interval> known;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_ANALYSIS_INTERVAL_H
