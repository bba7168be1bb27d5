//===- HostProduct.cpp - Matrix products on all threads -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/HostProduct.h"

#include "minrnn/bfloat16.h"
#include "minrnn/error.h"
#include "runtime/core/HalfStorage.h"
#include "runtime/device/HostBlas.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <omp.h>
#include <string>
#include <utility>
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
/// More numbers are converted by all threads.
constexpr std::int64_t manyNumbers = 1 << 15;
/// A sum over k is cut where it is so many times as long as either side of the
/// result: the parts of a side would be so narrow that BLAS packs the other
/// operand as long as it multiplies.
constexpr std::int64_t longSum = 4;
/// Such a sum has at most so many parts, each at least so long; the results of
/// all parts stay in the caches.
constexpr std::int64_t mostSumParts = 16;
constexpr std::int64_t shortestSumPart = 512;
constexpr std::int64_t mostNumbersOfSumPart = 1 << 18;
/// CBLAS counts in `int`; longer sides are worked on in pieces.
constexpr std::int64_t longestPiece = 1 << 30;

/// Throws Error when a size of c[m, n] = a[m, k] b[k, n] is negative.
void checkSizes(std::int64_t m, std::int64_t n, std::int64_t k) {
  if (m < 0 || n < 0 || k < 0)
    throw Error("a matrix product of negative size: " + std::to_string(m) +
                " x " + std::to_string(n) + " x " + std::to_string(k));
}

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
                     bool accumulate) {
  for (std::int64_t i = 0; i < m; i += longestPiece)
    for (std::int64_t j = 0; j < n; j += longestPiece)
      for (std::int64_t l = 0; l < k; l += longestPiece) {
        const bool adds = accumulate || l > 0;
        callCblas(blas, static_cast<int>(std::min(longestPiece, m - i)),
                  static_cast<int>(std::min(longestPiece, n - j)),
                  static_cast<int>(std::min(longestPiece, k - l)),
                  from(a, i, l), from(b, l, j), c + i * cStride + j,
                  static_cast<int>(cStride), adds ? Scalar(1) : Scalar(0));
      }
}

/// Into how many parts the sum over k is cut. As the parts of a side, they
/// follow from the sizes alone, never from the number of threads: the result is
/// the same on any machine of the same kind.
std::int64_t sumParts(std::int64_t m, std::int64_t n, std::int64_t k) {
  const bool isLong =
      k / longSum >= std::max(m, n) && m <= mostNumbersOfSumPart / n &&
      static_cast<double>(m * n) * static_cast<double>(k) >= smallestSplit;
  return isLong ? std::clamp(k / shortestSumPart, std::int64_t{1}, mostSumParts)
                : 1;
}

/// The product where its sum has `parts` parts: each on its own, then all of
/// them added in their order.
template <typename Scalar>
void gemmInSumParts(std::int64_t parts, std::int64_t m, std::int64_t n,
                    std::int64_t k, MatrixOperand<Scalar> a,
                    MatrixOperand<Scalar> b, Scalar *c, std::int64_t cStride,
                    bool accumulate) {
  const auto sums = std::make_unique_for_overwrite<Scalar[]>(
      static_cast<std::size_t>(parts * m * n));
  const HostBlas blas(
      static_cast<int>(std::min<std::int64_t>(parts, omp_get_max_threads())));
#pragma omp parallel
  {
#pragma omp for schedule(dynamic)
    for (std::int64_t part = 0; part < parts; ++part) {
      const std::int64_t begin = k * part / parts;
      gemmOnOneThread(blas, m, n, k * (part + 1) / parts - begin,
                      from(a, 0, begin), from(b, begin, 0),
                      sums.get() + part * m * n, n, false);
    }
#pragma omp for schedule(static)
    for (std::int64_t row = 0; row < m; ++row) {
      Scalar *result = c + row * cStride;
      if (!accumulate)
        std::fill_n(result, n, Scalar(0));
      for (std::int64_t part = 0; part < parts; ++part) {
        const Scalar *sum = sums.get() + (part * m + row) * n;
        for (std::int64_t column = 0; column < n; ++column)
          result[column] += sum[column];
      }
    }
  }
}

} // namespace

template <typename Scalar>
void minrnn::gemm(std::int64_t m, std::int64_t n, std::int64_t k,
                  MatrixOperand<Scalar> a, MatrixOperand<Scalar> b, Scalar *c,
                  std::int64_t cStride, bool accumulate) {
  constexpr std::int64_t longestStride = std::numeric_limits<int>::max();
  checkSizes(m, n, k);
  if (std::max({a.stride, b.stride, cStride}) > longestStride)
    throw Error("a matrix row of more than " + std::to_string(longestStride) +
                " elements is too long for the BLAS library");
  if (m == 0 || n == 0)
    return;
  if (k == 0) {
    if (!accumulate)
      for (std::int64_t row = 0; row < m; ++row)
        std::fill_n(c + row * cStride, n, Scalar(0));
    return;
  }

  if (const std::int64_t ofSum = sumParts(m, n, k); ofSum > 1)
    return gemmInSumParts(ofSum, m, n, k, a, b, c, cStride, accumulate);
  const bool splitsRows = m >= n;
  const std::int64_t length = splitsRows ? m : n;
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
                      c + begin * cStride, cStride, accumulate);
    else
      gemmOnOneThread(blas, m, count, k, a, from(b, 0, begin), c + begin,
                      cStride, accumulate);
  }
}

template void minrnn::gemm<float>(std::int64_t, std::int64_t, std::int64_t,
                                  MatrixOperand<float>, MatrixOperand<float>,
                                  float *, std::int64_t, bool);
template void minrnn::gemm<double>(std::int64_t, std::int64_t, std::int64_t,
                                   MatrixOperand<double>, MatrixOperand<double>,
                                   double *, std::int64_t, bool);

namespace {

/// The operand from its column `column` on, as it is multiplied.
MatrixOperand<void> fromColumn(MatrixOperand<void> operand, ElementType type,
                               std::int64_t column) {
  const std::int64_t elements =
      operand.transpose == Transpose::No ? column : column * operand.stride;
  operand.data = static_cast<const std::byte *>(operand.data) +
                 elements * elementBytes(type);
  return operand;
}

/// An operand as tensor cores take it: rounded to 11 significant bits, ties
/// away from zero, as cvt.rna.tf32 does; or to bf16, ties to even.
float roundedTo(Precision precision, float number) {
  if (precision == Precision::Bf16)
    return BFloat16(number);
  if (!std::isfinite(number))
    return number;
  // Past the largest number is infinity, in bits as well.
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(number) + 0x1000U) &
                              ~0x1FFFU);
}

MatrixOperand<float> asFloats(const MatrixOperand<void> &operand) {
  return {static_cast<const float *>(operand.data), operand.stride,
          operand.transpose};
}

/// The operand's rows [begin, end) of its `columns` columns, as it is
/// multiplied, widened, dense.
template <typename Scalar>
std::vector<Scalar> widened(const MatrixOperand<void> &operand,
                            std::int64_t begin, std::int64_t end,
                            std::int64_t columns, ElementType type) {
  const std::int64_t rows = end - begin;
  std::vector<Scalar> numbers(static_cast<std::size_t>(
      elementCount({rows, columns}, "a matrix product's operand")));
  const bool isTransposed = operand.transpose == Transpose::Yes;
  const std::int64_t rowStep = isTransposed ? 1 : operand.stride;
  const std::int64_t columnStep = isTransposed ? operand.stride : 1;
  const auto fill = [&](const auto &elementAt) {
#pragma omp parallel for schedule(static) if (rows * columns > manyNumbers)
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t column = 0; column < columns; ++column)
        numbers[static_cast<std::size_t>(row * columns + column)] =
            static_cast<Scalar>(
                elementAt((begin + row) * rowStep + column * columnStep));
  };
  const void *data = operand.data;
  if (type == ElementType::F32)
    fill([from = static_cast<const float *>(data)](std::int64_t at) {
      return from[at];
    });
  else if (type == ElementType::BF16)
    fill([from = static_cast<const BFloat16 *>(data)](std::int64_t at) {
      return float{from[at]};
    });
  else
    fill([from = static_cast<const std::uint16_t *>(data)](std::int64_t at) {
      return widen(ElementType::F16, from[at]);
    });
  return numbers;
}

/// Writes rows of sums[rows, n] to `c`, from its row `begin` on, rounded once;
/// `accumulate`: added to what is there.
template <typename Scalar>
void store(const MatrixProduct &product, std::int64_t begin,
           const std::vector<Scalar> &sums) {
  auto *singles = static_cast<float *>(product.c);
  auto *halves = static_cast<std::uint16_t *>(product.c);
  const std::int64_t count = std::ssize(sums);
#pragma omp parallel for schedule(static) if (count > manyNumbers)
  for (std::int64_t at = 0; at < count; ++at) {
    const std::int64_t place =
        (begin + at / product.n) * product.cStride + at % product.n;
    Scalar sum = sums[static_cast<std::size_t>(at)];
    if (product.resultType == ElementType::F32) {
      if (product.accumulate)
        sum += static_cast<Scalar>(singles[place]);
      singles[place] = static_cast<float>(sum);
      continue;
    }
    if (product.accumulate)
      sum += static_cast<Scalar>(widen(product.resultType, halves[place]));
    halves[place] = narrow(product.resultType, sum);
  }
}

/// A piece of each dimension at a time, so that what is widened stays small.
void multiplyInDouble(const MatrixProduct &product) {
  constexpr std::int64_t piece = 4096;
  const std::int64_t n = product.n;
  for (std::int64_t begin = 0; begin < product.m; begin += piece) {
    const std::int64_t rows = std::min(piece, product.m - begin);
    std::vector<double> sums(
        static_cast<std::size_t>(elementCount({rows, n}, "a matrix product")));
    for (std::int64_t first = 0; first < product.k; first += piece) {
      const std::int64_t count = std::min(piece, product.k - first);
      const std::vector<double> left =
          widened<double>(fromColumn(product.a, product.aType, first), begin,
                          begin + rows, count, product.aType);
      const std::vector<double> right =
          widened<double>(product.b, first, first + count, n, product.bType);
      gemm<double>(rows, n, count, {left.data(), count}, {right.data(), n},
                   sums.data(), n, true);
    }
    store(product, begin, sums);
  }
}

} // namespace

void minrnn::checkProduct(const MatrixProduct &product) {
  checkSizes(product.m, product.n, product.k);
  if (product.resultType != ElementType::F32 &&
      (product.aType != product.resultType ||
       product.bType != product.resultType))
    throw Error("the result of a matrix product must be f32 or of the type of "
                "its operands");
}

void minrnn::multiplyOnHost(const MatrixProduct &product) {
  checkProduct(product);
  const auto &[m, n, k, a, b, c, cStride, accumulate, aType, bType, resultType,
               precision] = product;
  // An operand of nothing may have no memory.
  if (m == 0 || n == 0)
    return;
  if (precision == Precision::Double) {
    multiplyInDouble(product);
    return;
  }
  // In f32 as they are, or as they are rounded.
  std::vector<float> left;
  std::vector<float> right;
  const auto inSingle = [rounding = product.precision](
                            MatrixOperand<void> operand, std::int64_t rows,
                            std::int64_t columns, ElementType type,
                            std::vector<float> &room) {
    const bool isRounded =
        type == ElementType::F32 && rounding != Precision::Ieee;
    if (type == ElementType::F32 && !isRounded)
      return asFloats(operand);
    // As it is stored, so that what is read lies together.
    const Transpose transpose = std::exchange(operand.transpose, Transpose::No);
    if (transpose == Transpose::Yes)
      std::swap(rows, columns);
    room = widened<float>(operand, 0, rows, columns, type);
    const std::int64_t count = std::ssize(room);
    if (isRounded)
#pragma omp parallel for schedule(static) if (count > manyNumbers)
      for (std::int64_t i = 0; i < count; ++i) {
        float &number = room[static_cast<std::size_t>(i)];
        number = roundedTo(rounding, number);
      }
    return MatrixOperand<float>{room.data(), columns, transpose};
  };
  const MatrixOperand<float> leftOperand = inSingle(a, m, k, aType, left);
  const MatrixOperand<float> rightOperand = inSingle(b, k, n, bType, right);
  if (resultType == ElementType::F32) {
    gemm<float>(m, n, k, leftOperand, rightOperand, static_cast<float *>(c),
                cStride, accumulate);
    return;
  }
  std::vector<float> sums(
      static_cast<std::size_t>(elementCount({m, n}, "a matrix product")));
  gemm<float>(m, n, k, leftOperand, rightOperand, sums.data(), n, false);
  store(product, 0, sums);
}
