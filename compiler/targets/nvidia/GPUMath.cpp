//===- GPUMath.cpp - What a GPU has of its own for math -------------------===//
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

namespace {

class GPUMath : public MathBuilder {
public:
  using MathBuilder::MathBuilder;

  Value exp(Value x, Results results) override;
  Value exp2(Value x, Results results) override {
    // Subnormal results take four machine instructions around the one.
    return intrinsic(results == Results::BesideOne ? "llvm.nvvm.ex2.approx.ftz"
                                                   : "llvm.nvvm.ex2.approx",
                     x);
  }
  Value log2(Value x) override {
    return intrinsic("llvm.nvvm.lg2.approx.f", x);
  }
  Value maximum(Value x, Value y) override {
    return orNaN(x, y, intrinsic("llvm.maximumnum", {x, y}));
  }
  Value minimum(Value x, Value y) override {
    return orNaN(x, y, intrinsic("llvm.minimumnum", {x, y}));
  }

private:
  Value reciprocal(Value x) override {
    return intrinsic("llvm.nvvm.rcp.approx.ftz.f", x);
  }
  Value expOfMinus(Value a, Results results) override;
  Value expOfMinusTwice(Value a) override {
    // (Without correction: what it lacks, it lacks where it is small.)
    return exp2(mul(a, number(-2 * kLog2E)), Results::BesideOne);
  }
  Results resultsWithoutTail() const override { return Results::BesideOne; }
  std::optional<Halves> halves(Value x) override {
    // As integers, so that a NaN is in one of them, whatever its sign.
    Value bits = toBits(x);
    Value zero = integer(0);
    return Halves{
        fromBits(arith::MinSIOp::create(builder, location, bits, zero)),
        fromBits(arith::MaxSIOp::create(builder, location, bits, zero))};
  }
  /// `number`, or a NaN where x or y is one.
  Value orNaN(Value x, Value y, Value number) {
    return select(compare(arith::CmpFPredicate::UNO, x, y),
                  this->number(std::numeric_limits<float>::quiet_NaN()),
                  number);
  }
};

} // namespace

Value GPUMath::exp(Value x, Results results) {
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
    return exp2(t, results);
  Value r = intrinsic(
      "llvm.minnum", {intrinsic("llvm.fma", {t, number(-kLn2), x}), number(1)});
  Value power = intrinsic("llvm.nvvm.ex2.approx", t);
  return intrinsic("llvm.fma", {power, r, power});
}

Value GPUMath::expOfMinus(Value a, Results results) {
  // As `exp`, for an argument of known sign. log2 e is the f32 above it here,
  // so that r is never negative: it lies in [0, 2^-15], and saturating it,
  // which costs nothing, does what the minimum does there: 1 where it is
  // infinite, 0 where it is a NaN, which the power still is.
  Value x = negate(a);
  if (results == Results::BesideOne)
    return exp(x, results);
  constexpr float kLog2EUp = 0x1.715478p+0F;
  Value t = intrinsic("llvm.nvvm.mul.rm.f", {x, number(kLog2EUp)});
  Value power = intrinsic("llvm.nvvm.ex2.approx", t);
  Value r = intrinsic("llvm.nvvm.fma.rn.sat.f", {t, number(-kLn2), x});
  return intrinsic("llvm.fma", {power, r, power});
}

namespace {

/// The instructions as they are.
class FastGPUMath : public GPUMath {
public:
  using GPUMath::GPUMath;

  Value exp(Value x, Results results) override {
    return exp2(mul(x, number(kLog2E)), results);
  }
  Value exp2(Value x, Results /*results*/) override {
    return intrinsic("llvm.nvvm.ex2.approx.ftz", x);
  }
  // log2 stays as it is: of a subnormal number, `lg2.approx.ftz` is -inf, where
  // log space expects a number.
  Value sqrt(Value x) override {
    return intrinsic("llvm.nvvm.sqrt.approx.ftz.f", x);
  }

private:
  bool isApproximate() const override { return true; }
  Value expOfMinus(Value a, Results results) override {
    return exp2(mul(a, number(-kLog2E)), results);
  }
  Value approximateTanh(Value x) override {
    // (Which NVPTX makes `tanh.approx` of, and nothing else.)
    return LLVM::TanhOp::create(builder, location, x, LLVM::FastmathFlags::afn);
  }
  Value approximateQuotient(Value x, Value y) override {
    return mul(x, intrinsic("llvm.nvvm.rcp.approx.ftz.f", y));
  }
};

} // namespace

std::unique_ptr<MathBuilder> minrnn::compiler::createGPUMath(OpBuilder &builder,
                                                             Location location,
                                                             Type type) {
  return std::make_unique<GPUMath>(builder, location, type);
}

std::unique_ptr<MathBuilder>
minrnn::compiler::createFastGPUMath(OpBuilder &builder, Location location,
                                    Type type) {
  return std::make_unique<FastGPUMath>(builder, location, type);
}
