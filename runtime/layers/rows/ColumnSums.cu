//===- ColumnSums.cu - Sums over rows -------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// Adds up what the warps of a block of {32, `most` or fewer} threads found, in
/// their order; for the threads of warp 0.
template <int most> __device__ double sumOfWarps(double own) {
  __shared__ double ofWarps[most][lanes];
  ofWarps[threadIdx.y][threadIdx.x] = own;
  __syncthreads();
  double sum = 0;
  if (threadIdx.y == 0)
    for (int warp = 0; warp < blockDim.y; ++warp)
      sum += ofWarps[warp][threadIdx.x];
  __syncthreads();
  return sum;
}

/// partials[stripes, columns] = sums of input[rows, columns] over stripes of
/// 128 rows. Grid {columns / 32, stripes}, block {32, 8}.
extern "C" __global__ void __launch_bounds__(256)
    sumStripes(const Number *__restrict__ input, double *__restrict__ partials,
               Size rows, Size columns) {
  constexpr Size rowsOfStripe = 128;
  constexpr int warps = 8;
  for (Size stripe = blockIdx.y; stripe * rowsOfStripe < rows;
       stripe += gridDim.y) {
    const Size first = stripe * rowsOfStripe;
    const Size end = first + rowsOfStripe < rows ? first + rowsOfStripe : rows;
    for (Size begin = Size(blockIdx.x) * lanes; begin < columns;
         begin += Size(gridDim.x) * lanes) {
      const Size column = begin + threadIdx.x;
      double own = 0;
      if (column < columns)
        for (Size row = first + threadIdx.y; row < end; row += warps)
          own += input[row * columns + column];
      const double sum = sumOfWarps<warps>(own);
      if (threadIdx.y == 0 && column < columns)
        partials[stripe * columns + column] = sum;
    }
  }
}

/// Calls `write(column, sum)` for the sum of each column of input[rows,
/// columns], in double. A block takes 8 columns at a time, which fills more of
/// a GPU than 32 would, and each of its warps 4 rows of them.
template <typename Element, typename Write>
__device__ void sumAll(const Element *__restrict__ input, Size rows,
                       Size columns, Write write) {
  constexpr int mostWarps = 32;
  constexpr int columnsAtOnce = 8;
  constexpr int rowsOfWarp = lanes / columnsAtOnce;
  for (Size begin = Size(blockIdx.x) * columnsAtOnce; begin < columns;
       begin += Size(gridDim.x) * columnsAtOnce) {
    const Size column = begin + threadIdx.x % columnsAtOnce;
    double own = 0;
    if (column < columns)
#pragma unroll 4
      for (Size row = threadIdx.y * rowsOfWarp + threadIdx.x / columnsAtOnce;
           row < rows; row += blockDim.y * rowsOfWarp)
        own += input[row * columns + column];
    // The rows of the warp, and then the warps.
    for (int distance = columnsAtOnce; distance < lanes; distance *= 2)
      own += __shfl_xor_sync(allLanes, own, distance);
    const double sum = sumOfWarps<mostWarps>(own);
    if (threadIdx.y == 0 && threadIdx.x < columnsAtOnce && column < columns)
      write(column, sum);
  }
}

/// sums[columns] = column sums of input[rows, columns], in double. Grid
/// {columns / 8}, block {32, at most 32}.
extern "C" __global__ void __launch_bounds__(1024)
    sumRows(const Number *__restrict__ input, float *__restrict__ sums,
            Size rows, Size columns) {
  sumAll(input, rows, columns,
         [&](Size column, double sum) { sums[column] = float(sum); });
}

/// As sumRows, of partial sums in double, of which those from `split` on go to
/// `others`.
extern "C" __global__ void __launch_bounds__(1024)
    sumPartials(const double *__restrict__ input, float *__restrict__ sums,
                float *__restrict__ others, Size rows, Size columns,
                Size split) {
  sumAll(input, rows, columns, [&](Size column, double sum) {
    (column < split ? sums[column] : others[column - split]) = float(sum);
  });
}
