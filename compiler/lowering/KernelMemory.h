//===- KernelMemory.h - Tensors of the scan level as pointers ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function of the scan level has tensors; a kernel has the argument block of
// specs/abi.md: a pointer for each tensor that comes in or goes out, and the
// sizes. This is the one place that knows both orders.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_KERNELMEMORY_H
#define MINRNN_COMPILER_LOWERING_KERNELMEMORY_H

#include "compiler/lowering/LaneCode.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <functional>

namespace minrnn::compiler {

/// One argument of an entry, in the order of its argument block.
struct KernelArgument {
  enum Access { Read, Write };
  std::string name;
  /// Empty for a size.
  std::vector<std::string> shape;
  Access access = Read;
  bool optional = false;

  bool isPointer() const { return !shape.empty(); }
};

/// The arguments of the entry that `function` (forward, backward or step at
/// the scan level) becomes.
std::vector<KernelArgument> kernelArguments(llvm::StringRef entry);

/// Checks that `function` is an entry at the scan level that a kernel can be
/// made of: one of that name, with one scan or step, every tensor of which is
/// an argument or returned. Emits an error otherwise.
llvm::LogicalResult verifyEntry(mlir::func::FuncOp function);

/// How lanes reach memory: the GPU one element a thread, the host a vector,
/// masked at the end of a row.
class LaneMemory {
public:
  virtual ~LaneMemory() = default;
  /// The lanes at `pointer[index]`, `index` counted in elements (i64).
  virtual mlir::Value load(mlir::Value pointer, mlir::Value index) = 0;
  virtual void store(mlir::Value value, mlir::Value pointer,
                     mlir::Value index) = 0;
};

/// The tensors of one entry, within one (batch row, channel tile).
class KernelMemory {
public:
  /// `arguments` is the argument block; `function` the function it stands for.
  KernelMemory(mlir::OpBuilder &builder, mlir::func::FuncOp function,
               mlir::ValueRange arguments, LaneCode &lanes, LaneMemory &memory);

  mlir::Value batch() const { return batchSize; }
  /// Absent in `step`.
  mlir::Value time() const { return timeSize; }
  mlir::Value channels() const { return channelSize; }

  /// The number of tiles of `tileChannels` that a row's channels fill, the last
  /// one perhaps in part.
  mlir::Value channelTiles(int64_t tileChannels);

  /// Chooses the batch row and the first channel of the lanes (i64 each).
  void select(mlir::Value row, mlir::Value channel) {
    this->row = row;
    this->channel = channel;
  }

  /// A state tensor's lanes; zero where its pointer is null.
  mlir::Value readState(mlir::Value tensor);
  /// Writes a state tensor that the function returns, unless its pointer is
  /// null.
  void writeState(mlir::Value tensor, mlir::Value value);

  /// The bias of every gate; zero where the pointer is null.
  llvm::SmallVector<mlir::Value> readBias(mlir::Value tensor);

  /// The values of one step of `scan`, in the order of its element's
  /// arguments. `step` is the time index (i64); `bias` and `initialStates`
  /// (of each minrnn.delay, by operand) were read before the loop.
  llvm::SmallVector<mlir::Value>
  readStep(dialect::ScanOp scan, mlir::Value step,
           llvm::ArrayRef<mlir::Value> bias,
           const llvm::DenseMap<mlir::Value, mlir::Value> &initialStates);
  /// Stores what `scan`'s output region yielded for one step.
  void writeStep(dialect::ScanOp scan, mlir::Value step,
                 llvm::ArrayRef<mlir::Value> yielded);

  /// The pre-activations of a `minrnn.step`.
  llvm::SmallVector<mlir::Value> readGates(dialect::StepOp step,
                                           llvm::ArrayRef<mlir::Value> bias);

  /// Writes gate `gate` of a [batch, gate, channel] tensor the function
  /// returns, unless its pointer is null.
  void writeSum(dialect::SumTimeOp tensor, int64_t gate, mlir::Value value);

private:
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value isGiven(mlir::Value pointer);
  /// [row, channel] of a state tensor.
  mlir::Value stateIndex();
  /// [row, step, gate, channel] of a sequence with `gates` gates.
  mlir::Value sequenceIndex(mlir::Value step, int64_t gates, int64_t gate);
  /// The pointer that stands for `tensor`, which the kernel reads or writes.
  mlir::Value pointerOf(mlir::Value tensor) const;
  /// Loads behind a null check.
  mlir::Value loadOptional(mlir::Value pointer, mlir::Value index);

  mlir::OpBuilder &builder;
  mlir::Location location;
  LaneCode &lanes;
  LaneMemory &memory;
  llvm::DenseMap<mlir::Value, mlir::Value> pointers;
  mlir::Value batchSize;
  mlir::Value timeSize;
  mlir::Value channelSize;
  mlir::Value row;
  mlir::Value channel;
};

/// The one operation of type Op in a function of the scan level, or null.
template <typename Op> Op findOnly(mlir::func::FuncOp function) {
  auto found = llvm::to_vector(function.getOps<Op>());
  return found.size() == 1 ? found.front() : Op();
}

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_KERNELMEMORY_H
