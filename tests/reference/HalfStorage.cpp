//===- HalfStorage.cpp - Half precision, plain and slow -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Apart from what the compiler emits: a number is scaled so that its last kept
// bit is the unit, rounded to even by the library, and scaled back.
//
//===----------------------------------------------------------------------===//

#include "tests/reference/HalfStorage.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

using namespace minrnn;

static constexpr float infinity = std::numeric_limits<float>::infinity();

static float roundedToBits(float value, int precision, int smallestExponent) {
  if (!std::isfinite(value) || value == 0)
    return value;
  int exponent = std::max(std::ilogb(value), smallestExponent);
  int unit = exponent - (precision - 1);
  double rounded =
      std::nearbyint(std::ldexp(static_cast<double>(value), -unit));
  return static_cast<float>(std::ldexp(rounded, unit));
}

float reference::roundedTo(std::string_view ioType, float value) {
  if (ioType == "bf16")
    return roundedToBits(value, 8, -126);
  if (ioType == "f16") {
    constexpr float largest = 65504;
    float rounded = roundedToBits(value, 11, -14);
    return std::fabs(rounded) > largest ? std::copysign(infinity, rounded)
                                        : rounded;
  }
  return value;
}

uint16_t reference::halfBits(std::string_view ioType, float value) {
  value = roundedTo(ioType, value);
  if (ioType == "bf16")
    return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
  unsigned sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value))
    return static_cast<uint16_t>(sign | 0x7E00);
  if (std::isinf(value))
    return static_cast<uint16_t>(sign | 0x7C00);
  float magnitude = std::fabs(value);
  if (magnitude < 0x1p-14F)
    return static_cast<uint16_t>(
        sign | static_cast<unsigned>(std::ldexp(magnitude, 24)));
  int exponent = std::ilogb(magnitude);
  unsigned fraction =
      static_cast<unsigned>(std::ldexp(magnitude, 10 - exponent)) - 1024;
  return static_cast<uint16_t>(
      sign | (static_cast<unsigned>(exponent + 15) << 10) | fraction);
}

float reference::fromHalfBits(std::string_view ioType, uint16_t bits) {
  if (ioType == "bf16")
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  int exponent = (bits >> 10) & 31;
  int fraction = bits & 1023;
  if (exponent == 31)
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                         : sign * infinity;
  return sign * (exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                               : std::ldexp(static_cast<float>(1024 + fraction),
                                            exponent - 25));
}
