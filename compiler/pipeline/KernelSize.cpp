//===- KernelSize.cpp - How much code is made of a cell -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/KernelSize.h"
#include "compiler/lowering/schedules/Schedules.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace minrnn::compiler;

minrnn::compiler::KernelSize
minrnn::compiler::chooseKernelSize(mlir::ModuleOp module, int numWarps) {
  // Three times what the largest published cell has, of those in tests/cells.
  constexpr int64_t ordinary = 1024;
  int64_t operations = 0;
  module.walk([&](mlir::Operation *op) {
    // (The algebra is the same few operations for every cell.)
    auto scan =
        mlir::dyn_cast_or_null<minrnn::dialect::ScanOp>(op->getParentOp());
    bool isCounted = !mlir::isa<mlir::arith::ConstantOp>(op) &&
                     !(scan && scan.isAlgebra(op->getParentRegion()));
    operations += isCounted ? 1 : 0;
  });
  KernelSize size;
  bool fits = true;
  module.walk([&](minrnn::dialect::ScanOp scan) {
    const BlockShape wide{numWarps, size.stepsPerThread};
    fits &= carrySharedBytes(scan.getElementSize(),
                             static_cast<bool>(scan.getTaken()),
                             wide) <= kSharedBytes;
  });
  if (operations <= ordinary) {
    if (fits)
      size.warps = numWarps;
    return size;
  }
  size.outlinesMath = true;
  for (; size.stepsPerThread > 1 && operations * size.stepsPerThread >
                                        ordinary * KernelSize().stepsPerThread;)
    size.stepsPerThread /= 2;
  return size;
}
