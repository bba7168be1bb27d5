//===- GPUTargets.h - The GPUs that code is made for ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TARGETS_NVIDIA_GPUTARGETS_H
#define MINRNN_COMPILER_TARGETS_NVIDIA_GPUTARGETS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace minrnn::compiler {

struct GPUTarget {
  /// sm_75, as `--target`, PTX and ptxas have it.
  llvm::StringRef name;
  /// The PTX ISA version to write, as a feature of LLVM's: the first that has
  /// the target, for a driver refuses PTX of a version newer than itself.
  llvm::StringRef ptxFeature;
  /// The first CUDA toolkit whose ptxas knows the target.
  llvm::StringRef firstToolkit;
  /// Whether it has an instruction that rounds f32 to bf16.
  bool roundsToBF16;
  /// Whether its memory (HBM) is so fast that a scan in log space is bound by
  /// instructions: fewer than some ten can be issued a byte
  /// (specs/rationale.md, "Log space or linear").
  bool hasFastMemory;
};

/// Every GPU target, from the oldest on.
llvm::ArrayRef<GPUTarget> gpuTargets();

/// The target of that name, or null.
const GPUTarget *findGPUTarget(llvm::StringRef name);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TARGETS_NVIDIA_GPUTARGETS_H
