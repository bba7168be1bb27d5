//===- StabilizeGates.cpp - Gates and their complements -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Stabilize.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// 1 - lerp(x, 1, w)  ->  (1 - w) (1 - x), and the same of the sum that such a
/// lerp by a sigmoid is: 1 - (sigmoid(k) + sigmoid(-k) x)  ->  sigmoid(-k) (1 -
/// x)
///
/// The complement of a gate with a lower bound.
LogicalResult factorComplement(arith::SubFOp op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getLhs(), m_OneFloat()))
    return rewriter.notifyMatchFailure(op, "not 1 - x");
  auto complement = [&](Value value) -> Value {
    return arith::SubFOp::create(rewriter, op.getLoc(), op.getLhs(), value);
  };
  if (auto lerp = op.getRhs().getDefiningOp<LerpOp>()) {
    if (!matchPattern(lerp.getTo(), m_OneFloat()))
      return rewriter.notifyMatchFailure(op, "no lerp to 1");
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, complement(lerp.getWeight()),
                                               complement(lerp.getFrom()));
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

/// lerp(x, y, sigmoid(k))  ->  sigmoid(-k) x + sigmoid(k) y
///
/// In scans of either kind. In a cell it stays: the analysis of intervals knows
/// that a lerp lies between its ends.
LogicalResult expandLerpBySigmoid(LerpOp op, PatternRewriter &rewriter) {
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

} // namespace

void minrnn::compiler::addGateRules(RewritePatternSet &patterns) {
  patterns.add(factorComplement);
  patterns.add(expandLerpBySigmoid);
}
