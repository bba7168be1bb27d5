//===- Jit.cpp - From a cell's text to kernels in process -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/jit.h"

#include "compiler/pipeline/Compile.h"
#include "minrnn/error.h"
#include "minrnn/schedule.h"
#include "runtime/core/KernelCache.h"
#include "runtime/core/ReadFile.h"
#include "runtime/device/GpuTarget.h"
#include "runtime/device/PtxKernels.h"
#include "runtime/jit/HostObject.h"

#include <array>
#include <string>

using namespace minrnn;

namespace {

/// What to compile for so that `device` can run it.
std::string targetFor(const Device &device) {
  std::string own = device.target();
  if (own == "host")
    return own;
  const std::vector<std::string> known = compiler::knownTargets();
  const std::optional<std::string> target = newestTargetFor(own, known);
  if (!target)
    throw Error("the compiler has no target for device '" +
                std::string(device.name()) + "', which is " + own);
  return *target;
}

std::string withoutLastLineEnd(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

CachedKernel compile(std::string_view source, std::string_view sourceName,
                     const compiler::CompileOptions &options) {
  compiler::Compilation result = compiler::compileCell(
      source, sourceName, compiler::defaultStage(options), options);
  if (result.outcome == compiler::Outcome::Done)
    return {std::move(result.manifest), std::move(result.output)};
  const std::string diagnostics =
      withoutLastLineEnd(std::move(result.diagnostics));
  if (result.outcome == compiler::Outcome::InternalFault)
    throw Error(std::string(sourceName) +
                ": a fault in the compiler: " + diagnostics);
  // What has no place in the text is a sentence of its own.
  constexpr std::string_view prefix = "error: ";
  if (diagnostics.starts_with(prefix))
    throw Error(diagnostics.substr(prefix.size()));
  throw DiagnosticError(diagnostics);
}

CellKernels load(const CachedKernel &kernel, std::string_view sourceName,
                 const std::shared_ptr<Device> &device) {
  Manifest manifest = parseManifest(kernel.manifest, sourceName);
  std::shared_ptr<const KernelModule> module;
  if (auto host = std::dynamic_pointer_cast<HostDevice>(device))
    module = loadHostObject(kernel.code, manifest, std::move(host));
  else
    module = std::make_shared<PtxKernels>(device, kernel.code);
  return {std::move(manifest), std::move(module)};
}

std::optional<CellKernels> tryLoad(const CachedKernel &kernel,
                                   std::string_view sourceName,
                                   const std::shared_ptr<Device> &device) {
  try {
    return load(kernel, sourceName, device);
  } catch (const Error &) {
    return std::nullopt;
  }
}

} // namespace

CellKernels minrnn::compileCell(std::string_view source,
                                std::string_view sourceName,
                                const JitOptions &options) {
  compiler::CompileOptions compileOptions;
  const std::shared_ptr<Device> device =
      options.device ? options.device : std::make_shared<HostDevice>();
  compileOptions.target = targetFor(*device);
  compileOptions.scan = options.scan;
  compileOptions.ioType = options.ioType;
  compileOptions.cell = options.cell;
  compileOptions.recompute = options.recompute;
  compileOptions.schedule = options.schedule;
  compileOptions.math = options.math;
  if (options.sizes && device->multiprocessors() > 0) {
    compileOptions.takesLookback =
        takesLookback(options.sizes->batch, options.sizes->time,
                      options.sizes->channels, device->multiprocessors());
    compileOptions.numWarps =
        numWarpsOf(options.sizes->batch, options.sizes->channels,
                   device->multiprocessors());
  }
  if (options.numWarps)
    compileOptions.numWarps = *options.numWarps;
  if (compileOptions.target == "host")
    compiler::detectHost(compileOptions.hostProcessor,
                         compileOptions.hostFeatures);

  const KernelCache cache(
      !options.useCache ? std::filesystem::path()
                        : options.cacheFolder.value_or(defaultCacheFolder()));
  const std::string identity = compiler::compilerIdentity();
  const std::string spelled = spell(compileOptions);
  const std::string key = kernelCacheKey(std::to_array<std::string_view>(
      {identity, source, spelled, compileOptions.hostProcessor,
       compileOptions.hostFeatures}));
  if (const auto cached = cache.find(key)) {
    // One that is whole, yet cannot be loaded, is compiled again.
    if (auto kernels = tryLoad(*cached, sourceName, device))
      return std::move(*kernels);
  }
  const CachedKernel kernel = compile(source, sourceName, compileOptions);
  CellKernels kernels = load(kernel, sourceName, device);
  cache.keep(key, kernel);
  return kernels;
}

CellKernels minrnn::compileCellFile(const std::filesystem::path &path,
                                    const JitOptions &options) {
  return compileCell(readFile(path), path.string(), options);
}

std::string minrnn::explainNonFinite(std::string_view source,
                                     std::string_view sourceName,
                                     std::string_view cell,
                                     std::string_view tensor,
                                     const StepValues &values) {
  return withoutLastLineEnd(
      compiler::explainNonFinite(source, sourceName, cell, tensor,
                                 {.projections = values.projections,
                                  .parameters = values.parameters,
                                  .input = values.input,
                                  .states = values.states}));
}
