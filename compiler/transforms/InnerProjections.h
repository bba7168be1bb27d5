//===- InnerProjections.h - What is projected within the step ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_INNERPROJECTIONS_H
#define MINRNN_COMPILER_TRANSFORMS_INNERPROJECTIONS_H

#include "dialect/MinRNN.h"

#include "mlir/IR/BuiltinOps.h"

namespace minrnn::compiler {

/// The values computed within the step that are projected, and how.
struct InnerProjections {
  /// The sequential scan of the last `forward_inner`: it yields the states as
  /// they are, and then the values of all stages. Null where there are none.
  dialect::SequentialScanOp loop;
  /// The recurrent projections of the program.
  std::vector<RecurrentProjection> projections;
  /// Of each value, its stage.
  llvm::SmallVector<int64_t> stages;
  int64_t stageCount = 0;
};

/// Finds them in a module that minrnn-fuse-gates made, whose `step` is the loop
/// `step`; `firstProduct` is the place of the recurrent products among a step's
/// values. Emits an error where the functions, the program's list of
/// projections and the step do not fit, so that no gradient is dropped in
/// silence.
llvm::FailureOr<InnerProjections>
findInnerProjections(dialect::ProgramOp program, dialect::SequentialScanOp step,
                     int64_t firstProduct);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_INNERPROJECTIONS_H
