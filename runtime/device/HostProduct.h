//===- HostProduct.h - Matrix products on all threads -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_HOSTPRODUCT_H
#define MINRNN_RUNTIME_DEVICE_HOSTPRODUCT_H

#include "minrnn/matrix_product.h"

#include <cstdint>

namespace minrnn {

/// c[m, n] = a[m, k] b[k, n], rows of `c` at a distance of `cStride`, added
/// to what `c` holds where `accumulate` is true. Scalar is float or double.
/// Splits the longer side of `c` over the OpenMP threads, or the sum where k is
/// much longer, and each thread calls CBLAS on its part, so that BLAS's own
/// threads never compete with ours. The parts, and so the result's bits, follow
/// from the sizes alone.
/// Throws Error when a size is negative or a stride exceeds what CBLAS can
/// take.
template <typename Scalar>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k,
          MatrixOperand<Scalar> a, MatrixOperand<Scalar> b, Scalar *c,
          std::int64_t cStride, bool accumulate);

/// Throws Error when a size is negative, and when the result is of a half type
/// that an operand is not.
void checkProduct(const MatrixProduct &product);

/// The same for any element types and precision: operands are widened to f32 or
/// f64, multiplied there, and the result is rounded to nearest even once.
/// Throws Error as `gemm` and `checkProduct` do, and when a size times a stride
/// does not fit into memory.
void multiplyOnHost(const MatrixProduct &product);

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_HOSTPRODUCT_H
