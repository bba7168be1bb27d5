//===- ForwardChained.h - What is projected within the step -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_FORWARDCHAINED_H
#define MINRNN_COMPILER_TRANSFORMS_FORWARDCHAINED_H

#include "dialect/MinRNN.h"

#include "mlir/IR/BuiltinOps.h"

namespace minrnn::compiler {

/// In the dictionaries of the module's `minrnn.recurrent`: the state that is
/// projected, or the place of the value computed within the step that is.
inline constexpr llvm::StringLiteral kProjectedState = "state";
inline constexpr llvm::StringLiteral kProjectedChained = "chained";

/// The sequential scan of `forward_chained`: it yields the states as they are,
/// and then the values computed within the step that are projected.
struct ForwardChained {
  /// Null where nothing is projected within the step.
  dialect::SequentialScanOp loop;
  /// Of each recurrent projection, whether it is of such a value.
  llvm::SmallVector<bool> isChained;
  /// The number of the values.
  int64_t values = 0;
};

/// Finds it in a module that minrnn-fuse-gates made, whose `step` is the
/// `step`; `firstProduct` is the place of the recurrent products among a step's
/// values. Emits an error where the function, the module's list of projections
/// and the step do not fit, so that no gradient is dropped in silence.
llvm::FailureOr<ForwardChained>
findForwardChained(mlir::ModuleOp module, dialect::SequentialScanOp step,
                   int64_t firstProduct);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_FORWARDCHAINED_H
