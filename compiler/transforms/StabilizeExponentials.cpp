//===- StabilizeExponentials.cpp - Gates that are written by hand ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// exp overflows above 88.7 and underflows below -104, and what is divided by it
// then is 0/0 or infinity/infinity: a NaN, in the value or in the gradient,
// where the function that is meant has a finite limit.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
#include "compiler/transforms/ExponentialSum.h"
#include "compiler/transforms/Stabilize.h"
#include "dialect/MinRNN.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// Whether it is above zero, and its terms can all underflow, or one
/// overflow. (1 + sigmoid(x) does neither.)
bool isPositiveAndCanFail(ArrayRef<ExponentialTerm> sum) {
  bool isSafe = false, canOverflow = false;
  for (const ExponentialTerm &term : sum) {
    if ((term.factor > 0) != (sum[0].factor > 0))
      return false;
    isSafe |= term.exponent.isConstant();
    canOverflow |= term.canOverflow;
  }
  return sum.size() >= 2 && (!isSafe || canOverflow);
}

Value ofTerms(const ExponentialTerm &above, const ExponentialTerm &below,
              double &factor, Location at, PatternRewriter &rewriter) {
  // By a number, or by a sigmoid what is none: nothing to gain.
  if (below.exponent.isConstant() || above.factor == 0 ||
      (below.exponent.hasSoftplus() && !above.exponent.hasSoftplus()))
    return {};
  factor = above.factor / below.factor;
  Value exponent =
      above.exponent.minus(below.exponent).materialize(at, rewriter);
  return math::ExpOp::create(rewriter, at, exponent);
}

/// The place in `sum` of the term with this exponent; its size: there is
/// none.
size_t placeOf(const ExponentialTerm &term, ArrayRef<ExponentialTerm> sum) {
  return llvm::find_if(sum,
                       [&](const ExponentialTerm &other) {
                         return term.exponent.minus(other.exponent).isZero();
                       }) -
         sum.begin();
}

/// x - y + log(cx / cy) of the first two terms.
LinearForm distance(ArrayRef<ExponentialTerm> sum) {
  return sum[0]
      .exponent.minus(sum[1].exponent)
      .plus(LinearForm::ofConstant(std::log(sum[0].factor / sum[1].factor)));
}

Value sigmoidOf(const ExponentialTerm &above, ArrayRef<ExponentialTerm> below,
                double &factor, Location at, PatternRewriter &rewriter) {
  size_t place = placeOf(above, below);
  if (place == below.size())
    return {};
  factor = above.factor / below[place].factor;
  Value argument;
  if (below.size() == 2) {
    // Both quotients by one sum take the same difference, one of them
    // negated, so that they share their exponential.
    argument = distance(below).materialize(at, rewriter);
  } else {
    ExponentialSum others;
    for (auto [index, term] : llvm::enumerate(below))
      if (index != place)
        others.push_back({term.factor / below[place].factor,
                          term.exponent.minus(below[place].exponent),
                          term.canOverflow});
    argument = logOfSum(others, at, rewriter);
  }
  if (below.size() > 2 || place == 1)
    argument = arith::NegFOp::create(rewriter, at, argument);
  return SigmoidOp::create(rewriter, at, argument.getType(), argument);
}

Value tanhOf(ArrayRef<ExponentialTerm> above, ArrayRef<ExponentialTerm> below,
             double &factor, Location at, PatternRewriter &rewriter) {
  size_t place = placeOf(above[0], below);
  if (place == 2 || placeOf(above[1], below) != 1 - place)
    return {};
  factor = above[0].factor / below[place].factor;
  if (above[1].factor != -factor * below[1 - place].factor)
    return {};
  if (place == 1)
    factor = -factor;
  Value half = distance(below).times(0.5).materialize(at, rewriter);
  return math::TanhOp::create(rewriter, at, half);
}

/// Quotients of sums of exponentials, the factors c above zero:
///
///   c1 e^x / (c2 e^y)                      ->  c1 / c2 exp(x - y)
///   c1 e^x / (c1 e^x + c2 e^y)             ->  sigmoid(x - y + log(c1 / c2))
///   e^x / (e^x + e^y + e^z)                ->  sigmoid(-log(e^(y - x) +
///                                                           e^(z - x)))
///   (c1 e^x - c2 e^y) / (c1 e^x + c2 e^y)  ->  tanh((x - y + log(c1 / c2)) /
///   2)
///
/// For all x, y and z. A factor of the whole stays in front.
LogicalResult takeQuotientOfSums(arith::DivFOp op, PatternRewriter &rewriter) {
  std::optional<ExponentialSum> below = readExponentialSum(op.getRhs());
  if (!below)
    return rewriter.notifyMatchFailure(op, "not by a sum of exponentials");
  std::optional<ExponentialSum> above = readExponentialSum(op.getLhs());
  if (!above)
    return rewriter.notifyMatchFailure(op, "not of a sum of exponentials");
  Location at = op.getLoc();
  double factor = 1;
  Value result;
  if (below->size() == 1 && above->size() == 1)
    result = ofTerms(above->front(), below->front(), factor, at, rewriter);
  else if (!isPositiveAndCanFail(*below))
    return rewriter.notifyMatchFailure(op, "by a sum that is safe");
  else if (above->size() == 1)
    result = sigmoidOf(above->front(), *below, factor, at, rewriter);
  else if (above->size() == 2 && below->size() == 2)
    result = tanhOf(*above, *below, factor, at, rewriter);
  if (!result)
    return rewriter.notifyMatchFailure(op, "no quotient with a limit");
  rewriter.replaceOp(op, scale(result, factor, at, rewriter));
  return success();
}

/// factor * op + constant; what remains as a factor goes to `factor`.
Value combine(Operation *op, double &factor, double constant, Location at,
              PatternRewriter &rewriter) {
  if (!op)
    return {};
  auto times = [&](double number) {
    return LinearForm::of(op->getOperand(0))
        .times(number)
        .materialize(at, rewriter);
  };
  auto sigmoid = [&](Value x) -> Value {
    return SigmoidOp::create(rewriter, at, x.getType(), x);
  };
  if (isa<SigmoidOp>(op) && constant == -factor) {
    factor = constant;
    Value x = op->getOperand(0);
    return sigmoid(arith::NegFOp::create(rewriter, at, x));
  }
  if (isa<SigmoidOp>(op) && constant == -factor / 2) {
    factor /= 2;
    return math::TanhOp::create(rewriter, at, times(0.5));
  }
  if (isa<math::TanhOp>(op) && std::abs(constant) == std::abs(factor)) {
    Value argument = times(constant == factor ? 2 : -2);
    factor = 2 * constant;
    return sigmoid(argument);
  }
  if (isa<math::ExpM1Op>(op) && constant == factor)
    return math::ExpOp::create(rewriter, at, op->getOperand(0));
  if (constant != -factor)
    return {};
  // Of sigmoids alone, such as 1 - f i, it is left.
  std::optional<ExponentialTerm> term = readExponentialTerm(op->getResult(0));
  if (!term || !term->canOverflow || term->factor != 1 ||
      term->exponent.isConstant())
    return {};
  return math::ExpM1Op::create(rewriter, at,
                               term->exponent.materialize(at, rewriter));
}

/// What cancels beside a constant:
///
///   c - c sigmoid(x)       ->  c sigmoid(-x)
///   2 c sigmoid(x) - c     ->  c tanh(x / 2)
///   c + c tanh(x)          ->  2 c sigmoid(2 x)
///   c - c tanh(x)          ->  2 c sigmoid(-2 x)
///   c e^x - c              ->  c expm1(x)
///   c + c expm1(x)         ->  c exp(x)
///
/// For all x. The factor c may be negative, so that the signs and the order are
/// free.
template <typename SumOp>
LogicalResult combineBesideConstant(SumOp op, PatternRewriter &rewriter) {
  double sign = std::is_same_v<SumOp, arith::AddFOp> ? 1 : -1;
  std::optional<double> constant = constantOf(op.getRhs());
  double factor = 1;
  Value rest = op.getLhs();
  if (constant) {
    *constant *= sign;
  } else {
    constant = constantOf(op.getLhs());
    rest = op.getRhs();
    factor = sign;
  }
  if (!constant || *constant == 0)
    return rewriter.notifyMatchFailure(op, "no constant");
  rest = withoutFactors(rest, factor);
  Location at = op.getLoc();
  Value result = combine(rest.getDefiningOp(), factor, *constant, at, rewriter);
  if (!result)
    return rewriter.notifyMatchFailure(op, "nothing that cancels");
  rewriter.replaceOp(op, scale(result, factor, at, rewriter));
  return success();
}

/// sqrt(e^x)  ->  exp(x / 2), and of products and quotients of exponentials and
/// sigmoids, which can underflow where the root does not
LogicalResult halveExponent(math::SqrtOp op, PatternRewriter &rewriter) {
  std::optional<ExponentialTerm> term = readExponentialTerm(op.getOperand());
  if (!term || term->factor <= 0 || term->exponent.isConstant())
    return rewriter.notifyMatchFailure(op, "not of an exponential");
  Location at = op.getLoc();
  Value half = term->exponent.times(0.5).materialize(at, rewriter);
  Value root = math::ExpOp::create(rewriter, at, half);
  rewriter.replaceOp(op, scale(root, std::sqrt(term->factor), at, rewriter));
  return success();
}

/// exp(-softplus(x))    ->  sigmoid(-x)
/// expm1(-softplus(x))  ->  -sigmoid(x)
/// exp(log(x))          ->  x, where x is proven not to be negative
struct ExponentialOfLogarithm : RewritePattern {
  ExponentialOfLogarithm(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa<math::ExpOp, math::ExpM1Op>(op))
      return failure();
    Location at = op->getLoc();
    Value exponent = op->getOperand(0);
    auto logarithm = exponent.getDefiningOp<math::LogOp>();
    if (logarithm && isa<math::ExpOp>(op) &&
        IntervalAnalysis().get(logarithm.getOperand()).isNonNegative()) {
      rewriter.replaceOp(op, logarithm.getOperand());
      return success();
    }
    bool isNegated = false;
    Value x = LinearForm::of(exponent).matchLogSigmoid(isNegated);
    if (!x)
      return rewriter.notifyMatchFailure(op, "not of a sigmoid's logarithm");
    bool minusOne = isa<math::ExpM1Op>(op);
    if (isNegated != minusOne)
      x = arith::NegFOp::create(rewriter, at, x);
    Value sigmoid = SigmoidOp::create(rewriter, at, x.getType(), x);
    rewriter.replaceOp(op, scale(sigmoid, minusOne ? -1 : 1, at, rewriter));
    return success();
  }
};

} // namespace

void minrnn::compiler::addExponentialRules(RewritePatternSet &patterns) {
  patterns.add(combineBesideConstant<arith::AddFOp>);
  patterns.add(combineBesideConstant<arith::SubFOp>);
  patterns.add<ExponentialOfLogarithm>(patterns.getContext());
  patterns.add(takeQuotientOfSums);
  patterns.add(halveExponent);
}
