//===- RotaryEmbedding.cpp - Positions as rotations -----------------------===//
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
#include "runtime/layers/rotary_embedding/RotaryEmbedding.cu.h"
#include "specs/contract/ElementCount.h"

#include <cmath>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

constexpr double base = 10000;
/// Heads that a thread of the device turns by an angle that it computes.
constexpr std::int64_t headsOfThread = 32;

struct Turn {
  float cosine;
  float sine;
};

/// For each pair of a head at `position`.
void computeTurns(std::int64_t position, Rotation rotation,
                  std::vector<Turn> &turns) {
  for (std::size_t i = 0; i < turns.size(); ++i) {
    const double frequency = std::pow(
        base, -static_cast<double>(i) / static_cast<double>(turns.size()));
    const double angle = static_cast<double>(position) * frequency;
    const double sine = std::sin(angle);
    turns[i] = {
        static_cast<float>(std::cos(angle)),
        static_cast<float>(rotation == Rotation::Forward ? sine : -sine)};
  }
}

} // namespace

void minrnn::rotaryEmbedding(const LayerContext &context,
                             const RotaryShape &shape, HeadRows<float> rows,
                             Rotation rotation) {
  const std::int64_t batch = shape.batch;
  const std::int64_t time = shape.time;
  const std::int64_t heads = shape.heads;
  const std::int64_t width = shape.headWidth;
  const std::int64_t firstPosition = shape.firstPosition;
  const std::int64_t count =
      elementCount({batch, time, heads, width}, "rotary embedding");
  elementCount({firstPosition}, "rotary embedding, first position");
  elementCount({batch, rows.batchStride}, "rotary embedding, sequences");
  elementCount({time, rows.timeStride}, "rotary embedding, rows");
  if (width % 2 != 0)
    throw Error("rotary embedding: a head of width " + std::to_string(width) +
                "; pairs need an even one");
  const std::int64_t pairs = width / 2;
  if (LayerKernels *device = context.kernels())
    return device->start(
        rotaryEmbeddingSource, "rotaryEmbedding",
        {{upTo(mostBlocks, ceilDiv(time * pairs, 256)),
          upTo(mostBlocksAcross, ceilDiv(batch * heads, headsOfThread)), 1},
         {256, 1, 1}},
        rows.data, rows.batchStride, rows.timeStride, batch, time, heads, pairs,
        firstPosition,
        static_cast<std::int64_t>(rotation == Rotation::Forward ? 1 : -1));
#pragma omp parallel if (count > (1 << 14))
  {
    std::vector<Turn> turns(static_cast<std::size_t>(pairs));
#pragma omp for schedule(static)
    for (std::int64_t t = 0; t < time; ++t) {
      computeTurns(firstPosition + t, rotation, turns);
      for (std::int64_t head = 0; head < batch * heads; ++head) {
        float *x = rows.data + head / heads * rows.batchStride +
                   t * rows.timeStride + head % heads * width;
        float *y = x + pairs;
#pragma omp simd
        for (std::int64_t i = 0; i < pairs; ++i) {
          const auto &[cosine, sine] = turns[static_cast<std::size_t>(i)];
          const float turned = cosine * x[i] - sine * y[i];
          y[i] = cosine * y[i] + sine * x[i];
          x[i] = turned;
        }
      }
    }
  }
}
