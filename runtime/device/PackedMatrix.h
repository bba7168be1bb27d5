//===- PackedMatrix.h - A matrix that many rows multiply --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The weights of a recurrence: packed once, multiplied at each step by few
// rows, by several threads at a time. (BLAS packs them again at each call.)
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_PACKEDMATRIX_H
#define MINRNN_RUNTIME_DEVICE_PACKEDMATRIX_H

#include "minrnn/matrix_product.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace minrnn {

/// A matrix [k, n] of f32, as the right operand of products.
class PackedMatrix {
public:
  /// Columns of a strip: a cache line, and the widest vector there is.
  static constexpr std::int64_t stripColumns = 16;
  struct alignas(64) StripRow {
    float columns[stripColumns];
  };

  PackedMatrix(std::int64_t k, std::int64_t n,
               const MatrixOperand<float> &matrix);

  /// c[rows, n] = a[rows, k] times the matrix, rows of `a` and of `c` at
  /// distances of so many elements; `accumulate`: the product is added to what
  /// is there. Each sum is taken in the order of k, so that a row's result
  /// does not depend on which other rows are multiplied. On the calling thread.
  void multiply(std::int64_t rows, const float *a, std::int64_t aStride,
                float *c, std::int64_t cStride, bool accumulate) const;

private:
  std::int64_t k;
  std::int64_t n;
  /// [strips, k] rows; columns that are none are zero.
  std::vector<StripRow> strips;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_PACKEDMATRIX_H
