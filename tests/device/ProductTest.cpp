//===- ProductTest.cpp - Matrix products of every device ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/OnDevice.h"
#include "tests/reference/HalfStorage.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;
using reference::fromHalfBits;
using reference::halfBits;
using reference::roundedTo;

namespace {

constexpr std::int64_t sizes[] = {0, 1, 3, 33, 130};

/// Elements between the end of a row and the beginning of the next, and before
/// the first: rows need not be dense, nor arrays aligned.
constexpr std::int64_t gap = 3;
constexpr std::int64_t lead = 1;

class Product
    : public OnDevice,
      public testing::WithParamInterface<std::tuple<std::string, std::string>> {
protected:
  void SetUp() override {
    open(std::get<0>(GetParam()));
    const std::string &kind = std::get<1>(GetParam());
    operandName = kind.substr(0, kind.find('_'));
    resultName =
        kind.find("_to_f32") == std::string::npos ? operandName : "f32";
    const std::size_t in = kind.find("_in_");
    precision = in == std::string::npos ? Precision::Ieee
                                        : *findPrecision(kind.substr(in + 4));
    if (device && !device->hasProducts(precision))
      GTEST_SKIP() << "no products in " << kind.substr(in + 4);
  }
  void TearDown() override {
    if (!device)
      return;
    for (const std::uint64_t address : addresses)
      device->release(address);
  }

  /// A matrix on the device. Between its rows is NaN, which must neither be
  /// read nor be written over.
  struct Matrix {
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::string type;
    std::vector<float> numbers; // dense
    std::uint64_t address = 0;  // of the first element
    std::int64_t stride = 0;

    float at(std::int64_t row, std::int64_t column) const {
      return numbers[static_cast<std::size_t>(row * columns + column)];
    }
  };

  static std::vector<std::byte> encode(const std::string &type,
                                       const std::vector<float> &numbers) {
    std::vector<std::byte> bytes(numbers.size() *
                                 static_cast<std::size_t>(bytesOf(type)));
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (type == "f32") {
        std::memcpy(&bytes[4 * i], &numbers[i], 4);
      } else {
        const std::uint16_t bits = halfBits(type, numbers[i]);
        std::memcpy(&bytes[2 * i], &bits, 2);
      }
    return bytes;
  }
  static std::vector<float> decode(const std::string &type,
                                   const std::vector<std::byte> &bytes) {
    std::vector<float> numbers(bytes.size() /
                               static_cast<std::size_t>(bytesOf(type)));
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (type == "f32") {
        std::memcpy(&numbers[i], &bytes[4 * i], 4);
      } else {
        std::uint16_t bits = 0;
        std::memcpy(&bits, &bytes[2 * i], 2);
        numbers[i] = fromHalfBits(type, bits);
      }
    return numbers;
  }

  Matrix upload(const std::string &type, std::int64_t rows,
                std::int64_t columns, std::vector<float> numbers) {
    Matrix matrix{rows, columns, type, std::move(numbers), 0, columns + gap};
    std::vector<float> spread(
        static_cast<std::size_t>(lead + rows * matrix.stride),
        std::numeric_limits<float>::quiet_NaN());
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        spread[static_cast<std::size_t>(lead + i * matrix.stride + j)] =
            matrix.at(i, j);
    const std::vector<std::byte> bytes = encode(type, spread);
    matrix.address = device->allocate(bytes.size());
    addresses.push_back(matrix.address);
    device->copyToDevice(matrix.address, bytes.data(), bytes.size());
    matrix.address += static_cast<std::uint64_t>(lead * bytesOf(type));
    return matrix;
  }

  Matrix sample(const std::string &type, std::int64_t rows,
                std::int64_t columns, std::uint64_t seed) {
    std::vector<float> numbers = reference::sampleNormal(rows * columns, seed);
    for (float &number : numbers)
      number = roundedTo(type, number);
    return upload(type, rows, columns, std::move(numbers));
  }

  /// The matrix as the device has it now. Fails when what lies between the
  /// rows has changed.
  std::vector<float> download(const Matrix &matrix) const {
    std::vector<std::byte> bytes(static_cast<std::size_t>(
        (lead + matrix.rows * matrix.stride) * bytesOf(matrix.type)));
    device->copyToHost(bytes.data(),
                       matrix.address - static_cast<std::uint64_t>(
                                            lead * bytesOf(matrix.type)),
                       bytes.size());
    const std::vector<float> spread = decode(matrix.type, bytes);
    std::vector<float> dense;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(spread.size()); ++i)
      if (i >= lead && (i - lead) % matrix.stride < matrix.columns)
        dense.push_back(spread[static_cast<std::size_t>(i)]);
      else
        EXPECT_TRUE(std::isnan(spread[static_cast<std::size_t>(i)]))
            << "element " << i << " lies in no row, and is written";
    return dense;
  }

  static MatrixOperand<void> operand(const Matrix &matrix,
                                     Transpose transpose) {
    return {pointer(matrix), matrix.stride, transpose};
  }
  static void *pointer(const Matrix &matrix) {
    return std::bit_cast<void *>(static_cast<std::uintptr_t>(matrix.address));
  }

  void check(std::int64_t m, std::int64_t n, std::int64_t k, Transpose ta,
             Transpose tb, bool accumulate);

  static ElementType typeOf(const std::string &name) {
    return name == "f32"   ? ElementType::F32
           : name == "f16" ? ElementType::F16
                           : ElementType::BF16;
  }
  static std::int64_t bytesOf(const std::string &name) {
    return elementBytes(typeOf(name));
  }
  /// c = a b, or what is added to it, as the test has it.
  MatrixProduct product(std::int64_t m, std::int64_t n, std::int64_t k,
                        MatrixOperand<void> a, MatrixOperand<void> b, void *c,
                        std::int64_t cStride, bool accumulate) const {
    return {m,
            n,
            k,
            a,
            b,
            c,
            cStride,
            accumulate,
            typeOf(operandName),
            typeOf(operandName),
            typeOf(resultName),
            precision};
  }

  std::string operandName;
  std::string resultName;
  Precision precision = Precision::Ieee;
  std::vector<std::uint64_t> addresses;
  double largestShare = 0;
};

void Product::check(std::int64_t m, std::int64_t n, std::int64_t k,
                    Transpose ta, Transpose tb, bool accumulate) {
  const bool flipsA = ta == Transpose::Yes;
  const bool flipsB = tb == Transpose::Yes;
  const Matrix a =
      flipsA ? sample(operandName, k, m, 1) : sample(operandName, m, k, 1);
  const Matrix b =
      flipsB ? sample(operandName, n, k, 2) : sample(operandName, k, n, 2);
  // To be overwritten: NaN, which zero times would keep.
  const Matrix c =
      accumulate
          ? sample(resultName, m, n, 3)
          : upload(resultName, m, n,
                   std::vector<float>(static_cast<std::size_t>(m * n),
                                      std::numeric_limits<float>::quiet_NaN()));
  const MatrixProduct call = product(m, n, k, operand(a, ta), operand(b, tb),
                                     pointer(c), c.stride, accumulate);
  device->multiply(call);
  const std::vector<float> found = download(c);
  // The last kept bit of a half, as a part of the number, and of those that
  // are subnormal.
  const double roundoff = resultName == "f32"   ? 0
                          : resultName == "f16" ? 0x1p-11
                                                : 0x1p-8;
  const double smallest = resultName == "f16" ? 0x1p-25 : 0;
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = accumulate ? c.at(i, j) : 0;
      double magnitude = std::abs(sum);
      for (std::int64_t l = 0; l < k; ++l) {
        const double term =
            static_cast<double>(flipsA ? a.at(l, i) : a.at(i, l)) *
            (flipsB ? b.at(j, l) : b.at(l, j));
        sum += term;
        magnitude += std::abs(term);
      }
      // Any order of k products and their sums in f32, then one rounding; in
      // double, one rounding.
      const double roundings = static_cast<double>(k) + (accumulate ? 1 : 0);
      const double inF32 =
          precision == Precision::Double
              ? 0x1p-24 * std::abs(sum) + roundings * 0x1p-52 * magnitude
              : roundings * 0x1p-24 * magnitude;
      // Two operands that are rounded, or cut off.
      const double unit = (precision == Precision::Tf32   ? 0x1p-11
                           : precision == Precision::Bf16 ? 0x1p-8
                                                          : 0) *
                          (device->name() == "cuda" ? 2 : 1);
      const double ofOperands =
          (2 * unit + unit * unit) *
          (magnitude - (accumulate ? std::abs(c.at(i, j)) : 0));
      const double allowed =
          ofOperands + inF32 + roundoff * (std::abs(sum) + inF32) + smallest;
      const double error =
          std::abs(found[static_cast<std::size_t>(i * n + j)] - sum);
      ASSERT_TRUE(error <= allowed)
          << "[" << i << ", " << j << "] is "
          << found[static_cast<std::size_t>(i * n + j)] << ", expected " << sum
          << "; off by " << error << ", allowed " << allowed;
      if (error > 0)
        largestShare = std::max(largestShare, error / allowed);
    }
  // The same again is the same to the bit.
  if (!accumulate && m * n > 0) {
    device->multiply(call);
    const std::vector<float> again = download(c);
    EXPECT_EQ(
        std::memcmp(again.data(), found.data(), found.size() * sizeof(float)),
        0);
  }
  TearDown();
  addresses.clear();
}

TEST_P(Product, IsTheSumOfProducts) {
  for (const std::int64_t m : sizes)
    for (const std::int64_t n : sizes)
      for (const std::int64_t k : sizes)
        for (const Transpose ta : {Transpose::No, Transpose::Yes})
          for (const Transpose tb : {Transpose::No, Transpose::Yes})
            for (const bool accumulate : {false, true}) {
              SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(n) +
                           " x " + std::to_string(k) +
                           (ta == Transpose::Yes ? ", a transposed" : "") +
                           (tb == Transpose::Yes ? ", b transposed" : "") +
                           (accumulate ? ", added" : ""));
              check(m, n, k, ta, tb, accumulate);
              if (HasFailure())
                return;
            }
  std::cout << "measured: " << device->name() << ", products in "
            << std::get<1>(GetParam()) << ": largest part of the bound "
            << largestShare << "\n";
}

TEST_P(Product, KeepsSmallNumbers) {
  // No mode that shortens operands or sums is right: 1 + 2^-10 and its like are
  // numbers of f16 (of bf16, 1 + 2^-7), whose products f32 holds.
  const float step = operandName == "bf16" || precision == Precision::Bf16
                         ? 0x1p-7F
                         : 0x1p-10F;
  const Matrix a = upload(operandName, 1, 2, {1 + step, 0x1p-12F});
  const Matrix b = upload(operandName, 2, 1, {1 - step, 0x1p-10F});
  Matrix c = upload(resultName, 1, 1, {-1});
  device->multiply(product(1, 1, 2, operand(a, Transpose::No),
                           operand(b, Transpose::No), pointer(c), c.stride,
                           true));
  EXPECT_EQ(download(c)[0], roundedTo(resultName, -step * step + 0x1p-22F));
}

TEST_P(Product, WithoutElementsNeedsNoMemory) {
  for (const auto &[m, n, k] :
       std::vector<std::array<std::int64_t, 3>>{{0, 3, 3}, {3, 0, 3}}) {
    device->multiply(
        product(m, n, k, {nullptr, 1}, {nullptr, 1}, nullptr, 1, false));
  }
  // Of no terms: zero.
  const Matrix c = sample(resultName, 2, 3, 1);
  device->multiply(
      product(2, 3, 0, {nullptr, 1}, {nullptr, 3}, pointer(c), c.stride, true));
  EXPECT_EQ(download(c), c.numbers);
  device->multiply(product(2, 3, 0, {nullptr, 1}, {nullptr, 3}, pointer(c),
                           c.stride, false));
  EXPECT_EQ(download(c), std::vector<float>(6));
}

TEST_P(Product, OfNegativeSizeIsAnError) {
  const Matrix c = sample(resultName, 2, 2, 1);
  for (const auto &[m, n, k] : std::vector<std::array<std::int64_t, 3>>{
           {-1, 2, 2}, {2, -1, 2}, {2, 2, -1}, {-1, 0, 0}})
    expectError("negative", [&, m = m, n = n, k = k] {
      device->multiply(product(m, n, k, operand(c, Transpose::No),
                               operand(c, Transpose::No), pointer(c), c.stride,
                               false));
    });
  EXPECT_EQ(download(c), c.numbers);
}

INSTANTIATE_TEST_SUITE_P(
    Devices, Product,
    testing::Combine(testing::ValuesIn(everyDevice()),
                     testing::Values("f32", "f16", "bf16", "f16_to_f32",
                                     "bf16_to_f32", "f32_in_tf32",
                                     "f32_in_bf16", "f32_in_double",
                                     "f16_in_double", "bf16_to_f32_in_double")),
    [](const auto &info) {
      return std::get<0>(info.param) + "_" + std::get<1>(info.param);
    });

} // namespace
