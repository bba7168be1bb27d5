//===- MathBuilder.cpp - Our own device math ------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/MathBuilder.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace minrnn::compiler;

/// log2(1 + u) / u on [0, 1]; relative error 3.1e-8 before rounding.
static constexpr float kLog2OnePlus[] = {
    0x1.715476p+0F,  -0x1.71538p-1F,  0x1.ec3ac6p-2F,
    -0x1.6f02a2p-2F, 0x1.1a41bep-2F,  -0x1.93b31cp-3F,
    0x1.ce424ap-4F,  -0x1.5cb598p-5F, 0x1.eebe42p-8F};

/// tanh(x) / x as a polynomial in x^2, |x| < 0.625; relative error 4e-9.
static constexpr float kTanh[] = {0x1p+0F,        -0x1.555524p-2F,
                                  0x1.11058p-3F,  -0x1.b8153ep-5F,
                                  0x1.515cdep-6F, -0x1.72eedcp-8F};

/// (exp(x) - 1) / x, |x| < 0.5: its Taylor series; relative error 1.1e-8.
static constexpr float kExpM1[] = {
    0x1p+0F,        0x1p-1F,         0x1.555556p-3F,  0x1.555556p-5F,
    0x1.111112p-7F, 0x1.6c16c2p-10F, 0x1.a01a02p-13F, 0x1.a01a02p-16F};

MathBuilder::~MathBuilder() = default;

Value MathBuilder::magnitude(Value x) {
  if (auto negated = x.getDefiningOp<arith::NegFOp>())
    x = negated.getOperand();
  return abs(x);
}

Value MathBuilder::log2OnePlus(Value u) {
  return mul(u, polynomial(kLog2OnePlus, u));
}

Value MathBuilder::sigmoid(Value x) {
  // With e = exp(-|x|): 1 / (1 + e) for x >= 0, e / (1 + e) otherwise. The
  // sigmoids of x and of -x share all but the last operation. (At 0 they are
  // the same, and a NaN is in e and r both.)
  Value e = expOfMinus(magnitude(x), Results::Any);
  Value r = reciprocal(add(number(1), e));
  Value far = mul(e, r);
  if (auto negated = x.getDefiningOp<arith::NegFOp>())
    return select(
        compare(arith::CmpFPredicate::OGE, negated.getOperand(), number(0)),
        far, r);
  return select(compare(arith::CmpFPredicate::OGE, x, number(0)), r, far);
}

Value MathBuilder::positive(Value x) {
  return select(compare(arith::CmpFPredicate::OGE, x, number(0)),
                add(x, number(0.5F)), sigmoid(x));
}

Value MathBuilder::softplus(Value x, bool wantsTail) {
  // max(x, 0) + log(1 + exp(-|x|)); the sum passes a NaN on.
  Value above = larger(x, number(0));
  Value e =
      expOfMinus(magnitude(x), wantsTail ? Results::Any : resultsWithoutTail());
  return add(mul(log2OnePlus(e), number(kLn2)), above);
}

Value MathBuilder::tanh(Value x) {
  // Near zero an odd polynomial, beyond (1 - e) / (1 + e) with e = exp(-2|x|).
  Value a = abs(x);
  Value near = mul(x, polynomial(kTanh, mul(x, x)));
  Value e = expOfMinusTwice(a);
  Value far = mul(sub(number(1), e), reciprocal(add(number(1), e)));
  far = select(compare(arith::CmpFPredicate::OLT, x, number(0)), negate(far),
               far);
  return select(compare(arith::CmpFPredicate::OLT, a, number(0.625F)), near,
                far);
}

Value MathBuilder::expM1(Value x) {
  Value near = mul(x, polynomial(kExpM1, x));
  Value far = sub(exp(x), number(1));
  return select(compare(arith::CmpFPredicate::OLT, abs(x), number(0.5F)), near,
                far);
}

Value MathBuilder::lerp(Value from, Value to, Value weight) {
  // (1 - w) from + w to; unlike from + w (to - from) it is exact at w = 1.
  Value keep = sub(number(1), weight);
  return add(mul(keep, from), mul(weight, to));
}

Value MathBuilder::logAddExp2(Value x, Value y) {
  // max + log2(1 + 2^-|x - y|); the difference passes a NaN on. A constant
  // zero is on the right, where canonicalisation puts it, and there the
  // difference is x itself.
  Value difference = matchPattern(y, m_AnyZeroFloat())
                         ? magnitude(x)
                         : abs(arith::SubFOp::create(builder, location, x, y));
  return add(log2OnePlus(exp2(negate(difference), Results::BesideOne)),
             larger(x, y));
}
