//===- Target.cpp - What code is made for ---------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Target.h"
#include "compiler/targets/nvidia/GPUTargets.h"

using namespace minrnn::compiler;

Target::~Target() = default;

/// The name of the target in the processor's folder.
static constexpr const char *kHost = "host";

std::unique_ptr<Target>
minrnn::compiler::createTarget(const CompileOptions &options) {
  if (options.target == kHost)
    return createHostTarget(options);
  if (const GPUTarget *gpu = findGPUTarget(options.target))
    return createNvidiaTarget(options, *gpu);
  return nullptr;
}

std::vector<std::string> minrnn::compiler::knownTargets() {
  std::vector<std::string> targets;
  for (const GPUTarget &target : gpuTargets())
    targets.push_back(target.name.str());
  targets.push_back(kHost);
  return targets;
}

Stage minrnn::compiler::defaultStage(const CompileOptions &options) {
  std::unique_ptr<Target> target = createTarget(options);
  return target ? target->defaultStage() : Stage::PTX;
}

bool minrnn::compiler::makesStage(const CompileOptions &options, Stage stage) {
  std::unique_ptr<Target> target = createTarget(options);
  return target && target->makes(stage);
}
