//===- cell_kernels.h - A compiled cell, ready to run -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiled cell, loaded on a device: its manifest and its code. What runs it
// is a layer (minrnn/layer.h).
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_CELL_KERNELS_H
#define MINRNN_CELL_KERNELS_H

#include "minrnn/device.h"
#include "minrnn/manifest.h"

#include <memory>
#include <string_view>

namespace minrnn {

/// A compiled cell on a device. Copies share the code. Calls on distinct
/// buffers may run at once from distinct threads.
class CellKernels {
public:
  /// Throws Error when `module` is null.
  CellKernels(Manifest manifest, std::shared_ptr<const KernelModule> module);

  const Manifest &manifest() const { return *sharedManifest; }
  const KernelModule &module() const { return *sharedModule; }
  std::shared_ptr<Device> device() const { return sharedModule->device(); }

private:
  std::shared_ptr<const Manifest> sharedManifest;
  std::shared_ptr<const KernelModule> sharedModule;
};

/// Loads PTX that minrnnc wrote, which begins with its manifest, on a device
/// that runs PTX. `where` begins the messages about the text. Throws Error when
/// the text is not such, or the device refuses it.
CellKernels loadPtxCell(const std::shared_ptr<Device> &device,
                        std::string_view ptx, std::string_view where);

} // namespace minrnn

#endif // MINRNN_CELL_KERNELS_H
