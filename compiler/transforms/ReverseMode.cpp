//===- ReverseMode.cpp - Gradients of cell operations ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/ReverseMode.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

void ReverseMode::accumulate(Value value, Value gradient) {
  Value &total = gradients[value];
  total = total
              ? arith::AddFOp::create(builder, value.getLoc(), total, gradient)
                    .getResult()
              : gradient;
}

Value ReverseMode::gradient(Value value) {
  if (Value found = gradients.lookup(value))
    return found;
  return arith::ConstantOp::create(builder, value.getLoc(),
                                   builder.getF32FloatAttr(0));
}

LogicalResult ReverseMode::visit(Operation *op) {
  // An operation that nothing depends on has no gradient to pass on; neither
  // has a comparison, which is constant almost everywhere.
  if (isa<arith::ConstantOp, arith::CmpFOp>(op))
    return success();
  Value seed = gradients.lookup(op->getResult(0));
  if (!seed)
    return success();

  Location at = op->getLoc();
  auto number = [&](float value) -> Value {
    return arith::ConstantOp::create(builder, at,
                                     builder.getF32FloatAttr(value));
  };
  auto mul = [&](Value x, Value y) -> Value {
    return arith::MulFOp::create(builder, at, x, y);
  };
  auto sub = [&](Value x, Value y) -> Value {
    return arith::SubFOp::create(builder, at, x, y);
  };
  auto div = [&](Value x, Value y) -> Value {
    return arith::DivFOp::create(builder, at, x, y);
  };
  auto neg = [&](Value x) -> Value {
    return arith::NegFOp::create(builder, at, x);
  };
  auto compare = [&](arith::CmpFPredicate predicate, Value x,
                     Value y) -> Value {
    return arith::CmpFOp::create(builder, at, predicate, x, y);
  };
  auto select = [&](Value condition, Value x, Value y) -> Value {
    return arith::SelectOp::create(builder, at, condition, x, y);
  };
  auto sigmoid = [&](Value x) -> Value {
    return SigmoidOp::create(builder, at, x.getType(), x);
  };
  // sigmoid'(x) = sigmoid(x) sigmoid(-x), which does not cancel.
  auto sigmoidSlope = [&](Value x) -> Value {
    return mul(sigmoid(x), sigmoid(neg(x)));
  };
  Value x = op->getOperand(0);
  Value y = op->getNumOperands() > 1 ? op->getOperand(1) : Value();
  Value result = op->getResult(0);

  // Of two equal operands of a maximum or minimum, the first gets it all.
  auto choose = [&](arith::CmpFPredicate predicate) {
    Value first = compare(predicate, x, y);
    accumulate(x, select(first, seed, number(0)));
    accumulate(y, select(first, number(0), seed));
  };

  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](arith::AddFOp) {
        accumulate(x, seed);
        accumulate(y, seed);
        return success();
      })
      .Case([&](arith::SubFOp) {
        accumulate(x, seed);
        accumulate(y, neg(seed));
        return success();
      })
      .Case([&](arith::MulFOp) {
        accumulate(x, mul(seed, y));
        accumulate(y, mul(seed, x));
        return success();
      })
      .Case([&](arith::DivFOp) {
        Value scaled = div(seed, y);
        accumulate(x, scaled);
        accumulate(y, neg(mul(scaled, result)));
        return success();
      })
      .Case([&](arith::NegFOp) {
        accumulate(x, neg(seed));
        return success();
      })
      .Case([&](arith::MaximumFOp) {
        choose(arith::CmpFPredicate::OGE);
        return success();
      })
      .Case([&](arith::MinimumFOp) {
        choose(arith::CmpFPredicate::OLE);
        return success();
      })
      .Case([&](arith::SelectOp) {
        Value condition = op->getOperand(0);
        accumulate(op->getOperand(1), select(condition, seed, number(0)));
        accumulate(op->getOperand(2), select(condition, number(0), seed));
        return success();
      })
      .Case([&](math::AbsFOp) {
        Value positive = compare(arith::CmpFPredicate::OGE, x, number(0));
        accumulate(x, select(positive, seed, neg(seed)));
        return success();
      })
      .Case([&](math::ExpOp) {
        accumulate(x, mul(seed, result));
        return success();
      })
      .Case([&](math::ExpM1Op) {
        // exp(x) afresh: the result plus one cancels far below zero.
        accumulate(x, mul(seed, math::ExpOp::create(builder, at, x)));
        return success();
      })
      .Case([&](math::LogOp) {
        accumulate(x, div(seed, x));
        return success();
      })
      .Case([&](math::SqrtOp) {
        accumulate(x, div(mul(seed, number(0.5)), result));
        return success();
      })
      .Case([&](math::TanhOp) {
        // 1 - tanh(x)^2 = 4 sigmoid'(2x), without the cancellation.
        Value slope = mul(number(4), sigmoidSlope(mul(number(2), x)));
        accumulate(x, mul(seed, slope));
        return success();
      })
      .Case([&](SigmoidOp) {
        accumulate(x, mul(seed, sigmoidSlope(x)));
        return success();
      })
      .Case([&](PositiveOp) {
        // g'(x) = 1 for x >= 0, sigmoid'(x) otherwise. The form of the
        // comparison keeps a NaN a NaN.
        Value slope = select(compare(arith::CmpFPredicate::OGE, x, number(0)),
                             number(1), sigmoidSlope(x));
        accumulate(x, mul(seed, slope));
        return success();
      })
      .Case([&](SoftplusOp) {
        accumulate(x, mul(seed, sigmoid(x)));
        return success();
      })
      .Case([&](LerpOp lerp) {
        Value keep = sub(number(1), lerp.getWeight());
        accumulate(lerp.getFrom(), mul(seed, keep));
        accumulate(lerp.getTo(), mul(seed, lerp.getWeight()));
        accumulate(lerp.getWeight(),
                   mul(seed, sub(lerp.getTo(), lerp.getFrom())));
        return success();
      })
      .Case([&](Log2AddExp2Op) {
        // d/dx log2(2^x + 2^y) = 2^x / (2^x + 2^y) = sigmoid((x - y) ln 2).
        Value scaled = mul(sub(x, y), number(0x1.62e43p-1F));
        accumulate(x, mul(seed, sigmoid(scaled)));
        accumulate(y, mul(seed, sigmoid(neg(scaled))));
        return success();
      })
      .Default([](Operation *unknown) {
        return unknown->emitOpError("has no derivative rule");
      });
}
