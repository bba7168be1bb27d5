//===- Dropout.cpp - Elements left out at random --------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/blocks.h"

#include "minrnn/random.h"
#include "specs/contract/ElementCount.h"
#include "runtime/nn/DropoutRate.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// A GPU's lane draws the four words of one counter and uses them at elements
/// that lie a warp apart, so that its accesses are coalesced.
constexpr std::int64_t lanes = 32;
constexpr std::int64_t group = 4 * lanes;

std::uint32_t low(std::uint64_t word) {
  return static_cast<std::uint32_t>(word);
}
std::uint32_t high(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32U);
}

} // namespace

void minrnn::dropout(const DropoutMask &mask, const float *input,
                     float *output) {
  const std::int64_t count = elementCount({mask.count}, "dropout");
  const DropoutRate rate(mask.rate);
#pragma omp parallel for schedule(static) if (count > (1 << 14))
  for (std::int64_t begin = 0; begin < count; begin += group)
    for (std::int64_t lane = 0; lane < std::min(lanes, count - begin); ++lane) {
      const auto counter =
          static_cast<std::uint64_t>(begin / group * lanes + lane);
      std::int64_t i = begin + lane;
      for (const std::uint32_t word : philox(
               {low(counter), high(counter), low(mask.step), high(mask.step)},
               {low(mask.seed), high(mask.seed)})) {
        if (i < count)
          output[i] = word >= rate.threshold ? input[i] * rate.scale : 0.0F;
        i += lanes;
      }
    }
}
