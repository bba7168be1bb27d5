//===- PtxKernels.h - A compiled cell's PTX on a device ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_PTXKERNELS_H
#define MINRNN_RUNTIME_DEVICE_PTXKERNELS_H

#include "minrnn/device.h"

#include <memory>

namespace minrnn {

/// The entries of a compiled cell, launched as specs/abi.md says: one block for
/// each (batch row, channel tile).
class PtxKernels : public KernelModule {
public:
  /// Loads `ptx` on `device`. Throws Error when the device refuses it.
  PtxKernels(std::shared_ptr<Device> device, std::string_view ptx);

  std::shared_ptr<Device> device() const override { return owner; }
  void launch(const KernelEntry &entry,
              std::span<const std::uint64_t> argumentBlock,
              std::int64_t tileCount) const override;
  void sumRows(std::int64_t rows, std::int64_t columns, std::uint64_t values,
               std::uint64_t results) const override;

private:
  // Declared first, so destroyed last: the module lives on the device.
  std::shared_ptr<Device> owner;
  std::shared_ptr<const DeviceModule> module;
  std::shared_ptr<const DeviceModule> sums;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_PTXKERNELS_H
