//===- StepEvaluation.h - One step of a cell, in numbers --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_ANALYSIS_STEPEVALUATION_H
#define MINRNN_COMPILER_ANALYSIS_STEPEVALUATION_H

#include "compiler/analysis/StepValues.h"
#include "dialect/MinRNN.h"

#include "llvm/ADT/DenseMap.h"

namespace minrnn::compiler {

/// Every value of a cell's step, computed in f32 as the equations stand.
class StepEvaluation {
public:
  /// The cell is as the user wrote it. A name that `values` lacks is zero.
  StepEvaluation(dialect::CellOp cell, const StepValues &values);

  /// (0 or 1 for a comparison.)
  float operator[](mlir::Value value) const { return numbers.lookup(value); }

  /// Where `value`, which is not finite, stops being so: of the values that it
  /// comes from, one that is not finite but whose operands all are.
  mlir::Value origin(mlir::Value value) const;

private:
  float evaluate(mlir::Operation &op, const StepValues &values) const;

  llvm::DenseMap<mlir::Value, float> numbers;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_ANALYSIS_STEPEVALUATION_H
