//===- ReverseMode.cpp - Gradients of cell operations ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/ReverseMode.h"
#include "dialect/Functions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cfloat>
#include <cmath>

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

//===----------------------------------------------------------------------===//
// What is known of values
//===----------------------------------------------------------------------===//

/// Whether `value` is a number however the arguments are chosen, so that zero
/// times it is zero. Sums and products may overflow.
static bool isFinite(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return true;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto number = dyn_cast<FloatAttr>(constant.getValue());
    return number && number.getValue().isFinite();
  }
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return isFinite(select.getTrueValue()) && isFinite(select.getFalseValue());
  const Function *function = findFunction(op);
  bool keepsFinite = function ? function->isTotal() &&
                                    std::isfinite(function->largest(FLT_MAX))
                              : isa<math::AbsFOp, arith::NegFOp,
                                    arith::MaximumFOp, arith::MinimumFOp>(op);
  return keepsFinite && llvm::all_of(op->getOperands(), isFinite);
}

bool ReverseMode::isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  auto found = constants.find(value);
  if (found != constants.end())
    return found->second;
  bool result = llvm::all_of(
      op->getOperands(), [&](Value operand) { return isConstant(operand); });
  return constants[value] = result;
}

bool ReverseMode::takesLogarithmic(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  auto found = takes.find(value);
  if (found != takes.end())
    return found->second;
  bool result = isa<math::ExpOp, SigmoidOp, SoftplusOp>(op) ||
                (isa<arith::NegFOp, arith::MulFOp, arith::DivFOp, math::ExpM1Op,
                     math::SqrtOp>(op) &&
                 llvm::any_of(op->getOperands(), [&](Value operand) {
                   return takesLogarithmic(operand);
                 }));
  return takes[value] = result;
}

//===----------------------------------------------------------------------===//
// What has arrived
//===----------------------------------------------------------------------===//

void ReverseMode::add(Arrivals &arrivals, Value value, const Arrived &more) {
  Arrived &total = arrivals[value];
  if (!total.gradient) {
    total = more;
    return;
  }
  Location at = value.getLoc();
  total.gradient =
      arith::AddFOp::create(builder, at, total.gradient, more.gradient);
  if (!total.isTaken || !more.isTaken)
    total.isTaken = {};
  else if (total.isTaken != more.isTaken)
    total.isTaken =
        arith::OrIOp::create(builder, at, total.isTaken, more.isTaken);
}

void ReverseMode::accumulate(Value value, Value gradient, Value isTaken) {
  add(gradients, value, {gradient, isTaken});
}

Value ReverseMode::gradient(Value value) {
  if (Value found = gradients.lookup(value).gradient)
    return found;
  return arith::ConstantOp::create(builder, value.getLoc(),
                                   builder.getF32FloatAttr(0));
}

LogicalResult ReverseMode::visit(Operation *op) {
  // An operation that nothing depends on has no gradient to pass on; neither
  // has a comparison, which is constant almost everywhere.
  if (isa<arith::ConstantOp, arith::CmpFOp>(op))
    return success();
  // (Copies: what is passed on may move what has arrived.)
  Value result = op->getResult(0);
  if (Arrived seed = logarithmic.lookup(result); seed.gradient)
    visitLogarithmic(op, seed);
  if (Arrived seed = gradients.lookup(result); seed.gradient)
    return visitGradient(op, seed);
  return success();
}

//===----------------------------------------------------------------------===//
// The rules
//===----------------------------------------------------------------------===//

namespace {

/// Builds what the rules are made of.
class RuleBuilder {
public:
  RuleBuilder(OpBuilder &builder, Location at) : builder(builder), at(at) {}

  Value number(float value) {
    return arith::ConstantOp::create(builder, at,
                                     builder.getF32FloatAttr(value));
  }
  Value mul(Value x, Value y) {
    return arith::MulFOp::create(builder, at, x, y);
  }
  Value sub(Value x, Value y) {
    return arith::SubFOp::create(builder, at, x, y);
  }
  Value div(Value x, Value y) {
    return arith::DivFOp::create(builder, at, x, y);
  }
  Value neg(Value x) { return arith::NegFOp::create(builder, at, x); }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(builder, at, predicate, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(builder, at, condition, x, y);
  }
  Value exp(Value x) { return math::ExpOp::create(builder, at, x); }
  Value sigmoid(Value x) {
    return SigmoidOp::create(builder, at, x.getType(), x);
  }
  /// sigmoid'(x) = sigmoid(x) sigmoid(-x), which does not cancel.
  Value sigmoidSlope(Value x) { return mul(sigmoid(x), sigmoid(neg(x))); }
  Value isNot(Value condition) {
    Value yes =
        arith::ConstantOp::create(builder, at, builder.getBoolAttr(true));
    return arith::XOrIOp::create(builder, at, condition, yes);
  }
  /// Whether both hold, the first one if there is one.
  Value both(Value x, Value y) {
    return x ? arith::AndIOp::create(builder, at, x, y).getResult() : y;
  }
  /// `gradient` where `isTaken` holds, if there is such a condition, else zero.
  Value whereTaken(Value isTaken, Value gradient) {
    return isTaken ? select(isTaken, gradient, number(0)) : gradient;
  }

private:
  OpBuilder &builder;
  Location at;
};

} // namespace

void ReverseMode::visitLogarithmic(Operation *op, const Arrived &seed) {
  RuleBuilder rule(builder, op->getLoc());
  Value logarithmicSeed = seed.gradient;
  Value x = op->getOperand(0);
  Value result = op->getResult(0);

  auto send = [&](Value operand, Value gradient) {
    accumulate(operand, rule.whereTaken(seed.isTaken, gradient), seed.isTaken);
  };
  // To a factor or a divisor: y dL/dy is its own, up to the sign.
  auto sendLogarithmic = [&](Value factor, Value gradient) {
    if (isConstant(factor))
      return;
    if (takesLogarithmic(factor))
      add(logarithmic, factor,
          {rule.whereTaken(seed.isTaken, gradient), seed.isTaken});
    else
      send(factor, rule.div(gradient, factor));
  };

  llvm::TypeSwitch<Operation *>(op)
      .Case([&](math::ExpOp) { send(x, logarithmicSeed); })
      .Case([&](SigmoidOp) {
        // (log sigmoid)'(x) = sigmoid(-x)
        send(x, rule.mul(logarithmicSeed, rule.sigmoid(rule.neg(x))));
      })
      .Case([&](SoftplusOp) {
        // (log softplus)'(x) = sigmoid(x) / softplus(x), which is
        // 1 - exp(x) / 2 + ... where both underflow.
        Value isSmall =
            rule.compare(arith::CmpFPredicate::OLT, x, rule.number(-17));
        Value slope = rule.select(isSmall, rule.number(1),
                                  rule.div(rule.sigmoid(x), result));
        send(x, rule.mul(logarithmicSeed, slope));
      })
      .Case([&](math::ExpM1Op) {
        // x (log expm1)'(x) = x exp(x) / expm1(x), which is 1 at 0.
        Value slope = rule.div(rule.mul(x, rule.exp(x)), result);
        Value isZero =
            rule.compare(arith::CmpFPredicate::OEQ, result, rule.number(0));
        slope = rule.select(isZero, rule.number(1), slope);
        sendLogarithmic(x, rule.mul(logarithmicSeed, slope));
      })
      .Case([&](math::SqrtOp) {
        sendLogarithmic(x, rule.mul(logarithmicSeed, rule.number(0.5F)));
      })
      .Case([&](arith::NegFOp) { sendLogarithmic(x, logarithmicSeed); })
      .Case([&](arith::MulFOp product) {
        sendLogarithmic(product.getLhs(), logarithmicSeed);
        sendLogarithmic(product.getRhs(), logarithmicSeed);
      })
      .Case([&](arith::DivFOp quotient) {
        sendLogarithmic(quotient.getLhs(), logarithmicSeed);
        sendLogarithmic(quotient.getRhs(), rule.neg(logarithmicSeed));
      })
      .Default([](Operation *) {
        llvm_unreachable("takesLogarithmic knows this operation");
      });
}

LogicalResult ReverseMode::visitGradient(Operation *op,
                                         const Arrived &arrived) {
  Location at = op->getLoc();
  RuleBuilder rule(builder, at);
  Value seed = arrived.gradient;
  Value isTaken = arrived.isTaken;
  Value x = op->getOperand(0);
  Value y = op->getNumOperands() > 1 ? op->getOperand(1) : Value();
  Value result = op->getResult(0);

  // What is zero wherever the seed is.
  auto pass = [&](Value operand, Value gradient) {
    accumulate(operand, gradient, isTaken);
  };
  // What a slope has made of the seed.
  auto send = [&](Value operand, Value gradient) {
    pass(operand, rule.whereTaken(isTaken, gradient));
  };
  auto scale = [&](Value operand, Value slope) {
    Value gradient = rule.mul(seed, slope);
    if (isFinite(slope))
      return pass(operand, gradient);
    send(operand, gradient);
  };
  // The same, for a slope that is a number wherever the operand is.
  auto scaleBounded = [&](Value operand, Value slope) {
    Value gradient = rule.mul(seed, slope);
    if (isFinite(operand))
      return pass(operand, gradient);
    send(operand, gradient);
  };
  auto takeWhere = [&](Value operand, Value condition) {
    accumulate(operand, rule.whereTaken(condition, seed),
               rule.both(isTaken, condition));
  };
  // Of two equal operands of a maximum or minimum, a constant gets it all, so
  // that the slope of max(x, 0) at 0 is 0; else the first one.
  auto choose = [&](arith::CmpFPredicate orEqual,
                    arith::CmpFPredicate strictly) {
    bool yieldsToConstant = isConstant(y) && !isConstant(x);
    Value first = rule.compare(yieldsToConstant ? strictly : orEqual, x, y);
    takeWhere(x, first);
    takeWhere(y, rule.isNot(first));
  };

  bool hasRule = true;
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](arith::AddFOp) {
        pass(x, seed);
        pass(y, seed);
      })
      .Case([&](arith::SubFOp) {
        pass(x, seed);
        pass(y, rule.neg(seed));
      })
      .Case([&](arith::MulFOp) {
        scale(x, y);
        scale(y, x);
      })
      .Case([&](arith::DivFOp) {
        Value scaled = rule.div(seed, y);
        send(x, scaled);
        send(y, rule.neg(rule.mul(scaled, result)));
      })
      .Case([&](arith::NegFOp) { pass(x, rule.neg(seed)); })
      .Case([&](arith::MaximumFOp) {
        choose(arith::CmpFPredicate::OGE, arith::CmpFPredicate::OGT);
      })
      .Case([&](arith::MinimumFOp) {
        choose(arith::CmpFPredicate::OLE, arith::CmpFPredicate::OLT);
      })
      .Case([&](arith::SelectOp select) {
        Value condition = select.getCondition();
        takeWhere(select.getTrueValue(), condition);
        takeWhere(select.getFalseValue(), rule.isNot(condition));
      })
      .Case([&](math::AbsFOp) {
        Value zero = rule.number(0);
        Value isPositive = rule.compare(arith::CmpFPredicate::OGT, x, zero);
        Value isZero = rule.compare(arith::CmpFPredicate::OEQ, x, zero);
        pass(x, rule.select(isZero, zero,
                            rule.select(isPositive, seed, rule.neg(seed))));
      })
      .Case([&](math::ExpOp) { scale(x, result); })
      .Case([&](math::ExpM1Op) {
        // exp(x) afresh: the result plus one cancels far below zero.
        scale(x, rule.exp(x));
      })
      .Case([&](math::LogOp) {
        if (takesLogarithmic(x))
          add(logarithmic, x, arrived);
        else
          send(x, rule.div(seed, x));
      })
      .Case([&](math::SqrtOp) {
        Value half = rule.mul(seed, rule.number(0.5F));
        if (takesLogarithmic(x))
          add(logarithmic, x,
              {rule.whereTaken(isTaken, rule.mul(half, result)), isTaken});
        else
          send(x, rule.div(half, result));
      })
      .Case([&](math::TanhOp) {
        // 1 - tanh(x)^2 = 4 sigmoid'(2x), without the cancellation.
        scaleBounded(x,
                     rule.mul(rule.number(4),
                              rule.sigmoidSlope(rule.mul(rule.number(2), x))));
      })
      .Case([&](SigmoidOp) { scaleBounded(x, rule.sigmoidSlope(x)); })
      .Case([&](PositiveOp) {
        // g'(x) = 1 for x >= 0, sigmoid'(x) otherwise. The form of the
        // comparison keeps a NaN a NaN.
        Value isAbove =
            rule.compare(arith::CmpFPredicate::OGE, x, rule.number(0));
        scaleBounded(
            x, rule.select(isAbove, rule.number(1), rule.sigmoidSlope(x)));
      })
      .Case([&](SoftplusOp) { scaleBounded(x, rule.sigmoid(x)); })
      .Case([&](LerpOp lerp) {
        Value keep = rule.sub(rule.number(1), lerp.getWeight());
        send(lerp.getFrom(), rule.mul(seed, keep));
        send(lerp.getTo(), rule.mul(seed, lerp.getWeight()));
        send(lerp.getWeight(),
             rule.mul(seed, rule.sub(lerp.getTo(), lerp.getFrom())));
      })
      .Case([&](LogAddExp2Op) {
        // d/dx log2(2^x + 2^y) = 2^x / (2^x + 2^y) = sigmoid((x - y) ln 2).
        Value scaled = rule.mul(rule.sub(x, y), rule.number(0x1.62e43p-1F));
        send(x, rule.mul(seed, rule.sigmoid(scaled)));
        send(y, rule.mul(seed, rule.sigmoid(rule.neg(scaled))));
      })
      .Default([&](Operation *) { hasRule = false; });
  if (hasRule)
    return success();
  return op->emitOpError("has no derivative rule");
}
