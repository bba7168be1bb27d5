//===- KernelLauncher.h - What starts a kernel of CUDA C++ ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_KERNELLAUNCHER_H
#define MINRNN_RUNTIME_DEVICE_KERNELLAUNCHER_H

#include "minrnn/device.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace minrnn {

/// Starts entries of a device's modules, in order: what one writes, the next
/// may read.
class KernelLauncher {
public:
  virtual ~KernelLauncher() = default;

  /// Runs `entry` of `module` (see SupportPrograms) on one word a parameter. No
  /// extent of the grid is 0. May return before the work is done.
  virtual void launch(std::string_view module, std::string_view entry,
                      const LaunchShape &grid,
                      std::span<const std::uint64_t> words) = 0;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_KERNELLAUNCHER_H
