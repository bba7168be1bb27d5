//===- KernelGrids.h - How many threads run a supporting kernel -*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The grids that the comments of runtime/kernels ask for. They follow from the
// sizes alone, so that results are the same on every device.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_KERNELGRIDS_H
#define MINRNN_RUNTIME_NN_KERNELGRIDS_H

#include "runtime/device/KernelLauncher.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>

namespace minrnn::kernels {

inline constexpr std::int64_t lanes = 32;
inline constexpr std::int64_t mostBlocks =
    std::numeric_limits<std::int32_t>::max();
/// Along y a grid is shorter.
inline constexpr std::int64_t mostBlocksAcross = 65535;

// What the kernels say of themselves.
inline constexpr std::int64_t rowsOfStripe = 128;
inline constexpr std::int64_t elementsOfPiece = 1 << 14;
inline constexpr std::int64_t keptWidthForward = 3840;
inline constexpr std::int64_t keptWidthBackward = 1536;
inline constexpr std::int64_t mostRowsPerPart = 128;
inline constexpr std::int64_t keptClasses = 12288 - 512;

inline std::int64_t ceilDiv(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

inline std::uint32_t upTo(std::int64_t most, std::int64_t count) {
  return static_cast<std::uint32_t>(std::min(most, count));
}

/// Flat arrays: four elements a thread.
inline LaunchShape flatGrid(std::int64_t count) {
  return {{upTo(mostBlocks, ceilDiv(count, 1024)), 1, 1}, {256, 1, 1}};
}

/// Rows of columns: see forEachOfRows in Reduction.cuh.
inline LaunchShape rowsGrid(std::int64_t rows, std::int64_t columns) {
  return {{upTo(mostBlocks, ceilDiv(columns, 128)),
           upTo(mostBlocksAcross, ceilDiv(rows, 8)), 1},
          {lanes, 8, 1}};
}

/// Stripes of rows, 32 columns a block.
inline LaunchShape stripesGrid(std::int64_t rows, std::int64_t columns) {
  return {{upTo(mostBlocks, ceilDiv(columns, lanes)),
           upTo(mostBlocksAcross, ceilDiv(rows, rowsOfStripe)), 1},
          {lanes, 8, 1}};
}

/// One row at a time a block, with threads along it.
inline LaunchShape blockPerRowGrid(std::int64_t blocks, std::int64_t width,
                                   std::int64_t sharedBytes) {
  const std::int64_t threads =
      std::clamp<std::int64_t>(ceilDiv(width, lanes) * lanes, lanes, 256);
  return {{upTo(mostBlocks, blocks), 1, 1},
          {static_cast<std::uint32_t>(threads), 1, 1},
          static_cast<std::uint32_t>(sharedBytes)};
}

inline constexpr LaunchShape oneBlock = {{1, 1, 1}, {1024, 1, 1}};

/// How the norms split rows over blocks: enough parts for any GPU, and then
/// enough rows a part that its sums of columns cost little.
struct NormSplit {
  std::int64_t rowsPerPart;
  std::int64_t parts;

  explicit NormSplit(std::int64_t rows)
      : rowsPerPart(
            std::clamp<std::int64_t>(ceilDiv(rows, 512), 1, mostRowsPerPart)),
        parts(ceilDiv(rows, rowsPerPart)) {}
};

/// The argument words of a launch.
inline std::uint64_t word(const void *address) {
  return reinterpret_cast<std::uintptr_t>(address);
}
inline std::uint64_t word(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}
inline std::uint64_t word(std::uint64_t number) { return number; }
inline std::uint64_t word(double number) {
  return std::bit_cast<std::uint64_t>(number);
}

template <typename... Arguments>
void start(KernelLauncher &launcher, std::string_view module,
           std::string_view entry, const LaunchShape &grid,
           Arguments... arguments) {
  if (grid.grid[0] == 0 || grid.grid[1] == 0)
    return;
  const std::array<std::uint64_t, sizeof...(arguments)> words = {
      word(arguments)...};
  launcher.launch(module, entry, grid, words);
}

} // namespace minrnn::kernels

#endif // MINRNN_RUNTIME_NN_KERNELGRIDS_H
