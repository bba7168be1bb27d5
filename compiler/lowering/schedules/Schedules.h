//===- Schedules.h - How the steps of a recurrence are arranged -*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_SCHEDULES_SCHEDULES_H
#define MINRNN_COMPILER_LOWERING_SCHEDULES_SCHEDULES_H

#include "compiler/lowering/TensorAccess.h"
#include "compiler/lowering/ThreadBlock.h"
#include "dialect/MinRNN.h"

namespace minrnn::compiler {

/// The kernel of `function`, whose one scan is `scan`, for a GPU: a block takes
/// all tiles of time of 32 channels of one row, and carries the states from one
/// tile to the next.
void buildCarryKernel(mlir::OpBuilder &builder, mlir::func::FuncOp function,
                      dialect::ScanOp scan,
                      llvm::ArrayRef<EntryArgument> signature, BlockShape shape,
                      bool roundsToBF16);

/// The same, where each tile of time is a block of its own: of a function that
/// minrnn-look-back has given its scratch tensors.
void buildLookbackKernel(mlir::OpBuilder &builder, mlir::func::FuncOp function,
                         dialect::ScanOp scan,
                         llvm::ArrayRef<EntryArgument> signature,
                         BlockShape shape, bool roundsToBF16);

/// Blocks of more warps along time are for where blocks are few. There tiles
/// are not blocks; and as the warps have a multiprocessor for themselves, each
/// may be short of steps.
inline constexpr int64_t kMostLookbackWarps = 8;

/// The shape of a block that takes `scan`. The more steps a thread has, the
/// less the exchange costs each: `shape`, in the forward pass twice the steps,
/// and half of that where registers would not hold them beside those of the
/// next tile. Where tiles are blocks, no next tile is held, and all have the
/// steps. Where states are recomputed, tiles are those of `shape` in both
/// passes.
BlockShape shapeFor(dialect::ScanOp scan, BlockShape shape, bool looksBack);

/// Whether the registers of a thread of such a block hold the values of its
/// steps, and of those of a next tile.
bool holdsNextTile(dialect::ScanOp scan, BlockShape shape);

/// The shared memory that every GPU of ours gives a block, in bytes.
inline constexpr int64_t kSharedBytes = 48 * 1024;

/// The shared memory that such a block takes, in bytes, for elements of so many
/// values; twice where states are recomputed.
int64_t carrySharedBytes(int64_t elementSize, bool recomputes,
                         BlockShape shape);
int64_t lookbackSharedBytes(int64_t elementSize, BlockShape shape);

/// The states whose values in a tile of time may lie on the host's stack.
inline constexpr int64_t kMostStatesOnStack = 64;

/// The steps of `scan` on the host, one after the other, for the (batch row,
/// channel tile) that `tensors` has selected. `scratch` points to room for the
/// states of a tile of time, null where none are recomputed.
void buildHostLoop(mlir::OpBuilder &builder, mlir::Location location,
                   dialect::ScanOp scan, LaneBuilder &lanes,
                   TensorAccess &tensors, mlir::Value scratch);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_SCHEDULES_SCHEDULES_H
