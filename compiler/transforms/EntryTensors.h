//===- EntryTensors.h - The tensors of an entry, by name --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// At the scan level each argument and result of an entry's function carries the
// name of a tensor of the contract (specs/contract/Tensors.h), which says
// everything else about it.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_ENTRYTENSORS_H
#define MINRNN_COMPILER_TRANSFORMS_ENTRYTENSORS_H

#include "dialect/MinRNN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace minrnn::compiler {

/// On an argument or a result of an entry's function: the tensor's name.
inline constexpr llvm::StringLiteral kTensorNameAttribute = "minrnn.name";

/// The one program of `module`. Null, with an error, where there is none.
dialect::ProgramOp findProgram(mlir::ModuleOp module);

/// What a tensor of the contract is made of at the scan level: i8 for bytes,
/// f32 otherwise (the io type is the kernels' business).
mlir::Type elementTypeOf(const ProgramTensor &tensor, mlir::Builder &builder);

/// Makes the function of an entry, with these named arguments and results,
/// before any body; the builder's position is not changed. The axis `time` has
/// size one in `step`, and the layer's `inputs` are the kernel's `channels`.
mlir::func::FuncOp createEntry(mlir::OpBuilder &builder,
                               mlir::Location location, llvm::StringRef entry,
                               dialect::ProgramOp program,
                               llvm::ArrayRef<llvm::StringRef> arguments,
                               llvm::ArrayRef<llvm::StringRef> results);

/// The tensors that a cell's equations read, by name.
struct EquationTensors {
  EquationTensors(dialect::ProgramOp program, bool readsInput);

  /// In the order of a region's arguments, without the mask of resets, which
  /// comes behind them.
  llvm::SmallVector<llvm::StringRef> sequences;
  llvm::SmallVector<llvm::StringRef> parameters;

  /// All of them in the order of an entry's arguments: `reset` is the last.
  llvm::SmallVector<llvm::StringRef> arguments() const;
};

/// The name of the contract's tensor `name`, which lives as long as the
/// program runs.
llvm::StringRef contractName(const llvm::Twine &name);

/// The one operation of type Op in a function of the scan level, or null.
template <typename Op> Op findOnly(mlir::func::FuncOp function) {
  auto found = llvm::to_vector(function.getOps<Op>());
  return found.size() == 1 ? found.front() : Op();
}

/// The argument of `function` called `name`, or null.
mlir::Value findArgument(mlir::func::FuncOp function, llvm::StringRef name);

/// Whether `function` has been through minrnn-look-back: its tiles of time are
/// blocks of their own.
bool looksBack(mlir::func::FuncOp function);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_ENTRYTENSORS_H
