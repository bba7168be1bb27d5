//===- EntryTensors.h - The tensors of an entry, by name --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tensors of specs/abi.md: what each is called, its axes, and whether it
// may be absent. At the scan level each argument and result of an entry's
// function carries its name; everything else about it is said here, once.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_ENTRYTENSORS_H
#define MINRNN_COMPILER_TRANSFORMS_ENTRYTENSORS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace minrnn::compiler {

/// On an argument or a result of an entry's function: the tensor's name.
inline constexpr llvm::StringLiteral kTensorNameAttribute = "minrnn.name";

/// What specs/abi.md says of one tensor.
struct EntryTensor {
  llvm::StringLiteral name;
  /// The names of its axes; `time` falls away in `step`.
  llvm::ArrayRef<llvm::StringLiteral> axes;
  /// Whether its pointer may be null (that of a sequence only where it is
  /// written).
  bool isOptional = false;
  /// Whether it is stored in the cell's io type; it is f32 otherwise.
  bool isIO = false;
};

/// The tensor called `name`, or null when there is none.
const EntryTensor *findEntryTensor(llvm::StringRef name);

/// The number of gates and the like that an axis holds, by the axis' name.
struct PackedAxes {
  int64_t gates = 0;
  int64_t recurrent = 0;
  int64_t parameters = 0;
  int64_t states = 0;
  /// Values computed within the step that are projected.
  int64_t chained = 0;
};

/// The type of the tensor called `name` in an entry: of i8 for `reset`, of f32
/// otherwise (the io type is the kernels' business); in `step` the time axis
/// has size one.
mlir::RankedTensorType entryTensorType(mlir::MLIRContext *context,
                                       llvm::StringRef name,
                                       const PackedAxes &axes, bool isStep);

/// Makes the function of an entry, with these named arguments, before any body;
/// the builder's position is not changed. A name that the table does not hold
/// (`x`, `weight`) has its type in `others`.
mlir::func::FuncOp
createEntry(mlir::OpBuilder &builder, mlir::Location location,
            llvm::StringRef entry, const PackedAxes &axes,
            llvm::ArrayRef<std::pair<llvm::StringRef, mlir::Type>> others,
            llvm::ArrayRef<llvm::StringRef> arguments,
            llvm::ArrayRef<llvm::StringRef> results);

/// The tensors that a cell's equations read, by name.
struct EquationTensors {
  EquationTensors(const PackedAxes &axes, bool readsInput);

  /// In the order of a region's arguments, without the mask of resets, which
  /// comes behind them.
  llvm::SmallVector<llvm::StringRef> sequences;
  llvm::SmallVector<llvm::StringRef> parameters;

  /// All of them in the order of an entry's arguments: `reset` is the last.
  llvm::SmallVector<llvm::StringRef> arguments() const;
};

/// What the gradient of the tensor called `name` is called.
llvm::StringRef gradientName(llvm::StringRef name);

/// The argument of `function` called `name`, or null.
mlir::Value findArgument(mlir::func::FuncOp function, llvm::StringRef name);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_ENTRYTENSORS_H
