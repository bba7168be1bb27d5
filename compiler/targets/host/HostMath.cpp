//===- HostMath.cpp - What a processor has of its own for math ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/MathBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;
using namespace minrnn::compiler;

/// log2(1 + f) / f on [sqrt(1/2) - 1, sqrt(2) - 1]; relative error 2.7e-8.
static constexpr float kLog2Mantissa[] = {
    0x1.715476p+0F,  -0x1.71547p-1F,  0x1.ec73d6p-2F,
    -0x1.715c4ep-2F, 0x1.26d384p-2F,  -0x1.e95be8p-3F,
    0x1.b9c91ap-3F,  -0x1.a87d08p-3F, 0x1.01b6d6p-3F};

/// exp(r) on [-ln 2 / 2, ln 2 / 2]; relative error 1.9e-9.
static constexpr float kExp[] = {0x1p+0F,        0x1p+0F,        0x1.fffffap-2F,
                                 0x1.55540ap-3F, 0x1.55589ap-5F, 0x1.126d0cp-7F,
                                 0x1.6ab98p-10F};

namespace {

class HostMath : public MathBuilder {
public:
  using MathBuilder::MathBuilder;

  Value exp(Value x, Results results) override;
  Value exp2(Value x, Results results) override;
  Value log2(Value x) override;
  Value maximum(Value x, Value y) override {
    return intrinsic("llvm.maximum", {x, y});
  }
  Value minimum(Value x, Value y) override {
    return intrinsic("llvm.minimum", {x, y});
  }

private:
  Value reciprocal(Value x) override {
    return arith::DivFOp::create(builder, location, number(1), x);
  }
  Value expOfMinus(Value a, Results results) override {
    return exp(negate(a), results);
  }
  Value expOfMinusTwice(Value a) override {
    return exp(mul(number(-2), a), Results::BesideOne);
  }
  // A sigmoid of the same argument, as backward has it beside a softplus,
  // shares the exponential only if it is the same.
  Results resultsWithoutTail() const override { return Results::Any; }
  /// `argument` rounded to the integer n, as `rounded`; and 2^n exp(r), which
  /// is rounded once, whether the result is normal or not.
  struct Power {
    Value shifted;
    Value rounded;
  };
  Power roundExponent(Value argument, Results results);
  Value scaledExp(const Power &power, Value r, Results results);
  /// x where it is not below `low`; a NaN stays.
  Value atLeast(Value x, float low) {
    return select(compare(arith::CmpFPredicate::OLT, x, number(low)),
                  number(low), x);
  }
  Value atMost(Value x, float high) {
    return select(compare(arith::CmpFPredicate::OGT, x, number(high)),
                  number(high), x);
  }
};

} // namespace

/// Adding this number rounds an f32 of magnitude below 2^22 to an integer.
static constexpr float kRounding = 0x1.8p+23F;
/// The bias of an f32's exponent.
static constexpr float kBias = 127;

HostMath::Power HostMath::roundExponent(Value argument, Results results) {
  // The low bits of `shifted` hold n and the bias of a power of two, or of two
  // powers of two, which scaledExp makes of them.
  float shift = kRounding + (results == Results::BesideOne ? kBias : 2 * kBias);
  Value shifted = add(argument, number(shift));
  return {shifted, subRounded(shifted, number(shift))};
}

Value HostMath::scaledExp(const Power &power, Value r, Results results) {
  // Powers are factors, not sums of bits: a NaN stays one whatever its payload.
  auto powerOf = [&](Value biased) {
    return fromBits(
        arith::ShLIOp::create(builder, location, biased, integer(23)));
  };
  Value mantissa = polynomial(kExp, r);
  Value bits = toBits(power.shifted);
  if (results == Results::BesideOne)
    return mul(mantissa, powerOf(bits));
  // n lies in [-151, 129], and 2^n need not be a normal number: two powers of
  // about n / 2 each are. Their biases are in the bits; the first product is
  // exact.
  Value half = arith::ShRUIOp::create(builder, location, bits, integer(1));
  Value rest = arith::SubIOp::create(builder, location, bits, half);
  Value halfScaled = mul(mantissa, powerOf(half));
  return mul(halfScaled, powerOf(rest));
}

Value HostMath::exp(Value x, Results results) {
  // exp(x) = 2^n exp(r), r = x - n ln 2 in two parts (Cody and Waite), so that
  // r keeps its accuracy. The arguments are clamped to just beyond where the
  // result is 0 or infinite, or where 2^n is no longer normal.
  Value clamped = results == Results::BesideOne
                      ? atLeast(x, -87.0F)
                      : atMost(atLeast(x, -104.0F), 89.0F);
  Power power = roundExponent(mul(clamped, number(kLog2E)), results);
  Value r = sub(clamped, mul(power.rounded, number(0.693359375F)));
  r = sub(r, mul(power.rounded, number(-2.12194440e-4F)));
  return scaledExp(power, r, results);
}

Value HostMath::exp2(Value x, Results results) {
  Value clamped = results == Results::BesideOne
                      ? atLeast(x, -125.5F)
                      : atMost(atLeast(x, -151.0F), 129.0F);
  Power power = roundExponent(clamped, results);
  Value r = mul(subRounded(clamped, power.rounded), number(kLn2));
  return scaledExp(power, r, results);
}

Value HostMath::log2(Value x) {
  // x = 2^e m with m in [sqrt(1/2), sqrt(2)); subnormal numbers are scaled up
  // first.
  constexpr int32_t bitsOfRootHalf = 0x3F3504F3;
  Value isSubnormal = compare(arith::CmpFPredicate::OLT, x, number(0x1p-126F));
  Value scaled = select(isSubnormal, mul(x, number(0x1p+23F)), x);
  Value bits = toBits(scaled);
  Value exponent = arith::ShRSIOp::create(
      builder, location,
      arith::SubIOp::create(builder, location, bits, integer(bitsOfRootHalf)),
      integer(23));
  Value mantissa = fromBits(arith::SubIOp::create(
      builder, location, bits,
      arith::ShLIOp::create(builder, location, exponent, integer(23))));
  Value f = subRounded(mantissa, number(1));
  Value e = arith::SIToFPOp::create(builder, location, type(), exponent);
  e = select(isSubnormal, sub(e, number(23)), e);
  Value result = add(mul(f, polynomial(kLog2Mantissa, f)), e);

  float infinity = std::numeric_limits<float>::infinity();
  result = select(compare(arith::CmpFPredicate::OEQ, x, number(infinity)), x,
                  result);
  result = select(compare(arith::CmpFPredicate::OEQ, x, number(0)),
                  number(-infinity), result);
  // Below zero, and for a NaN.
  return select(compare(arith::CmpFPredicate::ULT, x, number(0)),
                number(std::numeric_limits<float>::quiet_NaN()), result);
}

std::unique_ptr<MathBuilder>
minrnn::compiler::createHostMath(OpBuilder &builder, Location location,
                                 Type type) {
  return std::make_unique<HostMath>(builder, location, type);
}
