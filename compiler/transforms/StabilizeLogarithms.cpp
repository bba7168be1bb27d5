//===- StabilizeLogarithms.cpp - Logarithms of what underflows ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The logarithm of a gate is an ordinary number where the gate itself is none
// in single precision any more, or has lost its digits.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
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

static Value number(float value, Location at, OpBuilder &builder) {
  return arith::ConstantOp::create(builder, at, builder.getF32FloatAttr(value));
}

namespace {

/// log(c e^x)        ->  x + log c; so log sigmoid(x)  ->  -softplus(-x)
/// log(1 + e^x)      ->  softplus(x)
/// log(e^x + e^y)    ->  logaddexp2(x log2 e, y log2 e) ln 2
///
/// For all x and y, the factor c above zero.
LogicalResult expandLogOfSum(math::LogOp op, PatternRewriter &rewriter) {
  std::optional<ExponentialSum> sum = readExponentialSum(op.getOperand());
  if (!sum)
    return rewriter.notifyMatchFailure(op, "not of a sum of exponentials");
  bool isSafe = false, canOverflow = false;
  for (const ExponentialTerm &term : *sum) {
    if (term.factor <= 0)
      return rewriter.notifyMatchFailure(op, "not of a positive sum");
    isSafe |= term.exponent.isConstant();
    canOverflow |= term.canOverflow;
  }
  if (isSafe && !canOverflow)
    return rewriter.notifyMatchFailure(op, "of what is never small");
  Location at = op.getLoc();
  const ExponentialTerm &first = sum->front();
  rewriter.replaceOp(
      op,
      sum->size() > 1
          ? logOfSum(*sum, at, rewriter)
          : first.exponent.plus(LinearForm::ofConstant(std::log(first.factor)))
                .materialize(at, rewriter));
  return success();
}

/// log g(x)  ->  x >= 0 ? log(max(x, -tiny) + 0.5) : -softplus(-x)
///
/// For all x; applied where x may have either sign, since the interval of the
/// choice is that of both branches.
LogicalResult expandLogOfPositive(math::LogOp op, PatternRewriter &rewriter) {
  auto positive = op.getOperand().getDefiningOp<PositiveOp>();
  if (!positive)
    return rewriter.notifyMatchFailure(op, "not of g(x)");
  Value x = positive.getOperand();
  Interval range = IntervalAnalysis().get(x);
  if (range.lower >= 0 || range.upper <= 0)
    return rewriter.notifyMatchFailure(op, "x is of one sign");
  Location at = op.getLoc();
  // The branch is finite where it is not taken, too, so that its gradient is.
  // (Not max(x, 0): at 0 the slope would be the constant's.)
  Value above =
      arith::MaximumFOp::create(rewriter, at, x, number(-1e-30F, at, rewriter));
  Value shifted =
      arith::AddFOp::create(rewriter, at, above, number(0.5, at, rewriter));
  Value logAbove = math::LogOp::create(rewriter, at, shifted);
  Value logBelow = LinearForm::ofLogSigmoid(x).materialize(at, rewriter);
  Value isAbove = arith::CmpFOp::create(rewriter, at, arith::CmpFPredicate::OGE,
                                        x, number(0, at, rewriter));
  rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isAbove, logAbove, logBelow);
  return success();
}

/// log softplus(x)  ->  x < -15 ? min(x, -14) : log softplus(max(x, -16))
///
/// Below -15 they are the same to the last bit of f32, and below -104 softplus
/// is 0. Applied where x may be on either side.
LogicalResult expandLogOfSoftplus(math::LogOp op, PatternRewriter &rewriter) {
  auto softplus = op.getOperand().getDefiningOp<SoftplusOp>();
  if (!softplus)
    return rewriter.notifyMatchFailure(op, "not of softplus(x)");
  Value x = softplus.getOperand();
  Interval range = IntervalAnalysis().get(x);
  if (range.lower >= -16 || range.upper <= -14)
    return rewriter.notifyMatchFailure(op, "x is on one side of -15");
  Location at = op.getLoc();
  Value isBelow = arith::CmpFOp::create(rewriter, at, arith::CmpFPredicate::OLT,
                                        x, number(-15, at, rewriter));
  // Both are finite where they are not taken, and narrow the interval.
  Value below =
      arith::MinimumFOp::create(rewriter, at, x, number(-14, at, rewriter));
  Value above =
      arith::MaximumFOp::create(rewriter, at, x, number(-16, at, rewriter));
  Value logAbove = math::LogOp::create(
      rewriter, at, SoftplusOp::create(rewriter, at, above.getType(), above));
  rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isBelow, below, logAbove);
  return success();
}

/// max(x, 0) + softplus(-|x|)  ->  softplus(x), for all x
LogicalResult recogniseSoftplus(arith::AddFOp op, PatternRewriter &rewriter) {
  for (auto [x, y] : {std::pair(op.getLhs(), op.getRhs()),
                      std::pair(op.getRhs(), op.getLhs())}) {
    auto maximum = x.getDefiningOp<arith::MaximumFOp>();
    auto softplus = y.getDefiningOp<SoftplusOp>();
    if (!maximum || !softplus)
      continue;
    auto negation = softplus.getOperand().getDefiningOp<arith::NegFOp>();
    auto absolute = negation
                        ? negation.getOperand().getDefiningOp<math::AbsFOp>()
                        : math::AbsFOp();
    if (!absolute)
      continue;
    Value of = absolute.getOperand();
    for (auto [part, other] : {std::pair(maximum.getLhs(), maximum.getRhs()),
                               std::pair(maximum.getRhs(), maximum.getLhs())})
      if (part == of && matchPattern(other, m_AnyZeroFloat())) {
        rewriter.replaceOpWithNewOp<SoftplusOp>(op, op.getType(), of);
        return success();
      }
  }
  return rewriter.notifyMatchFailure(op, "no softplus");
}

} // namespace

void minrnn::compiler::addLogarithmRules(RewritePatternSet &patterns) {
  patterns.add(expandLogOfPositive);
  patterns.add(expandLogOfSoftplus);
  patterns.add(expandLogOfSum);
  patterns.add(recogniseSoftplus);
}
