//===- Passes.h - From cells to scans ---------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes are described, each with a before/after example, in Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_PASSES_H
#define MINRNN_COMPILER_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace minrnn::compiler {

#define GEN_PASS_DECL
#include "compiler/transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"

/// Attributes of the module that `minrnn-fuse-gates` makes, read by everything
/// after it: the cell's name and kind (`parallel` or `sequential`), the names
/// of its gates, parameters and states in order, its recurrent projections
/// (each `{name, state}`, or `{name, chained}` with the place among the values
/// computed within the step that are projected), whether its one state is its
/// output, the name of the output's tensor (that of the first state, or `y`),
/// and whether backward recomputes the states from those at tile boundaries.
inline constexpr llvm::StringLiteral kCellAttribute = "minrnn.cell";
inline constexpr llvm::StringLiteral kKindAttribute = "minrnn.kind";
inline constexpr llvm::StringLiteral kGatesAttribute = "minrnn.gates";
inline constexpr llvm::StringLiteral kRecurrentAttribute = "minrnn.recurrent";
inline constexpr llvm::StringLiteral kParametersAttribute = "minrnn.parameters";
inline constexpr llvm::StringLiteral kStatesAttribute = "minrnn.states";
inline constexpr llvm::StringLiteral kPlainAttribute = "minrnn.plain";
inline constexpr llvm::StringLiteral kRecomputeAttribute = "minrnn.recompute";
inline constexpr llvm::StringLiteral kOutputAttribute = "minrnn.output";

/// On a cell: why it is sequential, where (a location), and why it would still
/// be if that were mended, where it is told. Absent on a parallel one.
inline constexpr llvm::StringLiteral kSequentialAttribute = "minrnn.sequential";
inline constexpr llvm::StringLiteral kSequentialAtAttribute =
    "minrnn.sequential_at";
inline constexpr llvm::StringLiteral kSequentialThenAttribute =
    "minrnn.sequential_then";

/// The names of the functions of the scan level, and of the kernels' entries.
inline constexpr llvm::StringLiteral kForwardName = "forward";
inline constexpr llvm::StringLiteral kBackwardName = "backward";
inline constexpr llvm::StringLiteral kStepName = "step";
inline constexpr llvm::StringLiteral kForwardChainedName = "forward_chained";
inline constexpr llvm::StringLiteral kBackwardChainedName = "backward_chained";

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_PASSES_H
