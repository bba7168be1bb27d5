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

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace minrnn::compiler {

#define GEN_PASS_DECL
#include "compiler/transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"

/// On a cell: why it is sequential, where (a location), and why it would still
/// be if that were mended, where it is told. Absent on a parallel one.
inline constexpr llvm::StringLiteral kSequentialAttribute = "minrnn.sequential";
inline constexpr llvm::StringLiteral kSequentialAtAttribute =
    "minrnn.sequential_at";
inline constexpr llvm::StringLiteral kSequentialThenAttribute =
    "minrnn.sequential_then";

/// The names of the functions of the scan level, and of the kernels' entries.
/// Those of projections within the step have the number of their stage behind.
inline constexpr llvm::StringLiteral kForwardName = "forward";
inline constexpr llvm::StringLiteral kBackwardName = "backward";
inline constexpr llvm::StringLiteral kStepName = "step";
/// Behind the name of an entry or a procedure that stands beside the one
/// without, under the schedule lookback.
inline constexpr llvm::StringLiteral kLookbackSuffix = "_lookback";
inline constexpr llvm::StringLiteral kForwardInnerName = "forward_inner";
inline constexpr llvm::StringLiteral kBackwardInnerName = "backward_inner";

/// The scratch tensors of an entry whose tiles of time are blocks of their own
/// (minrnn-look-back). An entry that has them is such a one.
inline constexpr llvm::StringLiteral kTickets = "tickets";
inline constexpr llvm::StringLiteral kPublished = "published";
inline constexpr llvm::StringLiteral kSummaries = "summaries";
inline constexpr llvm::StringLiteral kLookbackScratch[] = {kTickets, kPublished,
                                                           kSummaries};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_PASSES_H
