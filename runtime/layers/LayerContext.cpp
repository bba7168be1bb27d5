//===- LayerContext.cpp - Where layers run --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "minrnn/device_array.h"
#include "minrnn/error.h"
#include "runtime/layers/KernelCompiler.h"
#include "runtime/layers/LayerKernels.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

using namespace minrnn;

namespace {

/// Kernels compiled for a device when they are first used.
class CompiledKernels : public LayerKernels {
public:
  explicit CompiledKernels(std::shared_ptr<Device> device)
      : device(std::move(device)), compiler(this->device->target()) {
    compiler.open();
  }

  void launch(const SourceText &source, std::string_view entry,
              const LaunchShape &grid,
              std::span<const std::uint64_t> arguments) override {
    auto found = modules.find(std::string_view(source.name));
    if (found == modules.end())
      found = modules.emplace(source.name, device->load(compiler.ptx(source)))
                  .first;
    found->second->launch(entry, grid, arguments);
  }

  double *workspace(std::int64_t count) override {
    const auto needed = static_cast<std::size_t>(count);
    if (workspaces.empty() || workspaces.back().size() < needed) {
      // At least twice the last one, so that the smaller ones waste little.
      const std::size_t grown =
          workspaces.empty() ? needed
                             : std::max(needed, 2 * workspaces.back().size());
      workspaces.emplace_back(device, std::max<std::size_t>(grown, 1));
    }
    return workspaces.back().data();
  }

private:
  std::shared_ptr<Device> device;
  KernelCompiler compiler;
  std::map<std::string, std::shared_ptr<const DeviceModule>, std::less<>>
      modules;
  /// Smaller ones are kept: graphs that were recorded refer to them.
  std::vector<DeviceArray<double>> workspaces;
};

} // namespace

LayerContext::LayerContext(std::shared_ptr<Device> device, Precision precision)
    : owner(std::move(device)), ofProducts(precision) {
  if (!owner)
    throw Error("layers need a device, found null");
  requireProducts(*owner, precision);
  if (!std::dynamic_pointer_cast<HostDevice>(owner))
    ofDevice = std::make_shared<CompiledKernels>(owner);
}

LayerContext::LayerContext(std::shared_ptr<Device> device,
                           std::shared_ptr<LayerKernels> kernels)
    : owner(std::move(device)), ofDevice(std::move(kernels)) {}
