//===- HalfStorage.h - Arrays of f16 and bf16 -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_HALFSTORAGE_H
#define MINRNN_RUNTIME_CORE_HALFSTORAGE_H

#include "minrnn/matrix_product.h"

#include <cstdint>
#include <string_view>

namespace minrnn {

/// `f32`, `f16` or `bf16`, as a manifest's io type. Throws Error for others.
ElementType elementTypeOf(std::string_view name);

/// The number that 16 bits of `type` (not F32) stand for, exactly.
float widen(ElementType type, std::uint16_t bits);

/// `value` rounded to `type` (not F32), to the nearest, ties to even; NaN stays
/// NaN, what is too large becomes infinite.
std::uint16_t narrow(ElementType type, double value);

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_HALFSTORAGE_H
