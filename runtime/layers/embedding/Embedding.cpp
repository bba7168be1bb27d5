//===- Embedding.cpp - One row of a table for each token ------------------===//
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
#include "runtime/layers/embedding/Embedding.cu.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <string>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

/// How a backward orders the rows and adds them up, as Embedding.cu has it.
struct EmbeddingSplit {
  // More chunks are faster to order, and their counts slower to add up.
  static constexpr std::int64_t mostCounts = 1 << 18;
  static constexpr std::int64_t rowsOfTile = 256;
  static constexpr std::int64_t manyRuns = 4096;

  std::int64_t chunks;
  std::int64_t rowsOfChunk;
  std::int64_t rowsOfRun;
  std::int64_t runs;

  explicit EmbeddingSplit(const EmbeddingShape &shape) {
    const std::int64_t most = std::clamp<std::int64_t>(
        mostCounts / std::max<std::int64_t>(shape.vocabulary, 1), 4, 64);
    rowsOfChunk =
        std::max(rowsOfTile,
                 ceilDiv(ceilDiv(shape.rows, most), rowsOfTile) * rowsOfTile);
    chunks = std::max<std::int64_t>(ceilDiv(shape.rows, rowsOfChunk), 1);
    rowsOfRun =
        64 * std::max<std::int64_t>(ceilDiv(shape.rows, 64 * manyRuns), 1);
    runs = ceilDiv(shape.rows, rowsOfRun);
  }
};

template <typename Number>
void backwardOnDevice(LayerKernels &device, const EmbeddingShape &shape,
                      const std::int32_t *tokens, const Number *dOutput,
                      float *dTable) {
  const SourceText source =
      sourceFor<Number>(embeddingSource, embeddingBf16Source);
  const auto &[rows, vocabulary, width] = shape;
  const EmbeddingSplit split(shape);
  const std::int64_t ofPartials = split.runs * 2 * width;
  const std::int64_t ofCounts = split.chunks * vocabulary;
  double *partials =
      device.workspace(ofPartials + ofCounts + (vocabulary + 1) + rows);
  // Two floats each, and 64-bit integers.
  double *counts = partials + ofPartials;
  double *starts = counts + ofCounts;
  double *order = starts + vocabulary + 1;
  const LaunchShape ofChunks = {
      {upTo(mostBlocks, split.chunks), 1, 1},
      {static_cast<std::uint32_t>(EmbeddingSplit::rowsOfTile), 1, 1}};
  device.start(source, "embeddingCount", ofChunks, tokens, counts, rows,
               vocabulary, split.chunks, split.rowsOfChunk);
  device.start(source, "embeddingStarts", oneBlock, counts, starts, vocabulary,
               split.chunks);
  device.start(source, "embeddingOrder", ofChunks, tokens, counts, order, rows,
               vocabulary, split.chunks, split.rowsOfChunk);
  device.start(source, "embeddingRuns",
               {{upTo(mostBlocks, ceilDiv(split.runs, 4)),
                 upTo(mostBlocksAcross, ceilDiv(width, 128)), 1},
                {lanes, 4, 1}},
               tokens, dOutput, dTable, starts, order, partials, vocabulary,
               width, split.rowsOfRun);
  device.start(source, "embeddingSums", rowsGrid(vocabulary, width), partials,
               starts, dTable, vocabulary, width, split.rowsOfRun);
}

void check(const EmbeddingShape &shape) {
  elementCount({shape.rows, shape.width}, "embedding, output");
  elementCount({shape.vocabulary, shape.width}, "embedding, table");
}

void checkTokens(const EmbeddingShape &shape, const std::int32_t *tokens) {
  for (std::int64_t row = 0; row < shape.rows; ++row)
    if (tokens[row] < 0 || tokens[row] >= shape.vocabulary)
      throw Error("embedding: token " + std::to_string(tokens[row]) +
                  " at position " + std::to_string(row) +
                  " is outside the vocabulary of " +
                  std::to_string(shape.vocabulary));
}

} // namespace

template <typename Number>
void minrnn::embeddingForward(const LayerContext &context,
                              const EmbeddingShape &shape,
                              const std::int32_t *tokens, const float *table,
                              Number *output) {
  check(shape);
  if (LayerKernels *device = context.kernels())
    return device->start(
        sourceFor<Number>(embeddingSource, embeddingBf16Source),
        "embeddingForward", rowsGrid(shape.rows, shape.width), tokens, table,
        output, shape.rows, shape.vocabulary, shape.width);
  checkTokens(shape, tokens);
  const std::int64_t width = shape.width;
  for (std::int64_t row = 0; row < shape.rows; ++row)
    std::transform(table + tokens[row] * width,
                   table + (tokens[row] + 1) * width, output + row * width,
                   [](float number) { return Number(number); });
}

template <typename Number>
void minrnn::embeddingBackward(const LayerContext &context,
                               const EmbeddingShape &shape,
                               const std::int32_t *tokens,
                               const Number *dOutput, float *dTable) {
  check(shape);
  if (LayerKernels *device = context.kernels())
    return backwardOnDevice(*device, shape, tokens, dOutput, dTable);
  checkTokens(shape, tokens);
  const std::int64_t width = shape.width;
  std::fill_n(dTable, shape.vocabulary * width, 0.0F);
  // Threads share the columns: two rows of one token never meet.
  constexpr std::int64_t group = 64;
#pragma omp parallel for schedule(static) if (shape.rows * width > (1 << 15))
  for (std::int64_t begin = 0; begin < width; begin += group) {
    const std::int64_t end = std::min(begin + group, width);
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      float *sums = dTable + tokens[row] * width;
      for (std::int64_t j = begin; j < end; ++j)
        sums[j] += dOutput[row * width + j];
    }
  }
}

template void minrnn::embeddingForward(const LayerContext &,
                                       const EmbeddingShape &,
                                       const std::int32_t *, const float *,
                                       float *);
template void minrnn::embeddingForward(const LayerContext &,
                                       const EmbeddingShape &,
                                       const std::int32_t *, const float *,
                                       BFloat16 *);
template void minrnn::embeddingBackward(const LayerContext &,
                                        const EmbeddingShape &,
                                        const std::int32_t *, const float *,
                                        float *);
template void minrnn::embeddingBackward(const LayerContext &,
                                        const EmbeddingShape &,
                                        const std::int32_t *, const BFloat16 *,
                                        float *);
