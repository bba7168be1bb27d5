//===- matrix_product.h - A matrix product on a device ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_MATRIX_PRODUCT_H
#define MINRNN_MATRIX_PRODUCT_H

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace minrnn {

/// How numbers are stored.
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

/// How a product is formed.
///   Ieee    of its operands as they are, summed in f32
///   Tf32    operands of f32 are rounded to 11 significant bits, sums are f32
///   Bf16    operands of f32 are rounded to bf16, sums are f32
///   Double  summed in f64, and the sum, with what it is added to, is rounded
///           once; a reference, not fast, and on a GPU it is formed on the
///           host, so that it cannot be recorded in a graph
/// Halves are taken as they are by all of them.
enum class Precision { Ieee, Tf32, Bf16, Double };
inline constexpr std::array<std::string_view, 4> precisionNames = {
    "ieee", "tf32", "bf16", "double"};

/// The precision of a name; nothing where there is none.
std::optional<Precision> findPrecision(std::string_view name);

/// c[m, n] = a[m, k] b[k, n], added to what `c` holds where `accumulate` is
/// true; rows of `c` are at a distance of `cStride` elements. Each holds
/// elements of a type; that of `c` is f32, or that of both `a` and `b`. Of `a`
/// and `b` of two types a GPU widens halves to f32 first, for which it reserves
/// memory: it can be recorded in a graph after one as large has run. `c` shares
/// no element with `a` or `b`. With `k` 0 the product is zero.
struct MatrixProduct {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  MatrixOperand<void> a;
  MatrixOperand<void> b;
  void *c = nullptr;
  std::int64_t cStride = 0;
  bool accumulate = false;
  ElementType aType = ElementType::F32;
  ElementType bType = ElementType::F32;
  ElementType resultType = ElementType::F32;
  Precision precision = Precision::Ieee;
};

} // namespace minrnn

#endif // MINRNN_MATRIX_PRODUCT_H
