//===- ModuleCache.h - Modules by their text --------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_MODULECACHE_H
#define MINRNN_RUNTIME_DEVICE_MODULECACHE_H

#include "minrnn/device.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace minrnn {

/// The modules of a device that are alive, by the PTX they were loaded from.
/// Keeps none of them alive.
class ModuleCache {
public:
  /// The module of `ptx`: the one that is alive, else what `make` makes of it.
  template <typename Make>
  std::shared_ptr<const DeviceModule> find(std::string_view ptx,
                                           const Make &make) {
    std::erase_if(modules,
                  [](const auto &item) { return item.second.expired(); });
    const auto found = modules.find(ptx);
    if (found != modules.end())
      return found->second.lock();
    std::shared_ptr<const DeviceModule> module = make();
    modules.emplace(ptx, module);
    return module;
  }

private:
  std::map<std::string, std::weak_ptr<const DeviceModule>, std::less<>> modules;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_MODULECACHE_H
