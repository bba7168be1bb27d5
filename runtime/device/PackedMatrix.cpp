//===- PackedMatrix.cpp - A matrix that many rows multiply ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/PackedMatrix.h"

#include "specs/contract/ElementCount.h"

#include <cstring>
#include <utility>

using namespace minrnn;

using StripRow = PackedMatrix::StripRow;

static constexpr std::int64_t stripColumns = PackedMatrix::stripColumns;

namespace {

/// Vectors of each size that processors have.
using Lanes16 [[gnu::vector_size(64)]] = float;
using Lanes8 [[gnu::vector_size(32)]] = float;
using Lanes4 [[gnu::vector_size(16)]] = float;

/// One product, as the loops below take it.
struct Product {
  std::int64_t k;
  std::int64_t n;
  const StripRow *strips;
  const float *a;
  std::int64_t aStride;
  float *c;
  std::int64_t cStride;
  bool accumulate;
};

/// Writes a vector of sums, or its first `columns` ones.
template <typename Lanes>
[[gnu::always_inline]] inline void
store(const Lanes &sums, float *c, std::int64_t columns, bool accumulate) {
  constexpr auto width = static_cast<std::int64_t>(sizeof(Lanes) / sizeof(*c));
  if (columns >= width) {
    Lanes results = sums;
    if (accumulate) {
      std::memcpy(&results, c, sizeof(results));
      results += sums;
    }
    std::memcpy(c, &results, sizeof(results));
    return;
  }
  for (std::int64_t i = 0; i < columns; ++i)
    c[i] = accumulate ? c[i] + sums[i] : sums[i];
}

/// `Rows` rows from `row` on by `Strips` strips from `strip` on: as many sums
/// as stay in registers.
template <typename Lanes, int Rows, int Strips>
[[gnu::always_inline]] inline void
multiplyBlock(const Product &product, std::int64_t row, std::int64_t strip) {
  constexpr int width = sizeof(Lanes) / sizeof(float);
  constexpr int vectorsOfStrip = stripColumns / width;
  constexpr int vectors = Strips * vectorsOfStrip;
  const StripRow *b = product.strips + strip * product.k;
  const float *a = product.a + row * product.aStride;
  Lanes sums[Rows][vectors] = {};
  for (std::int64_t l = 0; l < product.k; ++l)
    for (int j = 0; j < vectors; ++j) {
      Lanes factors;
      std::memcpy(&factors,
                  b[j / vectorsOfStrip * product.k + l].columns +
                      j % vectorsOfStrip * width,
                  sizeof(factors));
      for (int i = 0; i < Rows; ++i)
        sums[i][j] += a[i * product.aStride + l] * factors;
    }
  const std::int64_t column = strip * stripColumns;
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < vectors; ++j)
      if (const std::int64_t at = column + j * width; at < product.n)
        store(sums[i][j], product.c + (row + i) * product.cStride + at,
              product.n - at, product.accumulate);
}

/// All rows by `Strips` strips from `strip` on: `Rows` rows at a time, then the
/// fewer that are left.
template <typename Lanes, int Rows, int Strips>
[[gnu::always_inline]] inline void
multiplyStrips(const Product &product, std::int64_t row, std::int64_t rows,
               std::int64_t strip) {
  for (; row + Rows <= rows; row += Rows)
    multiplyBlock<Lanes, Rows, Strips>(product, row, strip);
  if constexpr (Rows > 1)
    multiplyStrips<Lanes, Rows - 1, Strips>(product, row, rows, strip);
}

template <typename Lanes, int Rows, int Strips>
[[gnu::always_inline]] inline void multiplyAll(const Product &product,
                                               std::int64_t rows) {
  const std::int64_t strips = (product.n + stripColumns - 1) / stripColumns;
  std::int64_t strip = 0;
  for (; strip + Strips <= strips; strip += Strips)
    multiplyStrips<Lanes, Rows, Strips>(product, 0, rows, strip);
  for (; strip < strips; ++strip)
    multiplyStrips<Lanes, Rows, 1>(product, 0, rows, strip);
}

} // namespace

// Compiled for each size of vector, of which the processor chooses.
#if defined(__x86_64__)
[[gnu::target("avx512f")]] static void multiplyWide(const Product &product,
                                                    std::int64_t rows) {
  multiplyAll<Lanes16, 8, 2>(product, rows);
}
[[gnu::target("avx2,fma")]] static void multiplyMedium(const Product &product,
                                                       std::int64_t rows) {
  multiplyAll<Lanes8, 4, 1>(product, rows);
}
#endif
static void multiplyNarrow(const Product &product, std::int64_t rows) {
  multiplyAll<Lanes4, 2, 1>(product, rows);
}

PackedMatrix::PackedMatrix(std::int64_t k, std::int64_t n,
                           const MatrixOperand<float> &matrix)
    : k(k), n(n) {
  const std::int64_t count = (n + stripColumns - 1) / stripColumns;
  strips.resize(static_cast<std::size_t>(
      elementCount({count, k}, "a matrix product's operand")));
  const auto [rowStep, columnStep] =
      matrix.transpose == Transpose::No
          ? std::pair(matrix.stride, std::int64_t{1})
          : std::pair(std::int64_t{1}, matrix.stride);
  for (std::int64_t column = 0; column < n; ++column)
    for (std::int64_t row = 0; row < k; ++row)
      strips[static_cast<std::size_t>(column / stripColumns * k + row)]
          .columns[column % stripColumns] =
          matrix.data[row * rowStep + column * columnStep];
}

void PackedMatrix::multiply(std::int64_t rows, const float *a,
                            std::int64_t aStride, float *c,
                            std::int64_t cStride, bool accumulate) const {
  const Product product{k,       n, strips.data(), a,
                        aStride, c, cStride,       accumulate};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return multiplyWide(product, rows);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return multiplyMedium(product, rows);
#endif
  multiplyNarrow(product, rows);
}
