//===- Dialects.h - What the tools know -------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_DIALECTS_H
#define MINRNN_COMPILER_PIPELINE_DIALECTS_H

#include "mlir/IR/DialectRegistry.h"

namespace minrnn::compiler {

/// Registers every dialect that a cell passes through on its way to code.
void registerDialects(mlir::DialectRegistry &registry);

/// Registers our passes and those of MLIR that the pipeline uses, by name.
void registerPasses();

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_DIALECTS_H
