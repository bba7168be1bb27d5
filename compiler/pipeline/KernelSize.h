//===- KernelSize.h - How much code is made of a cell -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_KERNELSIZE_H
#define MINRNN_COMPILER_PIPELINE_KERNELSIZE_H

#include "compiler/lowering/TileTime.h"

#include "mlir/IR/BuiltinOps.h"

namespace minrnn::compiler {

/// What is multiplied in the kernels of a cell. The code of an ordinary cell is
/// expanded and unrolled, which makes it fast; that of a huge one would take
/// minutes and gigabytes to compile, and is spilled from the registers anyhow.
struct KernelSize {
  /// Whether gate math stays functions that are called.
  bool outlinesMath = false;
  /// Of a GPU's thread, in each tile of time; 8 of an ordinary cell.
  int64_t stepsPerThread = kTileTime / 8;
  /// Along time, of a GPU's block.
  int64_t warps = 8;
};

/// The size for a module of the scan level, by the number of its operations;
/// of the blocks of a GPU as many of `numWarps` as have room in shared memory
/// for what they exchange.
KernelSize chooseKernelSize(mlir::ModuleOp module, int numWarps);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_KERNELSIZE_H
