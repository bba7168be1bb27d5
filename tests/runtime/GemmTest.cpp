//===- GemmTest.cpp - Matrix products on the host -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "runtime/device/HostProduct.h"
#include "tests/runtime/Comparison.h"

#include "gtest/gtest.h"

#include <omp.h>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

template <typename Scalar> void checkGemm() {
  struct Sizes {
    std::int64_t m, n, k;
  };
  for (const auto &[m, n, k] :
       {Sizes{1, 1, 1}, Sizes{3, 5, 7}, Sizes{130, 40, 70}, Sizes{33, 700, 20},
        Sizes{600, 90, 33}, Sizes{4, 0, 3}, Sizes{0, 4, 3}, Sizes{4, 3, 0}})
    for (const Transpose ta : {Transpose::No, Transpose::Yes})
      for (const Transpose tb : {Transpose::No, Transpose::Yes})
        for (const bool accumulate : {false, true}) {
          const std::vector<double> a = randomNumbers(m * k, 1);
          const std::vector<double> b = randomNumbers(k * n, 2);
          std::vector<Scalar> as(a.begin(), a.end());
          std::vector<Scalar> bs(b.begin(), b.end());
          std::vector<Scalar> c(static_cast<std::size_t>(m * n), 3);
          gemm<Scalar>(m, n, k, {as.data(), ta == Transpose::No ? k : m, ta},
                       {bs.data(), tb == Transpose::No ? n : k, tb}, c.data(),
                       n, accumulate);
          for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t j = 0; j < n; ++j) {
              double sum = accumulate ? 3 : 0;
              for (std::int64_t l = 0; l < k; ++l)
                sum += a[ta == Transpose::No ? i * k + l : l * m + i] *
                       b[tb == Transpose::No ? l * n + j : j * k + l];
              ASSERT_NEAR(c[i * n + j], sum, 5e-5)
                  << m << " x " << n << " x " << k << " at " << i << ", " << j;
            }
        }
}

TEST(Gemm, FloatOfEverySizeAndTranspose) { checkGemm<float>(); }
TEST(Gemm, DoubleOfEverySizeAndTranspose) { checkGemm<double>(); }

// Of integers, so that the sum is exact in any order: no term is lost or
// counted twice where it is cut.
TEST(Gemm, OfALongSumHasEveryTermOnce) {
  constexpr std::int64_t m = 3;
  constexpr std::int64_t n = 90;
  constexpr std::int64_t stride = n + 2;
  for (const std::int64_t k : {1023, 1024, 1111, 9000})
    for (const bool accumulate : {false, true}) {
      std::vector<float> a(static_cast<std::size_t>(m * k));
      std::vector<float> b(static_cast<std::size_t>(k * n));
      for (std::size_t i = 0; i < a.size(); ++i)
        a[i] = static_cast<float>(i * i % 17) - 8;
      for (std::size_t i = 0; i < b.size(); ++i)
        b[i] = static_cast<float>(i * 5 % 13) - 6;
      std::vector<float> c(static_cast<std::size_t>(m * stride), 3);
      gemm<float>(m, n, k, {a.data(), k}, {b.data(), n}, c.data(), stride,
                  accumulate);
      for (std::int64_t i = 0; i < m; ++i)
        for (std::int64_t j = 0; j < stride; ++j) {
          float sum = accumulate || j >= n ? 3 : 0;
          for (std::int64_t l = 0; l < k && j < n; ++l)
            sum += a[static_cast<std::size_t>(i * k + l)] *
                   b[static_cast<std::size_t>(l * n + j)];
          ASSERT_EQ(c[static_cast<std::size_t>(i * stride + j)], sum)
              << k << " terms, at " << i << ", " << j;
        }
    }
}

TEST(Gemm, OfALongSumIsTheSameOnAnyNumberOfThreads) {
  constexpr std::int64_t m = 30;
  constexpr std::int64_t n = 20;
  constexpr std::int64_t k = 5000;
  const std::vector<float> a = toFloats(randomNumbers(m * k, 1));
  const std::vector<float> b = toFloats(randomNumbers(k * n, 2));
  const auto productOn = [&](int threads) {
    std::vector<float> c(static_cast<std::size_t>(m * n));
    omp_set_num_threads(threads);
    gemm<float>(m, n, k, {a.data(), m, Transpose::Yes}, {b.data(), n}, c.data(),
                n, false);
    return c;
  };
  const int threads = omp_get_max_threads();
  const std::vector<float> expected = productOn(1);
  for (const int count : {2, 3, 16})
    EXPECT_EQ(productOn(count), expected) << count << " threads";
  omp_set_num_threads(threads);
}

TEST(Gemm, RefusesWhatBlasCannotTake) {
  EXPECT_THROW(gemm<float>(-1, 1, 1, {}, {}, nullptr, 1, false), Error);
  EXPECT_THROW(gemm<float>(0, 1, 1, {nullptr, std::int64_t{1} << 40},
                           {nullptr, 1}, nullptr, 1, false),
               Error);
}

} // namespace
