//===- layer_kernels_test.cpp - Kernels of layers on the emulator ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The PTX that NVRTC makes of the kernels of layers, run with every check of
// the emulator, its blocks in several orders: rows, embedding, convolution,
// activations, dropout. Held to plain formulas in double, or to the bits of the
// host's layers.
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/LayerKernelsTest.h"

#include "AllKernels.h"
#include "minrnn/layers.h"
#include "tests/runtime/ReferenceLayers.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace minrnn;
using namespace minrnn::test;

namespace {

TEST_F(LayerKernelsTest, EveryKernelIsUnderstoodOnEveryTarget) {
  const Nvrtc nvrtc;
  const std::vector<std::string> known = nvrtc.targets();
  for (const std::string target : {"sm_75", "sm_90"}) {
    if (std::ranges::find(known, target) == known.end())
      continue;
    KernelCompiler forTarget(target);
    EXPECT_GE(std::size(allKernels), 9U);
    for (const SourceText &source : allKernels) {
      const std::string &ptx = forTarget.ptx(source);
      EXPECT_EQ(&forTarget.ptx(source), &ptx);
      const emulator::Program program = emulator::parse(ptx);
      EXPECT_EQ(program.target(), target);
      EXPECT_FALSE(program.entries().empty()) << source.name;
      for (const emulator::EntryInfo &entry : program.entries()) {
        // Without a bound, a block may need more registers than there are.
        EXPECT_GE(entry.maxThreads.x, 256U) << entry.name;
        for (const emulator::ParameterInfo &parameter : entry.parameters)
          EXPECT_EQ(parameter.bytes, 8U) << entry.name << ' ' << parameter.name;
      }
    }
    EXPECT_THROW(forTarget.ptx({"broken.cu", "no C++"}), Error);
  }
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

struct RowsShape {
  std::int64_t rows;
  std::int64_t columns;
};

constexpr std::array<RowsShape, 9> rowsShapes = {{{0, 5},
                                                  {5, 0},
                                                  {1, 1},
                                                  {3, 31},
                                                  {9, 33},
                                                  {257, 3},
                                                  {256, 129},
                                                  {1000, 40},
                                                  {2, 1000}}};

TEST_F(LayerKernelsTest, ColumnSums) {
  for (const RowsShape &shape : rowsShapes) {
    const auto &[rows, columns] = shape;
    const Floats input = randomFloats(rows * columns, 1);
    std::vector<double> expected(static_cast<std::size_t>(columns));
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t j = 0; j < columns; ++j)
        expected[j] += input[row * columns + j];
    const std::vector<Floats> found =
        inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
          auto *sums = device.reserve<float>(columns);
          sumRows(on, rows, columns, device.upload(input), sums);
          return std::vector<Floats>{device.download(sums, columns)};
        });
    // Rounded once, from a sum in double.
    expectClose(found[0], expected, 6e-8, 1e-12, "sums");
  }
}

TEST_F(LayerKernelsTest, BiasAndSumOfArrays) {
  for (const RowsShape &shape : rowsShapes) {
    const std::int64_t count = shape.rows * shape.columns;
    const Floats a = randomFloats(count, 1);
    const Floats b = randomFloats(count, 2);
    const Floats bias = randomFloats(shape.columns, 3);
    const std::vector<Floats> found =
        inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
          auto *sum = device.upload(a);
          auto *biased = device.upload(a);
          add(on, count, device.upload(b), sum);
          addBias(on, shape.rows, shape.columns, device.upload(bias), biased);
          return std::vector<Floats>{device.download(sum, count),
                                     device.download(biased, count)};
        });
    for (std::int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(found[0][i], a[i] + b[i]);
      ASSERT_EQ(found[1][i], a[i] + bias[i % shape.columns]);
    }
  }
}

TEST_F(LayerKernelsTest, CopiesOnlyItsRows) {
  for (const auto &[rows, columns] : rowsShapes) {
    const std::int64_t from = columns + 3;
    const std::int64_t to = columns + 1;
    const Floats source = randomFloats(rows * from, 1);
    const Floats before(static_cast<std::size_t>(rows * to), 7);
    const std::vector<Floats> found =
        inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
          auto *copied = device.upload(before);
          auto *repeated = device.upload(before);
          const float *here = device.upload(source);
          copyRows(on, rows, columns, here, from, copied, to);
          copyRows(on, rows, columns, here, 0, repeated, to);
          return std::vector<Floats>{device.download(copied, rows * to),
                                     device.download(repeated, rows * to)};
        });
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t j = 0; j < to; ++j) {
        const bool inside = j < columns;
        const std::int64_t i = row * to + j;
        ASSERT_EQ(found[0][i], inside ? source[row * from + j] : 7);
        ASSERT_EQ(found[1][i], inside ? source[j] : 7);
      }
  }
}

//===----------------------------------------------------------------------===//
// Embedding
//===----------------------------------------------------------------------===//

TEST_F(LayerKernelsTest, Embedding) {
  for (const EmbeddingShape &shape :
       {EmbeddingShape{0, 3, 5}, EmbeddingShape{1, 1, 1},
        EmbeddingShape{33, 4, 31}, EmbeddingShape{1000, 65, 33},
        EmbeddingShape{257, 3, 300}, EmbeddingShape{3, 257, 130},
        EmbeddingShape{5, 2, 0}, EmbeddingShape{700, 40, 36},
        EmbeddingShape{64, 1, 132}, EmbeddingShape{130, 2, 8},
        // So many words that a chunk has several tiles of rows.
        EmbeddingShape{3000, 70000, 1}}) {
    const auto &[rows, vocabulary, width] = shape;
    const std::vector<std::int32_t> tokens = randomIndices(rows, vocabulary, 1);
    const Floats table = randomFloats(vocabulary * width, 2);
    const Floats dOutput = randomFloats(rows * width, 3);
    const std::vector<Floats> found = inEveryOrder([&](EmulatedKernels &device,
                                                       const LayerContext &on) {
      const std::int32_t *at = device.upload(tokens);
      auto *output = device.reserve<float>(rows * width);
      auto *dTable = device.reserve<float>(vocabulary * width);
      embeddingForward(on, shape, at, device.upload(table), output);
      embeddingBackward(on, shape, at, device.upload(dOutput), dTable);
      return std::vector<Floats>{device.download(output, rows * width),
                                 device.download(dTable, vocabulary * width)};
    });
    std::vector<double> sums(table.size());
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t j = 0; j < width; ++j) {
        ASSERT_EQ(found[0][row * width + j], table[tokens[row] * width + j]);
        sums[tokens[row] * width + j] += dOutput[row * width + j];
      }
    expectClose(found[1], sums, 6e-8, 1e-12, "dTable");
  }
}

TEST_F(LayerKernelsTest, EmbeddingOfAFrequentWord) {
  // Word 3 has most of the positions, word 0 and foreign tokens a few, words 5
  // and 6 none. Packs of 16 bytes in f32 and bf16, in f32 alone, in neither.
  constexpr std::int64_t rows = 1500;
  constexpr std::int64_t vocabulary = 7;
  std::vector<std::int32_t> tokens(rows, 3);
  for (const std::int32_t row : randomIndices(rows / 9, rows, 1))
    tokens[row] = row % 6 - 1;
  for (const std::int64_t width : {136, 132, 33})
    for (const std::int64_t offset : {0, 1}) {
      const EmbeddingShape shape{rows, vocabulary, width};
      // Numbers of bf16.
      std::vector<BFloat16> dOutput;
      for (const float value : randomFloats(rows * width, 2))
        dOutput.push_back(BFloat16(value));
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            const std::int32_t *at = device.upload(tokens);
            auto *dTable = device.reserve<float>(vocabulary * width);
            auto *again = device.reserve<float>(vocabulary * width);
            embeddingBackward(
                on, shape, at,
                device.upload(Floats(dOutput.begin(), dOutput.end()), offset),
                dTable);
            embeddingBackward(on, shape, at, device.upload(dOutput, offset),
                              again);
            return std::vector<Floats>{
                device.download(dTable, vocabulary * width),
                device.download(again, vocabulary * width)};
          });
      std::vector<double> sums(static_cast<std::size_t>(vocabulary * width));
      for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t j = 0; j < width; ++j)
          if (tokens[row] >= 0)
            sums[tokens[row] * width + j] += dOutput[row * width + j];
      expectClose(found[0], sums, 6e-8, 1e-12, "dTable");
      EXPECT_EQ(found[1], found[0]);
    }
}

TEST_F(LayerKernelsTest, ForeignTokensAreSeenAndTouchNothing) {
  const std::vector<std::int32_t> tokens = {-1, 1, 2};
  const Floats table = {1, 2, 3, 4};
  const std::vector<Floats> found =
      inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
        const std::int32_t *at = device.upload(tokens);
        auto *output = device.reserve<float>(6);
        auto *dTable = device.reserve<float>(4);
        embeddingForward(on, {3, 2, 2}, at, device.upload(table), output);
        embeddingBackward(on, {3, 2, 2}, at, output, dTable);
        return std::vector<Floats>{device.download(output, 6),
                                   device.download(dTable, 4)};
      });
  for (const int i : {0, 1, 4, 5})
    EXPECT_TRUE(std::isnan(found[0][i])) << i;
  EXPECT_EQ(found[1], (Floats{0, 0, 3, 4}));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

TEST_F(LayerKernelsTest, Activations) {
  const std::array<std::pair<Activation, double (*)(double)>, 3> cases = {
      {{Activation::Relu, relu},
       {Activation::Silu, silu},
       {Activation::Gelu, gelu}}};
  for (const std::int64_t count : {0, 1, 31, 1025})
    for (const auto &[activation, exact] : cases) {
      Floats x = randomFloats(count, 1, 3);
      if (count > 30)
        std::ranges::copy(Floats{-1e4F, 1e4F, 0, -90, 90}, x.begin());
      const Floats dy = randomFloats(count, 2);
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            const float *in = device.upload(x);
            auto *y = device.upload(x);
            auto *dx = device.upload(dy);
            activationForward(on, activation, count, y, y);
            activationBackward(on, activation, count, in, dx, dx);
            return std::vector<Floats>{device.download(y, count),
                                       device.download(dx, count)};
          });
      Floats slope(x.size());
      activationBackward(hostLayers(), activation, count, x.data(), dy.data(),
                         slope.data());
      for (std::int64_t i = 0; i < count; ++i) {
        // The argument of GELU's function is rounded, which weighs x^2 there.
        const double condition =
            activation == Activation::Gelu
                ? 1.2e-7 * std::min<double>(x[i] * x[i], 200)
                : 0;
        const double value = exact(x[i]);
        ASSERT_NEAR(found[0][i], value,
                    (1e-6 + condition) * std::abs(value) + 1e-37)
            << "at " << x[i];
        // The host's is held to central differences elsewhere.
        ASSERT_NEAR(found[1][i], slope[i], 1e-6 * std::abs(dy[i]))
            << "at " << x[i];
      }
    }
}

TEST_F(LayerKernelsTest, SquaredError) {
  for (const SquaredErrorShape &shape :
       {SquaredErrorShape{0, 3}, SquaredErrorShape{1, 1},
        SquaredErrorShape{70, 2}, SquaredErrorShape{3, 700},
        SquaredErrorShape{3, 0}})
    for (const bool isWeighted : {false, true}) {
      const std::int64_t count = shape.rows * shape.columns;
      const Floats predicted = randomFloats(count, 1);
      const Floats targets = randomFloats(count, 2);
      Floats weights(static_cast<std::size_t>(shape.rows), 0.25F);
      if (shape.rows > 1)
        weights[1] = 0;
      const float *ofHost = isWeighted ? weights.data() : nullptr;
      Floats gradient(predicted.size());
      double loss = -1;
      squaredError(hostLayers(), shape, predicted.data(), targets.data(),
                   ofHost, gradient.data(), &loss);
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            auto *dx = device.upload(predicted);
            auto *there = device.upload(std::vector<double>{-1});
            squaredError(on, shape, dx, device.upload(targets),
                         isWeighted ? device.upload(weights) : nullptr, dx,
                         there);
            return std::vector<Floats>{
                device.download(dx, count),
                {static_cast<float>(device.download(there, 1).at(0))}};
          });
      EXPECT_NEAR(found[1][0], loss, 1e-6 * loss);
      for (std::size_t i = 0; i < gradient.size(); ++i)
        ASSERT_NEAR(found[0][i], gradient[i], 1e-6 * std::abs(gradient[i]));
    }
}

TEST_F(LayerKernelsTest, GatedActivations) {
  for (const GatedActivationShape &shape :
       {GatedActivationShape{0, 5}, GatedActivationShape{5, 0},
        GatedActivationShape{1, 1}, GatedActivationShape{33, 37},
        GatedActivationShape{3, 1030}})
    for (const Activation activation :
         {Activation::Relu, Activation::Silu, Activation::Gelu}) {
      const std::int64_t count = shape.rows * shape.width;
      const Floats x = randomFloats(2 * count, 1, 3);
      const Floats dy = randomFloats(count, 2);
      Floats y(dy.size());
      Floats dx(x.size());
      gatedActivationForward(hostLayers(), activation, shape, x.data(),
                             y.data());
      gatedActivationBackward(hostLayers(), activation, shape, x.data(),
                              dy.data(), dx.data());
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            auto *in = device.upload(x);
            auto *out = device.upload(dy);
            gatedActivationForward(on, activation, shape, in, out);
            const Floats forward = device.download(out, count);
            gatedActivationBackward(on, activation, shape, in,
                                    device.upload(dy), in);
            return std::vector<Floats>{forward, device.download(in, 2 * count)};
          });
      for (std::size_t i = 0; i < y.size(); ++i)
        ASSERT_NEAR(found[0][i], y[i], 1e-5 * std::abs(y[i]) + 1e-7) << i;
      for (std::size_t i = 0; i < dx.size(); ++i)
        ASSERT_NEAR(found[1][i], dx[i], 1e-5 * std::abs(dx[i]) + 1e-6) << i;
    }
}

//===----------------------------------------------------------------------===//
// Causal convolution
//===----------------------------------------------------------------------===//

TEST_F(LayerKernelsTest, CausalConvolution) {
  for (const CausalConvolutionShape &shape :
       {CausalConvolutionShape{1, 1, 1, 1}, CausalConvolutionShape{3, 7, 33, 4},
        CausalConvolutionShape{2, 2, 5, 4},
        CausalConvolutionShape{2, 150, 3, 3},
        CausalConvolutionShape{1, 257, 130, 4},
        CausalConvolutionShape{0, 5, 3, 4}, CausalConvolutionShape{2, 0, 3, 2},
        CausalConvolutionShape{2, 3, 0, 2},
        CausalConvolutionShape{2, 3, 2, 0}}) {
    const auto &[batch, time, channels, taps] = shape;
    const std::int64_t count = batch * time * channels;
    const Floats x = randomFloats(count, 1);
    const Floats weight = randomFloats(channels * taps, 2);
    const Floats bias = randomFloats(channels, 3);
    const Floats dy = randomFloats(count, 4);
    const std::vector<Floats> found =
        inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
          const float *in = device.upload(x);
          const float *w = device.upload(weight);
          auto *y = device.reserve<float>(count);
          auto *plain = device.reserve<float>(count);
          auto *dx = device.reserve<float>(count);
          auto *dWeight = device.reserve<float>(channels * taps);
          auto *dBias = device.reserve<float>(channels);
          causalConvolutionForward(on, shape, in, w, device.upload(bias), y);
          causalConvolutionForward(on, shape, in, w, nullptr, plain);
          causalConvolutionBackward(on, shape, in, w, device.upload(dy), dx,
                                    dWeight, dBias);
          return std::vector<Floats>{device.download(y, count),
                                     device.download(plain, count),
                                     device.download(dx, count),
                                     device.download(dWeight, channels * taps),
                                     device.download(dBias, channels)};
        });
    const auto size = [](std::int64_t n) {
      return static_cast<std::size_t>(n);
    };
    const auto reference = [&](const Numbers &addend) {
      return causalConvolution(size(batch), size(time), size(channels),
                               size(taps), toDoubles(x), toDoubles(weight),
                               addend);
    };
    expectClose(found[0], reference(toDoubles(bias)), 1e-6, 2e-6, "y");
    expectClose(found[1], reference({}), 1e-6, 2e-6, "y without bias");
    // The host's backward is held to central differences elsewhere.
    Floats dx(x.size());
    Floats dWeight(weight.size());
    Floats dBias(bias.size());
    causalConvolutionBackward(hostLayers(), shape, x.data(), weight.data(),
                              dy.data(), dx.data(), dWeight.data(),
                              dBias.data());
    expectClose(found[2], toDoubles(dx), 1e-6, 2e-6, "dx");
    // Both are sums in double, rounded once.
    expectClose(found[3], toDoubles(dWeight), 1.2e-7, 1e-12, "dWeight");
    expectClose(found[4], toDoubles(dBias), 1.2e-7, 1e-12, "dBias");
  }
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

TEST_F(LayerKernelsTest, PhiloxGivesTheKnownAnswers) {
  constexpr SourceText source = {
      "philox_test.cu",
      "#include \"Philox.cuh\"\n"
      "extern \"C\" __global__ void k(const unsigned *in, unsigned *out) {\n"
      "  PhiloxWords w = philox({in[0], in[1], in[2], in[3]}, in[4], in[5]);\n"
      "  for (int i = 0; i < 4; ++i) out[i] = w.word[i];\n"
      "}\n"};
  emulator::Memory memory;
  const emulator::Module module(memory, emulator::parse(Nvrtc().compileToPtx(
                                            source, "sm_75", kernelHeaders())));
  using Words = std::vector<std::uint32_t>;
  // The known answers of the authors' Random123: counter and key, then words.
  const std::vector<std::pair<Words, Words>> cases = {
      {Words(6, 0), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {Words(6, 0xffffffff), {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (const auto &[from, expected] : cases) {
    const std::uint64_t in = memory.allocate(24);
    const std::uint64_t out = memory.allocate(16);
    memory.copyToDevice(in, from.data(), 24);
    const std::array<std::uint64_t, 2> words = {in, out};
    emulator::launch(module, "k", {1, 1, 1}, {1, 1, 1}, 0, words);
    Words found(4);
    memory.copyToHost(found.data(), out, 16);
    EXPECT_EQ(found, expected);
  }
}

TEST_F(LayerKernelsTest, DropoutHasTheHostsMask) {
  for (const std::int64_t count : {0, 1, 31, 33, 127, 129, 5000})
    for (const double rate : {0.0, 0.1, 0.75}) {
      const DropoutMask mask{count, rate, 0x123456789abcdef0};
      const std::uint64_t step = 5ULL << 31U;
      const Floats x = randomFloats(count, 1);
      Floats expected(x.size());
      hostDropout(mask, step, x.data(), expected.data());
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            auto *values = device.upload(x);
            dropout(on, mask, device.upload(std::vector{step}), values, values);
            return std::vector<Floats>{device.download(values, count)};
          });
      EXPECT_EQ(found[0], expected) << count << " at " << rate;
    }
}

} // namespace
