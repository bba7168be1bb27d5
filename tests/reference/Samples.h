//===- Samples.h - Random numbers, and comparing ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers that are the same on every machine and in every run, and the
// comparison of a result with the reference's: |found - expected| <= absolute +
// relative * |expected|, told by its worst place.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_SAMPLES_H
#define MINRNN_TESTS_REFERENCE_SAMPLES_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::reference {

/// A small counter-based generator (SplitMix64: Steele, Lea, Flood, "Fast
/// splittable pseudorandom number generators", 2014). The standard library's
/// distributions differ between implementations; this does not.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next();
  /// In [0, 1).
  double uniform();
  /// Mean 0, deviation 1.
  double normal();

private:
  uint64_t state;
};

/// `count` numbers, normal: gradients that come in.
std::vector<float> sampleNormal(int64_t count, uint64_t seed,
                                double deviation = 1);

std::vector<double> widen(std::span<const float> values);

struct Tolerance {
  /// In units of `magnitude` where one is given, else a plain number.
  double absolute = 0;
  double relative = 0;
};

struct Comparison {
  bool agrees = true;
  /// The first place with the largest error, in units of what is allowed
  /// there; -1 when there is nothing to compare.
  int64_t worstIndex = -1;
  double worstFound = 0;
  double worstExpected = 0;
  /// The error there over what is allowed there; agrees means <= 1.
  double worstExcess = 0;
  /// To report: the largest |found - expected| / |expected| where
  /// neither cancellation nor underflow rules, that is where |expected| is at
  /// least a tenth of its magnitude, and above 1e-24.
  double largestRelative = 0;
  /// For people: the place, both numbers and the excess.
  std::string message;
};

/// Compares at every place. `magnitude` (as in Estimates) may be
/// empty; where given, the absolute part is `absolute * magnitude + underflow`,
/// where underflow, 1e-30, stands for what single precision may flush to zero.
/// A found value that is NaN or infinite never agrees. Throws
/// std::invalid_argument when the sizes differ.
Comparison compare(std::span<const float> found,
                   std::span<const double> expected, Tolerance tolerance,
                   std::span<const double> magnitude = {});
Comparison compare(std::span<const double> found,
                   std::span<const double> expected, Tolerance tolerance,
                   std::span<const double> magnitude = {});

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_SAMPLES_H
