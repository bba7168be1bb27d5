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

namespace minrnn::kernels {

// What Norm.cu says of itself.
inline constexpr std::int64_t keptWidthForward = 3840;
inline constexpr std::int64_t keptWidthBackward = 1536;
inline constexpr std::int64_t mostRowsPerPart = 128;

/// How the norms split rows over blocks: enough parts for any GPU, and then
/// enough rows a part that its sums of columns cost little.
struct NormSplit {
  std::int64_t rowsPerPart;
  std::int64_t parts;

  explicit NormSplit(std::int64_t rows)
      : rowsPerPart(
            std::clamp<std::int64_t>(ceilDiv(rows, 512), 1, mostRowsPerPart)),
        parts(ceilDiv(rows, rowsPerPart)) {}

  /// With `bytes` of shared memory a column in rows that are kept there.
  LaunchShape grid(std::int64_t width, std::int64_t keptWidth,
                   std::int64_t bytes) const {
    return blockPerRowGrid(parts, width,
                           width <= keptWidth ? bytes * width : 0);
  }
};

} // namespace minrnn::kernels

#endif // MINRNN_RUNTIME_LAYERS_NORM_NORMGRIDS_H
