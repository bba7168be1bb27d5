//===- LaneWalk.h - A recurrence, one step after the other ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_LANEWALK_H
#define MINRNN_COMPILER_LOWERING_LANEWALK_H

#include "compiler/lowering/KernelMemory.h"
#include "compiler/lowering/LaneCode.h"
#include "dialect/MinRNN.h"

namespace minrnn::compiler {

/// Builds the loop of a `minrnn.walk` for one (batch row, channel tile): the
/// same on every target, since lanes never meet.
class LaneWalk {
public:
  LaneWalk(mlir::OpBuilder &builder, mlir::Location location, LaneCode &lanes,
           KernelMemory &tensors)
      : builder(builder), location(location), lanes(lanes), tensors(tensors) {}

  /// `whenStoring` builds stores under whatever condition the target has for
  /// them.
  void build(dialect::WalkOp walk,
             llvm::function_ref<void(llvm::function_ref<void()>)> whenStoring);

private:
  mlir::OpBuilder &builder;
  mlir::Location location;
  LaneCode &lanes;
  KernelMemory &tensors;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_LANEWALK_H
