//===- FloatFormats.h - Single precision as the PTX ISA has it --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_FLOATFORMATS_H
#define MINRNN_RUNTIME_EMULATOR_FLOATFORMATS_H

#include <bit>
#include <cstdint>

namespace minrnn::emulator {

/// .ftz: subnormal numbers become zero of the same sign.
inline float flush(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  bool subnormal = (bits & 0x7F800000) == 0;
  return std::bit_cast<float>(subnormal ? bits & 0x80000000 : bits);
}

/// Operations on .f32 that result in NaN give the canonical one, 0x7FFFFFFF.
inline float canonical(float value) {
  return value != value ? std::bit_cast<float>(0x7FFFFFFFu) : value;
}
inline double canonical(double value) { return value; }

/// .sat: clamped to [0, 1], NaN to 0.
template <typename T> T saturate(T value) {
  T low = value > T(0) ? value : T(0);
  return low < T(1) ? low : T(1);
}

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_FLOATFORMATS_H
