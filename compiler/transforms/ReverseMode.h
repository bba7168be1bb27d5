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
class ReverseMode {
public:
  explicit ReverseMode(mlir::OpBuilder &builder) : builder(builder) {}

  /// Adds `gradient` to what has arrived at `value`.
  void accumulate(mlir::Value value, mlir::Value gradient);

  /// Propagates the gradient of `op`'s result to its operands. Fails, with an
  /// error at `op`, on an operation that has no rule: a gradient must never be
  /// dropped in silence.
  mlir::LogicalResult visit(mlir::Operation *op);

  /// The gradient that has arrived at `value`: a constant zero if none has.
  mlir::Value gradient(mlir::Value value);

private:
  llvm::DenseMap<mlir::Value, mlir::Value> gradients;
  mlir::OpBuilder &builder;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_REVERSEMODE_H
