//===- random.h - Random numbers that are the same everywhere ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The standard library's distributions differ from one implementation to the
// next; these do not.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RANDOM_H
#define MINRNN_RANDOM_H

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace minrnn {

/// SplitMix64 (Steele, Lea, Flood 2014). Each (seed, stream) begins a sequence
/// of its own, so that a training step can draw its numbers without the steps
/// before it.
class Random {
public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0)
      : state(mix(seed) ^ mix(stream + increment)) {}

  /// Uniform over all 64-bit words.
  std::uint64_t next() {
    state += increment;
    return mix(state);
  }

  /// Uniform over [0, 1), in steps of 2^-53.
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

  /// Uniform over [0, count), for `count` from 1 to 2^53.
  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>(uniform() * static_cast<double>(count));
  }

  /// The normal distribution of mean 0 and variance 1 (Box & Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

private:
  static constexpr std::uint64_t increment = 0x9e3779b97f4a7c15;

  static std::uint64_t mix(std::uint64_t word) {
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111eb;
    return word ^ (word >> 31U);
  }

  std::uint64_t state;
};

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): four random words from a
/// counter and a key, for when numbers are drawn in no particular order.
constexpr std::array<std::uint32_t, 4>
philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = 0xd2511f53ULL * counter[0];
    const std::uint64_t second = 0xcd9e8d57ULL * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32U) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32U) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(first)};
    key = {key[0] + 0x9e3779b9U, key[1] + 0xbb67ae85U};
  }
  return counter;
}

} // namespace minrnn

#endif // MINRNN_RANDOM_H
