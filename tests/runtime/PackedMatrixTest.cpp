//===- PackedMatrixTest.cpp - Rows by packed weights, against sums --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/PackedMatrix.h"
#include "tests/runtime/Comparison.h"

#include "gtest/gtest.h"

#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

std::vector<float> randomFloats(std::int64_t count, std::uint64_t seed) {
  return toFloats(randomNumbers(count, seed));
}

TEST(PackedMatrix, MultipliesEverySize) {
  for (const std::int64_t n : {0, 1, 15, 16, 17, 32, 47, 100})
    for (const std::int64_t k : {0, 1, 7, 64})
      for (const Transpose transpose : {Transpose::No, Transpose::Yes}) {
        const std::int64_t stride =
            (transpose == Transpose::No ? n : k) + std::int64_t{3};
        const std::vector<float> b =
            randomFloats((transpose == Transpose::No ? k : n) * stride, 1);
        const PackedMatrix packed(k, n, {b.data(), stride, transpose});
        for (std::int64_t rows = 0; rows <= 19; ++rows)
          for (const bool accumulate : {false, true}) {
            const std::vector<float> a = randomFloats(rows * (k + 2), 2);
            std::vector<float> c(static_cast<std::size_t>(rows * (n + 5)), 3);
            packed.multiply(rows, a.data(), k + 2, c.data(), n + 5, accumulate);
            for (std::int64_t i = 0; i < rows; ++i)
              for (std::int64_t j = 0; j < n + 5; ++j) {
                double sum = accumulate || j >= n ? 3 : 0;
                for (std::int64_t l = 0; l < k && j < n; ++l)
                  sum += static_cast<double>(a[i * (k + 2) + l]) *
                         b[transpose == Transpose::No ? l * stride + j
                                                      : j * stride + l];
                ASSERT_NEAR(c[i * (n + 5) + j], sum, 5e-5)
                    << rows << " x " << n << " x " << k << " at " << i << ", "
                    << j;
              }
          }
      }
}

TEST(PackedMatrix, ARowDoesNotDependOnTheOthers) {
  constexpr std::int64_t k = 77;
  constexpr std::int64_t n = 53;
  constexpr std::int64_t rows = 21;
  const std::vector<float> b = randomFloats(k * n, 1);
  const std::vector<float> a = randomFloats(rows * k, 2);
  const PackedMatrix packed(k, n, {b.data(), n});
  std::vector<float> together(rows * n);
  packed.multiply(rows, a.data(), k, together.data(), n, false);
  for (std::int64_t some = 1; some < rows; ++some) {
    std::vector<float> apart(rows * n);
    packed.multiply(some, a.data(), k, apart.data(), n, false);
    packed.multiply(rows - some, a.data() + some * k, k,
                    apart.data() + some * n, n, false);
    EXPECT_EQ(apart, together) << some;
  }
}

} // namespace
