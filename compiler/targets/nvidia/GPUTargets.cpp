//===- GPUTargets.cpp - The GPUs that code is made for --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvidia/GPUTargets.h"

#include "llvm/ADT/STLExtras.h"

using namespace minrnn::compiler;

llvm::ArrayRef<GPUTarget> minrnn::compiler::gpuTargets() {
  // From the release notes at the end of "Parallel Thread Execution ISA".
  static constexpr GPUTarget targets[] = {
      {"sm_75", "+ptx63", "10.0", false, false},
      {"sm_80", "+ptx70", "11.0", true, true},
      {"sm_86", "+ptx71", "11.1", true, false},
      {"sm_89", "+ptx78", "11.8", true, false},
      {"sm_90", "+ptx78", "11.8", true, true},
      {"sm_100", "+ptx86", "12.8", true, true},
      {"sm_120", "+ptx87", "12.8", true, false},
  };
  return targets;
}

const GPUTarget *minrnn::compiler::findGPUTarget(llvm::StringRef name) {
  const GPUTarget *found =
      llvm::find_if(gpuTargets(), [&](const GPUTarget &target) {
        return target.name == name;
      });
  return found == gpuTargets().end() ? nullptr : found;
}
