//===- Gemm.h - Matrix products on all threads ------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_GEMM_H
#define MINRNN_RUNTIME_NN_GEMM_H

#include "minrnn/blocks.h"

#include <cstdint>

namespace minrnn {

enum class Transpose { No, Yes };

/// A matrix in memory, rows contiguous; `stride` is the distance of two rows,
/// in elements. Transposed, it is read as its transpose.
template <typename Scalar> struct MatrixOperand {
  const Scalar *data = nullptr;
  std::int64_t stride = 0;
  Transpose transpose = Transpose::No;
};

/// c[m, n] = a[m, k] b[k, n], rows of `c` at a distance of `cStride`, stored or
/// added as `store` says. Scalar is float or double. Splits the longer side of
/// `c` over the OpenMP threads, each of which calls CBLAS on its part, so that
/// BLAS's own threads never compete with ours. Throws Error when a size is
/// negative or a stride exceeds what CBLAS can take.
template <typename Scalar>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k,
          MatrixOperand<Scalar> a, MatrixOperand<Scalar> b, Scalar *c,
          std::int64_t cStride, Store store);

} // namespace minrnn

#endif // MINRNN_RUNTIME_NN_GEMM_H
