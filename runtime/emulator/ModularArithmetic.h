//===- ModularArithmetic.h - f32 as integers modulo 2^32 --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding makes a sum depend on its order, so two schedules of one recurrence
// are compared within a tolerance, and a wrong term that is small hides in it.
// Here the 32 bits of an f32 stand for an integer modulo 2^32, one to one: 0.0
// is 0, 1.0 is 1, and -x is the negative of x, but for zero. Addition,
// multiplication and fused multiply-add are those of the integers, whatever
// their rounding mode: associative, commutative and distributive. So every
// order of the same terms gives the same bits, and a term that is missing,
// doubled or another's gives others, as good as always.
//
// - ex2, lg2, rcp, sqrt, the quotient, the roundings to an integral value and a
//   saturation are functions without meaning: the same operands give the same
//   result, others another. What depends on an identity between them, such as
//   that 2^(x + y) is a product, differs from order to order. So linear scans
//   can be compared, those in log space cannot.
// - The results of these functions are odd, and so have an inverse: a product
//   of any number of them is not zero, and forgets nothing. What is saturated
//   is even, so that 1 plus the correction of an exponential is odd, too. (A
//   product of 32 even numbers is zero. Whoever compares long sequences sees to
//   it that the coefficients of the state are odd.)
// - Order is that of signed integers: the sign is that of the f32, a magnitude
//   is the same for x and -x, minimum, maximum and comparisons agree with one
//   another, and nothing is NaN. Magnitudes are in another order than those of
//   f32: what a comparison chooses is consistent, not meaningful.
// - Bits are what they are: selection, moves, memory, and integer arithmetic on
//   the bits of an f32. Halves are stored by the rounding of f32's bits, which
//   loses information, the same in every order.
// - An f64 that is made of an f32 is its integer, and becomes it again modulo
//   2^32: sums of a million of them are exact. Products in f64 are not.
// - What else has no meaning, such as an f32 made of an integer, is refused.
//
// Internal to the emulator, and for tests.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_MODULARARITHMETIC_H
#define MINRNN_RUNTIME_EMULATOR_MODULARARITHMETIC_H

#include <bit>
#include <cstdint>

namespace minrnn::emulator {

// A magnitude of 31 bits is rotated so that the 127 << 23 of 1.0 is 127, and
// multiplied by the inverse of 127 modulo 2^31.
inline constexpr uint32_t magnitudeMask = 0x7FFFFFFF;
inline constexpr uint32_t inverseOf127 = 0x6FDFBF7F;
static_assert((127 * inverseOf127 & magnitudeMask) == 1);

/// The integer that an f32 stands for. (-0.0 is 2^31, which is its own
/// negative.)
inline uint32_t toInteger(float number) {
  const auto bits = std::bit_cast<uint32_t>(number);
  const uint32_t rotated = (bits & magnitudeMask) >> 23 | bits << 8;
  const uint32_t magnitude = (rotated * inverseOf127) & magnitudeMask;
  const uint32_t sign = bits >> 31;
  // For -0.0 the sign alone is left.
  return (magnitude ^ (0 - sign)) + sign + (magnitude == 0 ? bits : 0);
}

/// The f32 that stands for an integer.
inline float fromInteger(uint32_t integer) {
  const uint32_t sign = integer >> 31;
  const uint32_t magnitude = ((integer ^ (0 - sign)) + sign) & magnitudeMask;
  const uint32_t rotated = (magnitude * 127) & magnitudeMask;
  const uint32_t bits = (rotated << 23 & magnitudeMask) | rotated >> 8;
  return std::bit_cast<float>(bits | sign << 31);
}

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_MODULARARITHMETIC_H
