//===- Explanation.h - What the compiler found, for people ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_EXPLANATION_H
#define MINRNN_COMPILER_PIPELINE_EXPLANATION_H

#include "dialect/MinRNN.h"

#include <string>

namespace minrnn::compiler {

/// `value`, computed in a cell, as a formula: `sigmoid(-W_z x)`. The inner
/// parts of a long one are left out: `exp(...) * W_z x`.
std::string formula(mlir::Value value);

/// The verdict on a cell after the prove pipeline, with its proof: the
/// coefficient and the offset as formulas, and the intervals they lie in.
std::string explainVerdict(dialect::CellOp cell);

/// The domain of the scan and why, and the bytes that `forward` and `backward`
/// move for each (batch, time, channel) element of a cell with `gates` gates.
/// `domain` is the scan's (log or linear), `asked` what was asked for.
std::string explainScan(llvm::StringRef domain, llvm::StringRef asked,
                        bool isPositive, size_t gates);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_EXPLANATION_H
