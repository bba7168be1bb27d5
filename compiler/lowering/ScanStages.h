//===- ScanStages.h - The stages of a scan on a GPU -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a thread does with the steps that it has of a tile of time, one function
// a stage:
//
//   load      the values of its steps (TilePointers)
//   compose   its steps' elements, and all of them as one
//   exchange  what the warps' steps come to, through shared memory: the states
//             that its own steps start from, and those after the tile
//   replay    its steps from these states
//   store     what they yield
//
// A schedule (schedules/) decides which tiles a block takes and what it carries
// from one to the next.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_SCANSTAGES_H
#define MINRNN_COMPILER_LOWERING_SCANSTAGES_H

#include "compiler/lowering/LaneAlgebra.h"
#include "compiler/lowering/ThreadBlock.h"
#include "compiler/lowering/TilePointers.h"

namespace minrnn::compiler {

/// What the stages work with, from before the first tile on.
struct ScanThread {
  ThreadBlock &block;
  BlockShape shape;
  dialect::ScanOp scan;
  LaneAlgebra algebra;
  TilePointers pointers;
  llvm::SmallVector<mlir::Value> parameters;
  /// Of each warp of the block, whether it is the thread's own (i1).
  llvm::SmallVector<mlir::Value> isOwnWarp;
};

/// How the tiles of `scan` lie in time. Where states are recomputed, they begin
/// where those of the forward pass did: the last of these, which is taken
/// first, may begin with steps that do not exist.
TileAxis tileAxis(ThreadBlock &block, dialect::ScanOp scan, BlockShape shape);

/// Makes it; `axis` says which positions there are.
ScanThread startThread(ThreadBlock &block, dialect::ScanOp scan,
                       const TileAxis &axis, BlockShape shape);

/// The steps of one tile that a thread takes.
struct TileSteps {
  /// Which they are.
  ThreadSteps which;
  /// The values of each step, as a region takes them: of the sequences, where
  /// states are recomputed of these, and of the parameters. Of a step that does
  /// not exist they are those of another, which are not to count.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> values;
  /// What is computed already of what each yields; it may be empty.
  llvm::SmallVector<mlir::IRMapping> prepared;
};

/// The type of a buffer of shared memory for what the warps exchange of an
/// element of `size` values: [2, warps, pieces, 32] of vectors. Tiles take the
/// two in turn.
mlir::Type exchangeBuffer(mlir::Builder &builder, const BlockShape &shape,
                          int64_t size);
/// Its size in bytes.
int64_t exchangeBytes(const BlockShape &shape, int64_t size);

/// What `region` (of a scan, yielding an element) makes of each step; the
/// identity where none exists. `exists` is empty where all do.
llvm::SmallVector<Element>
elementsOf(ScanThread &thread, mlir::Region &region,
           llvm::ArrayRef<llvm::SmallVector<mlir::Value>> values,
           llvm::ArrayRef<mlir::Value> exists);

/// The elements of all steps of the thread as one.
Element composeSteps(ScanThread &thread, llvm::ArrayRef<Element> elements);

/// Writes an element of the thread to buffer `parity` (index, 0 or 1) of
/// `shared`, and reads that of the same lane of `warp`.
void writeShared(ScanThread &thread, mlir::Value shared, mlir::Value parity,
                 llvm::ArrayRef<mlir::Value> element);
Element readShared(ScanThread &thread, mlir::Value shared, mlir::Value parity,
                   int64_t warp);

/// Computes of what the steps yield all that depends on no state, so that their
/// values need not be held while those of the next tile are loaded.
void prepareOutputs(ScanThread &thread, TileSteps &steps);

/// The carried states that a thread's steps start from, and those after the
/// tile.
struct Exchanged {
  llvm::SmallVector<mlir::Value> entering;
  llvm::SmallVector<mlir::Value> leaving;
};

/// Applies the elements that the warps have written to buffer `parity` to the
/// states `carried`, one after the other: those that the thread's own warp
/// starts from, and those after all. With `againstWarps` the last warp is the
/// first.
Exchanged applySummaries(ScanThread &thread, mlir::Value shared,
                         mlir::Value parity, mlir::ValueRange carried,
                         bool againstWarps);

/// Exchanges what the steps of each warp come to, in buffer `parity` (index, 0
/// or 1) of `shared`; `carried` are the states before the tile. With
/// `againstWarps` the last warp has the first steps.
Exchanged exchangeSummaries(ScanThread &thread, mlir::Value shared,
                            mlir::Value parity,
                            llvm::ArrayRef<Element> elements,
                            mlir::ValueRange carried, bool againstWarps);

/// Appends to each step the states that the forward pass had before it,
/// recomputed from the boundary of the tile that starts at step `tileStart`.
void recomputeStates(ScanThread &thread, mlir::Value shared, mlir::Value parity,
                     mlir::Value tileStart, TileSteps &steps);

/// Replays the steps from the carried states `entering`, stores through
/// `pointers` what each yields, and adds to `totals` what is added up over
/// time.
void replayAndStore(ScanThread &thread, mlir::ValueRange pointers,
                    const TileSteps &steps, llvm::ArrayRef<Element> elements,
                    llvm::ArrayRef<mlir::Value> entering,
                    llvm::MutableArrayRef<mlir::Value> totals);

/// Adds up one value a thread over the warps, in a fixed order, for warp 0.
mlir::Value sumOverWarps(ScanThread &thread, mlir::Value shared,
                         mlir::Value value);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_SCANSTAGES_H
