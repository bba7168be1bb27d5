//===- HalfFormats.h - The 16-bit floating-point formats --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formats bit by bit, as the PTX ISA rounds to them.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_HALFFORMATS_H
#define MINRNN_RUNTIME_CORE_HALFFORMATS_H

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace minrnn {

/// IEEE binary16.
struct Half {
  static constexpr int mantissaBits = 10;
  static constexpr int exponentBits = 5;
};

/// The upper half of a binary32.
struct BFloat {
  static constexpr int mantissaBits = 7;
  static constexpr int exponentBits = 8;
};

/// The exact value of 16 bits of a format.
template <typename Format> double valueOf(uint16_t bits) {
  constexpr int bias = (1 << (Format::exponentBits - 1)) - 1;
  constexpr int maxExponent = (1 << Format::exponentBits) - 1;
  int exponent = bits >> Format::mantissaBits & maxExponent;
  int mantissa = bits & ((1 << Format::mantissaBits) - 1);
  double magnitude;
  if (exponent == maxExponent)
    magnitude = mantissa ? NAN : INFINITY;
  else if (exponent == 0)
    magnitude = std::ldexp(mantissa, 1 - bias - Format::mantissaBits);
  else
    magnitude = std::ldexp(mantissa + (1 << Format::mantissaBits),
                           exponent - bias - Format::mantissaBits);
  return bits >> 15 ? -magnitude : magnitude;
}

/// Rounds to the nearest of a format, half to even. NaN becomes the format's
/// canonical NaN, 0x7FFF.
template <typename Format> uint16_t roundTo(double value) {
  constexpr int bias = (1 << (Format::exponentBits - 1)) - 1;
  constexpr uint16_t infinity = ((1 << Format::exponentBits) - 1)
                                << Format::mantissaBits;
  if (std::isnan(value))
    return 0x7FFF;
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double magnitude = std::fabs(value);
  if (std::isinf(magnitude))
    return sign | infinity;
  if (magnitude == 0)
    return sign;
  int exponent = std::max(std::ilogb(magnitude), 1 - bias);
  // In units of the last place the magnitude is below 2^(mantissaBits + 1),
  // so its integer part and what is cut off are exact.
  double units = std::ldexp(magnitude, Format::mantissaBits - exponent);
  double whole = std::floor(units);
  double rest = units - whole;
  auto integer = static_cast<uint32_t>(whole);
  integer += rest > 0.5 || (rest == 0.5 && (integer & 1));
  // A carry out of the mantissa runs into the exponent, as it should.
  uint32_t bits =
      integer + (uint32_t(exponent + bias - 1) << Format::mantissaBits);
  return sign | std::min<uint32_t>(bits, infinity);
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_HALFFORMATS_H
