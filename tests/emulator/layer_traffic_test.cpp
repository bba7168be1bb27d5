//===- layer_traffic_test.cpp - What kernels of layers move --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"
#include "minrnn/train/optimizer.h"
#include "tests/emulator/LayerKernelsTest.h"

#include <array>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// Fails unless the launches so far moved `floor` bytes and at most a twentieth
/// more.
void expectNearFloor(const EmulatedKernels &device, std::int64_t floor,
                     const char *what) {
  const auto moved =
      static_cast<double>(device.statistics.globalLoads.bytesMoved() +
                          device.statistics.globalStores.bytesMoved());
  const double overFloor = moved / static_cast<double>(floor);
  testing::Test::RecordProperty(what, std::to_string(overFloor));
  EXPECT_GE(overFloor, 1) << what;
  EXPECT_LE(overFloor, 1.05) << what;
}

TEST_F(LayerKernelsTest, NormsReadAndWriteEachElementOnce) {
  // As many rows as a small model's batch has positions.
  constexpr std::int64_t rows = 65536;
  constexpr std::int64_t width = 32;
  constexpr std::int64_t bytes = rows * width * 4;
  const auto kernels = std::make_shared<EmulatedKernels>(compiler());
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  auto *x = device.upload(Floats(rows * width, 1));
  auto *vector = device.upload(Floats(width, 1));
  auto *y = device.reserve<float>(rows * width);
  auto *mean = device.reserve<float>(rows);
  auto *inverse = device.reserve<float>(rows);
  auto *sums = device.reserve<float>(2 * width);

  rmsNormForward(on, {rows, width}, x, vector, y, inverse);
  expectNearFloor(device, 2 * bytes + rows * 4, "rmsNormForward");
  device.statistics = {};
  rmsNormBackward(on, {rows, width}, x, vector, inverse, x, y, sums);
  expectNearFloor(device, 3 * bytes + rows * 4, "rmsNormBackward");
  device.statistics = {};
  layerNormForward(on, {rows, width}, x, vector, vector, y, mean, inverse);
  expectNearFloor(device, 2 * bytes + rows * 8, "layerNormForward");
  device.statistics = {};
  layerNormBackward(on, {rows, width}, x, vector, mean, inverse, x, y, sums,
                    sums + width);
  expectNearFloor(device, 3 * bytes + rows * 8, "layerNormBackward");
}

TEST_F(LayerKernelsTest, CrossEntropyReadsAndWritesEachLogitOnce) {
  constexpr std::int64_t rows = 2048;
  const auto kernels = std::make_shared<EmulatedKernels>(compiler());
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  auto *loss = device.reserve<double>(1);
  // Eight rows a tile, and a warp a row.
  for (const std::int64_t classes : {65, 256}) {
    auto *logits = device.upload(randomFloats(rows * classes, 1));
    const auto *targets = device.upload(randomIndices(rows, classes, 2));
    device.statistics = {};
    crossEntropy(on, {rows, classes}, logits, targets, nullptr, logits, loss);
    // A target, and a loss that is written and read.
    expectNearFloor(device, rows * (8 * classes + 4 + 16), "crossEntropy");
  }
}

TEST_F(LayerKernelsTest, AdamWMovesThirtyTwoBytesAParameter) {
  constexpr std::int64_t count = 1 << 18;
  const auto kernels = std::make_shared<EmulatedKernels>(compiler());
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  auto *p = device.upload(Floats(count, 1));
  auto *m = device.upload(Floats(count, 1));
  auto *v = device.upload(Floats(count, 1));
  const float *g = device.upload(Floats(count, 1));
  const float *three = device.upload(Floats(3, 1));
  adamW(on, {},
        {.count = count,
         .parameters = p,
         .gradients = g,
         .firstMoment = m,
         .secondMoment = v,
         .decays = device.upload(Floats(count, 1)),
         .factors = three,
         .scale = three});
  expectNearFloor(device, 32 * count, "adamW");

  device.statistics = {};
  clipScale(on, count, g, 1, device.reserve<double>(1), m);
  expectNearFloor(device, 4 * count, "gradientNorm");
}

/// Fails where the launches so far executed more than `most` PTX instructions
/// an element, each thread's counted. Says how many there were.
void expectInstructions(EmulatedKernels &device, std::int64_t elements,
                        double most, const std::string &what) {
  const double found =
      static_cast<double>(device.statistics.threadInstructions) /
      static_cast<double>(elements);
  testing::Test::RecordProperty(what, std::to_string(found));
  EXPECT_LE(found, most) << what;
  device.statistics = {};
}

template <typename Number>
void countNorms(KernelCompiler &compiler, std::int64_t rows, std::int64_t width,
                const std::array<double, 4> &most) {
  const auto kernels = std::make_shared<EmulatedKernels>(compiler);
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  const std::int64_t count = rows * width;
  const std::string of = sizeof(Number) == 4 ? ", f32" : ", bf16";
  auto *x = device.upload(std::vector<Number>(count, Number(1)));
  auto *vector = device.upload(Floats(width, 1));
  auto *y = device.reserve<Number>(count);
  auto *mean = device.reserve<float>(rows);
  auto *inverse = device.reserve<float>(rows);
  auto *sums = device.reserve<float>(2 * width);
  rmsNormForward(on, {rows, width}, x, vector, y, inverse);
  expectInstructions(device, count, most[0], "rmsNormForward" + of);
  rmsNormBackward(on, {rows, width}, x, vector, inverse, x, y, sums);
  expectInstructions(device, count, most[1], "rmsNormBackward" + of);
  layerNormForward(on, {rows, width}, x, vector, vector, y, mean, inverse);
  expectInstructions(device, count, most[2], "layerNormForward" + of);
  layerNormBackward(on, {rows, width}, x, vector, mean, inverse, x, y, sums,
                    sums + width);
  expectInstructions(device, count, most[3], "layerNormBackward" + of);
}

TEST_F(LayerKernelsTest, NormsExecuteFewInstructions) {
  countNorms<float>(compiler(), 8192, 384, {25, 54, 36, 72});
  countNorms<BFloat16>(compiler(), 8192, 384, {39, 69, 53, 90});
}

TEST_F(LayerKernelsTest, OthersExecuteFewInstructions) {
  const auto kernels = std::make_shared<EmulatedKernels>(compiler());
  EmulatedKernels &device = *kernels;
  const LayerContext on(nullptr, kernels);
  constexpr std::int64_t rows = 4096;
  constexpr std::int64_t width = 384;
  constexpr std::int64_t vocabulary = 65;
  const auto *tokens = device.upload(randomIndices(rows, vocabulary, 1));
  auto *x = device.upload(Floats(rows * width, 1));
  auto *table = device.upload(Floats(vocabulary * width, 1));
  embeddingForward(on, {rows, vocabulary, width}, tokens, table, x);
  expectInstructions(device, rows * width, 21, "embeddingForward");
  embeddingBackward(on, {rows, vocabulary, width}, tokens, x, table);
  expectInstructions(device, rows * width, 29, "embeddingBackward");
  // The work does not grow with the product of rows and words.
  constexpr std::int64_t words = 20000;
  auto *large = device.reserve<float>(words * width);
  embeddingBackward(on, {rows, words, width}, tokens, x, large);
  expectInstructions(device, (rows + words) * width, 20,
                     "embeddingBackward of many words");
  auto *logits = device.upload(randomFloats(rows * vocabulary, 1));
  auto *loss = device.reserve<double>(1);
  crossEntropy(on, {rows, vocabulary}, logits, tokens, nullptr, logits, loss);
  expectInstructions(device, rows * vocabulary, 82, "crossEntropy 65");
  crossEntropy(on, {4096, 256}, x, tokens, nullptr, x, loss);
  expectInstructions(device, 4096 * 256, 80, "crossEntropy 256");
  constexpr std::int64_t many = 8192;
  auto *wide = device.upload(randomFloats(64 * many, 1));
  crossEntropy(on, {64, many}, wide, tokens, nullptr, wide, loss);
  expectInstructions(device, 64 * many, 66, "crossEntropy 8192");
  constexpr std::int64_t count = 1 << 18;
  auto *p = device.upload(Floats(count, 1));
  auto *m = device.upload(Floats(count, 1));
  auto *v = device.upload(Floats(count, 1));
  const float *g = device.upload(Floats(count, 1));
  const float *three = device.upload(Floats(3, 1));
  adamW(on, {},
        {.count = count,
         .parameters = p,
         .gradients = g,
         .firstMoment = m,
         .secondMoment = v,
         .decays = device.upload(Floats(count, 1)),
         .factors = three,
         .scale = three});
  expectInstructions(device, count, 37, "adamW");
  clipScale(on, count, g, 1, device.reserve<double>(1), m);
  expectInstructions(device, count, 11, "clipScale");
}

} // namespace
