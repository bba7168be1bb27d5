//===- SupportPrograms.cpp - The supporting kernels as PTX ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/kernels/SupportPrograms.h"

#include "minrnn/error.h"
#include "runtime/core/KernelCache.h"
#include "runtime/device/GpuTarget.h"
#include "runtime/kernels/SupportTexts.h"

#include <utility>

using namespace minrnn;

namespace {

/// "Norm" of "Norm.cu".
std::string_view moduleOf(const SourceText &kernel) {
  std::string_view name = kernel.name;
  name.remove_suffix(std::string_view(".cu").size());
  return name;
}

const SourceText &textOf(std::string_view module) {
  for (const SourceText &kernel : supportKernelTexts())
    if (moduleOf(kernel) == module)
      return kernel;
  throw Error("there is no supporting kernel '" + std::string(module) + "'");
}

} // namespace

SupportPrograms::SupportPrograms(std::string device)
    : device(std::move(device)) {}

void SupportPrograms::open() {
  const std::lock_guard lock(mutex);
  openLocked();
}

void SupportPrograms::openLocked() {
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

std::vector<std::string> SupportPrograms::modules() {
  std::vector<std::string> names;
  for (const SourceText &kernel : supportKernelTexts())
    names.emplace_back(moduleOf(kernel));
  return names;
}

const std::string &SupportPrograms::ptx(std::string_view module) {
  const std::lock_guard lock(mutex);
  if (const auto known = compiled.find(module); known != compiled.end())
    return known->second;
  const SourceText &text = textOf(module);
  openLocked();
  return compiled.emplace(module, compileThroughCache(text)).first->second;
}

std::string SupportPrograms::compileThroughCache(const SourceText &text) const {
  const std::string version = nvrtc->version();
  std::vector<std::string_view> parts = {"NVRTC", version, target, text.name,
                                         text.text};
  for (const SourceText &header : supportHeaderTexts())
    parts.insert(parts.end(), {header.name, header.text});
  const std::string key = kernelCacheKey(parts);
  const KernelCache cache(defaultCacheFolder());
  if (const auto cached = cache.find(key))
    return cached->code;
  std::string ptx = nvrtc->compileToPtx(text, target, supportHeaderTexts());
  cache.keep(key, {{}, ptx});
  return ptx;
}
