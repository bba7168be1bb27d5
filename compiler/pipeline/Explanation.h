//===- Explanation.h - What the compiler found, for people ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_EXPLANATION_H
#define MINRNN_COMPILER_PIPELINE_EXPLANATION_H

#include "compiler/lowering/BlockShape.h"
#include "dialect/MinRNN.h"

#include <string>

namespace minrnn::compiler {

/// `value`, computed in a cell, as a formula: `sigmoid(-W_z x)`. The inner
/// parts of a long one are left out: `exp(...) * W_z x`.
std::string formula(mlir::Value value);

/// The verdict on a cell after the prove pipeline, with its proof: the
/// coefficient and the offset of every state as formulas, and the intervals
/// they lie in. Of a sequential cell: what makes it so, and how it runs.
std::string explainVerdict(dialect::CellOp cell);

/// Whether every coefficient and offset of a parallel cell is proven not
/// negative.
bool isProvenPositive(dialect::CellOp cell);

/// The domain of the scan and why. `domain` is the scan's (log or linear),
/// `asked` what was asked for, `whyLinear` what the target has against log
/// space.
std::string explainDomain(llvm::StringRef domain, llvm::StringRef asked,
                          bool isPositive, llvm::StringRef whyLinear);

/// The bytes that `forward` and `backward` of `module`, at the scan level, move
/// for each (batch, time, channel) element when stored as `ioType`, in tiles of
/// `tileTime` steps.
std::string explainBytes(mlir::ModuleOp module, llvm::StringRef ioType,
                         int64_t tileTime);

/// The schedules of the parallel cell of `module`, at the scan level, on a GPU,
/// with blocks of this shape where time is carried: which layer runs which, and
/// what lookback costs where it is there.
std::string explainSchedule(mlir::ModuleOp module, BlockShape shape);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_EXPLANATION_H
