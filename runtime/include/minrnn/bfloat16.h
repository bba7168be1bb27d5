//===- bfloat16.h - A number of 16 bits -------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_BFLOAT16_H
#define MINRNN_BFLOAT16_H

#include <bit>
#include <cstdint>

namespace minrnn {

/// bf16: the upper half of an f32. It is for storage; arithmetic is f32's.
struct BFloat16 {
  std::uint16_t bits;

  BFloat16() = default;
  /// Rounds to the nearest, ties to even; what is too large becomes infinite.
  explicit BFloat16(float number) {
    const auto word = std::bit_cast<std::uint32_t>(number);
    constexpr std::uint16_t notANumber = 0x7FFF;
    bits = number != number ? notANumber
                            : static_cast<std::uint16_t>(
                                  (word + 0x7FFFU + (word >> 16U & 1U)) >> 16U);
  }
  operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
  }
};

} // namespace minrnn

#endif // MINRNN_BFLOAT16_H
