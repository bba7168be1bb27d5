//===- Dropout.cpp - Elements left out at random --------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "minrnn/error.h"
#include "minrnn/random.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/layers/LaunchGrids.h"
#include "runtime/layers/LayerKernels.h"
#include "runtime/layers/dropout/Dropout.cu.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

/// A GPU's lane draws the four words of one counter and uses them at elements
/// that lie a warp apart, so that its accesses are coalesced.
constexpr std::int64_t group = 4 * lanes;

std::uint32_t low(std::uint64_t word) {
  return static_cast<std::uint32_t>(word);
}
std::uint32_t high(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32U);
}

} // namespace

void minrnn::dropout(const LayerContext &context, const DropoutMask &mask,
                     const std::uint64_t *step, const float *input,
                     float *output) {
  const std::int64_t count = elementCount({mask.count}, "dropout");
  if (!(mask.rate >= 0 && mask.rate < 1))
    throw Error("dropout: a rate of " + formatNumber(mask.rate) +
                "; expected one in [0, 1)");
  // Words below the threshold leave an element out; the others are scaled.
  const std::int64_t threshold = std::llround(std::ldexp(mask.rate, 32));
  const auto scale = static_cast<float>(1 / (1 - mask.rate));
  if (LayerKernels *device = context.kernels())
    return device->start(dropoutSource, "dropout", flatGrid(count), input,
                         output, count, mask.seed, step, threshold,
                         static_cast<double>(scale));
#pragma omp parallel for schedule(static) if (count > (1 << 14))
  for (std::int64_t begin = 0; begin < count; begin += group)
    for (std::int64_t lane = 0; lane < std::min(lanes, count - begin); ++lane) {
      const auto counter =
          static_cast<std::uint64_t>(begin / group * lanes + lane);
      std::int64_t i = begin + lane;
      for (const std::uint32_t word :
           philox({low(counter), high(counter), low(*step), high(*step)},
                  {low(mask.seed), high(mask.seed)})) {
        if (i < count)
          output[i] = word >= threshold ? input[i] * scale : 0.0F;
        i += lanes;
      }
    }
}
