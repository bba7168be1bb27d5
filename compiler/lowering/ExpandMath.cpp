//===- ExpandMath.cpp - Gate math as arithmetic ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/MathBuilder.h"
#include "compiler/lowering/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>

namespace minrnn::compiler {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

//===----------------------------------------------------------------------===//
// The functions
//===----------------------------------------------------------------------===//

/// log2(1 + u) / u on [0, 1]; relative error 3.1e-8 before rounding.
static constexpr float kLog2OnePlus[] = {
    0x1.715476p+0F,  -0x1.71538p-1F,  0x1.ec3ac6p-2F,
    -0x1.6f02a2p-2F, 0x1.1a41bep-2F,  -0x1.93b31cp-3F,
    0x1.ce424ap-4F,  -0x1.5cb598p-5F, 0x1.eebe42p-8F};

/// The same with a relative error of 5.7e-5. (`lg2.approx` would take as many
/// cycles of the special function unit, and know nothing of small u.)
static constexpr float kLog2OnePlusShort[] = {0x1.714f1ap+0F, -0x1.6f18fap-1F,
                                              0x1.c4812p-2F, -0x1.d124p-3F,
                                              0x1.e8aa5ep-5F};

/// tanh(x) / x as a polynomial in x^2, |x| < 0.625; relative error 4e-9.
static constexpr float kTanh[] = {0x1p+0F,        -0x1.555524p-2F,
                                  0x1.11058p-3F,  -0x1.b8153ep-5F,
                                  0x1.515cdep-6F, -0x1.72eedcp-8F};

/// (exp(x) - 1) / x, |x| < 0.5: its Taylor series; relative error 1.1e-8.
static constexpr float kExpM1[] = {
    0x1p+0F,        0x1p-1F,         0x1.555556p-3F,  0x1.555556p-5F,
    0x1.111112p-7F, 0x1.6c16c2p-10F, 0x1.a01a02p-13F, 0x1.a01a02p-16F};

/// x, or that of which it is the negative.
static Value withoutSign(Value x) {
  auto negated = x.getDefiningOp<arith::NegFOp>();
  return negated ? negated.getOperand() : x;
}

/// |x|, the same value for x and -x.
static Value magnitude(MathBuilder &math, Value x) {
  return math.abs(withoutSign(x));
}

/// log2(1 + u) for u in [0, 1], accurate however small u is.
static Value log2OnePlus(MathBuilder &math, Value u) {
  ArrayRef<float> coefficients = kLog2OnePlus;
  if (math.isApproximate())
    coefficients = kLog2OnePlusShort;
  return math.mul(u, math.polynomial(coefficients, u));
}

static Value isNonNegative(MathBuilder &math, Value x) {
  return math.compare(arith::CmpFPredicate::OGE, x, math.number(0));
}

static Value isBelow(MathBuilder &math, Value x, float bound) {
  return math.compare(arith::CmpFPredicate::OLT, x, math.number(bound));
}

/// e = exp(x) and r = 1 / (1 + e), for x that is not positive.
static std::pair<Value, Value> partsOfSigmoid(MathBuilder &math, Value x) {
  Value e = math.expOfMinus(math.negate(x), Results::Any);
  return {e, math.reciprocal(math.add(math.number(1), e))};
}

/// x / 2; of a number times a constant, the number times half of it.
static Value half(MathBuilder &math, Value x) {
  FloatAttr factor;
  if (auto product = x.getDefiningOp<arith::MulFOp>())
    if (matchPattern(product.getRhs(), m_Constant(&factor))) {
      double halved = factor.getValueAsDouble() / 2;
      return halved == 1 ? product.getLhs()
                         : math.mul(product.getLhs(),
                                    math.number(static_cast<float>(halved)));
    }
  return math.mul(x, math.number(0.5F));
}

static Value sigmoid(MathBuilder &math, Value x) {
  // One half and half of tanh(x / 2), the same for x and for -x.
  Value bare = withoutSign(x);
  if (Value t = math.approximateTanh(half(math, bare)))
    return math.add(math.mul(t, math.number(x == bare ? 0.5F : -0.5F)),
                    math.number(0.5F));
  // With e = exp(-|x|): 1 / (1 + e) for x >= 0, e / (1 + e) otherwise. The
  // sigmoids of x and of -x share all but the last operation. (At 0 they are
  // the same, and a NaN is in e and r both.)
  Value e = math.expOfMinus(magnitude(math, x), Results::Any);
  Value r = math.reciprocal(math.add(math.number(1), e));
  Value far = math.mul(e, r);
  if (auto negated = x.getDefiningOp<arith::NegFOp>())
    return math.select(isNonNegative(math, negated.getOperand()), far, r);
  return math.select(isNonNegative(math, x), r, far);
}

static Value positive(MathBuilder &math, Value x) {
  if (auto halves = math.halves(x)) {
    if (Value t = math.approximateTanh(half(math, halves->below)))
      return math.add(math.mul(t, math.number(0.5F)),
                      math.add(halves->above, math.number(0.5F)));
    // max(x, 0) + e / (1 + e) with e = exp(min(x, 0)), which is 1 above 0.
    auto [e, r] = partsOfSigmoid(math, halves->below);
    return math.add(math.mul(e, r), halves->above);
  }
  return math.select(isNonNegative(math, x), math.add(x, math.number(0.5F)),
                     sigmoid(math, x));
}

/// The slope of positive, of the same parts, where `choice` is that: 1 for
/// x >= 0, sigmoid(x) sigmoid(-x) otherwise. Null where it is another one, or
/// where the target has no such parts.
static Value slopeOfPositive(arith::SelectOp choice, CreateMath &create) {
  auto comparison = choice.getCondition().getDefiningOp<arith::CmpFOp>();
  auto product = choice.getFalseValue().getDefiningOp<arith::MulFOp>();
  if (!comparison || comparison.getPredicate() != arith::CmpFPredicate::OGE ||
      !matchPattern(comparison.getRhs(), m_AnyZeroFloat()) ||
      !matchPattern(choice.getTrueValue(), m_OneFloat()) || !product ||
      !areComplements(product.getLhs(), product.getRhs()))
    return {};
  Value x = comparison.getLhs();
  auto factor = product.getLhs().getDefiningOp<SigmoidOp>();
  if (!factor || withoutSign(factor.getOperand()) != withoutSign(x))
    return {};
  OpBuilder builder(choice);
  std::unique_ptr<MathBuilder> math =
      create(builder, choice.getLoc(), choice.getType());
  auto halves = math->halves(x);
  if (!halves)
    return {};
  if (Value t = math->approximateTanh(half(*math, halves->below))) {
    // (1 - t^2) / 4
    Value quarter = math->mul(t, math->number(-0.25F));
    return math->select(comparison, math->number(1),
                        math->add(math->mul(quarter, t), math->number(0.25F)));
  }
  auto [e, r] = partsOfSigmoid(*math, halves->below);
  return math->select(comparison, math->number(1),
                      math->mul(math->mul(e, r), r));
}

/// `wantsTail`: whether the result matters where it is tiny.
static Value softplus(MathBuilder &math, Value x, bool wantsTail) {
  // max(x, 0) + log(1 + exp(-|x|)); the sum passes a NaN on.
  Value above = math.larger(x, math.number(0));
  Value e = math.expOfMinus(
      magnitude(math, x), wantsTail ? Results::Any : math.resultsWithoutTail());
  return math.add(math.mul(log2OnePlus(math, e), math.number(kLn2)), above);
}

static Value tanh(MathBuilder &math, Value x) {
  if (Value t = math.approximateTanh(x))
    return t;
  // Near zero an odd polynomial, beyond (1 - e) / (1 + e) with e = exp(-2|x|).
  Value a = math.abs(x);
  Value near = math.mul(x, math.polynomial(kTanh, math.mul(x, x)));
  Value e = math.expOfMinusTwice(a);
  Value far = math.mul(math.sub(math.number(1), e),
                       math.reciprocal(math.add(math.number(1), e)));
  far = math.select(isBelow(math, x, 0), math.negate(far), far);
  return math.select(isBelow(math, a, 0.625F), near, far);
}

static Value expM1(MathBuilder &math, Value x) {
  Value near = math.mul(x, math.polynomial(kExpM1, x));
  Value far = math.sub(math.exp(x, Results::Any), math.number(1));
  return math.select(isBelow(math, math.abs(x), 0.5F), near, far);
}

static Value lerp(MathBuilder &math, Value from, Value to, Value weight) {
  // (1 - w) from + w to; unlike from + w (to - from) it is exact at w = 1.
  Value keep = math.sub(math.number(1), weight);
  return math.add(math.mul(keep, from), math.mul(weight, to));
}

static Value logAddExp2(MathBuilder &math, Value x, Value y) {
  // max + log2(1 + 2^-|x - y|); the difference passes a NaN on. A constant
  // zero is on the right, where canonicalisation puts it, and there the
  // difference is x itself.
  Value difference = matchPattern(y, m_AnyZeroFloat())
                         ? magnitude(math, x)
                         : math.abs(math.subRounded(x, y));
  Value above = math.larger(x, y);
  Value u = math.exp2(math.negate(difference), Results::BesideOne);
  return math.add(log2OnePlus(math, u), above);
}

//===----------------------------------------------------------------------===//
// Which of them an operation is
//===----------------------------------------------------------------------===//

/// The largest |c| among the elements of a constant.
static double largestMagnitude(Value constant) {
  Attribute value;
  matchPattern(constant, m_Constant(&value));
  if (auto number = dyn_cast<FloatAttr>(value))
    return std::fabs(number.getValueAsDouble());
  double largest = 0;
  for (const APFloat &element : cast<DenseFPElementsAttr>(value))
    largest = std::max(largest, std::fabs(element.convertToDouble()));
  return largest;
}

/// Whether all that becomes of `value` is that it is raised to a power, by way
/// of differences and constant factors, and no larger than it is: then only its
/// absolute error counts. (minLSTM's gates are sigmoids of a difference of two
/// softplus.)
///
/// A softplus without its tail is off by |x| e^-|x| u at most, 0.37 u; log2 e
/// and its rounding take that to 0.55 u, which is what a power is then off by.
static bool isExponent(Value value) {
  constexpr double largestGain = 1.5;
  Block *block = value.getParentBlock();
  // What depends on it, each operation once, however many ways lead to it; in
  // the order of the block, operands come before their users.
  SmallVector<Operation *> dependent;
  SmallVector<Value> pending = {value};
  llvm::SmallPtrSet<Operation *, 8> visited;
  while (!pending.empty())
    for (Operation *user : pending.pop_back_val().getUsers()) {
      if (!visited.insert(user).second)
        continue;
      if (user->getBlock() != block)
        return false;
      dependent.push_back(user);
      if (isa<SigmoidOp, LogAddExp2Op>(user))
        continue;
      bool passesOn = isa<arith::NegFOp, arith::SubFOp>(user) ||
                      (isa<arith::MulFOp>(user) &&
                       matchPattern(user->getOperand(1), m_Constant()));
      if (!passesOn)
        return false;
      pending.push_back(user->getResult(0));
    }
  llvm::sort(dependent,
             [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
  // By how much an error of `value` may have grown in what depends on it.
  llvm::DenseMap<Value, double> gains = {{value, 1.0}};
  for (Operation *user : dependent) {
    double gain = 0;
    for (Value operand : user->getOperands())
      gain += gains.lookup(operand);
    if (isa<SigmoidOp, LogAddExp2Op>(user)) {
      if (!(gain <= largestGain))
        return false;
      continue;
    }
    if (isa<arith::MulFOp>(user))
      gain *= largestMagnitude(user->getOperand(1));
    gains[user->getResult(0)] = gain;
  }
  return true;
}

/// The expansion of `op`, or null where it stays as it is.
static Value expand(Operation *op, OpBuilder &builder, CreateMath &create) {
  if (op->getNumResults() != 1)
    return {};
  std::unique_ptr<MathBuilder> math =
      create(builder, op->getLoc(), op->getResult(0).getType());
  auto operand = [&](unsigned index) { return op->getOperand(index); };
  Value x = op->getNumOperands() != 0 ? operand(0) : Value();
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](SigmoidOp) { return sigmoid(*math, x); })
      .Case([&](PositiveOp) { return positive(*math, x); })
      .Case([&](SoftplusOp op) { return softplus(*math, x, !isExponent(op)); })
      .Case([&](LerpOp) { return lerp(*math, x, operand(1), operand(2)); })
      .Case([&](LogAddExp2Op) { return logAddExp2(*math, x, operand(1)); })
      .Case([&](arith::DivFOp) {
        return math->approximateQuotient(x, operand(1));
      })
      .Case([&](arith::MaximumFOp) { return math->maximum(x, operand(1)); })
      .Case([&](arith::MinimumFOp) { return math->minimum(x, operand(1)); })
      .Case([&](math::ExpOp) { return math->exp(x, Results::Any); })
      .Case([&](math::ExpM1Op) { return expM1(*math, x); })
      .Case([&](math::Exp2Op) { return math->exp2(x, Results::Any); })
      .Case([&](math::LogOp) {
        return math->mul(math->log2(x), math->number(kLn2));
      })
      .Case([&](math::Log2Op) { return math->log2(x); })
      .Case([&](math::TanhOp) { return tanh(*math, x); })
      .Case([&](math::SqrtOp) { return math->sqrt(x); })
      .Case([&](math::AbsFOp) { return math->abs(x); })
      .Default([](Operation *) { return Value(); });
}

namespace {

struct ExpandMathPass
    : public minrnn::compiler::impl::ExpandMathPassBase<ExpandMathPass> {
  using ExpandMathPassBase::ExpandMathPassBase;

  void runOnOperation() override {
    if (target != "gpu" && target != "host") {
      getOperation()->emitError(
          "minrnn-expand-math expects the target gpu or host, found '")
          << target << "'";
      return signalPassFailure();
    }
    if (fast && target == "host") {
      getOperation()->emitError(
          "minrnn-expand-math has fast math for the target gpu alone");
      return signalPassFailure();
    }
    CreateMath &create = target == "host" ? createHostMath
                         : fast           ? createFastGPUMath
                                          : createGPUMath;
    // Before the sigmoids that it is made of.
    getOperation()->walk([&](arith::SelectOp choice) {
      if (Value slope = slopeOfPositive(choice, create)) {
        choice.replaceAllUsesWith(slope);
        choice.erase();
      }
    });
    getOperation()->walk([&](Operation *op) {
      OpBuilder builder(op);
      if (Value expansion = expand(op, builder, create)) {
        op->getResult(0).replaceAllUsesWith(expansion);
        op->erase();
      }
    });
  }
};

} // namespace
