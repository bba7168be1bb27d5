//===- TilePointers.h - A thread's steps of a tile, in memory ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a thread of a GPU reaches its steps of a tile of time. Each tensor of
// sequences has a pointer to the thread's first step in the tile, which moves
// on from tile to tile. Within a tile a step lies at a multiple of a 32-bit
// stride from it: one multiply-add an address, where 64-bit sums and products
// would take several.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_TILEPOINTERS_H
#define MINRNN_COMPILER_LOWERING_TILEPOINTERS_H

#include "compiler/lowering/ThreadBlock.h"

namespace minrnn::compiler {

/// The positions that a pass over time takes, and how they lie in time.
struct TileAxis {
  TimeAxis time;
  /// The positions that have a step: `first` to `end`. Tiles may begin before
  /// (`first` is null where none does) or end after.
  mlir::Value first;
  mlir::Value end;
};

/// Which steps a thread takes of a tile, beginning at the one that its pointers
/// stand at.
struct ThreadSteps {
  /// The offset of each step from the first (i32), that of a step which does
  /// not exist moved to one that does.
  llvm::SmallVector<mlir::Value> offsets;
  /// Whether each exists (i1); empty where all do.
  llvm::SmallVector<mlir::Value> exists;
  /// Of an entry against the forward pass: the offset of the step that the
  /// forward pass took before each, or the step's own where there is none, and
  /// whether there is none (i1; null where there is one for certain).
  llvm::SmallVector<mlir::Value> offsetsBefore;
  llvm::SmallVector<mlir::Value> isFirst;
};

class TilePointers {
public:
  /// Of the tensors that `scan` reads and writes a step at a time; to be made
  /// before the loop over tiles, once `block` is located.
  TilePointers(ThreadBlock &block, dialect::ScanOp scan, const TileAxis &axis,
               BlockShape shape);

  /// The pointers to the steps at `position` (i64).
  llvm::SmallVector<mlir::Value> at(mlir::Value position);
  /// The pointers a tile later.
  llvm::SmallVector<mlir::Value> next(mlir::ValueRange pointers);

  /// A thread's steps from `position` on (i64). With `areAllThere` each of them
  /// exists.
  ThreadSteps steps(mlir::Value position, bool areAllThere);

  /// Loads the thread's steps, all loads side by side: what memory holds, to be
  /// carried from one tile to the next. The reset mask is loaded only
  /// `withMask`.
  llvm::SmallVector<mlir::Value> load(mlir::ValueRange pointers,
                                      const ThreadSteps &steps, bool withMask);
  /// The types of what `load` gives.
  llvm::SmallVector<mlir::Type> loadedTypes(bool withMask);
  /// The values of each step, as a region of the scan takes them.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>>
  values(mlir::ValueRange loaded, const ThreadSteps &steps, bool withMask);

  /// Stores what the scan yields for each step, where the channel exists.
  void store(mlir::ValueRange pointers, const ThreadSteps &steps,
             llvm::ArrayRef<llvm::SmallVector<mlir::Value>> yielded);

  /// Whether the caller gave a reset mask (i1), which is optional always; null
  /// where the scan reads none.
  mlir::Value maskIsGiven();

private:
  /// One tensor that has a step at each position.
  struct Sequence {
    TensorAccess::Tensor tensor;
    /// Values in a step.
    int64_t gates;
    /// The mask [batch, time].
    bool isMask;
    /// Of a delayed one: what stands before the first step, one value a gate.
    llvm::SmallVector<mlir::Value> initial;
    /// Elements from one position to the next (i32), and from one tile to the
    /// next (i64).
    mlir::Value stride;
    mlir::Value tileStride;
  };

  Sequence sequence(const TensorAccess::Tensor &tensor, int64_t gates,
                    bool isMask);
  mlir::Value offset(int64_t value);
  mlir::Value toOffset(mlir::Value position);
  /// `pointer` and so many elements (i64).
  mlir::Value move(const Sequence &sequence, mlir::Value pointer,
                   mlir::Value elements);
  /// The pointers to the gates of the step at `offset`.
  llvm::SmallVector<mlir::Value> gates(const Sequence &sequence,
                                       mlir::Value pointer, mlir::Value offset);
  /// One bit a step: whether the mask is set there.
  mlir::Value loadMask(const Sequence &mask, mlir::Value pointer,
                       llvm::ArrayRef<mlir::Value> offsets);
  mlir::IntegerType maskType();

  ThreadBlock &block;
  mlir::OpBuilder &builder;
  mlir::Location location;
  TensorAccess &tensors;
  TileAxis axis;
  int64_t stepsPerThread;
  int64_t tileTime;
  /// What is read, and after that what is written.
  llvm::SmallVector<Sequence> sequences;
  size_t readCount;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_TILEPOINTERS_H
