//===- attention_kernels_test.cpp - Attention on the emulator -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of attention and of rotary positions with every check of the
// emulator, held to the host's, which has references of its own.
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"
#include "tests/emulator/LayerKernelsTest.h"
#include "tests/runtime/ReferenceAttention.h"

#include <cmath>
#include <limits>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// Bounds of what two orders of the same sums in f32 make of numbers of order
/// one.
constexpr double relative = 1e-5;
constexpr double absolute = 1e-5;

TEST_F(LayerKernelsTest, AttentionIsTheHosts) {
  for (const AttentionShape &shape :
       {AttentionShape{1, 1, 0, 1, 1}, AttentionShape{2, 5, 0, 3, 4},
        AttentionShape{1, 70, 0, 2, 32}, AttentionShape{1, 33, 0, 1, 64},
        AttentionShape{1, 65, 0, 1, 40}, AttentionShape{2, 31, 0, 1, 128},
        AttentionShape{1, 97, 0, 1, 100}, AttentionShape{0, 3, 0, 2, 4},
        AttentionShape{2, 0, 0, 2, 4}, AttentionShape{2, 3, 0, 0, 4}}) {
    const std::int64_t width = shape.heads * shape.headWidth;
    // Query, key and value are parts of the same rows.
    const std::int64_t stride = 3 * width + 1;
    const RowsLayout query{shape.time, stride, 0};
    const RowsLayout key{shape.time, stride, width};
    const RowsLayout value{shape.time, stride, 2 * width};
    const RowsLayout plain{shape.time, width};
    const std::int64_t count = query.count(shape.batch);
    const std::int64_t outputs = plain.count(shape.batch);
    const std::int64_t queries = shape.batch * shape.heads * shape.time;
    const Floats rows = randomFloats(count, 1);
    const Floats dOutput = randomFloats(outputs, 2);
    const auto run = [&](const LayerContext &on, const float *in,
                         const float *dy, float *y, float *logSumExp,
                         float *dIn) {
      attentionForward(on, shape, query.of(in), key.of(in), value.of(in),
                       plain.of(y), logSumExp);
      attentionBackward(on, shape, query.of(in), key.of(in), value.of(in),
                        plain.of<const float>(y), plain.of(dy), logSumExp,
                        query.of(dIn), key.of(dIn), value.of(dIn));
    };
    const std::vector<Floats> found = inEveryOrder([&](EmulatedKernels &device,
                                                       const LayerContext &on) {
      auto *y = device.reserve<float>(outputs);
      auto *logSumExp = device.reserve<float>(queries);
      // A column of each row is nobody's.
      auto *dIn = device.upload(Floats(rows.size(), 77));
      run(on, device.upload(rows), device.upload(dOutput), y, logSumExp, dIn);
      return std::vector<Floats>{device.download(y, outputs),
                                 device.download(logSumExp, queries),
                                 device.download(dIn, count)};
    });
    Floats y(dOutput.size());
    Floats logSumExp(static_cast<std::size_t>(queries));
    Floats dIn(rows.size(), 77);
    run(hostLayers(), rows.data(), dOutput.data(), y.data(), logSumExp.data(),
        dIn.data());
    expectClose(found[0], toDoubles(y), relative, absolute, "output");
    expectClose(found[1], toDoubles(logSumExp), relative, absolute,
                "logSumExp");
    expectClose(found[2], toDoubles(dIn), relative, absolute, "gradients");
  }
}

TEST_F(LayerKernelsTest, AttentionWithAPastAndLargeScores) {
  for (const AttentionShape &shape :
       {AttentionShape{2, 1, 40, 2, 8}, AttentionShape{1, 40, 33, 1, 33},
        AttentionShape{1, 3, 0, 2, 0}, AttentionShape{2, 2, 64, 1, 128}}) {
    const std::int64_t width = shape.heads * shape.headWidth;
    const std::int64_t keyTime = shape.past + shape.time;
    // A cache has room for more, which nobody may read: nothing is written
    // there.
    const RowsLayout cache{keyTime + 3, width};
    const RowsLayout plain{shape.time, width};
    const std::int64_t outputs = plain.count(shape.batch);
    const std::int64_t queries = shape.batch * shape.heads * shape.time;
    const Floats query = randomFloats(outputs, 1, 100);
    Floats keys = randomFloats(cache.count(shape.batch), 2, 10);
    Floats values = randomFloats(cache.count(shape.batch), 3);
    for (std::int64_t b = 0; b < shape.batch; ++b)
      for (std::int64_t i = keyTime * width; i < (keyTime + 3) * width; ++i)
        keys[b * cache.time * width + i] = values[b * cache.time * width + i] =
            std::numeric_limits<float>::quiet_NaN();
    const auto run = [&](const LayerContext &on, const float *q, const float *k,
                         const float *v, float *y, float *logSumExp) {
      attentionForward(on, shape, plain.of(q), cache.of(k), cache.of(v),
                       plain.of(y), logSumExp);
    };
    const std::vector<Floats> found = inEveryOrder([&](EmulatedKernels &device,
                                                       const LayerContext &on) {
      const float *q = device.upload(query);
      const float *k = device.upload(keys);
      const float *v = device.upload(values);
      auto *y = device.reserve<float>(outputs);
      auto *again = device.reserve<float>(outputs);
      auto *logSumExp = device.reserve<float>(queries);
      run(on, q, k, v, y, logSumExp);
      run(on, q, k, v, again, nullptr);
      EXPECT_EQ(device.download(y, outputs), device.download(again, outputs));
      return std::vector<Floats>{device.download(y, outputs),
                                 device.download(logSumExp, queries)};
    });
    Floats y(query.size());
    Floats logSumExp(static_cast<std::size_t>(queries));
    run(hostLayers(), query.data(), keys.data(), values.data(), y.data(),
        logSumExp.data());
    // Scores are sums of products of some thousand; their roundings are errors
    // of the weights.
    const double rounding = 1000 * 30 * 0x1p-23;
    expectClose(found[0], toDoubles(y), relative, rounding, "output");
    expectClose(found[1], toDoubles(logSumExp), relative, rounding,
                "logSumExp");
  }
}

TEST_F(LayerKernelsTest, AttentionRefusesWideHeads) {
  EmulatedKernels device(compiler());
  const LayerContext on(nullptr, std::make_shared<EmulatedKernels>(compiler()));
  EXPECT_THROW(attentionForward(on, {1, 1, 0, 1, 129}, {}, {}, {}, {}, nullptr),
               Error);
}

TEST_F(LayerKernelsTest, RotaryEmbedding) {
  for (const RotaryShape &shape :
       {RotaryShape{2, 9, 3, 8, 0}, RotaryShape{1, 40, 2, 64, 1000000},
        RotaryShape{7, 1, 5, 2, 12345}, RotaryShape{1, 0, 2, 4, 0},
        RotaryShape{1, 3, 2, 0, 0}}) {
    const std::int64_t width = shape.heads * shape.headWidth;
    const RowsLayout layout{shape.time, width + 1, 1};
    const std::int64_t count = layout.count(shape.batch);
    const Floats rows = randomFloats(count, 1);
    for (const Rotation rotation : {Rotation::Forward, Rotation::Inverse}) {
      const std::vector<Floats> found =
          inEveryOrder([&](EmulatedKernels &device, const LayerContext &on) {
            auto *turned = device.upload(rows);
            rotaryEmbedding(on, shape, layout.of(turned), rotation);
            return std::vector<Floats>{device.download(turned, count)};
          });
      Floats expected = rows;
      rotaryEmbedding(hostLayers(), shape, layout.of(expected.data()),
                      rotation);
      expectClose(found[0], toDoubles(expected), 1e-6, 1e-6, "turned");
    }
  }
}

} // namespace
