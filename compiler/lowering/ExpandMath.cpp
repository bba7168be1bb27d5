//===- ExpandMath.cpp - Our own device math -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Three habits hold throughout: a NaN stays a NaN (selections are written so
// that it is never the branch not taken), nothing overflows on the way to a
// finite result, and what two functions of x and -x share is written alike, so
// that CSE finds it. Polynomials are minimax in relative error, by Remez
// exchange in 40 digits, rounded to f32.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace minrnn::compiler {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

static constexpr float kLog2E = 0x1.715476p+0F;
static constexpr float kLn2 = 0x1.62e43p-1F;

/// log2(1 + u) / u on [0, 1]; relative error 3.1e-8 before rounding.
static constexpr float kLog2OnePlus[] = {
    0x1.715476p+0F,  -0x1.71538p-1F,  0x1.ec3ac6p-2F,
    -0x1.6f02a2p-2F, 0x1.1a41bep-2F,  -0x1.93b31cp-3F,
    0x1.ce424ap-4F,  -0x1.5cb598p-5F, 0x1.eebe42p-8F};

/// log2(1 + f) / f on [sqrt(1/2) - 1, sqrt(2) - 1]; relative error 2.7e-8.
static constexpr float kLog2Mantissa[] = {
    0x1.715476p+0F,  -0x1.71547p-1F,  0x1.ec73d6p-2F,
    -0x1.715c4ep-2F, 0x1.26d384p-2F,  -0x1.e95be8p-3F,
    0x1.b9c91ap-3F,  -0x1.a87d08p-3F, 0x1.01b6d6p-3F};

/// exp(r) on [-ln 2 / 2, ln 2 / 2]; relative error 1.9e-9.
static constexpr float kExp[] = {0x1p+0F,        0x1p+0F,        0x1.fffffap-2F,
                                 0x1.55540ap-3F, 0x1.55589ap-5F, 0x1.126d0cp-7F,
                                 0x1.6ab98p-10F};

/// tanh(x) / x as a polynomial in x^2, |x| < 0.625; relative error 4e-9.
static constexpr float kTanh[] = {0x1p+0F,        -0x1.555524p-2F,
                                  0x1.11058p-3F,  -0x1.b8153ep-5F,
                                  0x1.515cdep-6F, -0x1.72eedcp-8F};

/// (exp(x) - 1) / x, |x| < 0.5: its Taylor series; relative error 1.1e-8.
static constexpr float kExpM1[] = {
    0x1p+0F,        0x1p-1F,         0x1.555556p-3F,  0x1.555556p-5F,
    0x1.111112p-7F, 0x1.6c16c2p-10F, 0x1.a01a02p-13F, 0x1.a01a02p-16F};

namespace {

/// Which results of an exponential are asked for: the fewer, the cheaper.
enum class Results {
  /// Of any argument, each to its last bit.
  Any,
  /// Of an argument that is not positive, to be added to a number near 1: the
  /// absolute error counts, and what is below 2^-125 may be 2^-125.
  BesideOne,
};

/// Builds functions on f32 or vectors of f32, from what the target has.
class MathBuilder {
public:
  MathBuilder(OpBuilder &builder, Location location, Type type, bool isGPU)
      : builder(builder), location(location), type(type), isGPU(isGPU) {}

  Value exp(Value x, Results results = Results::Any) {
    return isGPU ? deviceExp(x, results) : hostExp(x, results);
  }
  Value exp2(Value x, Results results = Results::Any) {
    return isGPU ? intrinsic("llvm.nvvm.ex2.approx", x) : hostExp2(x, results);
  }
  Value log2(Value x) {
    return isGPU ? intrinsic("llvm.nvvm.lg2.approx.f", x) : hostLog2(x);
  }
  Value log(Value x) { return mul(log2(x), number(kLn2)); }
  Value sigmoid(Value x);
  Value positive(Value x);
  /// `wantsTail`: whether the result matters where it is tiny.
  Value softplus(Value x, bool wantsTail);
  Value tanh(Value x);
  Value expM1(Value x);
  Value lerp(Value from, Value to, Value weight);
  Value logAddExp2(Value x, Value y);
  /// The larger (smaller) of two numbers; a NaN if either is, and -0 lies below
  /// +0: maximum and minimum of IEEE 754-2019.
  Value maximum(Value x, Value y) {
    return isGPU ? orNaN(x, y, intrinsic("llvm.maximumnum", {x, y}))
                 : intrinsic("llvm.maximum", {x, y});
  }
  Value minimum(Value x, Value y) {
    return isGPU ? orNaN(x, y, intrinsic("llvm.minimumnum", {x, y}))
                 : intrinsic("llvm.minimum", {x, y});
  }
  // Intrinsics by name: MLIR's own operations for these would become calls to
  // libdevice on a GPU.
  Value sqrt(Value x) { return intrinsic("llvm.sqrt", x); }
  Value abs(Value x) { return intrinsic("llvm.fabs", x); }

private:
  Value number(float value) {
    return arith::ConstantOp::create(
        builder, location,
        cast<TypedAttr>(splat(builder.getF32FloatAttr(value), type)));
  }
  Value integer(int32_t value) {
    return arith::ConstantOp::create(
        builder, location,
        cast<TypedAttr>(splat(builder.getI32IntegerAttr(value), bitsType())));
  }
  static Attribute splat(TypedAttr value, Type type) {
    auto vector = dyn_cast<VectorType>(type);
    return vector ? Attribute(DenseElementsAttr::get(
                        vector, ArrayRef<Attribute>(value)))
                  : value;
  }
  Type bitsType() {
    auto vector = dyn_cast<VectorType>(type);
    Type bits = builder.getI32Type();
    return vector ? VectorType::get(vector.getShape(), bits) : bits;
  }
  Value add(Value x, Value y) {
    return arith::AddFOp::create(builder, location, x, y,
                                 arith::FastMathFlags::contract);
  }
  Value sub(Value x, Value y) {
    return arith::SubFOp::create(builder, location, x, y,
                                 arith::FastMathFlags::contract);
  }
  Value mul(Value x, Value y) {
    return arith::MulFOp::create(builder, location, x, y,
                                 arith::FastMathFlags::contract);
  }
  Value negate(Value x) { return arith::NegFOp::create(builder, location, x); }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(builder, location, predicate, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(builder, location, condition, x, y);
  }
  Value toBits(Value x) {
    return arith::BitcastOp::create(builder, location, bitsType(), x);
  }
  Value fromBits(Value x) {
    return arith::BitcastOp::create(builder, location, type, x);
  }
  Value intrinsic(StringRef name, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(builder, location, type,
                                         builder.getStringAttr(name), operands)
        .getResult(0);
  }
  /// The larger of two numbers; of a number and a NaN, the number.
  Value larger(Value x, Value y) { return intrinsic("llvm.maxnum", {x, y}); }
  /// coefficients[0] + x (coefficients[1] + x (...)).
  Value polynomial(ArrayRef<float> coefficients, Value x) {
    Value sum = number(coefficients.back());
    for (float coefficient : llvm::reverse(coefficients.drop_back()))
      sum = add(mul(sum, x), number(coefficient));
    return sum;
  }
  /// |x|, the same value for x and -x.
  Value magnitude(Value x) {
    if (auto negated = x.getDefiningOp<arith::NegFOp>())
      x = negated.getOperand();
    return abs(x);
  }
  /// exp(-|x|), in [0, 1].
  Value expOfMinusMagnitude(Value x, Results results = Results::Any) {
    return exp(negate(magnitude(x)), results);
  }
  /// log2(1 + u) for u in [0, 1], accurate however small u is.
  Value log2OnePlus(Value u) { return mul(u, polynomial(kLog2OnePlus, u)); }
  /// 1 / x for x in [1, 2].
  Value reciprocal(Value x) {
    return isGPU ? intrinsic("llvm.nvvm.rcp.approx.ftz.f", x)
                 : arith::DivFOp::create(builder, location, number(1), x)
                       .getResult();
  }
  /// `argument` rounded to the integer n, as `rounded`; and 2^n exp(r), which
  /// is rounded once, whether the result is normal or not.
  struct Power {
    Value shifted;
    Value rounded;
  };
  Power roundExponent(Value argument, Results results);
  Value scaledExp(const Power &power, Value r, Results results);
  /// `number`, or a NaN where x or y is one.
  Value orNaN(Value x, Value y, Value number) {
    return select(compare(arith::CmpFPredicate::UNO, x, y),
                  this->number(std::numeric_limits<float>::quiet_NaN()),
                  number);
  }
  /// x where it is not below `low`; a NaN stays.
  Value atLeast(Value x, float low) {
    return select(compare(arith::CmpFPredicate::OLT, x, number(low)),
                  number(low), x);
  }
  Value atMost(Value x, float high) {
    return select(compare(arith::CmpFPredicate::OGT, x, number(high)),
                  number(high), x);
  }
  Value deviceExp(Value x, Results results);
  Value hostExp(Value x, Results results);
  Value hostExp2(Value x, Results results);
  Value hostLog2(Value x);

  OpBuilder &builder;
  Location location;
  Type type;
  bool isGPU;
};

} // namespace

Value MathBuilder::deviceExp(Value x, Results results) {
  // exp(x) is 2^t, t = x log2 e. The rounding of t alone would be a relative
  // error of the result that grows with |x|, up to 2^-18. But r = x - t ln 2 is
  // what the result lacks, a fused multiply-add forms it almost exactly, and
  // exp(x) = 2^t (1 + r).
  //
  // Where 2^t is 0 or infinite, r must not make it a NaN. t is rounded down: so
  // it does not overflow upwards, and r is positive wherever 2^t is infinite.
  // The minimum is 1 where r is infinite or NaN.
  Value t = intrinsic("llvm.nvvm.mul.rm.f", {x, number(kLog2E)});
  if (results == Results::BesideOne)
    return intrinsic("llvm.nvvm.ex2.approx", t);
  Value r = intrinsic(
      "llvm.minnum", {intrinsic("llvm.fma", {t, number(-kLn2), x}), number(1)});
  Value power = intrinsic("llvm.nvvm.ex2.approx", t);
  return intrinsic("llvm.fma", {power, r, power});
}

/// Adding this number rounds an f32 of magnitude below 2^22 to an integer.
static constexpr float kRounding = 0x1.8p+23F;
/// The bias of an f32's exponent.
static constexpr float kBias = 127;

MathBuilder::Power MathBuilder::roundExponent(Value argument, Results results) {
  // The low bits of `shifted` hold n and the bias of a power of two, or of two
  // powers of two, which scaledExp makes of them.
  float shift = kRounding + (results == Results::BesideOne ? kBias : 2 * kBias);
  Value shifted = add(argument, number(shift));
  return {shifted,
          arith::SubFOp::create(builder, location, shifted, number(shift))};
}

Value MathBuilder::scaledExp(const Power &power, Value r, Results results) {
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

Value MathBuilder::hostExp(Value x, Results results) {
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

Value MathBuilder::hostExp2(Value x, Results results) {
  Value clamped = results == Results::BesideOne
                      ? atLeast(x, -125.5F)
                      : atMost(atLeast(x, -151.0F), 129.0F);
  Power power = roundExponent(clamped, results);
  Value r =
      mul(arith::SubFOp::create(builder, location, clamped, power.rounded),
          number(kLn2));
  return scaledExp(power, r, results);
}

Value MathBuilder::hostLog2(Value x) {
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
  Value f = arith::SubFOp::create(builder, location, mantissa, number(1));
  Value e = arith::SIToFPOp::create(builder, location, type, exponent);
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

Value MathBuilder::sigmoid(Value x) {
  // With e = exp(-|x|): 1 / (1 + e) for x >= 0, e / (1 + e) otherwise.
  Value e = expOfMinusMagnitude(x);
  Value r = reciprocal(add(number(1), e));
  return select(compare(arith::CmpFPredicate::OGE, x, number(0)), r, mul(e, r));
}

Value MathBuilder::positive(Value x) {
  return select(compare(arith::CmpFPredicate::OGE, x, number(0)),
                add(x, number(0.5F)), sigmoid(x));
}

Value MathBuilder::softplus(Value x, bool wantsTail) {
  // max(x, 0) + log(1 + exp(-|x|)); the sum passes a NaN on.
  Value above = larger(x, number(0));
  // (On the host a sigmoid of x, as backward has it beside the softplus, shares
  // the exponential only if it is the same.)
  Results results = isGPU && !wantsTail ? Results::BesideOne : Results::Any;
  Value e = expOfMinusMagnitude(x, results);
  return add(mul(log2OnePlus(e), number(kLn2)), above);
}

Value MathBuilder::tanh(Value x) {
  // Near zero an odd polynomial, beyond (1 - e) / (1 + e) with e = exp(-2|x|).
  Value a = abs(x);
  Value near = mul(x, polynomial(kTanh, mul(x, x)));
  // (On a GPU without correction: what e lacks, it lacks where it is small.)
  Value e = isGPU ? exp2(mul(a, number(-2 * kLog2E)))
                  : hostExp(mul(number(-2), a), Results::BesideOne);
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
static Value expand(Operation *op, OpBuilder &builder, bool isGPU) {
  if (op->getNumResults() != 1)
    return {};
  MathBuilder math(builder, op->getLoc(), op->getResult(0).getType(), isGPU);
  auto operand = [&](unsigned index) { return op->getOperand(index); };
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](SigmoidOp) { return math.sigmoid(operand(0)); })
      .Case([&](PositiveOp) { return math.positive(operand(0)); })
      .Case([&](SoftplusOp softplus) {
        return math.softplus(operand(0), !isExponent(softplus));
      })
      .Case(
          [&](LerpOp) { return math.lerp(operand(0), operand(1), operand(2)); })
      .Case(
          [&](LogAddExp2Op) { return math.logAddExp2(operand(0), operand(1)); })
      .Case([&](arith::MaximumFOp) {
        return math.maximum(operand(0), operand(1));
      })
      .Case([&](arith::MinimumFOp) {
        return math.minimum(operand(0), operand(1));
      })
      .Case([&](math::ExpOp) { return math.exp(operand(0)); })
      .Case([&](math::ExpM1Op) { return math.expM1(operand(0)); })
      .Case([&](math::Exp2Op) { return math.exp2(operand(0)); })
      .Case([&](math::LogOp) { return math.log(operand(0)); })
      .Case([&](math::Log2Op) { return math.log2(operand(0)); })
      .Case([&](math::TanhOp) { return math.tanh(operand(0)); })
      .Case([&](math::SqrtOp) { return math.sqrt(operand(0)); })
      .Case([&](math::AbsFOp) { return math.abs(operand(0)); })
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
    getOperation()->walk([&](Operation *op) {
      OpBuilder builder(op);
      if (Value expansion = expand(op, builder, target == "gpu")) {
        op->getResult(0).replaceAllUsesWith(expansion);
        op->erase();
      }
    });
  }
};

} // namespace
