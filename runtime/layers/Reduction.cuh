//===- Reduction.cuh - What the kernels share -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules of every kernel here: it includes nothing of a CUDA installation;
// every parameter of an entry is one 64-bit word; sizes and offsets have 64
// bits; any grid is allowed, since blocks go on by the size of the grid, and
// an entry states its largest block, so that registers suffice for it. No sum
// depends on the order in which blocks or warps run, so results are the same
// from run to run.
//
//===----------------------------------------------------------------------===//

#pragma once

using Size = long long;

/// bf16: the upper half of an f32, to nearest, ties to even. It is for storage;
/// arithmetic is f32's.
struct BFloat16 {
  unsigned short bits;

  BFloat16() = default;
  __device__ explicit BFloat16(float number) {
    const unsigned word = __float_as_uint(number);
    bits = isnan(number) ? 0x7FFF : (word + 0x7FFF + (word >> 16 & 1)) >> 16;
  }
  __device__ operator float() const {
    return __uint_as_float(unsigned(bits) << 16);
  }
};

/// What sequences are stored as. A source that says `Number` is compiled for
/// each.
#ifdef MINRNN_BF16
using Number = BFloat16;
#else
using Number = float;
#endif

constexpr int lanes = 32;
constexpr unsigned allLanes = 0xFFFFFFFF;

/// Entries on flat arrays: this thread's first element, and the way to its
/// next. Block {256}.
__device__ inline Size firstElement() {
  return Size(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline Size elementStride() { return Size(gridDim.x) * blockDim.x; }

/// Entries on rows and columns: grid {columns / 128, rows / 8}, both rounded
/// up, block {32, 8}. A warp takes 128 columns of a row, its lanes along them,
/// and calls `visit(row, column)` for each.
template <typename Visit>
__device__ void forEachOfRows(Size rows, Size columns, Visit visit) {
  constexpr Size tile = 128;
  for (Size row = Size(blockIdx.y) * blockDim.y + threadIdx.y; row < rows;
       row += Size(gridDim.y) * blockDim.y)
    for (Size begin = blockIdx.x * tile; begin < columns;
         begin += gridDim.x * tile)
      for (Size column = begin + threadIdx.x;
           column < columns && column < begin + tile; column += lanes)
        visit(row, column);
}

/// The sum over a warp, the same in every lane.
__device__ inline double warpSum(double x) {
  for (int distance = lanes / 2; distance > 0; distance /= 2)
    x += __shfl_xor_sync(allLanes, x, distance);
  return x;
}

__device__ inline float warpMaximum(float x) {
  for (int distance = lanes / 2; distance > 0; distance /= 2)
    x = fmaxf(x, __shfl_xor_sync(allLanes, x, distance));
  return x;
}

/// Replaces each of `sums` by its sum over the block, in every thread. For
/// blocks along x of whole warps; all threads must call it.
template <int count> __device__ void blockSums(double (&sums)[count]) {
  __shared__ double ofWarps[count][lanes];
  const int lane = threadIdx.x % lanes;
  for (int i = 0; i < count; ++i) {
    const double sum = warpSum(sums[i]);
    if (lane == 0)
      ofWarps[i][threadIdx.x / lanes] = sum;
  }
  __syncthreads();
  for (int i = 0; i < count; ++i)
    sums[i] = warpSum(lane < blockDim.x / lanes ? ofWarps[i][lane] : 0.0);
  // The next call writes there again.
  __syncthreads();
}

__device__ inline double blockSum(double x) {
  double sums[1] = {x};
  blockSums(sums);
  return sums[0];
}

/// As `blockSum`, of the largest; a NaN counts for nothing.
__device__ inline float blockMaximum(float x) {
  __shared__ float ofWarps[lanes];
  const int lane = threadIdx.x % lanes;
  x = warpMaximum(x);
  if (lane == 0)
    ofWarps[threadIdx.x / lanes] = x;
  __syncthreads();
  x = warpMaximum(lane < blockDim.x / lanes ? ofWarps[lane] : ofWarps[0]);
  __syncthreads();
  return x;
}

__device__ inline double notANumber() {
  return __longlong_as_double(0x7FF8000000000000);
}
