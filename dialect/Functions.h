//===- Functions.h - The functions that a cell may call ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function of one number once: its values and where they lie. The
// language, its folds and the analyses ask here. Its gradient is a rule of
// ReverseMode.cpp, its code one of ExpandMath.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DIALECT_FUNCTIONS_H
#define MINRNN_DIALECT_FUNCTIONS_H

#include "mlir/IR/Operation.h"

namespace minrnn::dialect {

/// A strictly increasing function of the real numbers, or of those from 0 on.
struct Function {
  /// The operation, with its dialect.
  llvm::StringLiteral operation;
  /// Its value in double; a NaN where there is none.
  double (*value)(double x);
  /// Where its values lie; of the ends only a lower one may be reached.
  double lower;
  double upper;
  bool reachesLower = false;

  /// Whether every number has a value.
  bool isTotal() const;
  /// The largest |value| in single precision of arguments up to `magnitude`;
  /// may be infinite.
  double largest(double magnitude) const;
};

/// The function that `op` calls; null where it calls none.
const Function *findFunction(mlir::Operation *op);

/// The value of an operation of the table on a constant, rounded once; null
/// where the operand is none.
mlir::Attribute foldFunction(mlir::Operation *op,
                             llvm::ArrayRef<mlir::Attribute> operands);

/// log2(2^x + 2^y).
double logAddExp2(double x, double y);

} // namespace minrnn::dialect

#endif // MINRNN_DIALECT_FUNCTIONS_H
