//===- layer_training_test.cpp - Norms, loss and optimiser, emulated ----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As support_kernels_test.cpp: the kernels that sum over rows or over all
// parameters.
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/LayerKernelsTest.h"

#include "minrnn/device_array.h"
#include "minrnn/layers.h"
#include "minrnn/train/optimizer.h"
#include "tests/runtime/ReferenceLayers.h"

#include <cmath>
#include <limits>

using namespace minrnn;
using namespace minrnn::test;

namespace {

struct NormSizes {
  std::int64_t rows;
  std::int64_t width;
};

// 600 rows are more than one for a block; 2000 columns are too many to be kept
// by a backward, 5000 by a forward. Of 720 and 944 columns a row is a warp's in
// the backward of LayerNorm and RMSNorm, of 3072 and 4096 in their forward; of
// one more it is a block's.
constexpr std::array<NormSizes, 20> normSizes = {
    {{0, 3},    {3, 0},    {1, 1},    {3, 31},   {600, 33}, {2, 257}, {3, 1000},
     {2, 2000}, {2, 5000}, {67, 36},  {37, 128}, {20, 512}, {2, 720}, {2, 721},
     {3, 944},  {2, 945},  {2, 3072}, {2, 3073}, {1, 4096}, {2, 4097}}};

/// `base` plus `added`, element by element.
Floats sum(Floats base, float added) {
  for (float &value : base)
    value += added;
  return base;
}

TEST_F(LayerKernelsTest, RmsNorm) {
  for (const auto &[rows, width] : normSizes)
    for (const double spread : {0.3, 1e4}) {
      const RmsNormShape shape{rows, width};
      const std::int64_t count = rows * width;
      const Floats x = randomFloats(count, 1, spread);
      const Floats scale = randomFloats(width, 2);
      const Floats dy = randomFloats(count, 3);
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            const float *in = device.upload(x);
            const float *s = device.upload(scale);
            auto *y = device.reserve<float>(count);
            auto *inverse = device.reserve<float>(rows);
            rmsNormForward(on, shape, in, s, y, inverse);
            // In place, then added.
            auto *dx = device.upload(dy);
            auto *added = device.upload(Floats(dy.size(), 1));
            auto *dScale = device.reserve<float>(width);
            auto *again = device.reserve<float>(width);
            rmsNormBackward(on, shape, in, s, inverse, dx, added, dScale, true);
            rmsNormBackward(on, shape, in, s, inverse, dx, dx, again);
            return std::vector<Floats>{
                device.download(y, count),      device.download(inverse, rows),
                device.download(dx, count),     device.download(added, count),
                device.download(dScale, width), device.download(again, width)};
          });
      expectClose(found[0],
                  rmsNorm(static_cast<std::size_t>(rows),
                          static_cast<std::size_t>(width), toDoubles(x),
                          toDoubles(scale), shape.epsilon),
                  3e-7, 1e-9, "y");
      // The host's backward is held to central differences elsewhere.
      Floats y(x.size());
      Floats inverse(static_cast<std::size_t>(rows));
      Floats dx(x.size());
      Floats dScale(scale.size());
      rmsNormForward(hostLayers(), shape, x.data(), scale.data(), y.data(),
                     inverse.data());
      expectClose(found[1], toDoubles(inverse), 2e-7, 0, "inverseRms");
      rmsNormBackward(hostLayers(), shape, x.data(), scale.data(),
                      inverse.data(), dy.data(), dx.data(), dScale.data());
      // Gradients are of the order 1 / spread.
      expectClose(found[2], toDoubles(dx), 1e-6, 6e-7 / spread, "dx");
      expectClose(found[3], toDoubles(sum(dx, 1)), 1e-6, 2e-6, "dx, added");
      expectClose(found[4], toDoubles(dScale), 1e-6, 1e-6, "dScale");
      EXPECT_EQ(found[5], found[4]);
    }
}

TEST_F(LayerKernelsTest, LayerNorm) {
  for (const auto &[rows, width] : normSizes)
    for (const double spread : {0.3, 1e4}) {
      const LayerNormShape shape{rows, width};
      const std::int64_t count = rows * width;
      const Floats x =
          sum(randomFloats(count, 1, spread), static_cast<float>(7 * spread));
      const Floats scale = randomFloats(width, 2);
      const Floats bias = randomFloats(width, 3);
      const Floats dy = randomFloats(count, 4);
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            const float *in = device.upload(x);
            const float *s = device.upload(scale);
            auto *y = device.reserve<float>(count);
            auto *mean = device.reserve<float>(rows);
            auto *inverse = device.reserve<float>(rows);
            layerNormForward(on, shape, in, s, device.upload(bias), y, mean,
                             inverse);
            auto *dx = device.upload(dy);
            auto *added = device.upload(Floats(dy.size(), 1));
            auto *dScale = device.reserve<float>(width);
            auto *dBias = device.reserve<float>(width);
            layerNormBackward(on, shape, in, s, mean, inverse, dx, added,
                              dScale, dBias, true);
            layerNormBackward(on, shape, in, s, mean, inverse, dx, dx, dScale,
                              dBias);
            return std::vector<Floats>{
                device.download(y, count),      device.download(mean, rows),
                device.download(inverse, rows), device.download(dx, count),
                device.download(added, count),  device.download(dScale, width),
                device.download(dBias, width)};
          });
      // One column alone is its own mean: x - mean cancels to a rounding.
      expectClose(found[0],
                  layerNorm(static_cast<std::size_t>(rows),
                            static_cast<std::size_t>(width), toDoubles(x),
                            toDoubles(scale), toDoubles(bias), shape.epsilon),
                  1e-6, 4e-6, "y");
      Floats y(x.size());
      Floats mean(static_cast<std::size_t>(rows));
      Floats inverse(mean.size());
      Floats dx(x.size());
      Floats dScale(scale.size());
      Floats dBias(bias.size());
      layerNormForward(hostLayers(), shape, x.data(), scale.data(), bias.data(),
                       y.data(), mean.data(), inverse.data());
      expectClose(found[1], toDoubles(mean), 1.2e-7, 1e-12, "mean");
      expectClose(found[2], toDoubles(inverse), 2e-7, 0, "inverseDeviation");
      layerNormBackward(hostLayers(), shape, x.data(), scale.data(),
                        mean.data(), inverse.data(), dy.data(), dx.data(),
                        dScale.data(), dBias.data());
      // Gradients are of the order 1 / spread.
      expectClose(found[3], toDoubles(dx), 1e-6, 1.5e-6 / spread, "dx");
      expectClose(found[4], toDoubles(sum(dx, 1)), 1e-6, 5e-6, "dx, added");
      expectClose(found[5], toDoubles(dScale), 1e-6, 2e-6, "dScale");
      expectClose(found[6], toDoubles(dBias), 1.2e-7, 1e-12, "dBias");
    }
}

/// Both norms of rows that begin `offset` elements after an address of 16
/// bytes, forwards and then backwards in place, dScale and dBias last.
template <typename Number>
std::vector<Floats> normsAt(std::int64_t offset, const NormSizes &sizes,
                            const Floats &x, const Floats &dy,
                            EmulatedKernels &device, const LayerContext &on) {
  const auto &[rows, width] = sizes;
  const std::int64_t count = rows * width;
  const auto placed = [&](const Floats &values) {
    return device.upload(std::vector<Number>(values.begin(), values.end()),
                         offset);
  };
  const auto toHost = [&](const Number *there) {
    const std::vector<Number> values = device.download(there, count);
    return Floats(values.begin(), values.end());
  };
  const Number *in = placed(x);
  const float *vector = device.upload(randomFloats(width, 5));
  auto *y = placed(x);
  auto *mean = device.reserve<float>(rows);
  auto *inverse = device.reserve<float>(rows);
  auto *dScale = device.reserve<float>(width);
  auto *dBias = device.reserve<float>(width);
  std::vector<Floats> results;
  const auto take = [&](const Number *y, const Number *dx) {
    results.push_back(toHost(y));
    results.push_back(toHost(dx));
    results.push_back(device.download(inverse, rows));
    results.push_back(device.download(dScale, width));
  };
  auto *dx = placed(dy);
  rmsNormForward(on, {rows, width}, in, vector, y, inverse);
  rmsNormBackward(on, {rows, width}, in, vector, inverse, dx, dx, dScale);
  take(y, dx);
  dx = placed(dy);
  layerNormForward(on, {rows, width}, in, vector, vector, y, mean, inverse);
  layerNormBackward(on, {rows, width}, in, vector, mean, inverse, dx, dx,
                    dScale, dBias);
  take(y, dx);
  results.push_back(device.download(dBias, width));
  return results;
}

TEST_F(LayerKernelsTest, NormsOfRowsThatAreNotAligned) {
  // Whole packs of 16 bytes in f32 and in bf16, in f32 alone, in neither.
  for (const std::int64_t width : {264, 260, 131}) {
    const NormSizes sizes = {35, width};
    Floats x;
    Floats dy;
    // Numbers of bf16.
    for (const float value : randomFloats(sizes.rows * width, 1, 3))
      x.push_back(BFloat16(value));
    for (const float value : randomFloats(sizes.rows * width, 2))
      dy.push_back(BFloat16(value));
    std::vector<Floats> expected;
    for (const std::int64_t offset : {0, 1}) {
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            return normsAt<float>(offset, sizes, x, dy, device, on);
          });
      const std::vector<Floats> rounded =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            return normsAt<BFloat16>(offset, sizes, x, dy, device, on);
          });
      if (offset == 0)
        expected = found;
      for (std::size_t i = 0; i < found.size(); ++i) {
        const std::vector<double> exact = toDoubles(expected[i]);
        expectClose(found[i], exact, 5e-7, 1e-6, "f32");
        // What is stored as bf16 is rounded to 8 bits.
        const double rounding = i % 4 < 2 && i < 8 ? 0x1p-8 : 5e-7;
        expectClose(rounded[i], exact, rounding, 1e-6, "bf16");
      }
    }
  }
}

TEST_F(LayerKernelsTest, NormsOfExtremeRows) {
  constexpr float huge = 3e38F;
  constexpr std::int64_t width = 40;
  const Floats unit = randomFloats(width, 1);
  std::vector<Floats> rows(7, unit);
  for (std::size_t j = 0; j < unit.size(); ++j) {
    rows[0][j] *= 1e25F;
    rows[1][j] *= 1e-30F;
    // The mean is far larger than the deviation.
    rows[2][j] = 3e7F + 4 * std::round(unit[j]);
    rows[3][j] = 123456792;
    rows[4][j] = 0;
    rows[5][j] = j % 2 == 0 ? huge : -huge;
    rows[6][j] = huge;
  }
  Floats x;
  for (const Floats &row : rows)
    x.insert(x.end(), row.begin(), row.end());
  const auto count = static_cast<std::int64_t>(x.size());
  const auto rowCount = static_cast<std::int64_t>(rows.size());
  const Floats scale(width, 1);
  const Floats bias(width, 0);
  for (const float epsilon : {1e-5F, 1e-38F}) {
    const std::vector<Floats> found =
        inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
          const float *in = device.upload(x);
          const float *s = device.upload(scale);
          auto *y = device.reserve<float>(count);
          auto *rms = device.reserve<float>(rowCount);
          auto *mean = device.reserve<float>(rowCount);
          auto *inverse = device.reserve<float>(rowCount);
          rmsNormForward(on, {rowCount, width, epsilon}, in, s, y, rms);
          layerNormForward(on, {rowCount, width, epsilon}, in, s,
                           device.upload(bias), y, mean, inverse);
          return std::vector<Floats>{device.download(rms, rowCount),
                                     device.download(mean, rowCount),
                                     device.download(inverse, rowCount)};
        });
    Floats y(x.size());
    Floats rms(rows.size());
    Floats mean(rows.size());
    Floats inverse(rows.size());
    rmsNormForward(hostLayers(), {rowCount, width, epsilon}, x.data(),
                   scale.data(), y.data(), rms.data());
    layerNormForward(hostLayers(), {rowCount, width, epsilon}, x.data(),
                     scale.data(), bias.data(), y.data(), mean.data(),
                     inverse.data());
    expectClose(found[0], toDoubles(rms), 2e-7, 0, "inverseRms");
    for (std::size_t row = 0; row < rows.size(); ++row)
      EXPECT_NEAR(found[1][row], mean[row],
                  2e-7 * std::abs(*std::ranges::max_element(rows[row])))
          << row;
    expectClose(found[2], toDoubles(inverse), 2e-7, 0, "inverseDeviation");
  }
}

//===----------------------------------------------------------------------===//
// Cross-entropy
//===----------------------------------------------------------------------===//

TEST_F(LayerKernelsTest, CrossEntropy) {
  for (const CrossEntropyShape &shape :
       {CrossEntropyShape{0, 3}, CrossEntropyShape{1, 1},
        CrossEntropyShape{3, 2}, CrossEntropyShape{33, 65},
        CrossEntropyShape{3, 257}, CrossEntropyShape{1030, 3},
        // Eight rows a tile up to 128 classes, a warp a row up to 3072.
        CrossEntropyShape{20, 64}, CrossEntropyShape{17, 128},
        CrossEntropyShape{9, 129}, CrossEntropyShape{5, 256},
        CrossEntropyShape{3, 3072}, CrossEntropyShape{3, 3073},
        CrossEntropyShape{2, 13000}})
    for (const double spread : {3.0, 1e4}) {
      const auto &[rows, classes] = shape;
      const std::int64_t count = rows * classes;
      const Floats logits = randomFloats(count, 1, spread);
      const std::vector<std::int32_t> targets = randomIndices(rows, classes, 2);
      double loss = 0;
      double lossAlone = 0;
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            auto *inPlace = device.upload(logits);
            const std::int32_t *at = device.upload(targets);
            auto *mean = device.reserve<double>(1);
            crossEntropy(on, shape, inPlace, at, nullptr, nullptr, mean);
            lossAlone = device.download(mean, 1)[0];
            crossEntropy(on, shape, inPlace, at, nullptr, inPlace, mean);
            loss = device.download(mean, 1)[0];
            return std::vector<Floats>{device.download(inPlace, count)};
          });
      double total = 0;
      std::vector<double> gradient(logits.size());
      for (std::int64_t row = 0; row < rows; ++row) {
        const float *x = logits.data() + row * classes;
        const double largest = *std::max_element(x, x + classes);
        double exponentials = 0;
        for (std::int64_t j = 0; j < classes; ++j)
          exponentials += std::exp(x[j] - largest);
        total += std::log(exponentials) - (x[targets[row]] - largest);
        for (std::int64_t j = 0; j < classes; ++j)
          gradient[row * classes + j] =
              (std::exp(x[j] - largest) / exponentials -
               (j == targets[row] ? 1 : 0)) /
              static_cast<double>(rows);
      }
      const double expected = rows == 0 ? 0 : total / static_cast<double>(rows);
      // The largest difference of two logits is rounded.
      EXPECT_NEAR(loss, expected, 3e-7 * std::abs(expected) + 1e-7);
      EXPECT_EQ(loss, lossAlone);
      expectClose(found[0], gradient, 2e-6,
                  rows == 0 ? 0 : 2e-7 / static_cast<double>(rows), "dLogits");
    }
}

TEST_F(LayerKernelsTest, WithoutClassesEveryTargetIsForeign) {
  const auto kernels = std::make_shared<EmulatedKernels>(compiler());
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  auto *none = device.reserve<float>(0);
  auto *mean = device.reserve<double>(1);
  crossEntropy(on, {2, 0}, none, device.upload(std::vector{0, 1}), nullptr,
               none, mean);
  EXPECT_TRUE(std::isnan(device.download(mean, 1)[0]));
}

TEST_F(LayerKernelsTest, AForeignTargetIsSeen) {
  const auto kernels = std::make_shared<EmulatedKernels>(compiler());
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  for (const std::int32_t target : {-1, 2}) {
    auto *logits = device.upload(Floats{1, 2, 3, 4});
    auto *mean = device.reserve<double>(1);
    crossEntropy(on, {2, 2}, logits, device.upload(std::vector{0, target}),
                 nullptr, logits, mean);
    EXPECT_TRUE(std::isnan(device.download(mean, 1)[0]));
    const Floats gradient = device.download(logits, 4);
    EXPECT_FALSE(std::isnan(gradient[0]) || std::isnan(gradient[1]));
    EXPECT_TRUE(std::isnan(gradient[2]) && std::isnan(gradient[3]));
  }
}

TEST_F(LayerKernelsTest, AnInfiniteLossLeavesNoGradientThatLooksSound) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const auto kernels = std::make_shared<EmulatedKernels>(compiler());
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  auto *logits = device.upload(Floats{-infinity, 1, 2, 1, 2, 3});
  auto *mean = device.reserve<double>(1);
  crossEntropy(on, {2, 3}, logits, device.upload(std::vector{0, 1}), nullptr,
               logits, mean);
  EXPECT_EQ(device.download(mean, 1)[0], infinity);
  const Floats gradient = device.download(logits, 6);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    EXPECT_EQ(std::isnan(gradient[i]), i < 3) << i;
}

TEST_F(LayerKernelsTest, ALogitOfMinusInfinityIsAClassThatCannotBe) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  // Of the three kernels, each with rows of several elements a lane.
  for (const std::int64_t classes : {40, 300, 13000}) {
    Floats logits = randomFloats(classes, 1);
    std::fill_n(logits.begin(), classes / 2, -infinity);
    const std::int32_t target = static_cast<std::int32_t>(classes) - 1;
    Floats expected(logits.size());
    const double loss =
        hostCrossEntropy({1, classes}, logits.data(), &target, expected.data());
    const std::vector<Floats> found =
        inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
          auto *gradient = device.upload(logits);
          auto *there = device.reserve<double>(1);
          crossEntropy(on, {1, classes}, gradient,
                       device.upload(std::vector{target}), nullptr, gradient,
                       there);
          EXPECT_NEAR(device.download(there, 1)[0], loss, 1e-6);
          return std::vector<Floats>{device.download(gradient, classes)};
        });
    expectClose(found[0], toDoubles(expected), 1e-6, 1e-7, "dLogits");
  }
}

TEST_F(LayerKernelsTest, OfARowThatCountsForNothingNothingIsRead) {
  const auto kernels = std::make_shared<EmulatedKernels>(compiler());
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  // Three rows, of which the middle one alone is written.
  const Floats row = {1, 2, 3};
  auto *logits = device.reserve<float>(9);
  device.memory.copyToDevice(reinterpret_cast<std::uint64_t>(logits + 3),
                             row.data(), 12);
  auto *gradient = device.reserve<float>(9);
  auto *loss = device.reserve<double>(1);
  crossEntropy(on, {3, 3}, logits, device.upload(std::vector{-1, 2, 7}),
               device.upload(Floats{0, 0.5F, 0}), gradient, loss);
  Floats expected(3);
  const std::int32_t target = 2;
  const double ofRow =
      hostCrossEntropy({1, 3}, row.data(), &target, expected.data());
  EXPECT_NEAR(device.download(loss, 1)[0], 0.5 * ofRow, 1e-7);
  const Floats found = device.download(gradient, 9);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], i / 3 == 1 ? 0.5F * expected[i - 3] : 0.0F, 1e-7);
}

//===----------------------------------------------------------------------===//
// Clipping and AdamW
//===----------------------------------------------------------------------===//

TEST_F(LayerKernelsTest, ClippingByTheGlobalNorm) {
  for (const std::int64_t count : {0, 1, 33, 1000, 40001})
    for (const double limit :
         {0.5, 1e9, std::numeric_limits<double>::infinity()}) {
      const Floats gradients = randomFloats(count, 1);
      long double squares = 0;
      for (const float g : gradients)
        squares += static_cast<long double>(g) * static_cast<long double>(g);
      const auto expected = static_cast<double>(std::sqrt(squares));
      const double factor = expected <= limit ? 1 : limit / expected;
      std::vector<double> clipped = toDoubles(gradients);
      for (double &g : clipped)
        g *= factor;
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            std::vector<Floats> results;
            // Once by 4 bytes, once by 16.
            for (const std::int64_t offset : {1, 0}) {
              auto *there = device.upload(gradients, offset);
              auto *norm = device.reserve<double>(1);
              auto *scale = device.reserve<float>(1);
              clipScale(on, count, there, limit, norm, scale);
              EXPECT_NEAR(device.download(norm, 1)[0], expected,
                          1e-14 * expected);
              const float factorThere = device.download(scale, 1)[0];
              Floats scaled = gradients;
              for (float &g : scaled)
                g *= factorThere;
              results.push_back(scaled);
            }
            return results;
          });
      for (const Floats &scaled : found)
        expectClose(scaled, clipped, 1.2e-7, 0, "clipped");
    }
}

TEST_F(LayerKernelsTest, AdamWFollowsTheHost) {
  const AdamWOptions options{0.9, 0.95, 1e-8, 0.2};
  for (const std::int64_t count : {0, 1, 33, 1025, 1028})
    for (const std::int64_t offset : {0, 1}) {
      std::vector<bool> decayed(static_cast<std::size_t>(count));
      Floats decays(decayed.size());
      for (std::size_t i = 0; i < decayed.size(); i += 3) {
        decayed[i] = true;
        decays[i] = static_cast<float>(options.weightDecay);
      }
      AdamW host(options, decayed, hostLayers());
      const Floats initial = randomFloats(count, 1);
      const auto onHost = [](const Floats &values) {
        return DeviceArray<float>(std::make_shared<HostDevice>(),
                                  std::span<const float>(values));
      };
      const DeviceArray<float> parameters = onHost(initial);
      std::vector<Floats> gradients;
      for (std::int64_t step = 1; step <= 3; ++step) {
        gradients.push_back(randomFloats(count, 10 + step));
        Floats halved = gradients.back();
        for (float &g : halved)
          g *= 0.5F;
        host.step(0.01 * static_cast<double>(step), 1e30, parameters,
                  onHost(halved));
      }
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            auto *p = device.upload(initial, offset);
            auto *m = device.upload(Floats(initial.size()), offset);
            auto *v = device.upload(Floats(initial.size()), offset);
            const float *w = device.upload(decays, offset);
            for (std::int64_t step = 1; step <= 3; ++step) {
              const std::array<float, 3> factors =
                  adamWFactors(options, 0.01 * static_cast<double>(step), step);
              adamW(on, options,
                    {.count = count,
                     .parameters = p,
                     .gradients = device.upload(
                         gradients[static_cast<std::size_t>(step) - 1], offset),
                     .firstMoment = m,
                     .secondMoment = v,
                     .decays = w,
                     .factors =
                         device.upload(Floats(factors.begin(), factors.end())),
                     .scale = device.upload(Floats{0.5F})});
            }
            return std::vector<Floats>{device.download(p, count),
                                       device.download(m, count),
                                       device.download(v, count)};
          });
      // The device contracts products and sums, the host does not.
      expectClose(found[0], toDoubles(parameters.download()), 5e-7, 5e-8,
                  "parameters");
      expectClose(found[1], toDoubles(host.firstMoment().download()), 5e-7,
                  5e-8, "first moment");
      expectClose(found[2], toDoubles(host.secondMoment().download()), 5e-7,
                  1e-9, "second moment");
    }
}

TEST_F(LayerKernelsTest, ANormThatIsNotFiniteChangesNothing) {
  for (const float bad : {std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    const auto kernels = std::make_shared<EmulatedKernels>(compiler());
    EmulatedKernels &device = *kernels;
    const LayerContext on(nullptr, kernels);
    const Floats ones(3, 1);
    auto *gradients = device.upload(Floats{1, bad, 2});
    auto *p = device.upload(ones);
    auto *m = device.upload(ones);
    auto *v = device.upload(ones);
    auto *norm = device.reserve<double>(1);
    auto *scale = device.reserve<float>(1);
    clipScale(on, 3, gradients, 1, norm, scale);
    adamW(on, {},
          {.count = 3,
           .parameters = p,
           .gradients = gradients,
           .firstMoment = m,
           .secondMoment = v,
           .decays = device.upload(ones),
           .factors = device.upload(ones),
           .scale = scale});
    EXPECT_FALSE(std::isfinite(device.download(norm, 1)[0]));
    for (const float *unchanged : {p, m, v})
      EXPECT_EQ(device.download(unchanged, 3), ones);
    EXPECT_TRUE(std::isnan(device.download(scale, 1)[0]));
  }
}

} // namespace
