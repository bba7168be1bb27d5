//===- LargestMagnitude.h - How large a value can become --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interval analysis is over the real numbers, where a quotient and a logarithm
// of positive numbers are finite. In f32 they may be infinite: a divisor
// underflows, or cancels. This analysis says which values are finite in f32 for
// certain.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_ANALYSIS_LARGESTMAGNITUDE_H
#define MINRNN_COMPILER_ANALYSIS_LARGESTMAGNITUDE_H

#include "mlir/IR/Value.h"

#include "llvm/ADT/DenseMap.h"

namespace minrnn::compiler {

/// How large the arguments of a block may be: pre-activations, inputs and
/// parameters. Part of the contract; see specs/numerics.md.
inline constexpr double kLargestArgument = 0x1p60;

/// Bounds of the absolute values of a block of cell operations, as f32 computes
/// them.
class MagnitudeAnalysis {
public:
  /// What |value| (an f32) does not exceed; infinite where that is not known.
  double get(mlir::Value value);

private:
  double evaluate(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, double> known;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_ANALYSIS_LARGESTMAGNITUDE_H
