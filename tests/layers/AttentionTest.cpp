//===- AttentionTest.cpp - Attention against double precision -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Causal attention and rotary positions on the host: the forward is held to a
// plain evaluation in double, the backward to its central differences.
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/layers.h"
#include "tests/layers/HostLayers.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/ReferenceAttention.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <omp.h>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using Numbers = std::vector<double>;
using Floats = std::vector<float>;

/// Bounds of sums of some dozens of terms of order one in f32.
constexpr double relativeOfAttention = 1e-5;
constexpr double absoluteOfAttention = 5e-6;
constexpr float untouched = 77;

/// Queries, keys and values in one array [batch, time, 3 width + 1], as a
/// linear layer may write them, with a column that is nobody's.
struct Packed {
  explicit Packed(const AttentionShape &shape)
      : width(shape.heads * shape.headWidth),
        query{shape.time, 3 * width + 1, 0},
        key{shape.time, 3 * width + 1, width},
        value{shape.time, 3 * width + 1, 2 * width} {}

  std::int64_t width;
  RowsLayout query, key, value;
};

RowsLayout plainRows(const AttentionShape &shape) {
  return {shape.time, shape.heads * shape.headWidth};
}

struct Gradients {
  Floats output;
  Floats logSumExp;
  /// Packed.
  Floats dRows;
};

Gradients trainOnHost(const AttentionShape &shape, const Floats &rows,
                      const Floats &dOutput) {
  const Packed at(shape);
  const RowsLayout plain = plainRows(shape);
  Gradients found{
      Floats(dOutput.size(), untouched),
      Floats(static_cast<std::size_t>(shape.batch * shape.heads * shape.time)),
      Floats(rows.size(), untouched)};
  attentionForward(hostLayers(), shape, at.query.of(rows.data()),
                   at.key.of(rows.data()), at.value.of(rows.data()),
                   plain.of(found.output.data()), found.logSumExp.data());
  attentionBackward(
      hostLayers(), shape, at.query.of(rows.data()), at.key.of(rows.data()),
      at.value.of(rows.data()), plain.of<const float>(found.output.data()),
      plain.of(dOutput.data()), found.logSumExp.data(),
      at.query.of(found.dRows.data()), at.key.of(found.dRows.data()),
      at.value.of(found.dRows.data()));
  return found;
}

AttentionResult evaluated(const AttentionShape &shape, const Numbers &rows) {
  const Packed at(shape);
  return attention(shape, at.query.of(rows.data()), at.key.of(rows.data()),
                   at.value.of(rows.data()));
}

TEST(Attention, ForwardAndBackward) {
  for (const AttentionShape &shape :
       {AttentionShape{1, 1, 0, 1, 1}, AttentionShape{3, 7, 0, 2, 4},
        AttentionShape{1, 33, 0, 1, 1}, AttentionShape{2, 32, 0, 3, 2},
        AttentionShape{1, 97, 0, 1, 3}, AttentionShape{1, 37, 0, 1, 37},
        AttentionShape{1, 20, 0, 2, 32}, AttentionShape{2, 130, 0, 1, 1}}) {
    const Packed at(shape);
    Numbers rows = randomNumbers(at.query.count(shape.batch), 1);
    const Numbers dOutput =
        randomNumbers(plainRows(shape).count(shape.batch), 2);
    const Gradients found =
        trainOnHost(shape, toFloats(rows), toFloats(dOutput));
    const AttentionResult expected = evaluated(shape, rows);
    expectClose(found.output, expected.output, relativeOfAttention,
                absoluteOfAttention, "output");
    expectClose(found.logSumExp, expected.logSumExp, relativeOfAttention,
                absoluteOfAttention, "logSumExp");
    const auto loss = [&] {
      return weightedSum(evaluated(shape, rows).output, dOutput);
    };
    Numbers dRows = centralDifferences(rows, loss);
    for (std::size_t i = 3 * at.width; i < dRows.size(); i += at.query.stride)
      dRows[i] = untouched;
    // Central differences err by their distance squared.
    expectClose(found.dRows, dRows, relativeOfAttention,
                2 * absoluteOfAttention, "gradients");
  }
}

// As a model decodes: a prompt in chunks, then token by token, with keys and
// values in a cache whose rest nobody may read.
TEST(Attention, ChunksWithACacheAreTheWhole) {
  constexpr AttentionShape shape{2, 150, 0, 3, 5};
  constexpr std::int64_t width = 15;
  constexpr std::int64_t capacity = 160;
  const Packed at(shape);
  const Numbers rows = randomNumbers(at.query.count(shape.batch), 1);
  const Floats asFloats = toFloats(rows);
  const AttentionResult expected = evaluated(shape, rows);
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  Floats keys(shape.batch * capacity * width, nan);
  Floats values(keys.size(), nan);
  const RowsLayout cache{capacity, width};
  Floats output(expected.output.size(), untouched);
  const RowsLayout plain = plainRows(shape);
  std::int64_t past = 0;
  for (const std::int64_t time : {1, 40, 0, 64, 33, 1, 1, 10}) {
    for (std::int64_t b = 0; b < shape.batch; ++b)
      for (std::int64_t t = past; t < past + time; ++t)
        for (std::int64_t i = 0; i < width; ++i) {
          const std::int64_t from =
              (b * shape.time + t) * at.key.stride + width + i;
          const std::int64_t to = (b * capacity + t) * width + i;
          keys[to] = asFloats[from];
          values[to] = asFloats[from + width];
        }
    HeadRows<const float> query = at.query.of(asFloats.data());
    query.data += past * query.timeStride;
    HeadRows<float> ofChunk = plain.of(output.data());
    ofChunk.data += past * ofChunk.timeStride;
    attentionForward(hostLayers(), {2, time, past, 3, 5}, query,
                     cache.of<const float>(keys.data()),
                     cache.of<const float>(values.data()), ofChunk, nullptr);
    past += time;
  }
  ASSERT_EQ(past, shape.time);
  expectClose(output, expected.output, relativeOfAttention, absoluteOfAttention,
              "output");
}

// Scores of some thousand, which f32 holds exactly.
TEST(Attention, LargeScoresDoNotOverflow) {
  constexpr AttentionShape shape{1, 100, 0, 1, 4};
  const Packed at(shape);
  Numbers rows = randomNumbers(at.query.count(1), 1, 50);
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = std::round(i % 13 < 8 ? rows[i] : rows[i] / 50);
  const Numbers dOutput = randomNumbers(plainRows(shape).count(1), 2);
  const AttentionResult expected = evaluated(shape, rows);
  const double largest =
      *std::max_element(expected.logSumExp.begin(), expected.logSumExp.end());
  ASSERT_GT(largest, 5000);
  const Gradients found = trainOnHost(shape, toFloats(rows), toFloats(dOutput));
  expectClose(found.output, expected.output, relativeOfAttention,
              absoluteOfAttention, "output");
  expectClose(found.logSumExp, expected.logSumExp, 1e-7, absoluteOfAttention,
              "logSumExp");
  // The rounding of logSumExp is a relative error of all of a query's weights;
  // a gradient is a sum over them, times a number of rows.
  double magnitude = 0;
  for (const double number : rows)
    magnitude = std::max(magnitude, std::abs(number));
  const double bound = 0x1p-24 * largest * magnitude * 10;
  ASSERT_LT(bound, 2);
  const auto loss = [&] {
    return weightedSum(evaluated(shape, rows).output, dOutput);
  };
  Numbers dRows = centralDifferences(rows, loss);
  for (std::size_t i = 12; i < dRows.size(); i += 13)
    dRows[i] = untouched;
  expectClose(found.dRows, dRows, 1e-3, bound, "gradients");
}

// A weight that is too small for a number is none, and a key that is no number
// spoils those who see it alone.
TEST(Attention, HostileScores) {
  constexpr AttentionShape shape{1, 70, 0, 1, 1};
  const auto infinity = std::numeric_limits<float>::infinity();
  Floats ones(70, 1);
  Floats keys(70, -200);
  keys[0] = 0;
  Floats values(70, 1e30F);
  values[0] = 3;
  Floats output(70);
  Floats logSumExp(70);
  const RowsLayout plain = plainRows(shape);
  const auto run = [&] {
    attentionForward(hostLayers(), shape, plain.of<const float>(ones.data()),
                     plain.of<const float>(keys.data()),
                     plain.of<const float>(values.data()),
                     plain.of(output.data()), logSumExp.data());
  };
  run();
  EXPECT_EQ(output, Floats(70, 3));
  EXPECT_EQ(logSumExp, Floats(70, 0));
  for (const float hostile : {infinity, std::nanf("")}) {
    keys[40] = hostile;
    run();
    for (std::size_t t = 0; t < 70; ++t)
      if (t < 40) {
        EXPECT_EQ(output[t], 3) << t;
      } else {
        EXPECT_TRUE(std::isnan(output[t])) << t;
      }
  }
}

TEST(Attention, EmptySizes) {
  for (const AttentionShape &shape :
       {AttentionShape{0, 3, 0, 2, 4}, AttentionShape{2, 0, 0, 2, 4},
        AttentionShape{2, 3, 0, 0, 4}})
    for (const std::int64_t past : {0, 5}) {
      AttentionShape chunk = shape;
      chunk.past = past;
      attentionForward(hostLayers(), chunk, {}, {}, {}, {}, nullptr);
      if (past == 0)
        attentionBackward(hostLayers(), chunk, {}, {}, {}, {}, {}, nullptr, {},
                          {}, {});
    }
  Floats logSumExp(2);
  attentionForward(hostLayers(), {1, 2, 3, 1, 0}, {}, {}, {}, {},
                   logSumExp.data());
  EXPECT_NEAR(logSumExp[0], std::log(4.0), 1e-6);
  EXPECT_NEAR(logSumExp[1], std::log(5.0), 1e-6);
}

TEST(Attention, Refusals) {
  EXPECT_THROW(attentionBackward(hostLayers(), {1, 0, 1, 1, 1}, {}, {}, {}, {},
                                 {}, nullptr, {}, {}, {}),
               Error);
  constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  for (const AttentionShape &shape :
       {AttentionShape{-1, 1, 0, 1, 1}, AttentionShape{1, -1, 0, 1, 1},
        AttentionShape{1, 1, -1, 1, 1}, AttentionShape{1, 1, 0, -1, 1},
        AttentionShape{1, 1, 0, 1, -1}, AttentionShape{1, 1, huge, 1, 1},
        AttentionShape{huge, 1, 0, 2, 1}, AttentionShape{1, huge, 0, 1, 1}})
    EXPECT_THROW(attentionForward(hostLayers(), shape, {}, {}, {}, {}, nullptr),
                 Error);
  EXPECT_THROW(attentionForward(hostLayers(), {1, 1, 0, 1, 1}, {},
                                {.timeStride = -1}, {}, {}, nullptr),
               Error);
}

TEST(Attention, AnyNumberOfThreadsGivesTheSameBits) {
  constexpr AttentionShape shape{2, 100, 0, 3, 20};
  const Packed at(shape);
  const Floats rows = toFloats(randomNumbers(at.query.count(shape.batch), 1));
  const Floats dOutput =
      toFloats(randomNumbers(plainRows(shape).count(shape.batch), 2));
  const int usual = omp_get_max_threads();
  omp_set_num_threads(1);
  const Gradients one = trainOnHost(shape, rows, dOutput);
  for (const int threads : {2, 3, 7}) {
    omp_set_num_threads(threads);
    const Gradients several = trainOnHost(shape, rows, dOutput);
    EXPECT_EQ(several.output, one.output);
    EXPECT_EQ(several.logSumExp, one.logSumExp);
    EXPECT_EQ(several.dRows, one.dRows);
  }
  omp_set_num_threads(usual);
}

//===----------------------------------------------------------------------===//
// Rotary position embedding
//===----------------------------------------------------------------------===//

TEST(RotaryEmbedding, TurnsPairsByTheirPositions) {
  // The last positions are such that an angle in f32 would err by 0.03.
  for (const std::int64_t firstPosition : {0, 3, 1000000}) {
    constexpr RowsLayout layout{40, 33, 1};
    const RotaryShape shape{2, 40, 4, 8, firstPosition};
    const Numbers before = randomNumbers(layout.count(2), 1);
    Numbers expected = before;
    for (std::int64_t b = 0; b < 2; ++b)
      for (std::int64_t t = 0; t < 40; ++t)
        for (std::int64_t h = 0; h < 4; ++h)
          for (std::int64_t i = 0; i < 4; ++i) {
            double *x = expected.data() + (b * 40 + t) * 33 + 1 + h * 8 + i;
            const double angle = static_cast<double>(firstPosition + t) *
                                 std::pow(10000, -2.0 * i / 8);
            const double turned =
                std::cos(angle) * x[0] - std::sin(angle) * x[4];
            x[4] = std::sin(angle) * x[0] + std::cos(angle) * x[4];
            x[0] = turned;
          }
    Floats rows = toFloats(before);
    rotaryEmbedding(hostLayers(), shape, layout.of(rows.data()));
    expectClose(rows, expected, 1e-6, 1e-6, "turned");
    rotaryEmbedding(hostLayers(), shape, layout.of(rows.data()),
                    Rotation::Inverse);
    expectClose(rows, before, 1e-6, 1e-6, "turned back");
  }
}

TEST(RotaryEmbedding, ChunksAreTheWhole) {
  constexpr RowsLayout layout{50, 12};
  const Floats before = toFloats(randomNumbers(layout.count(1), 1));
  Floats whole = before;
  rotaryEmbedding(hostLayers(), {1, 50, 2, 6, 0}, layout.of(whole.data()));
  Floats chunks = before;
  std::int64_t past = 0;
  for (const std::int64_t time : {1, 30, 0, 19}) {
    rotaryEmbedding(hostLayers(), {1, time, 2, 6, past},
                    layout.of(chunks.data() + past * 12));
    past += time;
  }
  EXPECT_EQ(chunks, whole);
}

TEST(RotaryEmbedding, Refusals) {
  for (const RotaryShape &shape :
       {RotaryShape{1, 1, 1, 3, 0}, RotaryShape{-1, 1, 1, 2, 0},
        RotaryShape{1, -1, 1, 2, 0}, RotaryShape{1, 1, -1, 2, 0},
        RotaryShape{1, 1, 1, -2, 0}, RotaryShape{1, 1, 1, 2, -1}})
    EXPECT_THROW(rotaryEmbedding(hostLayers(), shape, {}), Error);
  rotaryEmbedding(hostLayers(), {1, 0, 1, 2, 0}, {});
  rotaryEmbedding(hostLayers(), {1, 5, 1, 0, 0}, {});
}

} // namespace
