//===- LogSpace.cpp - Positive scans in logarithms ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
#include "compiler/analysis/LargestMagnitude.h"
#include "compiler/transforms/Passes.h"
#include "dialect/LogOfZero.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace minrnn::compiler {
#define GEN_PASS_DEF_LOGSPACEPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// log2(e).
static constexpr float kLog2E = 0x1.715476p+0F;

static constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// A logarithm that is no lower than this leaves room for all that is added to
/// it, so that none of it becomes -inf.
static constexpr double kLeastLogarithm = -1e35;

namespace {

/// A base-2 logarithm, and where it lies unless it is a NaN: in f32, so that
/// what overflows is infinite. An infinite end is one that may be reached.
struct Log {
  Value value;
  double lower;
  double upper;

  bool mayBeInfinitelyLow() const { return lower < kLeastLogarithm; }
  bool mayBeOfZero() const { return lower < kLogOfNothing; }
};

/// Builds base-2 logarithms of non-negative expressions symbolically. Two -inf
/// have no difference, and so no logaddexp2; and of two stand-ins for the
/// logarithm of zero the difference is 0, though 0 / 0 is not 1. So a sum has
/// at most one addend of -inf, and a divisor that is zero shows.
class Logarithm {
public:
  explicit Logarithm(OpBuilder &builder) : builder(builder) {}

  /// log2(value), perhaps -inf; `value` is proven non-negative.
  Log get(Value value);

  /// The same number, or what stands for the logarithm of zero where it is
  /// lower.
  Log bounded(Location at, Log log);

private:
  Value number(Location at, float value) {
    return arith::ConstantOp::create(builder, at,
                                     builder.getF32FloatAttr(value));
  }
  Value add(Location at, Value x, Value y) {
    return arith::AddFOp::create(builder, at, x, y);
  }
  Value sub(Location at, Value x, Value y) {
    return arith::SubFOp::create(builder, at, x, y);
  }
  Value mul(Location at, Value x, Value y) {
    return arith::MulFOp::create(builder, at, x, y);
  }
  Value negate(Location at, Value x) {
    return arith::NegFOp::create(builder, at, x);
  }
  Value select(Location at, Value condition, Value x, Value y) {
    return arith::SelectOp::create(builder, at, condition, x, y);
  }
  Value compare(Location at, arith::CmpFPredicate predicate, Value x,
                float number) {
    return arith::CmpFOp::create(builder, at, predicate, x,
                                 this->number(at, number));
  }
  /// log2 sigmoid(x) = -softplus(-x) log2 e = -log2(2^0 + 2^(-x log2 e)).
  Value ofSigmoid(Location at, Value x);
  Value ofPositive(Location at, Value x);
  Value ofSoftplus(SoftplusOp softplus);
  Log ofConstant(arith::ConstantOp constant);
  /// log2(2^x + 2^y), log2(2^x / 2^y).
  Log ofSum(Location at, Log x, Log y);
  Log ofQuotient(Location at, Log x, Log y);
  /// The logarithm by the rule of the operation, or the one of a value about
  /// which no more is known.
  Log build(Value value);
  Log evaluated(Value value);
  bool isNonNegative(Value value) {
    return intervals.get(value).isNonNegative();
  }
  /// How far from 0 the logarithm of exp(x) can be, and that of sigmoid,
  /// softplus and positive of x.
  double reach(Value x) { return 1 + 1.45 * magnitudes.get(x); }
  /// What the logarithm of softplus and of positive of x is not above.
  double mostAbove(Value x) { return std::log2(1 + magnitudes.get(x)); }

  OpBuilder &builder;
  IntervalAnalysis intervals;
  MagnitudeAnalysis magnitudes;
  llvm::DenseMap<Value, Log> known;
};

} // namespace

Value Logarithm::ofSigmoid(Location at, Value x) {
  // sigmoid(x) and sigmoid(-x) are written with one and the same product, so
  // that their exponential is shared.
  auto negated = x.getDefiningOp<arith::NegFOp>();
  Value exponent = negated ? mul(at, negated.getOperand(), number(at, kLog2E))
                           : negate(at, mul(at, x, number(at, kLog2E)));
  return negate(at, LogAddExp2Op::create(builder, at, x.getType(),
                                         number(at, 0), exponent));
}

Value Logarithm::ofPositive(Location at, Value x) {
  // log g(x) = log(x + 0.5), or log sigmoid(x).
  Value above = math::Log2Op::create(builder, at, add(at, x, number(at, 0.5F)));
  Value isAbove = compare(at, arith::CmpFPredicate::OGE, x, 0);
  return select(at, isAbove, above, ofSigmoid(at, x));
}

Value Logarithm::ofSoftplus(SoftplusOp softplus) {
  // Below -15, softplus(x) is e^x to the last bit of f32, and further down it
  // has no logarithm in f32 at all.
  Location at = softplus.getLoc();
  Value x = softplus.getOperand();
  Value isSmall = compare(at, arith::CmpFPredicate::OLT, x, -15);
  return select(at, isSmall, mul(at, x, number(at, kLog2E)),
                math::Log2Op::create(builder, at, softplus));
}

Log Logarithm::ofConstant(arith::ConstantOp constant) {
  double value = cast<FloatAttr>(constant.getValue()).getValueAsDouble();
  double logarithm = value == 0 ? kLogOfZero : std::log2(value);
  return {number(constant.getLoc(), static_cast<float>(logarithm)), logarithm,
          logarithm};
}

Log Logarithm::bounded(Location at, Log log) {
  if (!log.mayBeInfinitelyLow())
    return log;
  // Written so that a NaN stays one.
  Value isLower = compare(at, arith::CmpFPredicate::OLT, log.value, kLogOfZero);
  return {select(at, isLower, number(at, kLogOfZero), log.value), kLogOfZero,
          std::max<double>(log.upper, kLogOfZero)};
}

Log Logarithm::ofSum(Location at, Log x, Log y) {
  if (x.mayBeInfinitelyLow())
    y = bounded(at, y);
  Value sum =
      LogAddExp2Op::create(builder, at, x.value.getType(), x.value, y.value);
  // Two infinite numbers have an infinite sum.
  if (std::isinf(x.upper) && std::isinf(y.upper))
    sum = select(at, compare(at, arith::CmpFPredicate::OEQ, x.value, kInfinity),
                 add(at, x.value, y.value), sum);
  return {sum, std::max(x.lower, y.lower), std::max(x.upper, y.upper) + 1};
}

Log Logarithm::ofQuotient(Location at, Log x, Log y) {
  Log quotient = {sub(at, x.value, y.value), x.lower - y.upper,
                  x.upper - y.lower};
  if (!y.mayBeOfZero())
    return quotient;
  // x / 0 is infinite, 0 / 0 a NaN.
  Value ofZero = number(at, kInfinity);
  if (x.mayBeOfZero())
    ofZero = select(
        at, compare(at, arith::CmpFPredicate::OLT, x.value, kLogOfNothing),
        number(at, std::numeric_limits<float>::quiet_NaN()), ofZero);
  Value isZero = compare(at, arith::CmpFPredicate::OLT, y.value, kLogOfNothing);
  return {select(at, isZero, ofZero, quotient.value), quotient.lower,
          kInfinity};
}

Log Logarithm::evaluated(Value value) {
  // It is proven not to be negative: below zero it is by its rounding alone.
  Location at = value.getLoc();
  Value isZero = compare(at, arith::CmpFPredicate::OLE, value, 0);
  return {select(at, isZero, number(at, kLogOfZero),
                 math::Log2Op::create(builder, at, value)),
          kLogOfZero, std::log2(1 + magnitudes.get(value))};
}

Log Logarithm::build(Value value) {
  Location at = value.getLoc();
  Operation *op = value.getDefiningOp();
  if (!op)
    return evaluated(value);
  // The rules of arithmetic hold of numbers that are not negative.
  for (Value operand : op->getOperands())
    if (isa<arith::MulFOp, arith::DivFOp, arith::AddFOp, math::SqrtOp>(op) &&
        !isNonNegative(operand))
      return evaluated(value);
  return llvm::TypeSwitch<Operation *, Log>(op)
      .Case([&](arith::ConstantOp constant) { return ofConstant(constant); })
      .Case([&](SigmoidOp sigmoid) -> Log {
        Value x = sigmoid.getOperand();
        return {ofSigmoid(at, x), -reach(x), 0};
      })
      .Case([&](PositiveOp positive) -> Log {
        Value x = positive.getOperand();
        return {ofPositive(at, x), -reach(x), mostAbove(x)};
      })
      .Case([&](SoftplusOp softplus) -> Log {
        Value x = softplus.getOperand();
        return {ofSoftplus(softplus), -reach(x), mostAbove(x)};
      })
      .Case([&](math::ExpOp exponential) -> Log {
        Value x = exponential.getOperand();
        return {mul(at, x, number(at, kLog2E)), -reach(x), reach(x)};
      })
      .Case([&](math::SqrtOp root) -> Log {
        Log x = get(root.getOperand());
        return {mul(at, x.value, number(at, 0.5F)), x.lower / 2, x.upper / 2};
      })
      .Case([&](arith::MulFOp product) -> Log {
        Log x = get(product.getLhs());
        Log y = get(product.getRhs());
        return {add(at, x.value, y.value), x.lower + y.lower,
                x.upper + y.upper};
      })
      .Case([&](arith::DivFOp quotient) {
        Log x = get(quotient.getLhs());
        return ofQuotient(at, x, get(quotient.getRhs()));
      })
      .Case([&](arith::AddFOp sum) {
        Log x = get(sum.getLhs());
        return ofSum(at, x, get(sum.getRhs()));
      })
      .Case([&](arith::SelectOp choice) -> Log {
        if (!isNonNegative(choice.getTrueValue()) ||
            !isNonNegative(choice.getFalseValue()))
          return evaluated(value);
        Log x = get(choice.getTrueValue());
        Log y = get(choice.getFalseValue());
        return {select(at, choice.getCondition(), x.value, y.value),
                std::min(x.lower, y.lower), std::max(x.upper, y.upper)};
      })
      .Default([&](Operation *) { return evaluated(value); });
}

Log Logarithm::get(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  Log result = build(value);
  known.insert({value, result});
  return result;
}

/// The logarithm of an offset that leaves room for the sum of 2^27.
static constexpr double kLargestOffset = 100;

/// Rewrites the element of `scan` to yield logarithms.
static void toLogSpace(ScanOp scan) {
  auto yield = cast<YieldOp>(scan.getElement().front().getTerminator());
  OpBuilder builder(yield);
  Logarithm logarithm(builder);
  SmallVector<Value> logarithms;
  bool mayOverflow = false;
  for (auto [index, part] : llvm::enumerate(yield.getOperands())) {
    Log log = logarithm.get(part);
    // A state's logarithm is never -inf if no offset's is; then a coefficient's
    // may be.
    bool isOffset = index % 2 == 1;
    mayOverflow |= log.upper > (isOffset ? kLargestOffset : 0);
    logarithms.push_back(
        (isOffset ? logarithm.bounded(part.getLoc(), log) : log).value);
  }
  yield.getValuesMutable().assign(logarithms);
  scan.setNoOverflow(!mayOverflow);
  setLogAlgebra(scan);
}

/// What keeps `scan` out of log space: the value and its interval.
static std::optional<std::pair<Value, std::string>> obstacle(ScanOp scan) {
  auto yield = cast<YieldOp>(scan.getElement().front().getTerminator());
  IntervalAnalysis intervals;
  constexpr StringLiteral names[] = {"coefficient", "offset"};
  for (auto [index, value] : llvm::enumerate(yield.getOperands())) {
    StringRef name = names[index % 2];
    Interval interval = intervals.get(value);
    if (!interval.isNonNegative())
      return std::make_pair(value,
                            (name + " lies in " +
                             interval.toAttribute(scan.getContext()).str() +
                             " and is not proven positive")
                                .str());
  }
  return std::nullopt;
}

namespace {

struct LogSpacePass
    : public minrnn::compiler::impl::LogSpacePassBase<LogSpacePass> {
  using LogSpacePassBase::LogSpacePassBase;

  void runOnOperation() override {
    if (domain != "auto" && domain != "log" && domain != "linear") {
      getOperation().emitError("minrnn-log-space expects the domain auto, log "
                               "or linear, found '")
          << domain << "'";
      return signalPassFailure();
    }
    if (domain == "linear")
      return;
    // Gradients have either sign: a reverse scan stays linear.
    WalkResult walk = getOperation().walk([&](ScanOp scan) {
      if (scan.getReverse() || algebraName(scan) != "linear")
        return WalkResult::advance();
      auto reason = obstacle(scan);
      if (!reason) {
        toLogSpace(scan);
        return WalkResult::advance();
      }
      if (domain == "log") {
        InFlightDiagnostic diagnostic =
            emitError(reason->first.getLoc())
            << "expects a positive recurrence for a scan in log space, but its "
            << reason->second;
        diagnostic.attachNote(scan.getLoc())
            << "in this cell; compile it with --scan=linear";
        return WalkResult::interrupt();
      }
      remark::missed(
          reason->first.getLoc(),
          remark::RemarkOpts::name("LogSpace").category("minrnn-log-space"))
          << "scanned in linear space: the " << reason->second;
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
