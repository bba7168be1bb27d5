//===- LaunchGrids.h - How many threads run a layer's kernel ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The grids that the comments of the kernels ask for. They follow from the
// sizes alone, so that results are the same on every device.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_LAYERS_LAUNCHGRIDS_H
#define MINRNN_RUNTIME_LAYERS_LAUNCHGRIDS_H

#include "minrnn/device.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace minrnn::kernels {

inline constexpr std::int64_t lanes = 32;
inline constexpr std::int64_t mostBlocks =
    std::numeric_limits<std::int32_t>::max();
/// Along y a grid is shorter.
inline constexpr std::int64_t mostBlocksAcross = 65535;
/// Rows of a stripe: a block sums over one at a time.
inline constexpr std::int64_t rowsOfStripe = 128;

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

} // namespace minrnn::kernels

#endif // MINRNN_RUNTIME_LAYERS_LAUNCHGRIDS_H
