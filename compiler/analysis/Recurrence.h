//===- Recurrence.h - Is a step affine in its state? ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Abstract evaluation of a step as `A * state + B` with A and B free of the
// state. A step of this form is parallel along time, because such maps compose
// into such maps. The rule of every operation is written down in
// specs/rationale.md; what has no rule is sequential.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_ANALYSIS_RECURRENCE_H
#define MINRNN_COMPILER_ANALYSIS_RECURRENCE_H

#include "dialect/MinRNN.h"

#include "llvm/ADT/DenseMap.h"

#include <optional>
#include <string>

namespace minrnn::compiler {

/// A value as `coefficient * state + offset`. An absent part is zero; a value
/// with an absent coefficient is free of the state.
struct AffineForm {
  mlir::Value coefficient;
  mlir::Value offset;
};

/// Why a step is not affine: the operation to look at, a clause that says what
/// forbids it, and one that says what would make the step parallel.
struct SequentialReason {
  mlir::Operation *culprit = nullptr;
  std::string because;
  std::string remedy;

  /// Both clauses as one sentence.
  std::string str() const;
};

/// The reason that `op` "does this".
SequentialReason reasonAt(mlir::Operation *op, const llvm::Twine &doesThis,
                          const llvm::Twine &remedy);

/// Which projections there are: those of any value; or those of the input
/// alone, as if every other one were one of it too. The second is no verdict:
/// it tells what is left to mend once the projections are mended.
enum class Projections { OfAnything, OfInputs };

/// Why `project`, of a value that depends on a state, makes a cell sequential.
SequentialReason mixesChannels(dialect::ProjectOp project);

/// The affine forms of the values of one block with respect to one of its
/// arguments. The operations that compute coefficients and offsets are built
/// just before `builder`'s insertion point.
class RecurrenceAnalysis {
public:
  /// `state` is the block argument that the step recurs on; `otherStates` are
  /// values that no part of a form may depend on either.
  RecurrenceAnalysis(mlir::Value state, mlir::ValueRange otherStates,
                     Projections projections, mlir::OpBuilder &builder)
      : state(state), otherStates(otherStates), projections(projections),
        builder(builder) {}

  /// The form of `next`, both parts of it present (a part that is zero as a
  /// constant), or none: then `reason()` says why, unless `next` depends on
  /// another state.
  std::optional<AffineForm> solve(mlir::Value next);

  const std::optional<SequentialReason> &reason() const { return sequential; }

private:
  bool isOtherState(mlir::Value value) const;
  /// The form of `value`, or none.
  std::optional<AffineForm> get(mlir::Value value);
  std::optional<AffineForm> evaluate(mlir::Operation *op);
  /// The value of an f32 constant, at `location`.
  mlir::Value constant(mlir::Location location, float value);
  /// The part, or the constant zero in place of an absent one.
  mlir::Value materialize(mlir::Location location, mlir::Value part);
  std::nullopt_t fail(mlir::Operation *op, const llvm::Twine &doesThis,
                      const llvm::Twine &remedy);

  mlir::Value state;
  mlir::ValueRange otherStates;
  Projections projections;
  mlir::OpBuilder &builder;
  llvm::DenseMap<mlir::Value, AffineForm> known;
  std::optional<SequentialReason> sequential;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_ANALYSIS_RECURRENCE_H
