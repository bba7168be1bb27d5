//===- Comparison.h - How tests compare floats with doubles -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_COMPARISON_H
#define MINRNN_TESTS_RUNTIME_COMPARISON_H

#include "minrnn/random.h"

#include "gtest/gtest.h"
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace minrnn::test {

/// `count` numbers from a normal distribution times `scale`, each exact in f32.
inline std::vector<double> randomNumbers(std::int64_t count, std::uint64_t seed,
                                         double scale = 1) {
  Random random(seed);
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (double &number : numbers)
    number = static_cast<float>(scale * random.normal());
  return numbers;
}

inline std::vector<float> toFloats(std::span<const double> numbers) {
  std::vector<float> floats;
  for (const double number : numbers)
    floats.push_back(static_cast<float>(number));
  return floats;
}

/// Every element within relative * |expected| + absolute of the expected one.
inline void expectClose(std::span<const float> found,
                        std::span<const double> expected, double relative,
                        double absolute, const std::string &what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double bound = relative * std::abs(expected[i]) + absolute;
    ASSERT_LE(std::abs(static_cast<double>(found[i]) - expected[i]), bound)
        << what << ", element " << i << ": found " << found[i] << ", expected "
        << expected[i];
  }
}

/// The gradient of `loss`, a function without arguments of the numbers in
/// `variables`, by central differences in double.
template <typename Loss>
std::vector<double> centralDifferences(std::vector<double> &variables,
                                       const Loss &loss) {
  constexpr double distance = 1e-5;
  std::vector<double> gradient;
  for (double &variable : variables) {
    const double value = variable;
    variable = value + distance;
    const double above = loss();
    variable = value - distance;
    const double below = loss();
    variable = value;
    gradient.push_back((above - below) / (2 * distance));
  }
  return gradient;
}

/// The sum of elementwise products: a loss whose gradient is `weights`.
inline double weightedSum(std::span<const double> values,
                          std::span<const double> weights) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += values[i] * weights[i];
  return sum;
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_COMPARISON_H
