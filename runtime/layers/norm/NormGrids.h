//===- NormGrids.h - How a norm is split over blocks ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_LAYERS_NORM_NORMGRIDS_H
#define MINRNN_RUNTIME_LAYERS_NORM_NORMGRIDS_H

#include "runtime/layers/LaunchGrids.h"
#include "runtime/layers/LayerKernels.h"
#include "runtime/layers/norm/BlockNorm.cu.h"
#include "runtime/layers/norm/WarpNorm.cu.h"

namespace minrnn::kernels {

/// The shared memory of an entry.
struct NormShared {
  /// Floats a column in WarpNorm.cu: of the block, and of each warp.
  std::int64_t ofBlock;
  std::int64_t ofWarp;
  /// Bytes a column in BlockNorm.cu, of widths up to `keptWidth`.
  std::int64_t kept;
  std::int64_t keptWidth;
};
inline constexpr NormShared rmsNormForwardShared = {1, 1, 8, 3840};
inline constexpr NormShared rmsNormBackwardShared = {1, 6, 20, 1536};
inline constexpr NormShared layerNormForwardShared = {2, 1, 12, 3840};
inline constexpr NormShared layerNormBackwardShared = {1, 8, 28, 1536};

/// How the norms split rows over blocks: enough parts for any GPU, and then
/// enough rows a part that its sums of columns cost little.
struct NormSplit {
  /// WarpNorm.cu has the entry, otherwise BlockNorm.cu.
  bool isOfWarps = false;
  /// What each warp, or block, takes in turn.
  std::int64_t rowsInTurn = 1;
  std::int64_t parts = 0;
  LaunchShape grid;

  /// A part of several warps has `leastRows` at least, where it may.
  NormSplit(std::int64_t rows, std::int64_t width, const NormShared &shared,
            std::int64_t leastRows) {
    constexpr std::int64_t mostBytes = std::int64_t{48} * 1024;
    constexpr std::int64_t mostWarps = 8;
    constexpr std::int64_t manyParts = 512;
    // WarpNorm.cu says so.
    constexpr std::int64_t mostRowsOfWarp = lanes;
    const std::int64_t ofFloats =
        4 * (ceilDiv(std::max<std::int64_t>(width, 1), 4) * 4);
    const std::int64_t warps = std::min(
        mostWarps, (mostBytes / ofFloats - shared.ofBlock) / shared.ofWarp);
    // Where one warp alone has room, a block does better with the row.
    isOfWarps = warps > 1;
    if (isOfWarps) {
      rowsInTurn = std::clamp<std::int64_t>(
          ceilDiv(std::max(ceilDiv(rows, manyParts), leastRows), warps), 1,
          mostRowsOfWarp);
      parts = ceilDiv(rows, rowsInTurn * warps);
      grid = {{upTo(mostBlocks, parts), 1, 1},
              {static_cast<std::uint32_t>(warps * lanes), 1, 1},
              static_cast<std::uint32_t>(
                  ofFloats * (shared.ofBlock + warps * shared.ofWarp))};
      return;
    }
    // BlockNorm.cu says so.
    constexpr std::int64_t mostRowsOfBlock = 128;
    rowsInTurn =
        std::clamp<std::int64_t>(ceilDiv(rows, manyParts), 1, mostRowsOfBlock);
    parts = ceilDiv(rows, rowsInTurn);
    grid = blockPerRowGrid(parts, width,
                           width <= shared.keptWidth ? shared.kept * width : 0);
  }

  /// The source of the entry, for sequences of `Number`.
  template <typename Number> SourceText source() const {
    return isOfWarps ? sourceFor<Number>(warpNormSource, warpNormBf16Source)
                     : sourceFor<Number>(blockNormSource, blockNormBf16Source);
  }
};

/// Rows of a part of a backward, so that its sums of columns cost little.
inline constexpr std::int64_t leastRowsOfSums = 16;

} // namespace minrnn::kernels

#endif // MINRNN_RUNTIME_LAYERS_NORM_NORMGRIDS_H
