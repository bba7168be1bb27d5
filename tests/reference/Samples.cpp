//===- Samples.cpp - Random numbers, and comparing ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Samples.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <sstream>
#include <stdexcept>

using namespace minrnn::reference;

uint64_t Random::next() {
  state += 0x9e3779b97f4a7c15;
  uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

double Random::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

double Random::normal() {
  // Box and Muller (1958); the second number is not kept, for simplicity.
  double radius = std::sqrt(-2 * std::log1p(-uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

namespace {

template <typename Number>
Comparison compareAs(std::span<const Number> found,
                     std::span<const double> expected, Tolerance tolerance,
                     std::span<const double> magnitude) {
  constexpr double underflow = 1e-30;
  if (found.size() != expected.size() ||
      (!magnitude.empty() && magnitude.size() != expected.size()))
    throw std::invalid_argument("compare: sizes differ");

  Comparison result;
  for (size_t i = 0; i < found.size(); ++i) {
    double error = std::abs(static_cast<double>(found[i]) - expected[i]);
    double floor = tolerance.absolute;
    if (!magnitude.empty())
      floor = floor * magnitude[i] + underflow;
    double allowed = floor + tolerance.relative * std::abs(expected[i]);
    double excess = error == 0 ? 0 : error / allowed;
    // Written so that a NaN, found or expected, counts as infinitely wrong.
    if (!std::isfinite(found[i]) || !(excess >= 0))
      excess = std::numeric_limits<double>::infinity();
    if (result.worstIndex < 0 || excess > result.worstExcess) {
      result.worstIndex = static_cast<int64_t>(i);
      result.worstFound = found[i];
      result.worstExpected = expected[i];
      result.worstExcess = excess;
    }
    double scale = magnitude.empty() ? 0 : magnitude[i];
    double size = std::abs(expected[i]);
    if (size > 1e6 * underflow && size >= 0.1 * scale)
      result.largestRelative = std::max(result.largestRelative, error / size);
  }
  result.agrees = result.worstExcess <= 1;

  std::ostringstream message;
  message.precision(9);
  if (result.worstIndex < 0)
    message << "nothing to compare";
  else
    message << "worst at index " << result.worstIndex << ": found "
            << result.worstFound << ", expected " << result.worstExpected
            << ", " << result.worstExcess << " times what is allowed (absolute "
            << tolerance.absolute
            << (magnitude.empty() ? "" : " of the magnitude") << ", relative "
            << tolerance.relative << ")";
  result.message = message.str();
  return result;
}

} // namespace

std::vector<float> minrnn::reference::sampleNormal(int64_t count, uint64_t seed,
                                                   double deviation) {
  Random random(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = static_cast<float>(deviation * random.normal());
  return values;
}

std::vector<double> minrnn::reference::widen(std::span<const float> values) {
  return {values.begin(), values.end()};
}

Comparison minrnn::reference::compare(std::span<const float> found,
                                      std::span<const double> expected,
                                      Tolerance tolerance,
                                      std::span<const double> magnitude) {
  return compareAs(found, expected, tolerance, magnitude);
}

Comparison minrnn::reference::compare(std::span<const double> found,
                                      std::span<const double> expected,
                                      Tolerance tolerance,
                                      std::span<const double> magnitude) {
  return compareAs(found, expected, tolerance, magnitude);
}
