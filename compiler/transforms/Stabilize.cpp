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

/// (-x) - (-y)  ->  y - x
struct DifferenceOfNegations : OpRewritePattern<arith::SubFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::SubFOp op,
                                PatternRewriter &rewriter) const override {
    auto x = op.getLhs().getDefiningOp<arith::NegFOp>();
    auto y = op.getRhs().getDefiningOp<arith::NegFOp>();
    if (!x || !y)
      return rewriter.notifyMatchFailure(op, "not (-x) - (-y)");
    rewriter.replaceOpWithNewOp<arith::SubFOp>(op, y.getOperand(),
                                               x.getOperand());
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
    patterns.add<ComplementOfSigmoid, DifferenceOfNegations, DoubleNegation,
                 LerpBySigmoid, RatioOfPositives>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
