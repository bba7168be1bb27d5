//===- HalfStorage.h - Half precision, plain and slow -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_HALFSTORAGE_H
#define MINRNN_TESTS_REFERENCE_HALFSTORAGE_H

#include <cstdint>
#include <string_view>

namespace minrnn::reference {

/// `value` as the io type `f32`, `f16` or `bf16` stores it, rounded to nearest
/// even.
float roundedTo(std::string_view ioType, float value);

/// The 16 bits of `value` rounded to f16 or bf16, and the number they stand
/// for.
uint16_t halfBits(std::string_view ioType, float value);
float fromHalfBits(std::string_view ioType, uint16_t bits);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_HALFSTORAGE_H
