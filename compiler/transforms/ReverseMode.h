//===- ReverseMode.h - Gradients of cell operations -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_REVERSEMODE_H
#define MINRNN_COMPILER_TRANSFORMS_REVERSEMODE_H

#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace minrnn::compiler {

/// Reverse-mode differentiation of a straight line of cell operations. Values
/// are visited backwards, each after all of its users; the gradients of one
/// value's uses add up.
///
/// Two things go beyond the textbook:
///
/// *What is not taken sends nothing back.* Below a branch of `select`, or the
/// losing operand of a maximum or minimum, every gradient is zero; but zero
/// times the slope of 1 / k at k = 0 is a NaN. So a condition travels with such
/// gradients, and what a slope without a bound has scaled is selected by it
/// again. The condition, not the gradient, is tested: an adjoint must stay
/// affine in what arrives from later steps.
///
/// *Roots and logarithms differentiate by logarithms.* The slope of sqrt(y) has
/// no bound at y = 0, though that of sqrt(f(x)) may have one, where f vanishes
/// exponentially. With L_y = y dL/dy, the gradient by log |y|, the rules are
/// L_y = seed sqrt(y) / 2 for sqrt(y), and L passes through products, quotients
/// and signs as it is, until exp, sigmoid or softplus takes it up: dL/dw = L_y
/// for y = exp(w). Nothing on the way divides by y.
class ReverseMode {
public:
  explicit ReverseMode(mlir::OpBuilder &builder) : builder(builder) {}

  /// Adds `gradient` to what has arrived at `value`. Where `isTaken` (i1) does
  /// not hold, the gradient is known to be zero; null where nothing is known.
  void accumulate(mlir::Value value, mlir::Value gradient,
                  mlir::Value isTaken = {});

  /// Propagates the gradient of `op`'s result to its operands. Fails, with an
  /// error at `op`, on an operation that has no rule: a gradient must never be
  /// dropped in silence.
  mlir::LogicalResult visit(mlir::Operation *op);

  /// The gradient that has arrived at `value`: a constant zero if none has.
  mlir::Value gradient(mlir::Value value);

private:
  /// What has arrived at a value.
  struct Arrived {
    mlir::Value gradient;
    mlir::Value isTaken;
  };
  using Arrivals = llvm::DenseMap<mlir::Value, Arrived>;

  void add(Arrivals &arrivals, mlir::Value value, const Arrived &more);
  /// Propagates dL/dy of the result y of `op`.
  mlir::LogicalResult visitGradient(mlir::Operation *op, const Arrived &seed);
  /// Propagates y dL/dy of the result y of `op`, which `takesLogarithmic`.
  void visitLogarithmic(mlir::Operation *op, const Arrived &seed);
  /// Whether a gradient by log |value| reaches an operation that takes it up.
  bool takesLogarithmic(mlir::Value value);
  /// Whether `value` hangs on no argument, so that it has no gradient.
  bool isConstant(mlir::Value value);

  mlir::OpBuilder &builder;
  /// dL/dy, and y dL/dy, of each value y.
  Arrivals gradients;
  Arrivals logarithmic;
  llvm::DenseMap<mlir::Value, bool> takes;
  llvm::DenseMap<mlir::Value, bool> constants;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_REVERSEMODE_H
