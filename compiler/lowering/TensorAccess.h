//===- TensorAccess.h - Tensors of the scan level as pointers ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a kernel reaches the tensors of its function: where an element lies, in
// which type it is stored, and what stands for one that is absent.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_TENSORACCESS_H
#define MINRNN_COMPILER_LOWERING_TENSORACCESS_H

#include "compiler/lowering/KernelArguments.h"
#include "compiler/lowering/LaneBuilder.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace minrnn::compiler {

/// How lanes reach memory: the GPU one element a thread, the host a vector,
/// masked at the end of a row.
class LaneMemory {
public:
  virtual ~LaneMemory() = default;
  /// The lanes at `pointer[index]`, `index` counted in elements (i64) of type
  /// `element`.
  virtual mlir::Value load(mlir::Value pointer, mlir::Value index,
                           mlir::Type element) = 0;
  virtual void store(mlir::Value value, mlir::Value pointer, mlir::Value index,
                     mlir::Type element) = 0;
};

/// How positions, which count in the order that an entry takes them, lie in
/// time: `time = origin + position * direction`. All are i64.
struct TimeAxis {
  mlir::Value origin;
  /// 1 or -1.
  mlir::Value direction;
  /// Of an entry that goes against the forward pass: the position of the step
  /// that the forward pass took first. Absent otherwise.
  mlir::Value lastPosition;
};

/// One step of a scan: where its values lie in time.
struct StepPlace {
  /// The time index of the step (i64).
  mlir::Value time;
  /// In an entry that goes against the forward pass: the time index of the
  /// step that the forward pass took before, or of the step itself where
  /// there is none; and whether there is none (i1). Absent otherwise.
  mlir::Value timeBefore;
  mlir::Value isFirst;
};

/// The tensors of one entry, within one (batch row, channel tile).
class TensorAccess {
public:
  /// `arguments` is the argument block of `function`, as `signature` describes
  /// it.
  TensorAccess(mlir::OpBuilder &builder, mlir::func::FuncOp function,
               llvm::ArrayRef<EntryArgument> signature,
               mlir::ValueRange arguments, LaneBuilder &lanes,
               LaneMemory &memory);

  mlir::Value batch() const { return size("batch"); }
  mlir::Value channels() const { return size("channels"); }
  /// The positions of this call, in the order that the entry takes them: all
  /// steps, or those of specs/abi.md's `first` and `count`.
  mlir::Value begin();
  mlir::Value end();
  /// The number of steps of the sequence.
  mlir::Value time();

  /// The number of tiles of `tileChannels` that a row's channels fill, the last
  /// one perhaps in part.
  mlir::Value channelTiles(int64_t tileChannels);

  /// Chooses the batch row and the first channel of the lanes (i64 each).
  void select(mlir::Value row, mlir::Value channel) {
    this->row = row;
    this->channel = channel;
  }

  /// How the positions of an entry lie in time; to be made before any loop. An
  /// `isReverse` entry goes the other way than the forward pass, which itself
  /// is turned round by the argument `reverse`.
  TimeAxis timeAxis(bool isReverse);
  /// The step at `position`.
  StepPlace place(const TimeAxis &axis, mlir::Value position);

  /// The lanes of [batch, gate, channel], one value a gate; zero where the
  /// pointer is null.
  llvm::SmallVector<mlir::Value> readRows(mlir::Value tensor);
  /// Writes such a tensor that the function returns, unless its pointer is
  /// null.
  void writeRows(mlir::Value tensor, mlir::ValueRange values);
  /// What the sums over time start from: zero, or in a call that goes on from
  /// an earlier one, what that left.
  llvm::SmallVector<mlir::Value> readSums(mlir::ValueRange tensors);

  /// Writes the sums over time, each tensor's values after those of the one
  /// before.
  void writeSums(mlir::ValueRange tensors, mlir::ValueRange values);

  /// The states that time tile `tile` (i64) of `tileTime` steps starts from, in
  /// a tensor [batch, tile, state, channel]; or what else a tile has there. Of
  /// the values of a tile, the first may be written alone.
  llvm::SmallVector<mlir::Value>
  readBoundary(mlir::Value tensor, mlir::Value tile, int64_t tileTime);
  void writeBoundary(mlir::Value tensor, mlir::Value tile, int64_t tileTime,
                     mlir::ValueRange states);
  /// The number of time tiles.
  mlir::Value timeTiles(int64_t tileTime);

  /// The parameters' lanes, in the order of a region's arguments; zero where a
  /// pointer is null.
  llvm::SmallVector<mlir::Value> readParameters(mlir::ValueRange tensors);

  /// The initial states of each minrnn.delay among `sequences`, by operand: to
  /// be read before the loop.
  using InitialStates =
      llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>>;
  InitialStates readInitialStates(mlir::ValueRange sequences);

  /// The values of a step, in the order of a region's arguments.
  llvm::SmallVector<mlir::Value> readStep(mlir::ValueRange sequences,
                                          const StepPlace &place,
                                          const InitialStates &initialStates);
  /// Has the processor fetch the values of the step at `time`, which may lie
  /// outside of the sequence. For vectors of lanes.
  void prefetchStep(mlir::ValueRange sequences, mlir::Value time);
  /// Stores one step of `outputs`, from the front of `values`; what has a null
  /// pointer is left out.
  void writeStep(mlir::ValueRange outputs, const StepPlace &place,
                 llvm::ArrayRef<mlir::Value> values);

  /// What stands for one tensor.
  struct Tensor {
    mlir::Value pointer;
    /// The type it is stored in.
    mlir::Type element;
    /// Whether the pointer is not null (i1); absent where it may not be null.
    mlir::Value isGiven;
  };
  const Tensor &tensorOf(mlir::Value tensor) const;
  /// The index of [row, step, gate, channel] in a sequence with `gates` gates,
  /// and of [row, step] in a mask.
  mlir::Value sequenceIndex(mlir::Value step, int64_t gates, int64_t gate);
  mlir::Value maskIndex(mlir::Value step);
  /// The index of [row, gate, channel] of a tensor with `gates` gates.
  mlir::Value rowIndex(int64_t gates, int64_t gate);
  /// The index of [row, tile, state, channel] of one with `states` states.
  mlir::Value boundaryIndex(mlir::Value tile, int64_t tileTime, int64_t states,
                            int64_t state);

private:
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value choose(mlir::Value condition, mlir::Value x, mlir::Value y);
  /// The size of that name in the argument block, or null.
  mlir::Value size(llvm::StringRef name) const { return sizes.lookup(name); }
  /// [gate, channel].
  mlir::Value parameterIndex(int64_t gate);
  mlir::Value load(const Tensor &tensor, mlir::Value index);
  void store(const Tensor &tensor, mlir::Value index, mlir::Value value);
  /// Builds `values` under the condition that `tensor` is given; zeros
  /// otherwise.
  llvm::SmallVector<mlir::Value>
  ifGiven(const Tensor &tensor, size_t count,
          llvm::function_ref<llvm::SmallVector<mlir::Value>()> values);
  /// The lanes of `count` gates of `tensor`, each from the place that `indexOf`
  /// gives; zeros where the tensor is not given.
  llvm::SmallVector<mlir::Value>
  loadGates(const Tensor &tensor, int64_t count,
            llvm::function_ref<mlir::Value(int64_t)> indexOf);
  /// Builds `body` under the condition that `tensor` is given.
  void whenGiven(const Tensor &tensor, llvm::function_ref<void()> body);
  /// The mask [batch, time]: 0 or 1, the same in all lanes.
  mlir::Value readMask(const Tensor &tensor, const StepPlace &place);

  mlir::OpBuilder &builder;
  mlir::Location location;
  LaneBuilder &lanes;
  LaneMemory &memory;
  llvm::DenseMap<mlir::Value, Tensor> tensors;
  llvm::StringMap<mlir::Value> sizes;
  mlir::Value row;
  mlir::Value channel;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_TENSORACCESS_H
