//===- MathBuilder.h - What a target has for math ---------------*- C++ -*-===//
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

#ifndef MINRNN_COMPILER_LOWERING_MATHBUILDER_H
#define MINRNN_COMPILER_LOWERING_MATHBUILDER_H

#include "compiler/lowering/LaneBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <memory>
#include <optional>

namespace minrnn::compiler {

inline constexpr float kLog2E = 0x1.715476p+0F;
inline constexpr float kLn2 = 0x1.62e43p-1F;

/// Which results of an exponential are asked for: the fewer, the cheaper.
enum class Results {
  /// Of any argument, each to its last bit.
  Any,
  /// Of an argument that is not positive, to be added to a number near 1: the
  /// absolute error counts, and what is below 2^-125 may be 2^-125.
  BesideOne,
};

/// What the functions of ExpandMath.cpp are made of, on f32 or vectors of f32.
/// A target adds what it has of its own: an exponential, a logarithm, a
/// reciprocal, a maximum and a minimum.
class MathBuilder : public LaneBuilder {
public:
  /// `type` is f32 or a vector of f32.
  MathBuilder(mlir::OpBuilder &builder, mlir::Location location,
              mlir::Type type)
      : LaneBuilder(builder, location, type, /*roundsToBF16=*/false) {}
  virtual ~MathBuilder() = default;

  virtual mlir::Value exp(mlir::Value x, Results results) = 0;
  virtual mlir::Value exp2(mlir::Value x, Results results) = 0;
  virtual mlir::Value log2(mlir::Value x) = 0;
  /// The larger (smaller) of two numbers; a NaN if either is, and -0 lies below
  /// +0: maximum and minimum of IEEE 754-2019.
  virtual mlir::Value maximum(mlir::Value x, mlir::Value y) = 0;
  virtual mlir::Value minimum(mlir::Value x, mlir::Value y) = 0;
  /// 1 / x for x in [1, 2].
  virtual mlir::Value reciprocal(mlir::Value x) = 0;
  /// exp(-a) for a >= 0, in [0, 1].
  virtual mlir::Value expOfMinus(mlir::Value a, Results results) = 0;
  /// exp(-2 a) for a >= 0, to be added to 1.
  virtual mlir::Value expOfMinusTwice(mlir::Value a) = 0;
  /// min(x, 0) and max(x, 0), of which one is a NaN where x is.
  struct Halves {
    mlir::Value below;
    mlir::Value above;
  };
  /// These, where they cost less than the choice between two results does.
  virtual std::optional<Halves> halves(mlir::Value /*x*/) { return {}; }
  /// What a softplus asks of its exponential where it wants no tail.
  virtual Results resultsWithoutTail() const = 0;

  /// Whether a relative error of 2^-14 is small enough for a logarithm.
  virtual bool isApproximate() const { return false; }

  // What a target may have an approximation for; null where it has none.

  /// tanh(x).
  virtual mlir::Value approximateTanh(mlir::Value /*x*/) { return {}; }
  /// x / y.
  virtual mlir::Value approximateQuotient(mlir::Value /*x*/,
                                          mlir::Value /*y*/) {
    return {};
  }

  // Intrinsics by name: MLIR's own operations for these would become calls to
  // libdevice on a GPU.
  virtual mlir::Value sqrt(mlir::Value x) { return intrinsic("llvm.sqrt", x); }
  mlir::Value abs(mlir::Value x) { return intrinsic("llvm.fabs", x); }
  /// The larger of two numbers; of a number and a NaN, the number.
  mlir::Value larger(mlir::Value x, mlir::Value y) {
    return intrinsic("llvm.maxnum", {x, y});
  }
  mlir::Value sub(mlir::Value x, mlir::Value y) {
    return mlir::arith::SubFOp::create(builder, location, x, y,
                                       mlir::arith::FastMathFlags::contract);
  }
  /// x - y, which does not contract.
  mlir::Value subRounded(mlir::Value x, mlir::Value y) {
    return mlir::arith::SubFOp::create(builder, location, x, y);
  }
  mlir::Value negate(mlir::Value x) {
    return mlir::arith::NegFOp::create(builder, location, x);
  }
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value x,
                      mlir::Value y) {
    return mlir::arith::CmpFOp::create(builder, location, predicate, x, y);
  }
  /// coefficients[0] + x (coefficients[1] + x (...)).
  mlir::Value polynomial(llvm::ArrayRef<float> coefficients, mlir::Value x) {
    mlir::Value sum = number(coefficients.back());
    for (float coefficient : llvm::reverse(coefficients.drop_back()))
      sum = add(mul(sum, x), number(coefficient));
    return sum;
  }

protected:
  mlir::Value toBits(mlir::Value x) {
    return mlir::arith::BitcastOp::create(builder, location,
                                          lanesOf(builder.getI32Type()), x);
  }
  mlir::Value fromBits(mlir::Value x) {
    return mlir::arith::BitcastOp::create(builder, location, type(), x);
  }
  mlir::Value intrinsic(llvm::StringRef name, mlir::ValueRange operands) {
    return mlir::LLVM::CallIntrinsicOp::create(
               builder, location, type(), builder.getStringAttr(name), operands)
        .getResult(0);
  }
};

using CreateMath = std::unique_ptr<MathBuilder>(mlir::OpBuilder &builder,
                                                mlir::Location location,
                                                mlir::Type type);

/// Of a GPU: from `ex2.approx`, `lg2.approx` and `rcp.approx`.
CreateMath createGPUMath;
/// Of a GPU, with the errors of its instructions: from `tanh.approx` besides,
/// and without corrections. Subnormal numbers are zero where that is cheaper.
CreateMath createFastGPUMath;
/// Of a processor: from polynomials.
CreateMath createHostMath;

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_MATHBUILDER_H
