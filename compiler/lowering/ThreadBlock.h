//===- ThreadBlock.h - A block of threads of a GPU --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_THREADBLOCK_H
#define MINRNN_COMPILER_LOWERING_THREADBLOCK_H

#include "compiler/lowering/BlockShape.h"
#include "compiler/lowering/LaneBuilder.h"
#include "compiler/lowering/TensorAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace minrnn::compiler {

/// One element a thread. Threads beyond the last channel read the last one and
/// write nothing.
class ThreadMemory : public LaneMemory {
public:
  ThreadMemory(mlir::OpBuilder &builder, mlir::Location location)
      : builder(builder), location(location) {}

  mlir::Value load(mlir::Value pointer, mlir::Value index,
                   mlir::Type element) override;
  void store(mlir::Value value, mlir::Value pointer, mlir::Value index,
             mlir::Type element) override;

private:
  mlir::Value address(mlir::Value pointer, mlir::Value index,
                      mlir::Type element);

  mlir::OpBuilder &builder;
  mlir::Location location;
};

/// The kernel of one entry, as one of its threads sees it: where the thread is,
/// the tensors of its row and channel, and arithmetic on indices.
class ThreadBlock {
public:
  /// Starts the kernel of `function`. The threads of a block have
  /// `tileChannels` channels of one row, a tile of time has `tileTime` steps, 0
  /// where there are none; `sharedBuffers` are memref types of shared memory.
  ThreadBlock(mlir::OpBuilder &builder, mlir::func::FuncOp function,
              llvm::ArrayRef<EntryArgument> signature, bool roundsToBF16,
              int64_t tileChannels, int64_t tileTime,
              llvm::ArrayRef<int32_t> block, mlir::TypeRange sharedBuffers);
  /// Its parts hold on to each other.
  ThreadBlock(const ThreadBlock &) = delete;
  ThreadBlock &operator=(const ThreadBlock &) = delete;

  mlir::Value index(int64_t value);
  mlir::Value integer(int64_t value);
  mlir::Value toInteger(mlir::Value index);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value x,
                      mlir::Value y);
  mlir::Value both(mlir::Value x, mlir::Value y);
  /// Builds `body` under `condition`.
  void when(mlir::Value condition, llvm::function_ref<void()> body);

  /// The block's number (i64).
  mlir::Value blockIndex();
  /// Finds the thread's row and channel, those of a tile of `tileChannels`, the
  /// one with the number `tile` (i64) in the order of rows; to be called once,
  /// before the tensors are used.
  void locate(int64_t tileChannels, mlir::Value tile);

  mlir::OpBuilder &builder;
  mlir::Location location;
  mlir::gpu::GPUFuncOp kernel;
  LaneBuilder lanes;
  ThreadMemory memory;
  TensorAccess tensors;
  /// The thread's place: `lane` within a warp, and the warp (index each).
  mlir::Value lane;
  mlir::Value warp;
  /// Whether the thread's channel exists (i1).
  mlir::Value isInside;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_THREADBLOCK_H
