//===- StateReads.h - Which next value reads which state --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a value depends on among the states, and the words for a state whose
// next value depends on another. Nothing here decides a verdict: it chooses
// what is said of one. The choice is written down in specs/rationale.md.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_ANALYSIS_STATEREADS_H
#define MINRNN_COMPILER_ANALYSIS_STATEREADS_H

#include "compiler/analysis/Recurrence.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallBitVector.h"

namespace minrnn::compiler {

/// For each value of a cell the states that it depends on.
class StateReads {
public:
  StateReads(dialect::CellOp cell, Projections projections);

  bool dependsOnState(mlir::Value value) { return statesOf(value).any(); }
  /// The other states, and the next values of these that depend on one of
  /// them: what the next value of the state `index` may not read.
  llvm::SmallVector<mlir::Value> forbidden(unsigned index);
  /// Whether nothing reads the state `index`, so that it is none.
  bool isUnread(unsigned index);

  /// Why the state `index`, whose next value depends on another state, makes
  /// the cell sequential.
  SequentialReason explainCoupling(unsigned index);
  /// The same of a state that nothing reads.
  SequentialReason explainUnread(unsigned index);

private:
  llvm::SmallBitVector statesOf(mlir::Value value);
  std::string nameOf(unsigned index);
  mlir::Value nextOf(unsigned index) {
    return cell.getYield().getOperand(index);
  }
  /// The first operation that the next value of the state `index` is computed
  /// from, that no other state's is but one that reads this next value, and
  /// that reads what depends on `other`; where there is none, what computes the
  /// next value.
  mlir::Operation *entryOf(unsigned index, unsigned other);

  dialect::CellOp cell;
  Projections projections;
  llvm::DenseMap<mlir::Value, llvm::SmallBitVector> states;
};

/// Whether a state's next value is computed from `value`.
bool feedsBack(dialect::CellOp cell, mlir::Value value);

/// Why `project`, of a value that depends on a state, makes `cell` sequential
/// though it feeds nothing back.
SequentialReason explainIdleProjection(dialect::CellOp cell,
                                       dialect::ProjectOp project);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_ANALYSIS_STATEREADS_H
