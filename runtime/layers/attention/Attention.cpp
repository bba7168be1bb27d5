//===- Attention.cpp - Causal attention -----------------------------------===//
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
#include "runtime/layers/attention/Attention.cu.h"
#include "runtime/layers/attention/HostAttention.h"
#include "specs/contract/ElementCount.h"

#include <initializer_list>
#include <string>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

/// What Attention.cu says of itself: rows of a tile, and the widest head.
constexpr std::int64_t tileRows = 32;
constexpr std::int64_t widestHead = 128;

/// Below this many multiplications waking a second thread costs more than it
/// saves.
constexpr double smallestSplit = 1 << 17;

/// Sequences times heads. `queries` and `keys` are the arrays of as many rows.
std::int64_t headsOf(const AttentionShape &shape,
                     std::initializer_list<HeadRows<const float>> queries,
                     std::initializer_list<HeadRows<const float>> keys) {
  const std::int64_t heads =
      elementCount({shape.batch, shape.heads}, "attention, heads");
  elementCount({heads, shape.headWidth}, "attention, rows of heads");
  elementCount({heads, shape.time}, "attention, queries");
  elementCount({shape.past, 2}, "attention, past");
  const std::int64_t keyTime = shape.past + shape.time;
  elementCount({heads, keyTime}, "attention, keys");
  for (const HeadRows<const float> &rows : queries) {
    elementCount({shape.batch, rows.batchStride}, "attention, sequences");
    elementCount({shape.time, rows.timeStride}, "attention, queries");
  }
  for (const HeadRows<const float> &rows : keys) {
    elementCount({shape.batch, rows.batchStride}, "attention, sequences");
    elementCount({keyTime, rows.timeStride}, "attention, keys");
  }
  return heads;
}

/// The rows of head number `head` of all, sequence by sequence.
template <typename Element>
RowsOfHead<Element> rowsOf(const AttentionShape &shape,
                           const HeadRows<Element> &rows, std::int64_t head) {
  return {rows.data + head / shape.heads * rows.batchStride +
              head % shape.heads * shape.headWidth,
          rows.timeStride};
}

/// About as many as one product of queries and keys has.
double multiplicationsOf(const AttentionShape &shape, std::int64_t heads) {
  return static_cast<double>(heads * shape.headWidth) *
         static_cast<double>(shape.time) *
         (static_cast<double>(shape.past) +
          static_cast<double>(shape.time) / 2);
}

/// A block for each tile of each head; it keeps `tiles` tiles.
LaunchShape tilesGrid(const AttentionShape &shape, std::int64_t heads,
                      std::int64_t tiles) {
  if (shape.headWidth > widestHead)
    throw Error("attention: a head of width " +
                std::to_string(shape.headWidth) + "; on a GPU at most " +
                std::to_string(widestHead));
  const std::int64_t columns = shape.headWidth <= 32   ? 32
                               : shape.headWidth <= 64 ? 64
                                                       : 128;
  return {{upTo(mostBlocks, ceilDiv(shape.time, tileRows) * heads), 1, 1},
          {256, 1, 1},
          static_cast<std::uint32_t>(4 * tiles * tileRows * columns)};
}

} // namespace

void minrnn::attentionForward(const LayerContext &context,
                              const AttentionShape &shape,
                              HeadRows<const float> query,
                              HeadRows<const float> key,
                              HeadRows<const float> value,
                              HeadRows<float> output, float *logSumExp) {
  const std::int64_t heads = headsOf(shape, {query, output}, {key, value});
  if (LayerKernels *device = context.kernels())
    return device->start(
        attentionSource, "attentionForward", tilesGrid(shape, heads, 2),
        query.data, query.batchStride, query.timeStride, key.data,
        key.batchStride, key.timeStride, value.data, value.batchStride,
        value.timeStride, output.data, output.batchStride, output.timeStride,
        logSumExp, shape.batch, shape.time, shape.past, shape.heads,
        shape.headWidth);
  const std::int64_t tiles = ceilDiv(shape.time, queriesOfHostTile);
  // The last tiles see the most keys.
#pragma omp parallel for schedule(                                             \
        dynamic) if (multiplicationsOf(shape, heads) > smallestSplit)
  for (std::int64_t task = 0; task < tiles * heads; ++task) {
    const std::int64_t tile = tiles - 1 - task / heads;
    const std::int64_t head = task % heads;
    hostAttentionTile(shape,
                      {.query = rowsOf(shape, query, head),
                       .key = rowsOf(shape, key, head),
                       .value = rowsOf(shape, value, head),
                       .output = rowsOf(shape, output, head),
                       .logSumExp = logSumExp == nullptr
                                        ? nullptr
                                        : logSumExp + head * shape.time},
                      tile * queriesOfHostTile);
  }
}

void minrnn::attentionBackward(
    const LayerContext &context, const AttentionShape &shape,
    HeadRows<const float> query, HeadRows<const float> key,
    HeadRows<const float> value, HeadRows<const float> output,
    HeadRows<const float> dOutput, const float *logSumExp,
    HeadRows<float> dQuery, HeadRows<float> dKey, HeadRows<float> dValue) {
  const std::int64_t heads = headsOf(shape, {query, output, dOutput, dQuery},
                                     {key, value, dKey, dValue});
  if (shape.past != 0)
    throw Error("attention: a past of " + std::to_string(shape.past) +
                " keys has no backward");
  if (LayerKernels *device = context.kernels()) {
    const LaunchShape grid = tilesGrid(shape, heads, 3);
    double *means = device->workspace(heads * shape.time);
    device->start(attentionSource, "attentionBackwardQueries", grid, query.data,
                  query.batchStride, query.timeStride, key.data,
                  key.batchStride, key.timeStride, value.data,
                  value.batchStride, value.timeStride, output.data,
                  output.batchStride, output.timeStride, dOutput.data,
                  dOutput.batchStride, dOutput.timeStride, logSumExp, means,
                  dQuery.data, dQuery.batchStride, dQuery.timeStride,
                  shape.batch, shape.time, shape.heads, shape.headWidth);
    return device->start(attentionSource, "attentionBackwardKeys", grid,
                         query.data, query.batchStride, query.timeStride,
                         key.data, key.batchStride, key.timeStride, value.data,
                         value.batchStride, value.timeStride, dOutput.data,
                         dOutput.batchStride, dOutput.timeStride, logSumExp,
                         means, dKey.data, dKey.batchStride, dKey.timeStride,
                         dValue.data, dValue.batchStride, dValue.timeStride,
                         shape.batch, shape.time, shape.heads, shape.headWidth);
  }
  // A head's gradients are sums in one order, whatever the threads.
#pragma omp parallel for schedule(                                             \
        dynamic) if (multiplicationsOf(shape, heads) > smallestSplit)
  for (std::int64_t head = 0; head < heads; ++head)
    hostAttentionGradients(shape, {.query = rowsOf(shape, query, head),
                                   .key = rowsOf(shape, key, head),
                                   .value = rowsOf(shape, value, head),
                                   .output = rowsOf(shape, output, head),
                                   .dOutput = rowsOf(shape, dOutput, head),
                                   .logSumExp = logSumExp + head * shape.time,
                                   .dQuery = rowsOf(shape, dQuery, head),
                                   .dKey = rowsOf(shape, dKey, head),
                                   .dValue = rowsOf(shape, dValue, head)});
}
