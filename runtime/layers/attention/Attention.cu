//===- Attention.cu - Causal attention ------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// softmax(q k^T / sqrt(width)) v for each head of each sequence, where query t
// sees the keys 0 to past + t. Weights are formed tile by tile, of 32 queries
// by 32 keys, and never stored.
//
// A block owns a tile of rows (queries, or keys), of which each warp owns four,
// and goes through the tiles of the other rows: a lane is one of these in
// products of rows, and every 32nd column in sums of rows. Heads have up to 128
// columns, which the block takes as 32, 64 or 128.
//
// Element i of head h at time t of sequence b lies at
// b batchStride + t timeStride + h width + i; each array has strides of its
// own. logSumExp and means are [batch, heads, time].
//
// Every entry: grid {tiles of time, times batch, times heads}, block {256},
// shared 128 bytes a column of each tile that it keeps.
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

constexpr int tileRows = 32;
constexpr int blockWarps = 8;
/// Rows that a warp owns.
constexpr int ownRows = tileRows / blockWarps;

extern __shared__ float4 tileMemory[];

__device__ inline int lane() { return threadIdx.x % lanes; }
__device__ inline int warp() { return threadIdx.x / lanes; }
/// The first of the tile's rows that this warp owns.
__device__ inline int firstOwn() { return warp() * ownRows; }

/// The rows of one head of one sequence.
template <typename Element> struct Rows {
  Element *data;
  Size stride;
};

/// Where the heads of sequences lie.
template <typename Element> struct HeadRows {
  Element *data;
  Size batchStride;
  Size timeStride;

  __device__ Rows<Element> of(Size sequence, Size head, Size width) const {
    return {data + sequence * batchStride + head * width, timeStride};
  }
};

/// A tile of rows of 32 `groups` columns in shared memory. Quads of columns are
/// permuted by the row, so that lanes meet in no bank, neither when they read
/// the same quad of 32 rows nor 32 columns of the same row.
template <int groups> struct Tile {
  static constexpr int quads = groups * lanes / 4;
  float4 *memory;

  __device__ explicit Tile(int index)
      : memory(tileMemory + index * tileRows * quads) {}

  __device__ float4 &quad(int row, int index) const {
    return memory[row * quads + (index ^ (row & 7))];
  }
  __device__ float &at(int row, int column) const {
    return (&quad(row, column / 4).x)[column % 4];
  }

  /// Rows from `first` on, scaled; zeros where there is no such row or column.
  /// All threads call it, between barriers.
  __device__ void load(const Rows<const float> &rows, Size first, Size end,
                       Size width, float scale = 1) const {
    for (int row = warp(); row < tileRows; row += blockWarps)
      for (int group = 0; group < groups; ++group) {
        const int column = lane() + group * lanes;
        at(row, column) =
            first + row < end && column < width
                ? scale * rows.data[(first + row) * rows.stride + column]
                : 0.0F;
      }
  }
};

/// products[i] = own row i of this warp times row `lane` of `others`.
template <int groups>
__device__ void multiplyRows(const Tile<groups> &own,
                             const Tile<groups> &others,
                             float (&products)[ownRows]) {
  for (float &product : products)
    product = 0;
#pragma unroll 4
  for (int index = 0; index < Tile<groups>::quads; ++index) {
    const float4 x = others.quad(lane(), index);
    for (int i = 0; i < ownRows; ++i) {
      const float4 a = own.quad(firstOwn() + i, index);
      products[i] += a.x * x.x + a.y * x.y + a.z * x.z + a.w * x.w;
    }
  }
}

/// Adds to the sums of each own row of this warp the rows of `others`, by
/// weights of which a lane has that of row `lane`. A lane has every 32nd column
/// of the sums.
template <int groups>
__device__ void addRows(const float (&weights)[ownRows],
                        const Tile<groups> &others,
                        float (&sums)[ownRows][groups]) {
#pragma unroll 4
  for (int row = 0; row < tileRows; ++row)
    for (int group = 0; group < groups; ++group) {
      const float x = others.at(row, lane() + group * lanes);
      for (int i = 0; i < ownRows; ++i)
        sums[i][group] += __shfl_sync(allLanes, weights[i], row) * x;
    }
}

/// Writes the sums of own rows, times `factor`.
template <int groups>
__device__ void storeRows(const Rows<float> &rows, Size first, Size end,
                          Size width, const float (&sums)[ownRows][groups],
                          float factor) {
  for (int i = 0; i < ownRows; ++i)
    for (int group = 0; group < groups; ++group) {
      const Size row = first + firstOwn() + i;
      const int column = lane() + group * lanes;
      if (row < end && column < width)
        rows.data[row * rows.stride + column] = factor * sums[i][group];
    }
}

__device__ inline float negativeInfinity() {
  return -__int_as_float(0x7F800000);
}

__device__ inline float scaleOf(Size width) {
  return float(1 / sqrt(double(width)));
}

/// Calls visit(sequence, head, first) for each tile that this block owns.
/// Those of the latest rows, which see the most, are the first ones.
template <typename Visit>
__device__ void forEachTile(Size batch, Size time, Size heads, Visit visit) {
  const Size tiles = (time + tileRows - 1) / tileRows;
  for (Size i = blockIdx.x; i < tiles * batch * heads; i += gridDim.x) {
    const Size head = i % (batch * heads);
    visit(head / heads, head % heads,
          (tiles - 1 - i / (batch * heads)) * tileRows);
  }
}

/// Runs `entry` with as many groups of 32 columns as heads of `width` need.
template <typename Entry>
__device__ void runWithGroups(Size width, const Entry &entry) {
  if (width <= 32)
    entry.template run<1>();
  else if (width <= 64)
    entry.template run<2>();
  else
    entry.template run<4>();
}

//===----------------------------------------------------------------------===//
// Forward
//===----------------------------------------------------------------------===//

struct Forward {
  HeadRows<const float> query, key, value;
  HeadRows<float> output;
  float *logSumExp;
  Size batch, time, past, heads, width;

  template <int groups> __device__ void run() const {
    forEachTile(batch, time, heads, [&](Size sequence, Size head, Size first) {
      runTile<groups>(sequence, head, first);
    });
  }

  template <int groups>
  __device__ void runTile(Size sequence, Size head, Size first) const {
    const Tile<groups> own(0);
    const Tile<groups> others(1);
    const Rows<const float> keys = key.of(sequence, head, width);
    const Rows<const float> values = value.of(sequence, head, width);
    // What the last of the queries sees.
    const Size end = past + (first + tileRows < time ? first + tileRows : time);
    float sums[ownRows][groups] = {};
    float divisors[ownRows] = {};
    float largest[ownRows];
    for (float &x : largest)
      x = negativeInfinity();
    __syncthreads();
    own.load(query.of(sequence, head, width), first, time, width,
             scaleOf(width));
    for (Size begin = 0; begin < end; begin += tileRows) {
      __syncthreads();
      others.load(keys, begin, end, width);
      __syncthreads();
      float weights[ownRows];
      multiplyRows(own, others, weights);
      for (int i = 0; i < ownRows; ++i) {
        const bool seen = begin + lane() <= past + first + firstOwn() + i;
        const float score = seen ? weights[i] : negativeInfinity();
        const float maximum = fmaxf(largest[i], warpMaximum(score));
        const float rescale = expf(largest[i] - maximum);
        largest[i] = maximum;
        weights[i] = expf(score - maximum);
        divisors[i] = divisors[i] * rescale + weights[i];
        for (float &sum : sums[i])
          sum *= rescale;
      }
      __syncthreads();
      others.load(values, begin, end, width);
      __syncthreads();
      addRows(weights, others, sums);
    }
    for (int i = 0; i < ownRows; ++i) {
      const float divisor = float(warpSum(double(divisors[i])));
      for (float &sum : sums[i])
        sum /= divisor;
      const Size row = first + firstOwn() + i;
      if (logSumExp != nullptr && lane() == 0 && row < time)
        logSumExp[(sequence * heads + head) * time + row] =
            largest[i] + logf(divisor);
    }
    storeRows(output.of(sequence, head, width), first, time, width, sums, 1);
  }
};

/// output[batch, time] and, where it is not null, logSumExp from query
/// [batch, time], key and value [batch, past + time]. Keeps two tiles.
extern "C" __global__ void __launch_bounds__(256)
    attentionForward(const float *query, Size queryBatch, Size queryTime,
                     const float *key, Size keyBatch, Size keyTime,
                     const float *value, Size valueBatch, Size valueTime,
                     float *output, Size outputBatch, Size outputTime,
                     float *logSumExp, Size batch, Size time, Size past,
                     Size heads, Size width) {
  runWithGroups(width, Forward{{query, queryBatch, queryTime},
                               {key, keyBatch, keyTime},
                               {value, valueBatch, valueTime},
                               {output, outputBatch, outputTime},
                               logSumExp,
                               batch,
                               time,
                               past,
                               heads,
                               width});
}

//===----------------------------------------------------------------------===//
// Backward
//===----------------------------------------------------------------------===//

struct BackwardQueries {
  HeadRows<const float> query, key, value, output, dOutput;
  const float *logSumExp;
  double *means;
  HeadRows<float> dQuery;
  Size batch, time, heads, width;

  template <int groups> __device__ void run() const {
    forEachTile(batch, time, heads, [&](Size sequence, Size head, Size first) {
      runTile<groups>(sequence, head, first);
    });
  }

  template <int groups>
  __device__ void runTile(Size sequence, Size head, Size first) const {
    const Tile<groups> ownQueries(0);
    const Tile<groups> ownGradients(1);
    const Tile<groups> others(2);
    const Rows<const float> keys = key.of(sequence, head, width);
    const Rows<const float> values = value.of(sequence, head, width);
    const Rows<const float> outputs = output.of(sequence, head, width);
    const Rows<const float> dOutputs = dOutput.of(sequence, head, width);
    const Size end = first + tileRows < time ? first + tileRows : time;
    __syncthreads();
    ownQueries.load(query.of(sequence, head, width), first, end, width,
                    scaleOf(width));
    ownGradients.load(dOutputs, first, end, width);
    float logarithms[ownRows];
    float ownMeans[ownRows];
    for (int i = 0; i < ownRows; ++i) {
      const Size row = first + firstOwn() + i;
      double product = 0;
      if (row < end)
        for (Size column = lane(); column < width; column += lanes)
          product += double(dOutputs.data[row * dOutputs.stride + column]) *
                     double(outputs.data[row * outputs.stride + column]);
      product = warpSum(product);
      const Size place = (sequence * heads + head) * time + row;
      if (lane() == 0 && row < end)
        means[place] = product;
      ownMeans[i] = float(product);
      logarithms[i] = row < end ? logSumExp[place] : 0.0F;
    }
    float sums[ownRows][groups] = {};
    for (Size begin = 0; begin < end; begin += tileRows) {
      float gradients[ownRows];
      float scores[ownRows];
      __syncthreads();
      others.load(values, begin, end, width);
      __syncthreads();
      multiplyRows(ownGradients, others, gradients);
      __syncthreads();
      others.load(keys, begin, end, width);
      __syncthreads();
      multiplyRows(ownQueries, others, scores);
      for (int i = 0; i < ownRows; ++i) {
        const bool seen = begin + lane() <= first + firstOwn() + i;
        const float weight = seen ? expf(scores[i] - logarithms[i]) : 0.0F;
        gradients[i] = weight * (gradients[i] - ownMeans[i]);
      }
      addRows(gradients, others, sums);
    }
    storeRows(dQuery.of(sequence, head, width), first, end, width, sums,
              scaleOf(width));
  }
};

/// dQuery, and for attentionBackwardKeys means: the mean of the gradients of a
/// query's weights, by its weights, which is dOutput times output. Keeps three
/// tiles.
extern "C" __global__ void __launch_bounds__(256) attentionBackwardQueries(
    const float *query, Size queryBatch, Size queryTime, const float *key,
    Size keyBatch, Size keyTime, const float *value, Size valueBatch,
    Size valueTime, const float *output, Size outputBatch, Size outputTime,
    const float *dOutput, Size dOutputBatch, Size dOutputTime,
    const float *logSumExp, double *means, float *dQuery, Size dQueryBatch,
    Size dQueryTime, Size batch, Size time, Size heads, Size width) {
  runWithGroups(width, BackwardQueries{{query, queryBatch, queryTime},
                                       {key, keyBatch, keyTime},
                                       {value, valueBatch, valueTime},
                                       {output, outputBatch, outputTime},
                                       {dOutput, dOutputBatch, dOutputTime},
                                       logSumExp,
                                       means,
                                       {dQuery, dQueryBatch, dQueryTime},
                                       batch,
                                       time,
                                       heads,
                                       width});
}

struct BackwardKeys {
  HeadRows<const float> query, key, value, dOutput;
  const float *logSumExp;
  const double *means;
  HeadRows<float> dKey, dValue;
  Size batch, time, heads, width;

  template <int groups> __device__ void run() const {
    forEachTile(batch, time, heads, [&](Size sequence, Size head, Size first) {
      runTile<groups>(sequence, head, first);
    });
  }

  template <int groups>
  __device__ void runTile(Size sequence, Size head, Size first) const {
    const Tile<groups> ownKeys(0);
    const Tile<groups> ownValues(1);
    const Tile<groups> others(2);
    const Rows<const float> queries = query.of(sequence, head, width);
    const Rows<const float> dOutputs = dOutput.of(sequence, head, width);
    __syncthreads();
    ownKeys.load(key.of(sequence, head, width), first, time, width,
                 scaleOf(width));
    ownValues.load(value.of(sequence, head, width), first, time, width);
    float sumsOfKeys[ownRows][groups] = {};
    float sumsOfValues[ownRows][groups] = {};
    for (Size begin = first; begin < time; begin += tileRows) {
      float gradients[ownRows];
      float weights[ownRows];
      __syncthreads();
      others.load(dOutputs, begin, time, width);
      __syncthreads();
      multiplyRows(ownValues, others, gradients);
      __syncthreads();
      others.load(queries, begin, time, width);
      __syncthreads();
      multiplyRows(ownKeys, others, weights);
      const Size row = begin + lane();
      const Size place = (sequence * heads + head) * time + row;
      const float logarithm = row < time ? logSumExp[place] : 0.0F;
      const float mean = row < time ? float(means[place]) : 0.0F;
      for (int i = 0; i < ownRows; ++i) {
        const bool seen = first + firstOwn() + i <= row && row < time;
        weights[i] = seen ? expf(weights[i] - logarithm) : 0.0F;
        gradients[i] = weights[i] * (gradients[i] - mean);
      }
      addRows(gradients, others, sumsOfKeys);
      __syncthreads();
      others.load(dOutputs, begin, time, width);
      __syncthreads();
      addRows(weights, others, sumsOfValues);
    }
    storeRows(dKey.of(sequence, head, width), first, time, width, sumsOfKeys,
              scaleOf(width));
    storeRows(dValue.of(sequence, head, width), first, time, width,
              sumsOfValues, 1);
  }
};

/// dKey and dValue, with the means of attentionBackwardQueries. Keeps three
/// tiles.
extern "C" __global__ void __launch_bounds__(256) attentionBackwardKeys(
    const float *query, Size queryBatch, Size queryTime, const float *key,
    Size keyBatch, Size keyTime, const float *value, Size valueBatch,
    Size valueTime, const float *dOutput, Size dOutputBatch, Size dOutputTime,
    const float *logSumExp, const double *means, float *dKey, Size dKeyBatch,
    Size dKeyTime, float *dValue, Size dValueBatch, Size dValueTime, Size batch,
    Size time, Size heads, Size width) {
  runWithGroups(width, BackwardKeys{{query, queryBatch, queryTime},
                                    {key, keyBatch, keyTime},
                                    {value, valueBatch, valueTime},
                                    {dOutput, dOutputBatch, dOutputTime},
                                    logSumExp,
                                    means,
                                    {dKey, dKeyBatch, dKeyTime},
                                    {dValue, dValueBatch, dValueTime},
                                    batch,
                                    time,
                                    heads,
                                    width});
}
