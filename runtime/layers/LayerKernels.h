//===- LayerKernels.h - What starts the kernel of a layer -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_LAYERS_LAYERKERNELS_H
#define MINRNN_RUNTIME_LAYERS_LAYERKERNELS_H

#include "minrnn/device.h"
#include "runtime/device/Nvrtc.h"

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace minrnn {

/// Starts kernels of CUDA C++ on a device, in order: what one writes, the next
/// may read.
class LayerKernels {
public:
  virtual ~LayerKernels() = default;

  /// Runs `entry` of `source` with one word an argument. No extent of the grid
  /// is 0. May return before the work is done.
  virtual void launch(const SourceText &source, std::string_view entry,
                      const LaunchShape &grid,
                      std::span<const std::uint64_t> arguments) = 0;

  /// Room for `count` doubles on the device until the next call, with no
  /// particular content.
  virtual double *workspace(std::int64_t count) = 0;

  /// As `launch`; nothing where the grid is empty.
  template <typename... Arguments>
  void start(const SourceText &source, std::string_view entry,
             const LaunchShape &grid, Arguments... arguments) {
    if (grid.grid[0] == 0 || grid.grid[1] == 0)
      return;
    const std::array<std::uint64_t, sizeof...(arguments)> words = {
        word(arguments)...};
    launch(source, entry, grid, words);
  }

private:
  static std::uint64_t word(const void *address) {
    return reinterpret_cast<std::uintptr_t>(address);
  }
  static std::uint64_t word(std::int64_t number) {
    return static_cast<std::uint64_t>(number);
  }
  static std::uint64_t word(std::uint64_t number) { return number; }
  static std::uint64_t word(double number) {
    return std::bit_cast<std::uint64_t>(number);
  }
};

/// The one of a kernel's two sources that is for sequences of `Number`.
template <typename Number>
constexpr SourceText sourceFor(const SourceText &ofF32,
                               const SourceText &ofBf16) {
  return std::is_same_v<Number, float> ? ofF32 : ofBf16;
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_LAYERS_LAYERKERNELS_H
