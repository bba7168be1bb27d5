//===- Pipelines.h - The passes, in order -----------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pipelines from one level of the IR to the next. From the scan level on a
// target has its own (targets/).
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_PIPELINES_H
#define MINRNN_COMPILER_PIPELINE_PIPELINES_H

#include "mlir/Pass/PassManager.h"

#include <string>

namespace minrnn::compiler {

/// Cell to proven cell: stable formulas, the verdict, its proof.
void buildProvePipeline(mlir::OpPassManager &passes);

/// Proven cell to scans: gates fused, backward derived. With `recompute` the
/// backward recomputes the states from those at tile boundaries.
void buildScanPipeline(mlir::OpPassManager &passes, bool recompute);

/// Scans to scans, in the domain asked for: auto, log or linear.
void buildDomainPipeline(mlir::OpPassManager &passes,
                         const std::string &domain);

/// Scans to scans whose tiles of time are blocks of their own; copies of them
/// where they are to stand `beside` those that are there.
void buildLookBackPipeline(mlir::OpPassManager &passes, bool beside);

/// Of kernels: expands their math for `target` (gpu or host), by a GPU's
/// approximate instructions where it `isFast`, as functions that are called
/// where it `outlines`, and cleans up.
void buildMathPipeline(mlir::OpPassManager &passes, const std::string &target,
                       bool isFast, bool outlines);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_PIPELINES_H
