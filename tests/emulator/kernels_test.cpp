//===- kernels_test.cpp - Kernels of nvcc and llc, as users write them ----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The PTX in kernels/ was made by the commands in the sources beside it.
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/EmulatorTest.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

using namespace minrnn::emulator;

namespace {

constexpr uint64_t seeds[] = {0, 1, 2, 3};

LaunchOptions withSeed(uint64_t seed) {
  LaunchOptions options;
  options.seed = seed;
  return options;
}

uint64_t asArgument(int value) { return uint32_t(value); }

std::vector<int> integers(size_t count, int low, int high, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> values(low, high);
  std::vector<int> result(count);
  for (int &value : result)
    value = values(random);
  return result;
}

} // namespace

//===----------------------------------------------------------------------===//
// reduction.cu
//===----------------------------------------------------------------------===//

TEST(Reduction, RowsAreSummed) {
  Device device(readKernel("reduction.ptx"));
  constexpr int rows = 5, vectors = 300;
  std::vector<int> values = integers(rows * vectors * 4, -9, 9);
  std::vector<float> in(values.begin(), values.end());
  uint64_t from = device.upload(in);
  for (uint64_t seed : seeds) {
    uint64_t to = device.reserve<float>(rows);
    Statistics statistics =
        device.run("sumRows", {rows}, {128}, {from, to, asArgument(vectors)},
                   withSeed(seed));
    std::vector<float> out = device.download<float>(to, rows);
    for (int row = 0; row < rows; ++row)
      EXPECT_EQ(out[row],
                std::accumulate(in.begin() + row * vectors * 4,
                                in.begin() + (row + 1) * vectors * 4, 0.0f));
    EXPECT_EQ(statistics.globalLoads.bytesMoved(), rows * vectors * 16u);
    EXPECT_EQ(statistics.globalLoads.bytesNeeded, rows * vectors * 16u);
    EXPECT_EQ(statistics.barriers, uint64_t(rows));
  }
}

/// Tiles wait for the tiles before them, which may start later here than on a
/// GPU: blocks have to run interleaved.
TEST(Reduction, DecoupledLookBack) {
  Device device(readKernel("reduction.ptx"));
  constexpr int tiles = 40;
  std::vector<int> in = integers(tiles * 256, -100, 100);
  std::vector<int> want(in.size());
  std::partial_sum(in.begin(), in.end(), want.begin());
  uint64_t from = device.upload(in);
  for (uint64_t seed : seeds)
    for (unsigned resident : {1u, 7u, 1024u}) {
      LaunchOptions options = withSeed(seed);
      options.residentBlocks = resident;
      std::vector<int> zeros(tiles, 0);
      uint64_t to = device.reserve<int>(in.size());
      device.run("prefixSums", {tiles}, {256},
                 {from, to, device.upload(zeros), device.upload(zeros),
                  device.upload(zeros), device.upload(zeros)},
                 options);
      EXPECT_EQ(device.download<int>(to, in.size()), want) << seed;
    }
}

TEST(Reduction, Histogram) {
  Device device(readKernel("reduction.ptx"));
  constexpr int count = 10000;
  std::vector<int> values = integers(count, 0, 255);
  std::vector<uint8_t> in(values.begin(), values.end());
  std::vector<uint32_t> want(64);
  for (uint8_t value : in)
    ++want[value & 63];
  uint64_t from = device.upload(in);
  for (uint64_t seed : seeds) {
    uint64_t to = device.upload(std::vector<uint32_t>(64));
    device.run("histogram", {4}, {96}, {from, to, asArgument(count)},
               withSeed(seed));
    EXPECT_EQ(device.download<uint32_t>(to, 64), want);
  }
}

//===----------------------------------------------------------------------===//
// control.cu
//===----------------------------------------------------------------------===//

TEST(Control, CollatzLoopsOfDifferentLengths) {
  Device device(readKernel("control.ptx"));
  constexpr int count = 300;
  std::vector<uint32_t> in(count), want(count);
  for (int i = 0; i < count; ++i) {
    in[i] = i + 1;
    for (uint32_t value = in[i]; value != 1; ++want[i]) {
      if (value & 1 && value > 1000000)
        break;
      value = value & 1 ? 3 * value + 1 : value / 2;
    }
  }
  uint64_t from = device.upload(in);
  for (uint64_t seed : seeds) {
    uint64_t to = device.reserve<uint32_t>(count);
    Statistics statistics = device.run(
        "collatz", {5}, {64}, {from, to, asArgument(count)}, withSeed(seed));
    EXPECT_EQ(device.download<uint32_t>(to, count), want);
    EXPECT_GT(statistics.divergentBranches, 100u);
  }
}

TEST(Control, Switches) {
  Device device(readKernel("control.ptx"));
  constexpr int count = 64;
  std::vector<int> kinds = integers(count, -1, 9, 1);
  std::vector<int> a = integers(count, -20, 20, 2);
  std::vector<int> b = integers(count, -5, 5, 3);
  auto fold = [](int kind, int x, int y) {
    switch (kind) {
    case 0:
      return x + y;
    case 1:
      return x - y;
    case 2:
      return x * y;
    case 3:
      return y ? x / y : 0;
    case 4:
      return y ? x % y : 0;
    case 5:
      return x & y;
    case 6:
      return x ^ y;
    default:
      return std::max(x, y);
    }
  };
  std::vector<int> want(count);
  for (int i = 0; i < count; ++i) {
    if (i % 3)
      want[i] = a[i] < 0 ? fold(kinds[i], -a[i], b[i])
                         : fold(kinds[i], fold(kinds[i], a[i], b[i]), b[i]);
    else if (i % 2)
      want[i] = fold(kinds[i], a[i], b[i]);
  }
  uint64_t pk = device.upload(kinds), pa = device.upload(a),
           pb = device.upload(b);
  for (uint64_t seed : seeds) {
    uint64_t to = device.reserve<int>(count);
    device.run("foldAll", {1}, {count}, {pk, pa, pb, to}, withSeed(seed));
    EXPECT_EQ(device.download<int>(to, count), want);
  }
}

/// A lane that holds a lock must run on while its neighbours spin.
TEST(Control, LanesTakeALockInTurn) {
  Device device(readKernel("control.ptx"));
  for (uint64_t seed : seeds) {
    uint64_t lock = device.upload<int>({0}), counter = device.upload<int>({0});
    device.run("locked", {3}, {48}, {lock, counter}, withSeed(seed));
    EXPECT_EQ(device.download<int>(counter, 1)[0], 3 * 48);
  }
}

//===----------------------------------------------------------------------===//
// mathematics.cu
//===----------------------------------------------------------------------===//

TEST(Mathematics, FunctionsOfTheCudaLibrary) {
  Device device(readKernel("mathematics.ptx"));
  std::vector<float> in;
  for (int i = -540; i < 540; ++i)
    in.push_back(0.037f * float(i));
  in.insert(in.end(), {1e5f, -3e6f, 1.7e20f, 0.0f, 1e-30f});
  int n = in.size();
  uint64_t from = device.upload(in), to = device.reserve<float>(7 * n);
  device.run("functions", {uint32_t(n + 127) / 128}, {128},
             {from, to, asArgument(n)});
  std::vector<float> out = device.download<float>(to, 7 * n);
  double (*exact[])(double) = {
      [](double x) { return std::exp(x); },
      [](double x) { return std::log(std::fabs(x)); },
      [](double x) { return std::tanh(x); },
      [](double x) { return x / 3; },
      [](double x) { return std::sqrt(std::fabs(x)); },
      [](double x) { return std::log1p(std::exp(-std::fabs(x))); },
      [](double x) { return std::erf(x); }};
  for (int function = 0; function < 7; ++function)
    for (int i = 0; i < n; ++i) {
      float found = out[function * n + i];
      auto want = static_cast<float>(exact[function](in[i]));
      if (std::isinf(want)) {
        EXPECT_EQ(found, want) << function << " of " << in[i];
        continue;
      }
      // The CUDA Programming Guide allows 2 ulp or less of each of these.
      double ulp = std::ldexp(
          1.0, std::max(std::ilogb(want == 0 ? 1e-38f : want), -126) - 23);
      EXPECT_NEAR(found, exact[function](in[i]), 2.5 * ulp)
          << function << " of " << in[i];
    }
}

TEST(Mathematics, HalfPrecision) {
  Device device(readKernel("mathematics.ptx"));
  std::vector<float> in = {0,     -0.0f, 1,       -2.5f,     65504, 65519,
                           1e-7f, 3e-8f, 1.0005f, 0x1.01p0f, 1e30f, -1e-40f};
  int n = in.size();
  uint64_t from = device.upload(in), half = device.reserve<uint16_t>(n),
           bfloat = device.reserve<uint16_t>(n),
           back = device.reserve<float>(n);
  device.run("halves", {1}, {32}, {from, half, bfloat, back, asArgument(n)});
  EXPECT_EQ(
      device.download<uint16_t>(half, n),
      (std::vector<uint16_t>{0, 0x8000, 0x3C00, 0xC100, 0x7BFF, 0x7BFF, 0x0002,
                             0x0001, 0x3C01, 0x3C04, 0x7C00, 0x8000}));
  std::vector<uint16_t> wantBFloat;
  for (float x : in) { // Round to nearest even by hand.
    auto bits = std::bit_cast<uint32_t>(x);
    wantBFloat.push_back((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
  EXPECT_EQ(device.download<uint16_t>(bfloat, n), wantBFloat);
  EXPECT_EQ(device.download<float>(back, n)[3], -5.0f);
}

TEST(Mathematics, DoublePrecision) {
  Device device(readKernel("mathematics.ptx"));
  std::vector<double> in;
  for (int i = -300; i < 300; ++i)
    in.push_back(0.01 * i);
  int n = in.size();
  uint64_t from = device.upload(in), to = device.reserve<double>(n);
  device.run("doubles", {uint32_t(n + 63) / 64}, {64},
             {from, to, asArgument(n)});
  std::vector<double> out = device.download<double>(to, n);
  for (int i = 0; i < n; ++i)
    EXPECT_EQ(out[i], std::fma(in[i], 3.0, 1.0) /
                          std::sqrt(std::fma(in[i], in[i], 1.0)));
}

//===----------------------------------------------------------------------===//
// recurrence.ll
//===----------------------------------------------------------------------===//

TEST(Recurrence, VectorsOfFourChannels) {
  Device device(readKernel("recurrence.ptx"));
  constexpr int64_t time = 50, channels = 256;
  std::vector<float> a(time * channels), b(a.size()), want(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = float(i % 7) / 8;
    b[i] = float(i % 11) - 5;
    float before = i < channels ? 0 : want[i - channels];
    want[i] = std::fma(a[i], before, b[i]);
  }
  uint64_t pa = device.upload(a), pb = device.upload(b),
           ph = device.reserve<float>(a.size());
  Statistics statistics =
      device.run("recurrence", {1}, {64}, {pa, pb, ph, time});
  EXPECT_EQ(device.download<float>(ph, a.size()), want);
  EXPECT_EQ(statistics.globalLoads.bytesMoved(), 8u * a.size());
  EXPECT_EQ(statistics.globalStores.bytesMoved(), 4u * a.size());
  // A row that is not a multiple of 16 bytes is caught.
  expectFault(Fault::Misaligned, "ld.global.nc.v4", "multiple of 16", [&] {
    device.run("recurrence", {1}, {64}, {pa + 4, pb, ph, 1});
  });
}

TEST(Recurrence, ShufflesAndSharedMemory) {
  Device device(readKernel("recurrence.ptx"));
  std::vector<float> in(64);
  std::iota(in.begin(), in.end(), -30.0f);
  uint64_t from = device.upload(in);
  for (uint64_t seed : seeds) {
    uint64_t to = device.reserve<float>(64);
    device.run("neighbours", {1}, {64}, {from, to}, withSeed(seed));
    std::vector<float> out = device.download<float>(to, 64);
    for (int i = 0; i < 64; ++i) {
      int lane = 63 - i;
      EXPECT_EQ(out[i], std::exp2(in[lane % 32 ? lane - 1 : lane])) << i;
    }
  }
}
