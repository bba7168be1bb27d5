//===- Gemm.cpp - Matrix products on all threads --------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/nn/Gemm.h"

#include "minrnn/error.h"

#include <algorithm>
#include <cblas.h>
#include <limits>
#include <omp.h>
#include <string>

using namespace minrnn;

namespace {

/// Below this many multiplications waking a second thread costs more than it
/// saves.
constexpr double smallestSplit = 1 << 18;
/// Parts begin at multiples of this, so that BLAS's own tiles stay whole.
constexpr std::int64_t partGranule = 16;
/// CBLAS counts in `int`; longer sides are worked on in pieces.
constexpr std::int64_t longestPiece = 1 << 30;

/// Keeps BLAS to the calling thread while it lives.
class SingleThreadedBlas {
public:
  SingleThreadedBlas() : formerThreads(openblas_get_num_threads()) {
    openblas_set_num_threads(1);
  }
  ~SingleThreadedBlas() { openblas_set_num_threads(formerThreads); }
  SingleThreadedBlas(const SingleThreadedBlas &) = delete;
  SingleThreadedBlas &operator=(const SingleThreadedBlas &) = delete;

private:
  int formerThreads;
};

CBLAS_TRANSPOSE toCblas(Transpose transpose) {
  return transpose == Transpose::Yes ? CblasTrans : CblasNoTrans;
}

void callCblas(int m, int n, int k, MatrixOperand<float> a,
               MatrixOperand<float> b, float *c, int cStride, float keep) {
  cblas_sgemm(CblasRowMajor, toCblas(a.transpose), toCblas(b.transpose), m, n,
              k, 1.0F, a.data, static_cast<int>(a.stride), b.data,
              static_cast<int>(b.stride), keep, c, cStride);
}

void callCblas(int m, int n, int k, MatrixOperand<double> a,
               MatrixOperand<double> b, double *c, int cStride, double keep) {
  cblas_dgemm(CblasRowMajor, toCblas(a.transpose), toCblas(b.transpose), m, n,
              k, 1.0, a.data, static_cast<int>(a.stride), b.data,
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
void gemmOnOneThread(std::int64_t m, std::int64_t n, std::int64_t k,
                     MatrixOperand<Scalar> a, MatrixOperand<Scalar> b,
                     Scalar *c, std::int64_t cStride, Store store) {
  for (std::int64_t i = 0; i < m; i += longestPiece)
    for (std::int64_t j = 0; j < n; j += longestPiece)
      for (std::int64_t l = 0; l < k; l += longestPiece) {
        const bool adds = store == Store::Add || l > 0;
        callCblas(static_cast<int>(std::min(longestPiece, m - i)),
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
  if (m < 0 || n < 0 || k < 0)
    throw Error("a matrix product of negative size: " + std::to_string(m) +
                " x " + std::to_string(n) + " x " + std::to_string(k));
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

  const SingleThreadedBlas singleThreaded;
  const bool splitsRows = m >= n;
  const std::int64_t length = splitsRows ? m : n;
  const std::int64_t granules = (length + partGranule - 1) / partGranule;
  const bool small =
      static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) <
      smallestSplit;
  const std::int64_t parts =
      small ? 1 : std::min<std::int64_t>(omp_get_max_threads(), granules);
#pragma omp parallel for schedule(static, 1) num_threads(parts) if (parts > 1)
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t begin = granules * part / parts * partGranule;
    const std::int64_t end =
        std::min(length, granules * (part + 1) / parts * partGranule);
    if (splitsRows)
      gemmOnOneThread(end - begin, n, k, from(a, begin, 0), b,
                      c + begin * cStride, cStride, store);
    else
      gemmOnOneThread(m, end - begin, k, a, from(b, 0, begin), c + begin,
                      cStride, store);
  }
}

template void minrnn::gemm<float>(std::int64_t, std::int64_t, std::int64_t,
                                  MatrixOperand<float>, MatrixOperand<float>,
                                  float *, std::int64_t, Store);
template void minrnn::gemm<double>(std::int64_t, std::int64_t, std::int64_t,
                                   MatrixOperand<double>, MatrixOperand<double>,
                                   double *, std::int64_t, Store);
