//===- KernelArguments.h - The argument block of an entry -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function of the scan level has tensors; a kernel has the argument block of
// specs/abi.md: a pointer for each tensor that comes in or goes out, and then
// the sizes. The block is read off the function once, and goes with the kernel
// as an attribute, so that the code and the manifest cannot disagree.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_KERNELARGUMENTS_H
#define MINRNN_COMPILER_LOWERING_KERNELARGUMENTS_H

#include "compiler/transforms/EntryTensors.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace minrnn::compiler {

/// One argument of an entry, in the order of its argument block, as the
/// manifest has it.
struct EntryArgument : KernelArgument {
  /// `f32`, `f16`, `bf16`, `i8` or `i32`; `i64` for a size.
  std::string type = "i64";
  /// The size of its packed axis; 1 without one.
  int64_t packed = 1;

  /// The bytes that a (batch, time, channel) element moves; 0 where it has no
  /// such axes.
  int64_t bytesPerElement() const;
};

/// The tensors that a kernel made of `function` reads and writes, in the order
/// of its argument block: what stands for each pointer.
llvm::SmallVector<mlir::Value> entryTensors(mlir::func::FuncOp function);

/// The arguments of the entry that `function` (at the scan level, accepted by
/// `verifyEntry`) becomes. `ioType` is `f32`, `f16` or `bf16`.
std::vector<EntryArgument> kernelArguments(mlir::func::FuncOp function,
                                           llvm::StringRef ioType);

/// The first sequences of `scan` that hold `values` values in a step.
llvm::SmallVector<mlir::Value> leadingSequences(dialect::ScanOp scan,
                                                int64_t values);

/// Checks that `function` is an entry at the scan level that a kernel can be
/// made of: one of that name, with one scan of either kind, every tensor of
/// which is one of specs/abi.md, and an argument or returned. Emits an error
/// otherwise.
llvm::LogicalResult verifyEntry(mlir::func::FuncOp function);

/// Whether `ioType` is f32, f16 or bf16. Emits an error at `module` otherwise.
llvm::LogicalResult verifyIOType(mlir::ModuleOp module, llvm::StringRef ioType);

/// Writes the arguments to `kernel`, and reads them back.
void attachArguments(mlir::Operation *kernel,
                     llvm::ArrayRef<EntryArgument> arguments);
std::vector<KernelArgument> attachedArguments(mlir::Operation *kernel);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_KERNELARGUMENTS_H
