//===- Stabilize.cpp - Formulas that keep their accuracy ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_STABILIZEPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// 1 - sigmoid(x)  ->  sigmoid(-x)
struct ComplementOfSigmoid : OpRewritePattern<arith::SubFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::SubFOp op,
                                PatternRewriter &rewriter) const override {
    auto sigmoid = op.getRhs().getDefiningOp<SigmoidOp>();
    if (!sigmoid || !matchPattern(op.getLhs(), m_OneFloat()))
      return rewriter.notifyMatchFailure(op, "not 1 - sigmoid(x)");
    Value negated =
        arith::NegFOp::create(rewriter, op.getLoc(), sigmoid.getOperand());
    rewriter.replaceOpWithNewOp<SigmoidOp>(op, op.getType(), negated);
    return success();
  }
};

/// -(-x)  ->  x
struct DoubleNegation : OpRewritePattern<arith::NegFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::NegFOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<arith::NegFOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not -(-x)");
    rewriter.replaceOp(op, inner.getOperand());
    return success();
  }
};

/// x * -1  ->  -x
struct ProductByMinusOne : OpRewritePattern<arith::MulFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::MulFOp op,
                                PatternRewriter &rewriter) const override {
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
};

/// -((-x) y)  ->  x y
struct NegatedProduct : OpRewritePattern<arith::NegFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::NegFOp op,
                                PatternRewriter &rewriter) const override {
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
};

/// -x + y  ->  y - x, and y + -x likewise
struct SumWithNegation : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [term, other] : {std::pair(op.getLhs(), op.getRhs()),
                               std::pair(op.getRhs(), op.getLhs())})
      if (auto negated = term.getDefiningOp<arith::NegFOp>()) {
        rewriter.replaceOpWithNewOp<arith::SubFOp>(op, other,
                                                   negated.getOperand());
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no term is negated");
  }
};

/// x - (-y)  ->  x + y
struct DifferenceWithNegation : OpRewritePattern<arith::SubFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::SubFOp op,
                                PatternRewriter &rewriter) const override {
    auto negated = op.getRhs().getDefiningOp<arith::NegFOp>();
    if (!negated)
      return rewriter.notifyMatchFailure(op, "not x - (-y)");
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, op.getLhs(),
                                               negated.getOperand());
    return success();
  }
};

/// x / (x + y)  ->  sigmoid(log x - log y), where both logarithms are known in
/// closed form: x and y are sigmoids or exponentials.
struct RatioOfPositives : OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool hasLogarithm(Value value) {
    return value.getDefiningOp<SigmoidOp>() ||
           value.getDefiningOp<math::ExpOp>();
  }

  /// log sigmoid(k) = -softplus(-k); log exp(k) = k.
  static Value logarithm(Value value, OpBuilder &builder) {
    if (auto exponential = value.getDefiningOp<math::ExpOp>())
      return exponential.getOperand();
    auto sigmoid = value.getDefiningOp<SigmoidOp>();
    Location location = value.getLoc();
    Value negated =
        arith::NegFOp::create(builder, location, sigmoid.getOperand());
    Value softplus =
        SoftplusOp::create(builder, location, value.getType(), negated);
    return arith::NegFOp::create(builder, location, softplus);
  }

  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    auto sum = op.getRhs().getDefiningOp<arith::AddFOp>();
    if (!sum || (op.getLhs() != sum.getLhs() && op.getLhs() != sum.getRhs()))
      return rewriter.notifyMatchFailure(op, "not x / (x + y)");
    if (!hasLogarithm(sum.getLhs()) || !hasLogarithm(sum.getRhs()))
      return rewriter.notifyMatchFailure(op, "no closed form of log x, log y");
    // Both ratios of one sum take the same difference, one of them negated, so
    // that they share their exponential.
    Value difference = arith::SubFOp::create(rewriter, op.getLoc(),
                                             logarithm(sum.getLhs(), rewriter),
                                             logarithm(sum.getRhs(), rewriter));
    if (op.getLhs() != sum.getLhs())
      difference = arith::NegFOp::create(rewriter, op.getLoc(), difference);
    rewriter.replaceOpWithNewOp<SigmoidOp>(op, op.getType(), difference);
    return success();
  }
};

/// 1 - lerp(x, 1, w)  ->  (1 - w) (1 - x), and the same of the sum that such a
/// lerp by a sigmoid is: 1 - (sigmoid(k) + sigmoid(-k) x)  ->  sigmoid(-k) (1 -
/// x)
///
/// The complement of a gate with a lower bound.
struct ComplementOfBoundedGate : OpRewritePattern<arith::SubFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::SubFOp op,
                                PatternRewriter &rewriter) const override {
    if (!matchPattern(op.getLhs(), m_OneFloat()))
      return rewriter.notifyMatchFailure(op, "not 1 - x");
    auto complement = [&](Value value) -> Value {
      return arith::SubFOp::create(rewriter, op.getLoc(), op.getLhs(), value);
    };
    if (auto lerp = op.getRhs().getDefiningOp<LerpOp>()) {
      if (!matchPattern(lerp.getTo(), m_OneFloat()))
        return rewriter.notifyMatchFailure(op, "no lerp to 1");
      rewriter.replaceOpWithNewOp<arith::MulFOp>(
          op, complement(lerp.getWeight()), complement(lerp.getFrom()));
      return success();
    }
    auto sum = op.getRhs().getDefiningOp<arith::AddFOp>();
    if (!sum)
      return rewriter.notifyMatchFailure(op, "not 1 - (x + y)");
    for (auto [bound, rest] : {std::pair(sum.getLhs(), sum.getRhs()),
                               std::pair(sum.getRhs(), sum.getLhs())}) {
      auto product = rest.getDefiningOp<arith::MulFOp>();
      if (!product)
        continue;
      for (auto [factor, x] : {std::pair(product.getLhs(), product.getRhs()),
                               std::pair(product.getRhs(), product.getLhs())})
        if (areComplements(bound, factor)) {
          rewriter.replaceOpWithNewOp<arith::MulFOp>(op, factor, complement(x));
          return success();
        }
    }
    return rewriter.notifyMatchFailure(op, "not 1 - (g + (1 - g) x)");
  }
};

/// lerp(x, y, sigmoid(k))  ->  sigmoid(-k) x + sigmoid(k) y
///
/// In scans and walks. In a cell it stays: the analysis of intervals knows that
/// a lerp lies between its ends.
struct LerpBySigmoid : OpRewritePattern<LerpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LerpOp op,
                                PatternRewriter &rewriter) const override {
    auto sigmoid = op.getWeight().getDefiningOp<SigmoidOp>();
    if (!sigmoid || isa<CellOp>(op->getParentOp()))
      return rewriter.notifyMatchFailure(op, "not by a sigmoid in a scan");
    Location location = op.getLoc();
    Value negated =
        arith::NegFOp::create(rewriter, location, sigmoid.getOperand());
    Value keep = SigmoidOp::create(rewriter, location, op.getType(), negated);
    Value kept = arith::MulFOp::create(rewriter, location, keep, op.getFrom());
    Value taken =
        arith::MulFOp::create(rewriter, location, op.getWeight(), op.getTo());
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, kept, taken);
    return success();
  }
};

struct StabilizePass
    : public minrnn::compiler::impl::StabilizePassBase<StabilizePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ComplementOfBoundedGate, ComplementOfSigmoid,
                 DifferenceWithNegation, DoubleNegation, LerpBySigmoid,
                 NegatedProduct, ProductByMinusOne, RatioOfPositives,
                 SumWithNegation>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
