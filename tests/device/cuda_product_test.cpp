//===- cuda_product_test.cpp - Matrix products on a CUDA device -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/OnFakeDriver.h"

#include "runtime/core/DeviceAddress.h"
#include "runtime/core/HalfStorage.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using CudaProducts = OnFakeDriver;

/// Numbers in [-1, 1], different in every place.
float number(std::int64_t index) {
  return static_cast<float>(std::sin(static_cast<double>(index * index + 3)));
}

/// A matrix of any element type on the device, rows at some distance.
class Matrix {
public:
  Matrix(const std::shared_ptr<Device> &device, ElementType type,
         std::int64_t rows, std::int64_t stride, std::int64_t first)
      : type(type), stride(stride),
        bytes(device,
              static_cast<std::size_t>(rows * stride * elementBytes(type))) {
    std::vector<std::byte> stored(bytes.size());
    for (std::int64_t i = 0; i < rows * stride; ++i) {
      std::byte *place =
          &stored[static_cast<std::size_t>(i * elementBytes(type))];
      const float value = number(first + i);
      if (type == ElementType::F32) {
        std::memcpy(place, &value, sizeof value);
      } else {
        const std::uint16_t bits = narrow(type, value);
        std::memcpy(place, &bits, sizeof bits);
      }
    }
    bytes.upload(stored);
  }

  std::vector<double> values() const {
    std::vector<double> numbers;
    const std::vector<std::byte> stored = bytes.download();
    for (std::size_t at = 0; at < stored.size();
         at += static_cast<std::size_t>(elementBytes(type))) {
      if (type == ElementType::F32) {
        float value = 0;
        std::memcpy(&value, &stored[at], sizeof value);
        numbers.push_back(value);
      } else {
        std::uint16_t bits = 0;
        std::memcpy(&bits, &stored[at], sizeof bits);
        numbers.push_back(widen(type, bits));
      }
    }
    return numbers;
  }

  MatrixOperand<void> operand(Transpose transpose) const {
    return {bytes.data(), stride, transpose};
  }
  void *data() const { return bytes.data(); }

private:
  ElementType type;
  std::int64_t stride;
  DeviceArray<std::byte> bytes;
};

struct Case {
  std::int64_t m, n, k;
  Transpose transposeA, transposeB;
  bool accumulate;
  ElementType aType;
  ElementType bType;
  ElementType resultType;
  Precision precision = Precision::Ieee;
};

/// Runs a product and holds it to the same in double.
void expectProduct(const std::shared_ptr<Device> &device, const Case &is) {
  constexpr std::int64_t beyond = 3;
  const auto [m, n, k, transposeA, transposeB, accumulate, aType, bType,
              resultType, precision] = is;
  const bool turnsA = transposeA == Transpose::Yes;
  const bool turnsB = transposeB == Transpose::Yes;
  const std::int64_t aStride = (turnsA ? m : k) + beyond;
  const std::int64_t bStride = (turnsB ? k : n) + beyond;
  const std::int64_t cStride = n + beyond;
  const Matrix a(device, aType, turnsA ? k : m, aStride, 1);
  const Matrix b(device, bType, turnsB ? n : k, bStride, 1000);
  const Matrix c(device, resultType, m, cStride, 2000);
  const std::vector<double> left = a.values();
  const std::vector<double> right = b.values();
  std::vector<double> expected = c.values();
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::int64_t l = 0; l < k; ++l)
        sum += left[static_cast<std::size_t>(turnsA ? l * aStride + i
                                                    : i * aStride + l)] *
               right[static_cast<std::size_t>(turnsB ? j * bStride + l
                                                     : l * bStride + j)];
      double &place = expected[static_cast<std::size_t>(i * cStride + j)];
      place = accumulate ? place + sum : sum;
    }
  device->multiply({.m = m,
                    .n = n,
                    .k = k,
                    .a = a.operand(transposeA),
                    .b = b.operand(transposeB),
                    .c = c.data(),
                    .cStride = cStride,
                    .accumulate = accumulate,
                    .aType = aType,
                    .bType = bType,
                    .resultType = resultType,
                    .precision = precision});
  const std::vector<double> found = c.values();
  // Sums in f32; then one rounding to the type. What lies between the rows is
  // not touched.
  const double unit = resultType == ElementType::F32   ? 0
                      : resultType == ElementType::F16 ? std::ldexp(1, -11)
                                                       : std::ldexp(1, -8);
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], 1e-5 + unit * std::fabs(expected[i]))
        << "element " << i << " of " << m << " x " << n << " x " << k << ' '
        << turnsA << turnsB << ' ' << accumulate;
}

TEST_F(CudaProducts, AreThoseOfDouble) {
  const auto device = CudaDevice::create();
  for (const ElementType type :
       {ElementType::F32, ElementType::F16, ElementType::BF16})
    for (const Transpose a : {Transpose::No, Transpose::Yes})
      for (const Transpose b : {Transpose::No, Transpose::Yes})
        for (const bool accumulate : {false, true})
          for (const ElementType bType : {ElementType::F32, type})
            for (const ElementType result :
                 {ElementType::F32, bType == type ? type : ElementType::F32})
              for (const Precision precision :
                   {Precision::Ieee, Precision::Double}) {
                const auto expect = [&](std::int64_t m, std::int64_t n,
                                        std::int64_t k) {
                  expectProduct(device, {m, n, k, a, b, accumulate, type, bType,
                                         result, precision});
                };
                expect(7, 5, 11);
                expect(1, 9, 2);
                expect(4, 1, 1);
                expect(3, 4, 0);
              }
}

TEST_F(CudaProducts, AreOfRoundedOperandsWhereTheGpuHasTensorCoresForF32) {
  configure("CAPABILITY", "80");
  const auto device = CudaDevice::create();
  // 1 + 2^-10 is a number of tf32, 1 + 2^-12 is none; 1 + 2^-7 is one of bf16.
  const auto a = DeviceArray<float>(
      device, std::vector<float>{1 + 0x1p-7F, 1 + 0x1p-10F, 1 + 0x1p-12F});
  const auto one = DeviceArray<float>(device, std::vector<float>{1});
  auto c = DeviceArray<float>(device, 3);
  const auto products = [&](Precision precision) {
    const auto multiply = [&] {
      device->multiply({.m = 3,
                        .n = 1,
                        .k = 1,
                        .a = {a.data(), 1},
                        .b = {one.data(), 1},
                        .c = c.data(),
                        .cStride = 1,
                        .precision = precision});
    };
    multiply();
    const std::vector<float> found = c.download();
    c.clear();
    // Recorded, it is the same.
    device->capture(multiply)->launch();
    EXPECT_EQ(c.download(), found);
    return found;
  };
  EXPECT_EQ(products(Precision::Ieee),
            (std::vector<float>{1 + 0x1p-7F, 1 + 0x1p-10F, 1 + 0x1p-12F}));
  EXPECT_EQ(products(Precision::Tf32),
            (std::vector<float>{1 + 0x1p-7F, 1 + 0x1p-10F, 1}));
  EXPECT_EQ(products(Precision::Bf16), (std::vector<float>{1 + 0x1p-7F, 1, 1}));
  for (const Precision precision : {Precision::Tf32, Precision::Bf16})
    for (const ElementType type : {ElementType::F16, ElementType::BF16})
      expectProduct(device, {7, 5, 11, Transpose::No, Transpose::Yes, false,
                             type, type, type, precision});
}

TEST_F(CudaProducts, OfTwoTypesAreRecordedOnceOneAsLargeHasRun) {
  const auto device = CudaDevice::create();
  constexpr std::int64_t m = 5;
  constexpr std::int64_t n = 3;
  constexpr std::int64_t k = 70;
  const Matrix a(device, ElementType::F32, k, m + 2, 1);
  const Matrix b(device, ElementType::BF16, k, n + 1, 1000);
  const auto c = DeviceArray<float>(device, std::vector<float>(m * n));
  const auto multiply = [&](std::int64_t terms) {
    device->multiply({.m = m,
                      .n = n,
                      .k = terms,
                      .a = a.operand(Transpose::Yes),
                      .b = b.operand(Transpose::No),
                      .c = c.data(),
                      .cStride = n,
                      .accumulate = true,
                      .bType = ElementType::BF16});
  };
  multiply(k / 2);
  const std::vector<float> once = c.download();
  EXPECT_EQ(errorOf([&] { device->capture([&] { multiply(k); }); }),
            "a product of operands of two types, larger than any before it, "
            "cannot be recorded in a graph");
  // Two, one after the other in the same room.
  const auto graph = device->capture([&] {
    multiply(k / 2);
    multiply(k / 2);
  });
  EXPECT_EQ(c.download(), once);
  graph->launch();
  const std::vector<float> three = c.download();
  for (std::size_t i = 0; i < once.size(); ++i)
    EXPECT_NEAR(three[i], 3 * once[i], 1e-5);
  // One that records nothing of the kind keeps no room for it.
  device->capture([&] { device->fill(addressOf(c.data()), 0, 4); });
}

TEST_F(CudaProducts, OfTwoTypesOnSeveralStreamsDoNotDisturbEachOther) {
  for (unsigned long long seed = 0; seed < 24; ++seed) {
    const auto device = CudaDevice::create();
    fakeDriverSeed(seed);
    const auto a = DeviceArray<std::uint16_t>(
        device, std::vector<std::uint16_t>{0x3F80, 0x4000, 0x4040, 0x4080});
    const auto b = DeviceArray<float>(device, std::vector<float>{5, 6, 7, 8});
    const auto c = DeviceArray<float>(device, 4);
    const auto d = DeviceArray<float>(device, 4);
    const auto multiply = [&](const DeviceArray<float> &result,
                              Transpose turned) {
      device->multiply({.m = 2,
                        .n = 2,
                        .k = 2,
                        .a = {a.data(), 2, turned},
                        .b = {b.data(), 2},
                        .c = result.data(),
                        .cStride = 2,
                        .aType = ElementType::BF16});
    };
    const auto other = device->createStream();
    multiply(c, Transpose::No);
    device->useStream(other.get());
    multiply(d, Transpose::Yes);
    device->synchronize();
    EXPECT_EQ(c.download(), (std::vector<float>{19, 22, 43, 50})) << seed;
    EXPECT_EQ(d.download(), (std::vector<float>{26, 30, 38, 44})) << seed;
    device->useStream(nullptr);
  }
}

TEST_F(CudaProducts, OfRoundedOperandsAreRefusedWhereTheGpuHasNone) {
  const auto device = CudaDevice::create();
  for (const auto &[precision, name] :
       {std::pair(Precision::Tf32, "tf32"), {Precision::Bf16, "bf16"}}) {
    EXPECT_FALSE(device->hasProducts(precision));
    EXPECT_EQ(errorOf([&, precision = precision] {
                device->multiply({.m = 1,
                                  .n = 1,
                                  .k = 1,
                                  .a = {},
                                  .b = {},
                                  .precision = precision});
              }),
              "the device cuda (sm_75) has no products in " +
                  std::string(name) +
                  ", which take compute capability 8.0 or newer; ieee products "
                  "run on every device");
  }
}

TEST_F(CudaProducts, OfNothingTouchNothing) {
  const auto device = CudaDevice::create();
  device->multiply({.m = 0, .n = 3, .k = 2, .a = {}, .b = {}});
  device->multiply({.m = 3, .n = 0, .k = 2, .a = {}, .b = {}});
  device->multiply(
      {.m = 3, .n = 3, .k = 0, .a = {}, .b = {}, .accumulate = true});
  EXPECT_EQ(fakeDriverCount("pending"), 0);
}

TEST_F(CudaProducts, SizesThatCannotBeAreRefused) {
  const auto device = CudaDevice::create();
  EXPECT_EQ(errorOf([&] {
              device->multiply({.m = 1, .n = -2, .k = 3, .a = {}, .b = {}});
            }),
            "a matrix product of negative size: 1 x -2 x 3");
  const std::int64_t much = std::int64_t{1} << 31;
  EXPECT_EQ(errorOf([&] {
              device->multiply(
                  {.m = much, .n = 1, .k = 1, .a = {}, .b = {}, .cStride = 1});
            }),
            "a matrix product of 2147483648 x 1 x 1 with rows of 1 elements is "
            "too large for cuBLAS");
  const auto x = DeviceArray<float>(device, std::vector<float>(4));
  const MatrixProduct narrow{.m = 2,
                             .n = 2,
                             .k = 2,
                             .a = {x.data(), 1},
                             .b = {x.data(), 2},
                             .c = x.data(),
                             .cStride = 2};
  expectContains(errorOf([&] { device->multiply(narrow); }),
                 "refuses a matrix product: status 7");
}

TEST_F(CudaProducts, OnSeveralStreamsDoNotDisturbEachOther) {
  for (unsigned long long seed = 0; seed < 24; ++seed) {
    const auto device = CudaDevice::create();
    fakeDriverSeed(seed);
    const auto a = DeviceArray<float>(device, std::vector<float>{1, 2, 3, 4});
    const auto b = DeviceArray<float>(device, std::vector<float>{5, 6, 7, 8});
    const auto c = DeviceArray<float>(device, std::vector<float>(4));
    const auto d = DeviceArray<float>(device, std::vector<float>(4));
    MatrixProduct product{.m = 2,
                          .n = 2,
                          .k = 2,
                          .a = {a.data(), 2},
                          .b = {b.data(), 2},
                          .c = c.data(),
                          .cStride = 2};
    MatrixProduct other = product;
    other.a.transpose = Transpose::Yes;
    other.c = d.data();
    const auto recorded = device->capture([&] { device->multiply(product); });
    const auto stream = device->createStream();
    device->multiply(other);
    device->useStream(stream.get());
    // The graph was recorded on the stream that is busy now.
    recorded->launch();
    device->synchronize();
    EXPECT_EQ(c.download(), (std::vector<float>{19, 22, 43, 50})) << seed;
    EXPECT_EQ(d.download(), (std::vector<float>{26, 30, 38, 44})) << seed;
    device->useStream(nullptr);
    device->multiply(product);
    device->useStream(stream.get());
    device->multiply(other);
    device->synchronize();
    EXPECT_EQ(c.download(), (std::vector<float>{19, 22, 43, 50})) << seed;
    EXPECT_EQ(d.download(), (std::vector<float>{26, 30, 38, 44})) << seed;
    device->useStream(nullptr);
  }
}

TEST_F(CudaProducts, OfARecordedStreamOutliveIt) {
  const auto device = CudaDevice::create();
  const auto a = DeviceArray<float>(device, std::vector<float>{3});
  const auto c = DeviceArray<float>(device, std::vector<float>{0});
  auto stream = device->createStream();
  device->useStream(stream.get());
  const auto graph = device->capture([&] {
    device->multiply({.m = 1,
                      .n = 1,
                      .k = 1,
                      .a = {a.data(), 1},
                      .b = {a.data(), 1},
                      .c = c.data(),
                      .cStride = 1});
  });
  device->useStream(nullptr);
  stream.reset();
  graph->launch();
  EXPECT_EQ(c.download(), std::vector<float>{9});
}

TEST_F(CudaProducts, RoomThatIsKeptForThemIsGivenToOthersWhereItIsNeeded) {
  // Of ten MiB cuBLAS has one, and each stream with products four.
  constexpr std::size_t mebibyte = std::size_t{1} << 20;
  configure("MEMORY", std::to_string(10 * mebibyte));
  const auto device = CudaDevice::create();
  const auto a = DeviceArray<float>(device, std::vector<float>{3});
  const auto c = DeviceArray<float>(device, std::vector<float>{0});
  auto stream = device->createStream();
  device->useStream(stream.get());
  device->multiply({.m = 1,
                    .n = 1,
                    .k = 1,
                    .a = {a.data(), 1},
                    .b = {a.data(), 1},
                    .c = c.data(),
                    .cStride = 1});
  device->useStream(nullptr);
  expectContains(errorOf([&] { device->allocate(7 * mebibyte); }),
                 "out of memory");
  stream.reset();
  const std::uint64_t much = device->allocate(7 * mebibyte);
  device->fill(much, 0, 7 * mebibyte);
  EXPECT_EQ(c.download(), std::vector<float>{9});
  device->release(much);
}

TEST_F(CudaProducts, HalvesAreSummedInFloat) {
  const auto device = CudaDevice::create();
  // 2049 ones and 2047 times minus one; 2049 is not an f16 number, so a part
  // of the sum that is rounded to f16 loses one.
  constexpr std::int64_t count = 4100;
  const std::vector<std::uint16_t> ones(count, narrow(ElementType::F16, 1));
  std::vector<std::uint16_t> signs(count, narrow(ElementType::F16, 0));
  std::fill_n(signs.begin(), 2049, narrow(ElementType::F16, 1));
  std::fill_n(signs.begin() + 2050, 2047, narrow(ElementType::F16, -1));
  const auto a = DeviceArray<std::uint16_t>(device, ones);
  const auto b = DeviceArray<std::uint16_t>(device, signs);
  const auto c = DeviceArray<std::uint16_t>(device, 1);
  device->multiply({.m = 1,
                    .n = 1,
                    .k = count,
                    .a = {a.data(), count},
                    .b = {b.data(), 1},
                    .c = c.data(),
                    .cStride = 1,
                    .aType = ElementType::F16,
                    .bType = ElementType::F16,
                    .resultType = ElementType::F16});
  EXPECT_EQ(widen(ElementType::F16, c.download().front()), 2);
}

TEST_F(CudaProducts, InDoubleRoundOnceAndCannotBeRecorded) {
  const auto device = CudaDevice::create();
  // In f32 the first two cancel, and with them the third is lost.
  const auto a = DeviceArray<float>(device, std::vector<float>{1, -1, 1});
  const auto b = DeviceArray<float>(
      device, std::vector<float>{0x1p30F, 0x1p30F, 0x1p-30F});
  const auto c = DeviceArray<float>(device, std::vector<float>{0x1p-31F});
  MatrixProduct product{.m = 1,
                        .n = 1,
                        .k = 3,
                        .a = {a.data(), 3},
                        .b = {b.data(), 1},
                        .c = c.data(),
                        .cStride = 1,
                        .accumulate = true,
                        .precision = Precision::Double};
  device->multiply(product);
  EXPECT_EQ(c.download(), std::vector<float>{0x1.8p-30F});
  EXPECT_EQ(
      errorOf([&] { device->capture([&] { device->multiply(product); }); }),
      "a copy to or from the host cannot be recorded in a graph");
  product.precision = Precision::Ieee;
  device->multiply(product);
}

TEST_F(CudaProducts, OfOtherTypesAreRefused) {
  const auto device = CudaDevice::create();
  EXPECT_EQ(errorOf([&] {
              device->multiply({.m = 1,
                                .n = 1,
                                .k = 1,
                                .a = {},
                                .b = {},
                                .aType = ElementType::F16,
                                .bType = ElementType::BF16,
                                .resultType = ElementType::F16});
            }),
            "the result of a matrix product must be f32 or of the type of its "
            "operands");
}

TEST_F(CudaProducts, NeedCublas) {
  const Environment none("MINRNN_CUBLAS", "/nowhere/libcublas.so");
  const auto device = CudaDevice::create();
  const auto x = DeviceArray<float>(device, std::vector<float>{3});
  const MatrixProduct square{.m = 1,
                             .n = 1,
                             .k = 1,
                             .a = {x.data(), 1},
                             .b = {x.data(), 1},
                             .c = x.data(),
                             .cStride = 1};
  const std::string expected =
      "cuBLAS was not found: looked for /nowhere/libcublas.so, which "
      "MINRNN_CUBLAS names";
  EXPECT_EQ(errorOf([&] { device->multiply(square); }), expected);
  EXPECT_EQ(device->description(),
            "Fake GPU 0, sm_75, 1.0 GiB, driver for CUDA 13.0; no matrix "
            "products: " +
                expected);
  // In a capture, too, and the device goes on.
  EXPECT_EQ(
      errorOf([&] { device->capture([&] { device->multiply(square); }); }),
      expected);
  EXPECT_EQ(x.download(), std::vector<float>{3});
}

} // namespace
