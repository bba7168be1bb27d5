//===- CrossEntropy.cpp - Cross-entropy of a softmax ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "minrnn/error.h"
#include "runtime/layers/LaunchGrids.h"
#include "runtime/layers/LayerKernels.h"
#include "runtime/layers/cross_entropy/CrossEntropy.cu.h"
#include "runtime/layers/cross_entropy/TiledCrossEntropy.cu.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

/// What CrossEntropy.cu says of itself.
constexpr std::int64_t keptClasses = 12288 - 512;

/// Each row's loss, and the gradient.
void startRows(LayerKernels &device, const CrossEntropyShape &shape,
               const float *logits, const std::int32_t *targets,
               const float *weights, float *dLogits, double *losses) {
  constexpr std::int64_t sharedBytes = std::int64_t{48} * 1024;
  const auto [rows, classes] = shape;
  // Lanes that share a short row spare a reduction over the warp.
  const std::int64_t rowsOfTile = classes <= 128 ? 8 : 1;
  const std::int64_t bytesOfWarp =
      ceilDiv(std::max<std::int64_t>(rowsOfTile * classes, 1), 4) * 16;
  const std::int64_t warps =
      std::min<std::int64_t>(8, sharedBytes / bytesOfWarp);
  // With fewer warps, a block does better with a row.
  if (warps < 4)
    return device.start(
        crossEntropySource, "crossEntropyRows",
        blockPerRowGrid(rows, classes,
                        classes <= keptClasses ? 4 * classes : 0),
        logits, targets, weights, dLogits, losses, rows, classes);
  const LaunchShape grid = {
      {upTo(mostBlocks, ceilDiv(rows, rowsOfTile * warps)), 1, 1},
      {static_cast<std::uint32_t>(warps * lanes), 1, 1},
      static_cast<std::uint32_t>(warps * bytesOfWarp)};
  device.start(tiledCrossEntropySource, "crossEntropyTiles", grid, logits,
               targets, weights, dLogits, losses, rows, classes, rowsOfTile);
}

void checkTargets(const CrossEntropyShape &shape, const std::int32_t *targets,
                  const float *weights) {
  for (std::int64_t row = 0; row < shape.rows; ++row)
    if ((targets[row] < 0 || targets[row] >= shape.classes) &&
        (weights == nullptr || weights[row] != 0))
      throw Error("cross-entropy: target " + std::to_string(targets[row]) +
                  " at position " + std::to_string(row) + " is none of the " +
                  std::to_string(shape.classes) + " classes");
}

} // namespace

void minrnn::crossEntropy(const LayerContext &context,
                          const CrossEntropyShape &shape, const float *logits,
                          const std::int32_t *targets, const float *weights,
                          float *dLogits, double *loss) {
  const std::int64_t count =
      elementCount({shape.rows, shape.classes}, "cross-entropy");
  const std::int64_t classes = shape.classes;
  if (LayerKernels *device = context.kernels()) {
    double *losses = device->workspace(shape.rows);
    startRows(*device, shape, logits, targets, weights, dLogits, losses);
    return device->start(crossEntropySource, "crossEntropySum", oneBlock,
                         losses, loss, shape.rows,
                         weights == nullptr ? shape.rows : std::int64_t{1});
  }
  checkTargets(shape, targets, weights);
  const float share =
      1.0F / static_cast<float>(std::max<std::int64_t>(shape.rows, 1));
  // Each row's loss is kept and summed in order, whatever the threads.
  std::vector<double> losses(static_cast<std::size_t>(shape.rows));
#pragma omp parallel if (count > (1 << 13))
  {
    std::vector<float> exponentials(static_cast<std::size_t>(classes));
#pragma omp for schedule(static)
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      const float *x = logits + row * classes;
      float *dx = dLogits == nullptr ? nullptr : dLogits + row * classes;
      const float weight = weights == nullptr ? share : weights[row];
      if (weights != nullptr && weight == 0) {
        if (dx != nullptr)
          std::fill_n(dx, classes, 0.0F);
        continue;
      }
      const float largest = *std::max_element(x, x + classes);
      const float atTarget = x[targets[row]];
      double sum = 0;
      for (std::int64_t j = 0; j < classes; ++j) {
        exponentials[static_cast<std::size_t>(j)] = std::exp(x[j] - largest);
        sum += exponentials[static_cast<std::size_t>(j)];
      }
      const double ofRow =
          std::log(sum) - static_cast<double>(atTarget - largest);
      losses[static_cast<std::size_t>(row)] =
          weights == nullptr ? ofRow : static_cast<double>(weight) * ofRow;
      if (dx == nullptr)
        continue;
      // A loss that is infinite must not leave a gradient that looks sound.
      const auto scale =
          std::isfinite(ofRow)
              ? static_cast<float>(static_cast<double>(weight) / sum)
              : std::numeric_limits<float>::quiet_NaN();
      for (std::int64_t j = 0; j < classes; ++j)
        dx[j] = exponentials[static_cast<std::size_t>(j)] * scale;
      dx[targets[row]] -= weight;
    }
  }
  double total = 0;
  for (const double ofRow : losses)
    total += ofRow;
  *loss = weights == nullptr && shape.rows > 0
              ? total / static_cast<double>(shape.rows)
              : total;
}
