//===- Passes.h - From scans to kernels -------------------------*- C++ -*-===//
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

#ifndef MINRNN_COMPILER_LOWERING_PASSES_H
#define MINRNN_COMPILER_LOWERING_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace minrnn::compiler {

#define GEN_PASS_DECL
#include "compiler/lowering/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/lowering/Passes.h.inc"

/// Attributes of a kernel's function, from which its manifest is written: the
/// entry's name (forward, backward_inner0, ...), its argument block, and the
/// channels and time steps of a tile (time is 0 where there is none). Where
/// tiles are blocks of their own, what one hands to the next.
inline constexpr llvm::StringLiteral kEntryAttribute = "minrnn.entry";
inline constexpr llvm::StringLiteral kArgumentsAttribute = "minrnn.arguments";
inline constexpr llvm::StringLiteral kTileChannelsAttribute =
    "minrnn.tile_channels";
inline constexpr llvm::StringLiteral kTileTimeAttribute = "minrnn.tile_time";
inline constexpr llvm::StringLiteral kTileSummaryAttribute =
    "minrnn.tile_summary";
/// On the host's functions: they go to the object under their own names.
inline constexpr llvm::StringLiteral kKernelModuleName = "kernels";

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_PASSES_H
