//===- LogSpace.cpp - Positive scans in logarithms ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
#include "compiler/analysis/LogOfZero.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

namespace minrnn::compiler {
#define GEN_PASS_DEF_LOGSPACEPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// log2(e).
static constexpr float kLog2E = 0x1.715476p+0F;

namespace {

/// Builds base-2 logarithms of non-negative expressions symbolically.
class Logarithm {
public:
  explicit Logarithm(OpBuilder &builder) : builder(builder) {}

  /// log2(value); `value` is proven non-negative.
  Value get(Value value);

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
  /// log2 sigmoid(x) = -softplus(-x) log2 e = -log2(2^0 + 2^(-x log2 e)).
  Value ofSigmoid(Location at, Value x);
  /// The logarithm of a value about which no more is known.
  Value evaluated(Value value);
  bool isNonNegative(Value value) {
    return intervals.get(value).isNonNegative();
  }

  OpBuilder &builder;
  IntervalAnalysis intervals;
  llvm::DenseMap<Value, Value> known;
};

} // namespace

Value Logarithm::ofSigmoid(Location at, Value x) {
  // sigmoid(x) and sigmoid(-x) are written with one and the same product, so
  // that their exponential is shared.
  auto negated = x.getDefiningOp<arith::NegFOp>();
  Value exponent = negated ? mul(at, negated.getOperand(), number(at, kLog2E))
                           : negate(at, mul(at, x, number(at, kLog2E)));
  return negate(at, Log2AddExp2Op::create(builder, at, x.getType(),
                                          number(at, 0), exponent));
}

Value Logarithm::evaluated(Value value) {
  // It is proven not to be negative: below zero it is by its rounding alone.
  Location at = value.getLoc();
  Value isZero = arith::CmpFOp::create(builder, at, arith::CmpFPredicate::OLE,
                                       value, number(at, 0));
  return arith::SelectOp::create(builder, at, isZero, number(at, kLogOfZero),
                                 math::Log2Op::create(builder, at, value));
}

Value Logarithm::get(Value value) {
  if (Value found = known.lookup(value))
    return found;
  Operation *op = value.getDefiningOp();
  Location at = value.getLoc();
  Value result =
      !op ? evaluated(value)
          : llvm::TypeSwitch<Operation *, Value>(op)
                .Case([&](arith::ConstantOp constant) {
                  double number =
                      cast<FloatAttr>(constant.getValue()).getValueAsDouble();
                  return this->number(
                      at, number == 0 ? kLogOfZero
                                      : static_cast<float>(std::log2(number)));
                })
                .Case([&](SigmoidOp sigmoid) {
                  return ofSigmoid(at, sigmoid.getOperand());
                })
                .Case([&](PositiveOp positive) -> Value {
                  // log g(x) = log(x + 0.5), or log sigmoid(x).
                  Value x = positive.getOperand();
                  Value above = math::Log2Op::create(
                      builder, at, add(at, x, number(at, 0.5F)));
                  Value isAbove = arith::CmpFOp::create(
                      builder, at, arith::CmpFPredicate::OGE, x, number(at, 0));
                  return arith::SelectOp::create(builder, at, isAbove, above,
                                                 ofSigmoid(at, x));
                })
                .Case([&](SoftplusOp softplus) -> Value {
                  // Below -15, softplus(x) is e^x to the last bit of f32, and
                  // further down it has no logarithm in f32 at all.
                  Value x = softplus.getOperand();
                  Value isSmall = arith::CmpFOp::create(
                      builder, at, arith::CmpFPredicate::OLT, x,
                      number(at, -15));
                  return arith::SelectOp::create(
                      builder, at, isSmall, mul(at, x, number(at, kLog2E)),
                      math::Log2Op::create(builder, at, value));
                })
                .Case([&](math::ExpOp exponential) {
                  return mul(at, exponential.getOperand(), number(at, kLog2E));
                })
                .Case([&](math::SqrtOp root) -> Value {
                  if (!isNonNegative(root.getOperand()))
                    return evaluated(value);
                  return mul(at, get(root.getOperand()), number(at, 0.5F));
                })
                .Case([&](arith::MulFOp product) -> Value {
                  if (!isNonNegative(product.getLhs()) ||
                      !isNonNegative(product.getRhs()))
                    return evaluated(value);
                  return add(at, get(product.getLhs()), get(product.getRhs()));
                })
                .Case([&](arith::DivFOp quotient) -> Value {
                  if (!isNonNegative(quotient.getLhs()) ||
                      !isNonNegative(quotient.getRhs()))
                    return evaluated(value);
                  return sub(at, get(quotient.getLhs()),
                             get(quotient.getRhs()));
                })
                .Case([&](arith::AddFOp sum) -> Value {
                  if (!isNonNegative(sum.getLhs()) ||
                      !isNonNegative(sum.getRhs()))
                    return evaluated(value);
                  return Log2AddExp2Op::create(builder, at, value.getType(),
                                               get(sum.getLhs()),
                                               get(sum.getRhs()));
                })
                .Case([&](arith::SelectOp select) -> Value {
                  if (!isNonNegative(select.getTrueValue()) ||
                      !isNonNegative(select.getFalseValue()))
                    return evaluated(value);
                  return arith::SelectOp::create(
                      builder, at, select.getCondition(),
                      get(select.getTrueValue()), get(select.getFalseValue()));
                })
                .Default([&](Operation *) { return evaluated(value); });
  known[value] = result;
  return result;
}

/// Rewrites the element of `scan` to yield logarithms.
static void toLogSpace(ScanOp scan) {
  auto yield = cast<YieldOp>(scan.getElement().front().getTerminator());
  OpBuilder builder(yield);
  Logarithm logarithm(builder);
  SmallVector<Value> logarithms;
  for (Value part : yield.getOperands())
    logarithms.push_back(logarithm.get(part));
  yield.getValuesMutable().assign(logarithms);
  scan.setDomain(Domain::Log);
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
      if (scan.getReverse() || scan.getDomain() == Domain::Log)
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
