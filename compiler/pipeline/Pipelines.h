//===- Pipelines.h - The passes, in order -----------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Four pipelines, each from one level of the IR to the next.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_PIPELINES_H
#define MINRNN_COMPILER_PIPELINE_PIPELINES_H

#include "compiler/lowering/TileTime.h"

#include "mlir/Pass/PassManager.h"

#include <cstdint>
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

/// Scans to kernels for a GPU, by the carry schedule.
struct GPUKernelOptions {
  int64_t warps = 8;
  /// A tile of time is that of all warps.
  int64_t stepsPerThread = kTileTime / 8;
  /// The type that sequences are stored in.
  std::string ioType = "f32";
  /// Whether the GPU has an instruction that rounds to bf16.
  bool roundsToBF16 = false;
  /// Whether gate math becomes functions.
  bool outlinesMath = false;
};
void buildGPUKernelPipeline(mlir::OpPassManager &passes,
                            const GPUKernelOptions &options);

/// Scans to vector loops for the CPU.
struct HostKernelOptions {
  /// Channels in a vector.
  int64_t width = 32;
  /// The type that sequences are stored in.
  std::string ioType = "f32";
  /// Whether gate math becomes functions.
  bool outlinesMath = false;
};
void buildHostKernelPipeline(mlir::OpPassManager &passes,
                             const HostKernelOptions &options);

/// Kernels to the llvm dialect.
void buildGPULLVMPipeline(mlir::OpPassManager &passes);
void buildHostLLVMPipeline(mlir::OpPassManager &passes);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_PIPELINES_H
