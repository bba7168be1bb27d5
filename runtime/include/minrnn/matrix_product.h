//===- matrix_product.h - A matrix product on a device ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_MATRIX_PRODUCT_H
#define MINRNN_MATRIX_PRODUCT_H

#include <cstdint>

namespace minrnn {

/// What becomes of the former content of an array that is written.
enum class Store { Overwrite, Add };

/// How numbers are stored; products are summed in f32 whatever they are.
enum class ElementType { F32, F16, BF16 };

/// Bytes of one element.
constexpr std::int64_t elementBytes(ElementType type) {
  return type == ElementType::F32 ? 4 : 2;
}

enum class Transpose { No, Yes };

/// A matrix in memory, rows contiguous; `stride` is the distance of two rows,
/// in elements. Transposed, it is read as its transpose.
template <typename Scalar> struct MatrixOperand {
  const Scalar *data = nullptr;
  std::int64_t stride = 0;
  Transpose transpose = Transpose::No;
};

/// c[m, n] = a[m, k] b[k, n], rows of `c` at a distance of `cStride` elements,
/// stored or added as `store` says. All three hold elements of `type`. `c`
/// shares no element with `a` or `b`. With `k` 0 the product is zero.
struct MatrixProduct {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  MatrixOperand<void> a;
  MatrixOperand<void> b;
  void *c = nullptr;
  std::int64_t cStride = 0;
  Store store = Store::Overwrite;
  ElementType type = ElementType::F32;
};

} // namespace minrnn

#endif // MINRNN_MATRIX_PRODUCT_H
