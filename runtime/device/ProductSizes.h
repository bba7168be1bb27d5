//===- ProductSizes.h - The sizes of a matrix product -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_PRODUCTSIZES_H
#define MINRNN_RUNTIME_DEVICE_PRODUCTSIZES_H

#include "minrnn/error.h"
#include "minrnn/matrix_product.h"

#include <cstdint>
#include <string>

namespace minrnn {

/// Throws Error when a size of c[m, n] = a[m, k] b[k, n] is negative.
inline void checkProductSizes(std::int64_t m, std::int64_t n, std::int64_t k) {
  if (m < 0 || n < 0 || k < 0)
    throw Error("a matrix product of negative size: " + std::to_string(m) +
                " x " + std::to_string(n) + " x " + std::to_string(k));
}

/// The same, and when the result is of a half type that an operand is not.
inline void checkProduct(const MatrixProduct &product) {
  checkProductSizes(product.m, product.n, product.k);
  if (product.resultType != ElementType::F32 &&
      (product.aType != product.resultType ||
       product.bType != product.resultType))
    throw Error("the result of a matrix product must be f32 or of the type of "
                "its operands");
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_PRODUCTSIZES_H
