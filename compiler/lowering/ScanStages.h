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
//   load      the values of its steps
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

namespace minrnn::compiler {

/// What the stages work with, from before the first tile on.
struct ScanThread {
  ThreadBlock &block;
  BlockShape shape;
  dialect::ScanOp scan;
  LaneAlgebra algebra;
  llvm::SmallVector<mlir::Value> parameters;
  TensorAccess::InitialStates initialStates;
  TimeAxis axis;
};

/// The steps of one tile that a thread takes. Beyond the last step of the
/// sequence the last one stands again: it is not to count.
struct TileSteps {
  /// The values of each step, as a region takes them: of the sequences, and
  /// once `loadTile` and `recomputeStates` are done, of the parameters.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> values;
  /// Whether each step exists (i1).
  llvm::SmallVector<mlir::Value> exists;
  /// Where each is stored.
  llvm::SmallVector<StepPlace> storePlaces;
};

/// The type of a buffer of shared memory for what the warps exchange of an
/// element of `size` values: [2, warps, size, 32]. Tiles take the two in turn.
mlir::Type exchangeBuffer(mlir::Builder &builder, const BlockShape &shape,
                          int64_t size);
/// Its size in bytes.
int64_t exchangeBytes(const BlockShape &shape, int64_t size);

/// Loads the thread's steps of the tile whose first position is `tileStart`.
/// Where states are recomputed, positions count down from `tileEnd`, the end of
/// the last tile; else it is null.
TileSteps loadTile(ScanThread &thread, mlir::Value tileStart,
                   mlir::Value tileEnd);

/// What `region` (of a scan, yielding an element) makes of each step; the
/// identity where none exists.
llvm::SmallVector<Element>
composeSteps(ScanThread &thread, mlir::Region &region,
             llvm::ArrayRef<llvm::SmallVector<mlir::Value>> values,
             llvm::ArrayRef<mlir::Value> exists);

/// The carried states that a thread's steps start from, and those after the
/// tile.
struct Exchanged {
  llvm::SmallVector<mlir::Value> entering;
  llvm::SmallVector<mlir::Value> leaving;
};

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

/// Replays the steps from the carried states `entering`, stores what each
/// yields, and adds to `totals` what is added up over time.
void replayAndStore(ScanThread &thread, TileSteps &steps,
                    llvm::ArrayRef<Element> elements,
                    llvm::ArrayRef<mlir::Value> entering,
                    llvm::MutableArrayRef<mlir::Value> totals);

/// Adds up one value a thread over the warps, in a fixed order, for warp 0.
mlir::Value sumOverWarps(ScanThread &thread, mlir::Value shared,
                         mlir::Value value);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_SCANSTAGES_H
