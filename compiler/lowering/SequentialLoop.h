//===- SequentialLoop.h - A recurrence, one step after the other *- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_SEQUENTIALLOOP_H
#define MINRNN_COMPILER_LOWERING_SEQUENTIALLOOP_H

#include "compiler/lowering/LaneBuilder.h"
#include "compiler/lowering/TensorAccess.h"
#include "dialect/MinRNN.h"

namespace minrnn::compiler {

/// Builds the loop of a `minrnn.sequential_scan` for one (batch row, channel
/// tile): the same on every target, since lanes never meet.
class SequentialLoop {
public:
  SequentialLoop(mlir::OpBuilder &builder, mlir::Location location,
                 LaneBuilder &lanes, TensorAccess &tensors)
      : builder(builder), location(location), lanes(lanes), tensors(tensors) {}

  /// `whenStoring` builds stores under whatever condition the target has for
  /// them.
  void build(dialect::SequentialScanOp scan,
             llvm::function_ref<void(llvm::function_ref<void()>)> whenStoring);

private:
  mlir::OpBuilder &builder;
  mlir::Location location;
  LaneBuilder &lanes;
  TensorAccess &tensors;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_SEQUENTIALLOOP_H
