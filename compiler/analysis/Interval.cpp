//===- Interval.cpp - What values a cell's numbers can take ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
#include "dialect/Functions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

namespace {
/// One end of an interval: where it is, whether the number itself is out, and
/// whether computing it rounded.
struct End {
  double at;
  bool open;
  bool rounded = false;
};
} // namespace

static End lowerEnd(const Interval &x) { return {x.lower, x.lowerOpen}; }
static End upperEnd(const Interval &x) { return {x.upper, x.upperOpen}; }

/// The lower (upper) of two lower (upper) ends; a closed end reaches further
/// than an open one at the same place.
static End lowest(End a, End b) {
  if (a.at != b.at)
    return a.at < b.at ? a : b;
  return {a.at, a.open && b.open, a.rounded || b.rounded};
}
static End highest(End a, End b) {
  if (a.at != b.at)
    return a.at > b.at ? a : b;
  return {a.at, a.open && b.open, a.rounded || b.rounded};
}

/// Puts an interval together. A rounded end moves outwards by one step of
/// double precision: a proof must not rest on a rounding error.
static Interval fromEnds(End lower, End upper) {
  if (lower.rounded)
    lower = {std::nextafter(lower.at, -kInfinity), false};
  if (upper.rounded)
    upper = {std::nextafter(upper.at, kInfinity), false};
  // An end that overflowed is unbounded, and a NaN (infinity minus infinity)
  // says nothing at all.
  if (std::isnan(lower.at) || lower.at == -kInfinity)
    lower = {-kInfinity, true};
  if (std::isnan(upper.at) || upper.at == kInfinity)
    upper = {kInfinity, true};
  if (lower.at == kInfinity || upper.at == -kInfinity)
    return Interval::everything();
  return {lower.at, upper.at, lower.open, upper.open};
}

bool Interval::contains(double value) const {
  return (value > lower || (value == lower && !lowerOpen)) &&
         (value < upper || (value == upper && !upperOpen));
}

IntervalAttr Interval::toAttribute(MLIRContext *context) const {
  return IntervalAttr::get(context, lower, upper, lowerOpen, upperOpen);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// The sum of two ends; Knuth's two-sum tells whether it was exact.
static End sum(End a, End b) {
  double at = a.at + b.at;
  double back = at - a.at;
  double residual = (a.at - (at - back)) + (b.at - back);
  return {at, a.open || b.open, std::isfinite(at) && residual != 0};
}

Interval minrnn::compiler::operator+(const Interval &x, const Interval &y) {
  return fromEnds(sum(lowerEnd(x), lowerEnd(y)), sum(upperEnd(x), upperEnd(y)));
}

Interval minrnn::compiler::operator-(const Interval &x) {
  return {-x.upper, -x.lower, x.upperOpen, x.lowerOpen};
}

Interval minrnn::compiler::operator-(const Interval &x, const Interval &y) {
  return x + -y;
}

/// The product of two ends. Zero times anything that is finite somewhere in
/// the interval is zero; it is reached as soon as the zero itself is.
static End product(End a, End b) {
  if (a.at == 0 || b.at == 0) {
    bool reached = (a.at == 0 && !a.open) || (b.at == 0 && !b.open);
    return {0, !reached};
  }
  double at = a.at * b.at;
  // Near the smallest doubles the residual itself would be lost.
  bool isTiny = std::fabs(at) < 0x1p-960;
  return {at, a.open || b.open,
          std::isfinite(at) && (isTiny || std::fma(a.at, b.at, -at) != 0)};
}

Interval minrnn::compiler::operator*(const Interval &x, const Interval &y) {
  End corners[] = {
      product(lowerEnd(x), lowerEnd(y)), product(lowerEnd(x), upperEnd(y)),
      product(upperEnd(x), lowerEnd(y)), product(upperEnd(x), upperEnd(y))};
  End lower = corners[0];
  End upper = corners[0];
  for (End corner : llvm::drop_begin(corners)) {
    lower = lowest(lower, corner);
    upper = highest(upper, corner);
  }
  return fromEnds(lower, upper);
}

Interval minrnn::compiler::operator/(const Interval &x, const Interval &y) {
  // 1/y is monotone on either side of zero; an interval across zero proves
  // nothing.
  if (!y.isPositive() && !y.isNegative())
    return Interval::everything();
  // An end at zero is open here, and goes to the infinity of the other side.
  auto reciprocal = [&](End end) -> End {
    if (end.at == 0)
      return {y.isPositive() ? kInfinity : -kInfinity, true};
    if (std::isinf(end.at))
      return {0, true};
    double at = 1 / end.at;
    return {at, end.open, std::fma(at, end.at, -1.0) != 0};
  };
  return x * fromEnds(reciprocal(upperEnd(y)), reciprocal(lowerEnd(y)));
}

Interval minrnn::compiler::maximum(const Interval &x, const Interval &y) {
  End lower = x.lower == y.lower
                  ? End{x.lower, x.lowerOpen || y.lowerOpen}
                  : (x.lower > y.lower ? lowerEnd(x) : lowerEnd(y));
  return fromEnds(lower, highest(upperEnd(x), upperEnd(y)));
}

Interval minrnn::compiler::minimum(const Interval &x, const Interval &y) {
  return -maximum(-x, -y);
}

Interval minrnn::compiler::join(const Interval &x, const Interval &y) {
  return fromEnds(lowest(lowerEnd(x), lowerEnd(y)),
                  highest(upperEnd(x), upperEnd(y)));
}

//===----------------------------------------------------------------------===//
// The rule of every operation
//===----------------------------------------------------------------------===//

/// A strictly increasing function maps ends to ends. Its values at +-infinity
/// are limits, which are not reached.
static Interval increasing(const Interval &x, double (*function)(double)) {
  auto map = [&](double at, bool open) -> End {
    double value = function(at);
    // The limits of our functions, and their values at 0 and 1, are among
    // these or were rounded.
    bool exact = (at == 0 || at == 1 || std::isinf(at)) &&
                 (value == 0 || value == 0.5 || value == 1 || value == -1 ||
                  std::isinf(value));
    return {value, open, !exact};
  };
  // Our functions take up to three roundings of at most one unit in the last
  // place each; fromEnds allows for one.
  auto widen = [](End end, double towards) {
    for (int units = 0; end.rounded && units < 3; ++units)
      end.at = std::nextafter(end.at, towards);
    return end;
  };
  return fromEnds(widen(map(x.lower, x.lowerOpen), -kInfinity),
                  widen(map(x.upper, x.upperOpen), kInfinity));
}

/// log2(2^x + 2^y) of two ends, which grows with both, moved outwards by more
/// than it was rounded: upwards for `outwards` 1, downwards for -1.
static End logAddExp2(End a, End b, double outwards) {
  double larger = std::max(a.at, b.at);
  // An infinite end is not reached: the other one is the limit.
  if (std::isinf(a.at) || std::isinf(b.at))
    return {larger, true};
  // The two terms may cancel, and keep their roundings.
  double rounding = 0x1p-50 * std::max(std::fabs(larger), 1.0);
  return {minrnn::dialect::logAddExp2(a.at, b.at) + outwards * rounding, false};
}

/// Narrows `x`, whose ends come from rounded evaluations, to `bounds`, which
/// hold by definition.
static Interval within(Interval x, const Interval &bounds) {
  if (x.lower < bounds.lower || (x.lower == bounds.lower && bounds.lowerOpen)) {
    x.lower = bounds.lower;
    x.lowerOpen = bounds.lowerOpen;
  }
  if (x.upper > bounds.upper || (x.upper == bounds.upper && bounds.upperOpen)) {
    x.upper = bounds.upper;
    x.upperOpen = bounds.upperOpen;
  }
  // Beyond the point where double precision saturates, the ends can cross.
  return x.lower < x.upper ||
                 (x.lower == x.upper && !x.lowerOpen && !x.upperOpen)
             ? x
             : bounds;
}

/// Where a mean of both lies, whose two weights are above zero: an end of the
/// hull is reached only where both reach it.
static Interval between(const Interval &x, const Interval &y) {
  Interval hull = join(x, y);
  hull.lowerOpen = x.lower != y.lower || x.lowerOpen || y.lowerOpen;
  hull.upperOpen = x.upper != y.upper || x.upperOpen || y.upperOpen;
  return hull;
}

std::optional<Interval> IntervalAnalysis::weightedMean(arith::AddFOp sum) {
  // Each term as a weight and what it weighs, in either order, or as a weight
  // alone, which weighs one.
  auto splits = [](Value term) {
    SmallVector<std::pair<Value, Value>> pairs = {{term, Value()}};
    if (auto product = term.getDefiningOp<arith::MulFOp>())
      pairs = {{product.getLhs(), product.getRhs()},
               {product.getRhs(), product.getLhs()}};
    return pairs;
  };
  auto of = [&](Value weighed) {
    return weighed ? get(weighed) : Interval::point(1);
  };
  for (auto [left, x] : splits(sum.getLhs()))
    for (auto [right, y] : splits(sum.getRhs()))
      if (areComplements(left, right))
        return between(of(x), of(y));
  return std::nullopt;
}

/// Where the values of `function` at `x` lie.
static Interval valuesOf(const Function &function, const Interval &x) {
  Interval range = {function.lower, function.upper, !function.reachesLower,
                    /*upperOpen=*/true};
  if (!function.isTotal() && !x.isNonNegative())
    return range;
  // (sqrt, of what is above zero.)
  range.lowerOpen |= x.isPositive();
  return within(increasing(x, function.value), range);
}

Interval IntervalAnalysis::evaluate(Operation *op) {
  auto operand = [&](unsigned index) { return get(op->getOperand(index)); };
  if (const Function *function = findFunction(op))
    return valuesOf(*function, operand(0));
  return llvm::TypeSwitch<Operation *, Interval>(op)
      .Case([&](arith::ConstantOp constant) {
        auto value = dyn_cast<FloatAttr>(constant.getValue());
        if (!value || !value.getValue().isFinite())
          return Interval::everything();
        return Interval::point(value.getValueAsDouble());
      })
      .Case([&](arith::AddFOp sum) {
        std::optional<Interval> mean = weightedMean(sum);
        return mean ? *mean : operand(0) + operand(1);
      })
      .Case([&](arith::SubFOp) { return operand(0) - operand(1); })
      .Case([&](arith::MulFOp) {
        // A square: the two factors are one number.
        if (op->getOperand(0) == op->getOperand(1)) {
          Interval square = operand(0) * operand(1);
          return within(square, operand(0).contains(0) ? Interval::nonNegative()
                                                       : Interval::positive());
        }
        return operand(0) * operand(1);
      })
      .Case([&](arith::DivFOp) { return operand(0) / operand(1); })
      .Case([&](arith::NegFOp) { return -operand(0); })
      .Case([&](arith::MaximumFOp) { return maximum(operand(0), operand(1)); })
      .Case([&](arith::MinimumFOp) { return minimum(operand(0), operand(1)); })
      .Case([&](arith::SelectOp) { return join(operand(1), operand(2)); })
      .Case([&](math::AbsFOp) {
        return maximum(maximum(operand(0), -operand(0)), Interval::point(0));
      })
      .Case([&](LogAddExp2Op) {
        Interval x = operand(0);
        Interval y = operand(1);
        return fromEnds(logAddExp2(lowerEnd(x), lowerEnd(y), -1),
                        logAddExp2(upperEnd(x), upperEnd(y), 1));
      })
      .Case([&](LerpOp) {
        // With its weight in [0, 1] a lerp stays between its ends.
        Interval from = operand(0);
        Interval to = operand(1);
        Interval weight = operand(2);
        if (weight.lower < 0 || weight.upper > 1)
          return (Interval::point(1) - weight) * from + weight * to;
        return weight.isPositive() && (Interval::point(1) - weight).isPositive()
                   ? between(from, to)
                   : join(from, to);
      })
      .Default([](Operation *) { return Interval::everything(); });
}

Interval IntervalAnalysis::get(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  Operation *definition = value.getDefiningOp();
  Interval result = definition ? evaluate(definition) : Interval::everything();
  known[value] = result;
  return result;
}
