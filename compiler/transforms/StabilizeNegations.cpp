//===- StabilizeNegations.cpp - Signs and powers of two -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/ExponentialSum.h"
#include "compiler/transforms/Stabilize.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// -(-x)  ->  x
LogicalResult removeDoubleNegation(arith::NegFOp op,
                                   PatternRewriter &rewriter) {
  auto inner = op.getOperand().getDefiningOp<arith::NegFOp>();
  if (!inner)
    return rewriter.notifyMatchFailure(op, "not -(-x)");
  rewriter.replaceOp(op, inner.getOperand());
  return success();
}

/// x * -1  ->  -x
LogicalResult negateInsteadOfProduct(arith::MulFOp op,
                                     PatternRewriter &rewriter) {
  for (auto [factor, other] : {std::pair(op.getLhs(), op.getRhs()),
                               std::pair(op.getRhs(), op.getLhs())}) {
    FloatAttr value;
    if (matchPattern(factor, m_Constant(&value)) &&
        value.getValue().isExactlyValue(-1)) {
      rewriter.replaceOpWithNewOp<arith::NegFOp>(op, other);
      return success();
    }
  }
  return rewriter.notifyMatchFailure(op, "not x * -1");
}

/// -((-x) y)  ->  x y
LogicalResult removeSignsOfProduct(arith::NegFOp op,
                                   PatternRewriter &rewriter) {
  auto product = op.getOperand().getDefiningOp<arith::MulFOp>();
  if (!product)
    return rewriter.notifyMatchFailure(op, "not -(x y)");
  for (auto [factor, other] : {std::pair(product.getLhs(), product.getRhs()),
                               std::pair(product.getRhs(), product.getLhs())})
    if (auto negated = factor.getDefiningOp<arith::NegFOp>()) {
      rewriter.replaceOpWithNewOp<arith::MulFOp>(op, negated.getOperand(),
                                                 other);
      return success();
    }
  return rewriter.notifyMatchFailure(op, "no factor is negated");
}

/// -x + y  ->  y - x, and y + -x likewise
LogicalResult subtractNegated(arith::AddFOp op, PatternRewriter &rewriter) {
  for (auto [term, other] : {std::pair(op.getLhs(), op.getRhs()),
                             std::pair(op.getRhs(), op.getLhs())})
    if (auto negated = term.getDefiningOp<arith::NegFOp>()) {
      rewriter.replaceOpWithNewOp<arith::SubFOp>(op, other,
                                                 negated.getOperand());
      return success();
    }
  return rewriter.notifyMatchFailure(op, "no term is negated");
}

/// x - (-y)  ->  x + y
LogicalResult addNegated(arith::SubFOp op, PatternRewriter &rewriter) {
  auto negated = op.getRhs().getDefiningOp<arith::NegFOp>();
  if (!negated)
    return rewriter.notifyMatchFailure(op, "not x - (-y)");
  rewriter.replaceOpWithNewOp<arith::AddFOp>(op, op.getLhs(),
                                             negated.getOperand());
  return success();
}

/// tanh(-x)  ->  -tanh(x)
LogicalResult moveSignOutOfTanh(math::TanhOp op, PatternRewriter &rewriter) {
  auto negated = op.getOperand().getDefiningOp<arith::NegFOp>();
  if (!negated)
    return rewriter.notifyMatchFailure(op, "not tanh(-x)");
  Value tanh = math::TanhOp::create(rewriter, op.getLoc(), op.getType(),
                                    negated.getOperand());
  rewriter.replaceOpWithNewOp<arith::NegFOp>(op, tanh);
  return success();
}

/// (x c) d  ->  x (c d), and the same of quotients, for powers of two
struct PowersOfTwo : RewritePattern {
  PowersOfTwo(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  /// The power of two that `op` multiplies `x` by, if it does; 0: it does not.
  static double factorOf(Operation *op, Value &x) {
    if (!isa_and_nonnull<arith::MulFOp, arith::DivFOp>(op))
      return 0;
    x = op->getOperand(0);
    std::optional<double> number = constantOf(op->getOperand(1));
    if (!number && isa<arith::MulFOp>(op)) {
      x = op->getOperand(1);
      number = constantOf(op->getOperand(0));
    }
    if (!number || *number == 0)
      return 0;
    // Small ones, so that what is between neither underflows nor overflows
    // where the whole does not.
    int exponent = 0;
    if (std::abs(std::frexp(*number, &exponent)) != 0.5 ||
        std::abs(exponent) > 8)
      return 0;
    return isa<arith::MulFOp>(op) ? *number : 1 / *number;
  }

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    Value outer, inner;
    double factor = factorOf(op, outer);
    if (factor != 0)
      factor *= factorOf(outer.getDefiningOp(), inner);
    if (factor == 0)
      return failure();
    rewriter.replaceOp(op, scale(inner, factor, op->getLoc(), rewriter));
    return success();
  }
};

} // namespace

void minrnn::compiler::addNegationRules(RewritePatternSet &patterns) {
  patterns.add(addNegated);
  patterns.add(removeDoubleNegation);
  patterns.add(removeSignsOfProduct);
  patterns.add<PowersOfTwo>(patterns.getContext());
  patterns.add(negateInsteadOfProduct);
  patterns.add(subtractNegated);
  patterns.add(moveSignOutOfTanh);
}
