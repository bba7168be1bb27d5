//===- HostProduct.cpp - Matrix products on all threads -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/HostProduct.h"

#include "minrnn/error.h"
#include "specs/contract/ElementCount.h"
#include "runtime/core/HalfStorage.h"
#include "runtime/device/HostBlas.h"
#include "runtime/device/ProductSizes.h"

#include <algorithm>
#include <limits>
#include <omp.h>
#include <string>
#include <vector>

using namespace minrnn;

namespace {

/// Below this many multiplications waking a second thread costs more than it
/// saves.
constexpr double smallestSplit = 1 << 18;
/// Parts begin at multiples of this, so that BLAS's own tiles stay whole.
constexpr std::int64_t partGranule = 16;
/// The longest part; long enough that packing the other operand once a part
/// costs little.
constexpr std::int64_t longestPart = 256;
/// Parts a product is cut into, where it is long enough: a few for each thread,
/// so that one that is held up does not hold up the others.
constexpr std::int64_t usualParts = 8;
/// CBLAS counts in `int`; longer sides are worked on in pieces.
constexpr std::int64_t longestPiece = 1 << 30;

CBLAS_TRANSPOSE toCblas(Transpose transpose) {
  return transpose == Transpose::Yes ? CblasTrans : CblasNoTrans;
}

void callCblas(const HostBlas &blas, int m, int n, int k,
               MatrixOperand<float> a, MatrixOperand<float> b, float *c,
               int cStride, float keep) {
  blas.sgemm(CblasRowMajor, toCblas(a.transpose), toCblas(b.transpose), m, n, k,
             1.0F, a.data, static_cast<int>(a.stride), b.data,
             static_cast<int>(b.stride), keep, c, cStride);
}

void callCblas(const HostBlas &blas, int m, int n, int k,
               MatrixOperand<double> a, MatrixOperand<double> b, double *c,
               int cStride, double keep) {
  blas.dgemm(CblasRowMajor, toCblas(a.transpose), toCblas(b.transpose), m, n, k,
             1.0, a.data, static_cast<int>(a.stride), b.data,
             static_cast<int>(b.stride), keep, c, cStride);
}

/// The operand from its element (row, column) on.
template <typename Scalar>
MatrixOperand<Scalar> from(MatrixOperand<Scalar> operand, std::int64_t row,
                           std::int64_t column) {
  operand.data += operand.transpose == Transpose::No
                      ? row * operand.stride + column
                      : column * operand.stride + row;
  return operand;
}

/// The whole product on the calling thread, in pieces that CBLAS can count.
template <typename Scalar>
void gemmOnOneThread(const HostBlas &blas, std::int64_t m, std::int64_t n,
                     std::int64_t k, MatrixOperand<Scalar> a,
                     MatrixOperand<Scalar> b, Scalar *c, std::int64_t cStride,
                     Store store) {
  for (std::int64_t i = 0; i < m; i += longestPiece)
    for (std::int64_t j = 0; j < n; j += longestPiece)
      for (std::int64_t l = 0; l < k; l += longestPiece) {
        const bool adds = store == Store::Add || l > 0;
        callCblas(blas, static_cast<int>(std::min(longestPiece, m - i)),
                  static_cast<int>(std::min(longestPiece, n - j)),
                  static_cast<int>(std::min(longestPiece, k - l)),
                  from(a, i, l), from(b, l, j), c + i * cStride + j,
                  static_cast<int>(cStride), adds ? Scalar(1) : Scalar(0));
      }
}

} // namespace

template <typename Scalar>
void minrnn::gemm(std::int64_t m, std::int64_t n, std::int64_t k,
                  MatrixOperand<Scalar> a, MatrixOperand<Scalar> b, Scalar *c,
                  std::int64_t cStride, Store store) {
  constexpr std::int64_t longestStride = std::numeric_limits<int>::max();
  checkProductSizes(m, n, k);
  if (std::max({a.stride, b.stride, cStride}) > longestStride)
    throw Error("a matrix row of more than " + std::to_string(longestStride) +
                " elements is too long for the BLAS library");
  if (m == 0 || n == 0)
    return;
  if (k == 0) {
    if (store == Store::Overwrite)
      for (std::int64_t row = 0; row < m; ++row)
        std::fill_n(c + row * cStride, n, Scalar(0));
    return;
  }

  const bool splitsRows = m >= n;
  const std::int64_t length = splitsRows ? m : n;
  // The parts follow from the sizes alone, never from the number of threads:
  // the result is the same on any machine of the same kind.
  const std::int64_t share =
      (length / usualParts + partGranule - 1) / partGranule * partGranule;
  const bool small =
      static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) <
      smallestSplit;
  const std::int64_t part =
      small ? length : std::clamp(share, partGranule, longestPart);
  const std::int64_t parts = (length + part - 1) / part;
  const HostBlas blas(
      static_cast<int>(std::min<std::int64_t>(parts, omp_get_max_threads())));
#pragma omp parallel for schedule(dynamic) if (length > part)
  for (std::int64_t begin = 0; begin < length; begin += part) {
    const std::int64_t count = std::min(part, length - begin);
    if (splitsRows)
      gemmOnOneThread(blas, count, n, k, from(a, begin, 0), b,
                      c + begin * cStride, cStride, store);
    else
      gemmOnOneThread(blas, m, count, k, a, from(b, 0, begin), c + begin,
                      cStride, store);
  }
}

template void minrnn::gemm<float>(std::int64_t, std::int64_t, std::int64_t,
                                  MatrixOperand<float>, MatrixOperand<float>,
                                  float *, std::int64_t, Store);
template void minrnn::gemm<double>(std::int64_t, std::int64_t, std::int64_t,
                                   MatrixOperand<double>, MatrixOperand<double>,
                                   double *, std::int64_t, Store);

namespace {

MatrixOperand<float> asFloats(const MatrixOperand<void> &operand) {
  return {static_cast<const float *>(operand.data), operand.stride,
          operand.transpose};
}

/// The operand's [rows, columns] in f32, dense and not transposed.
std::vector<float> widened(const MatrixOperand<void> &operand,
                           std::int64_t rows, std::int64_t columns,
                           ElementType type) {
  const auto *bits = static_cast<const std::uint16_t *>(operand.data);
  std::vector<float> numbers;
  numbers.reserve(static_cast<std::size_t>(
      elementCount({rows, columns}, "a matrix product's operand")));
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      numbers.push_back(widen(type, bits[operand.transpose == Transpose::No
                                             ? row * operand.stride + column
                                             : column * operand.stride + row]));
  return numbers;
}

} // namespace

void minrnn::multiplyOnHost(const MatrixProduct &product) {
  const auto &[m, n, k, a, b, c, cStride, store, type] = product;
  if (type == ElementType::F32) {
    gemm<float>(m, n, k, asFloats(a), asFloats(b), static_cast<float *>(c),
                cStride, store);
    return;
  }
  checkProductSizes(m, n, k);
  // An operand of nothing may have no memory.
  if (m == 0 || n == 0)
    return;
  const std::vector<float> left = widened(a, m, k, type);
  const std::vector<float> right = widened(b, k, n, type);
  std::vector<float> sums(
      static_cast<std::size_t>(elementCount({m, n}, "a matrix product")));
  gemm<float>(m, n, k, {left.data(), k}, {right.data(), n}, sums.data(), n,
              Store::Overwrite);
  auto *bits = static_cast<std::uint16_t *>(c);
  for (std::int64_t row = 0; row < m; ++row)
    for (std::int64_t column = 0; column < n; ++column) {
      float sum = sums[static_cast<std::size_t>(row * n + column)];
      std::uint16_t &target = bits[row * cStride + column];
      if (store == Store::Add)
        sum += widen(type, target);
      target = narrow(type, sum);
    }
}
