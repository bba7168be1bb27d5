//===- HostAttention.cpp - Attention on the processor ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The scores of a tile are a matrix of keys by queries, with the queries along
// a row: a vector holds the same key's scores for several queries, so that
// softmax and gradients need no sum within a vector, and of all operands only
// a tile of queries (and of their outputs' gradients) is transposed.
//
//===----------------------------------------------------------------------===//

#include "runtime/layers/attention/HostAttention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace minrnn;

namespace {

constexpr std::int64_t tileQueries = queriesOfHostTile;
constexpr std::int64_t tileKeys = 64;
constexpr float infinity = std::numeric_limits<float>::infinity();

/// Vectors of each size that processors have.
using Lanes16 [[gnu::vector_size(64)]] = float;
using Lanes8 [[gnu::vector_size(32)]] = float;
using Lanes4 [[gnu::vector_size(16)]] = float;

template <typename Lanes> constexpr std::int64_t lanesOf = sizeof(Lanes) / 4;

/// A number for each query of a tile.
struct alignas(64) OfQueries {
  float lanes[tileQueries];
};

/// c[rows, columns] = or += a b, where a(i, l) is a[i aRow + l aTerm].
struct Product {
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t terms;
  const float *a;
  std::int64_t aRow;
  std::int64_t aTerm;
  const float *b;
  std::int64_t bStride;
  float *c;
  std::int64_t cStride;
  bool accumulate = true;
};

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

template <typename Lanes>
[[gnu::always_inline]] inline void load(Lanes &lanes, const float *from) {
  std::memcpy(&lanes, from, sizeof(lanes));
}

template <typename Lanes>
[[gnu::always_inline]] inline void store(const Lanes &lanes, float *to) {
  std::memcpy(to, &lanes, sizeof(lanes));
}

/// x = e^x, to about an ulp; 0 where x is below -86. For x below 88. A NaN
/// stays one.
template <typename Lanes> [[gnu::always_inline]] inline void exp(Lanes &x) {
  // 2^n e^r, with n an integer and |r| at most log(2) / 2: the sum with
  // 1.5 2^23 rounds to an integer and leaves it in the lowest bits.
  constexpr float inverseLog2 = 1.44269504F;
  constexpr float log2High = 0.693359375F;
  constexpr float log2Low = -2.12194440e-4F;
  constexpr float rounding = 0x1.8p23F;
  constexpr float lowest = -86;
  const Lanes shifted = x * inverseLog2 + rounding;
  const Lanes n = shifted - rounding;
  const Lanes r = (x - n * log2High) - n * log2Low;
  // The coefficients of Cephes' expf (Moshier 1989).
  Lanes sum = r * 1.9875691500e-4F + 1.3981999507e-3F;
  sum = sum * r + 8.3334519073e-3F;
  sum = sum * r + 4.1665795894e-2F;
  sum = sum * r + 1.6666665459e-1F;
  sum = sum * r + 5.0000001201e-1F;
  sum = sum * (r * r) + r + 1.0F;
  using Bits [[gnu::vector_size(sizeof(Lanes))]] = std::uint32_t;
  Bits bits;
  Bits exponent;
  std::memcpy(&bits, &sum, sizeof(bits));
  std::memcpy(&exponent, &shifted, sizeof(exponent));
  bits += exponent << 23;
  std::memcpy(&sum, &bits, sizeof(bits));
  // What is no number must not become one by its bits.
  sum = x == x ? sum : x;
  x = x < lowest ? Lanes{} : sum;
}

/// `Rows` rows by `Vectors` vectors: as many sums as stay in registers.
template <typename Lanes, int Rows, int Vectors>
[[gnu::always_inline]] inline void
multiplyBlock(const Product &product, std::int64_t row, std::int64_t column) {
  const float *a = product.a + row * product.aRow;
  const float *b = product.b + column;
  float *c = product.c + row * product.cStride + column;
  Lanes sums[Rows][Vectors] = {};
  if (product.accumulate)
    for (int i = 0; i < Rows; ++i)
      for (int j = 0; j < Vectors; ++j)
        load(sums[i][j], c + i * product.cStride + j * lanesOf<Lanes>);
  for (std::int64_t l = 0; l < product.terms; ++l) {
    Lanes factors[Vectors];
    for (int j = 0; j < Vectors; ++j)
      load(factors[j], b + l * product.bStride + j * lanesOf<Lanes>);
    for (int i = 0; i < Rows; ++i)
      for (int j = 0; j < Vectors; ++j)
        sums[i][j] += a[i * product.aRow + l * product.aTerm] * factors[j];
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j)
      store(sums[i][j], c + i * product.cStride + j * lanesOf<Lanes>);
}

/// All rows by `Vectors` vectors: `Rows` rows at a time, then the fewer that
/// are left.
template <typename Lanes, int Rows, int Vectors>
[[gnu::always_inline]] inline void
multiplyColumns(const Product &product, std::int64_t row, std::int64_t column) {
  for (; row + Rows <= product.rows; row += Rows)
    multiplyBlock<Lanes, Rows, Vectors>(product, row, column);
  if constexpr (Rows > 1)
    multiplyColumns<Lanes, Rows / 2, Vectors>(product, row, column);
}

template <typename Lanes, int Rows>
[[gnu::always_inline]] inline void multiplyAll(const Product &product) {
  constexpr std::int64_t width = lanesOf<Lanes>;
  const std::int64_t columns = product.columns;
  std::int64_t column = 0;
  for (; column + 2 * width <= columns; column += 2 * width)
    multiplyColumns<Lanes, Rows, 2>(product, 0, column);
  for (; column + width <= columns; column += width)
    multiplyColumns<Lanes, Rows, 1>(product, 0, column);
  for (; column + lanesOf<Lanes4> <= columns; column += lanesOf<Lanes4>)
    multiplyColumns<Lanes4, Rows, 1>(product, 0, column);
  for (; column < columns; ++column)
    multiplyColumns<float, Rows, 1>(product, 0, column);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Columns of a tile of rows, scaled; zeros beyond the last row.
std::vector<OfQueries> transposed(RowsOfHead<const float> rows,
                                  std::int64_t first, std::int64_t count,
                                  std::int64_t width, float scale) {
  std::vector<OfQueries> result(static_cast<std::size_t>(width));
  for (std::int64_t q = 0; q < count; ++q) {
    const float *row = rows[first + q];
    for (std::int64_t i = 0; i < width; ++i)
      result[static_cast<std::size_t>(i)].lanes[q] = scale * row[i];
  }
  return result;
}

/// Keys from `begin` on times the queries of a tile, [count, tileQueries].
Product keysTimesQueries(RowsOfHead<const float> keys, std::int64_t begin,
                         std::int64_t count,
                         const std::vector<OfQueries> &queries,
                         OfQueries *result) {
  return {.rows = count,
          .columns = tileQueries,
          .terms = static_cast<std::int64_t>(queries.size()),
          .a = keys[begin],
          .aRow = keys.stride,
          .aTerm = 1,
          .b = queries.empty() ? nullptr : queries.front().lanes,
          .bStride = tileQueries,
          .c = result->lanes,
          .cStride = tileQueries,
          .accumulate = false};
}

/// Adds to rows of a tile's queries, from `first` on: each the sum of the rows
/// of `keys`, from `begin` on, by weights[keys, queries].
Product addToQueries(RowsOfHead<float> queries, std::int64_t first,
                     std::int64_t queryCount, const OfQueries *weights,
                     RowsOfHead<const float> keys, std::int64_t begin,
                     std::int64_t keyCount, std::int64_t width) {
  return {.rows = queryCount,
          .columns = width,
          .terms = keyCount,
          .a = weights->lanes,
          .aRow = 1,
          .aTerm = tileQueries,
          .b = keys[begin],
          .bStride = keys.stride,
          .c = queries[first],
          .cStride = queries.stride};
}

/// Adds to rows of a tile's keys, from `begin` on: each the sum of the rows of
/// `queries`, from `first` on, by weights[keys, queries].
Product addToKeys(RowsOfHead<float> keys, std::int64_t begin,
                  std::int64_t keyCount, const OfQueries *weights,
                  RowsOfHead<const float> queries, std::int64_t first,
                  std::int64_t queryCount, std::int64_t width) {
  return {.rows = keyCount,
          .columns = width,
          .terms = queryCount,
          .a = weights->lanes,
          .aRow = tileQueries,
          .aTerm = 1,
          .b = queries[first],
          .bStride = queries.stride,
          .c = keys[begin],
          .cStride = keys.stride};
}

/// Nothing is seen of what comes after a query. `ahead` is how far the tile's
/// first key lies after what its first query is the last to see.
void maskFuture(OfQueries *scores, std::int64_t keys, std::int64_t ahead) {
  for (std::int64_t k = std::max<std::int64_t>(1 - ahead, 0); k < keys; ++k)
    std::fill_n(scores[k].lanes, std::min(k + ahead, tileQueries), -infinity);
}

void fillRows(RowsOfHead<float> rows, std::int64_t first, std::int64_t count,
              std::int64_t width) {
  for (std::int64_t t = first; t < first + count; ++t)
    std::fill_n(rows[t], width, 0.0F);
}

/// One step of a softmax that sees its scores tile by tile: they become
/// exponentials, relative to the largest so far. `rescaled` is what earlier
/// ones must be multiplied by.
template <typename Lanes>
[[gnu::always_inline]] inline void
exponentials(OfQueries *scores, std::int64_t keys, OfQueries &largest,
             OfQueries &sums, OfQueries &rescaled) {
  for (std::int64_t at = 0; at < tileQueries; at += lanesOf<Lanes>) {
    Lanes before;
    Lanes sum;
    load(before, largest.lanes + at);
    load(sum, sums.lanes + at);
    Lanes maximum = before;
    for (std::int64_t k = 0; k < keys; ++k) {
      Lanes score;
      load(score, scores[k].lanes + at);
      maximum = score > maximum ? score : maximum;
    }
    Lanes factor = before - maximum;
    exp(factor);
    sum *= factor;
    for (std::int64_t k = 0; k < keys; ++k) {
      Lanes weight;
      load(weight, scores[k].lanes + at);
      weight -= maximum;
      exp(weight);
      sum += weight;
      store(weight, scores[k].lanes + at);
    }
    store(maximum, largest.lanes + at);
    store(sum, sums.lanes + at);
    store(factor, rescaled.lanes + at);
  }
}

/// Scores become weights, and gradients of weights those of scores.
template <typename Lanes>
[[gnu::always_inline]] inline void
weightsAndGradients(OfQueries *scores, OfQueries *gradients, std::int64_t keys,
                    const OfQueries &logSumExp, const OfQueries &means,
                    float scale) {
  for (std::int64_t k = 0; k < keys; ++k)
    for (std::int64_t at = 0; at < tileQueries; at += lanesOf<Lanes>) {
      Lanes weight;
      Lanes gradient;
      Lanes logarithm;
      Lanes mean;
      load(weight, scores[k].lanes + at);
      load(gradient, gradients[k].lanes + at);
      load(logarithm, logSumExp.lanes + at);
      load(mean, means.lanes + at);
      weight -= logarithm;
      exp(weight);
      gradient = weight * (gradient - mean) * scale;
      store(weight, scores[k].lanes + at);
      store(gradient, gradients[k].lanes + at);
    }
}

//===----------------------------------------------------------------------===//
// What is compiled for each size of vector
//===----------------------------------------------------------------------===//

struct Instructions {
  decltype(&multiplyAll<Lanes4, 1>) multiply;
  decltype(&exponentials<Lanes4>) softmax;
  decltype(&weightsAndGradients<Lanes4>) gradients;
};

#if defined(__x86_64__)
[[gnu::target("avx512f")]] void multiplyWide(const Product &product) {
  multiplyAll<Lanes16, 8>(product);
}
[[gnu::target("avx512f")]] void
exponentialsWide(OfQueries *scores, std::int64_t keys, OfQueries &largest,
                 OfQueries &sums, OfQueries &rescaled) {
  exponentials<Lanes16>(scores, keys, largest, sums, rescaled);
}
[[gnu::target("avx512f")]] void
gradientsWide(OfQueries *scores, OfQueries *gradients, std::int64_t keys,
              const OfQueries &logSumExp, const OfQueries &means, float scale) {
  weightsAndGradients<Lanes16>(scores, gradients, keys, logSumExp, means,
                               scale);
}
[[gnu::target("avx2,fma")]] void multiplyMedium(const Product &product) {
  multiplyAll<Lanes8, 4>(product);
}
[[gnu::target("avx2,fma")]] void
exponentialsMedium(OfQueries *scores, std::int64_t keys, OfQueries &largest,
                   OfQueries &sums, OfQueries &rescaled) {
  exponentials<Lanes8>(scores, keys, largest, sums, rescaled);
}
[[gnu::target("avx2,fma")]] void
gradientsMedium(OfQueries *scores, OfQueries *gradients, std::int64_t keys,
                const OfQueries &logSumExp, const OfQueries &means,
                float scale) {
  weightsAndGradients<Lanes8>(scores, gradients, keys, logSumExp, means, scale);
}
#endif
void multiplyNarrow(const Product &product) { multiplyAll<Lanes4, 4>(product); }
void exponentialsNarrow(OfQueries *scores, std::int64_t keys,
                        OfQueries &largest, OfQueries &sums,
                        OfQueries &rescaled) {
  exponentials<Lanes4>(scores, keys, largest, sums, rescaled);
}
void gradientsNarrow(OfQueries *scores, OfQueries *gradients, std::int64_t keys,
                     const OfQueries &logSumExp, const OfQueries &means,
                     float scale) {
  weightsAndGradients<Lanes4>(scores, gradients, keys, logSumExp, means, scale);
}

Instructions ofProcessor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {multiplyWide, exponentialsWide, gradientsWide};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {multiplyMedium, exponentialsMedium, gradientsMedium};
#endif
  return {multiplyNarrow, exponentialsNarrow, gradientsNarrow};
}

float scaleOf(const AttentionShape &shape) {
  return static_cast<float>(1 /
                            std::sqrt(static_cast<double>(shape.headWidth)));
}

} // namespace

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

void minrnn::hostAttentionTile(const AttentionShape &shape,
                               const HeadForward &head, std::int64_t first) {
  const Instructions instructions = ofProcessor();
  const std::int64_t width = shape.headWidth;
  const std::int64_t queryCount = std::min(tileQueries, shape.time - first);
  const std::vector<OfQueries> queries =
      transposed(head.query, first, queryCount, width, scaleOf(shape));
  OfQueries scores[tileKeys];
  OfQueries largest;
  OfQueries sums = {};
  OfQueries rescaled;
  std::fill_n(largest.lanes, tileQueries, -infinity);
  fillRows(head.output, first, queryCount, width);
  // What the last query sees.
  const std::int64_t keys = shape.past + first + queryCount;
  for (std::int64_t begin = 0; begin < keys; begin += tileKeys) {
    const std::int64_t keyCount = std::min(tileKeys, keys - begin);
    instructions.multiply(
        keysTimesQueries(head.key, begin, keyCount, queries, scores));
    maskFuture(scores, keyCount, begin - shape.past - first);
    instructions.softmax(scores, keyCount, largest, sums, rescaled);
    for (std::int64_t q = 0; q < queryCount; ++q)
      for (std::int64_t i = 0; i < width; ++i)
        head.output[first + q][i] *= rescaled.lanes[q];
    instructions.multiply(addToQueries(head.output, first, queryCount, scores,
                                       head.value, begin, keyCount, width));
  }
  for (std::int64_t q = 0; q < queryCount; ++q) {
    const float share = 1 / sums.lanes[q];
    for (std::int64_t i = 0; i < width; ++i)
      head.output[first + q][i] *= share;
    if (head.logSumExp != nullptr)
      head.logSumExp[first + q] = largest.lanes[q] + std::log(sums.lanes[q]);
  }
}

void minrnn::hostAttentionGradients(const AttentionShape &shape,
                                    const HeadBackward &head) {
  const Instructions instructions = ofProcessor();
  const std::int64_t width = shape.headWidth;
  const std::int64_t time = shape.time;
  const float scale = scaleOf(shape);
  OfQueries scores[tileKeys];
  OfQueries gradients[tileKeys];
  for (const RowsOfHead<float> &rows : {head.dQuery, head.dKey, head.dValue})
    fillRows(rows, 0, time, width);
  for (std::int64_t first = 0; first < time; first += tileQueries) {
    const std::int64_t queryCount = std::min(tileQueries, time - first);
    const std::vector<OfQueries> queries =
        transposed(head.query, first, queryCount, width, scale);
    const std::vector<OfQueries> dOutputs =
        transposed(head.dOutput, first, queryCount, width, 1);
    OfQueries logSumExp = {};
    // Of the gradients of a query's weights, by its weights.
    OfQueries means = {};
    for (std::int64_t q = 0; q < queryCount; ++q) {
      logSumExp.lanes[q] = head.logSumExp[first + q];
      double mean = 0;
      for (std::int64_t i = 0; i < width; ++i)
        mean += static_cast<double>(head.dOutput[first + q][i]) *
                static_cast<double>(head.output[first + q][i]);
      means.lanes[q] = static_cast<float>(mean);
    }
    const std::int64_t keys = first + queryCount;
    for (std::int64_t begin = 0; begin < keys; begin += tileKeys) {
      const std::int64_t keyCount = std::min(tileKeys, keys - begin);
      instructions.multiply(
          keysTimesQueries(head.key, begin, keyCount, queries, scores));
      instructions.multiply(
          keysTimesQueries(head.value, begin, keyCount, dOutputs, gradients));
      maskFuture(scores, keyCount, begin - first);
      instructions.gradients(scores, gradients, keyCount, logSumExp, means,
                             scale);
      instructions.multiply(addToKeys(head.dValue, begin, keyCount, scores,
                                      head.dOutput, first, queryCount, width));
      instructions.multiply(addToKeys(head.dKey, begin, keyCount, gradients,
                                      head.query, first, queryCount, width));
      instructions.multiply(addToQueries(head.dQuery, first, queryCount,
                                         gradients, head.key, begin, keyCount,
                                         width));
    }
  }
}
