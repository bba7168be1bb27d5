//===- KernelCompiler.cpp - Kernels of CUDA C++ as PTX --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/layers/KernelCompiler.h"

#include "minrnn/error.h"
#include "runtime/core/KernelCache.h"
#include "runtime/device/GpuTarget.h"
#include "runtime/layers/Reduction.cuh.h"
#include "runtime/layers/dropout/Philox.cuh.h"

#include <array>
#include <utility>
#include <vector>

using namespace minrnn;

std::span<const SourceText> minrnn::kernelHeaders() {
  static constexpr std::array headers = {kernels::philoxSource,
                                         kernels::reductionSource};
  return headers;
}

KernelCompiler::KernelCompiler(std::string device)
    : device(std::move(device)) {}

void KernelCompiler::open() {
  const std::lock_guard lock(mutex);
  openLocked();
}

void KernelCompiler::openLocked() {
  if (nvrtc)
    return;
  nvrtc.emplace();
  const std::vector<std::string> known = nvrtc->targets();
  const std::optional<std::string> newest = newestTargetFor(device, known);
  if (!newest) {
    const std::string version = nvrtc->version();
    nvrtc.reset();
    throw Error("NVRTC " + version + " compiles for nothing that " + device +
                " can run");
  }
  target = *newest;
}

const std::string &KernelCompiler::ptx(const SourceText &source) {
  const std::lock_guard lock(mutex);
  const std::string_view name = source.name;
  if (const auto known = compiled.find(name); known != compiled.end())
    return known->second;
  openLocked();
  return compiled.emplace(name, compileThroughCache(source)).first->second;
}

std::string
KernelCompiler::compileThroughCache(const SourceText &source) const {
  const std::string version = nvrtc->version();
  std::vector<std::string_view> parts = {"NVRTC", version, target, source.name,
                                         source.text};
  for (const SourceText &header : kernelHeaders())
    parts.insert(parts.end(), {header.name, header.text});
  const std::string key = kernelCacheKey(parts);
  const KernelCache cache(defaultCacheFolder());
  if (const auto cached = cache.find(key))
    return cached->code;
  std::string ptx = nvrtc->compileToPtx(source, target, kernelHeaders());
  cache.keep(key, {{}, ptx});
  return ptx;
}
