//===- ColumnSums.cu - Sums over rows -------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// Adds up what the warps of a block of {32, warps} threads found, in their
/// order; for the threads of warp 0.
template <int warps> __device__ double sumOfWarps(double own) {
  __shared__ double ofWarps[warps][lanes];
  ofWarps[threadIdx.y][threadIdx.x] = own;
  __syncthreads();
  double sum = 0;
  if (threadIdx.y == 0)
    for (int warp = 0; warp < warps; ++warp)
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

template <typename Element>
__device__ void sumAll(const Element *__restrict__ input,
                       float *__restrict__ sums, Size rows, Size stride,
                       Size columns) {
  constexpr int warps = 32;
  for (Size begin = Size(blockIdx.x) * lanes; begin < columns;
       begin += Size(gridDim.x) * lanes) {
    const Size column = begin + threadIdx.x;
    double own = 0;
    if (column < columns)
      for (Size row = threadIdx.y; row < rows; row += warps)
        own += input[row * stride + column];
    const double sum = sumOfWarps<warps>(own);
    if (threadIdx.y == 0 && column < columns)
      sums[column] = float(sum);
  }
}

/// sums[columns] = column sums of input[rows, columns], rows `stride` elements
/// apart, in double. Grid {columns / 32}, block {32, 32}.
extern "C" __global__ void __launch_bounds__(1024)
    sumRows(const Number *__restrict__ input, float *__restrict__ sums,
            Size rows, Size stride, Size columns) {
  sumAll(input, sums, rows, stride, columns);
}

/// As sumRows, of partial sums in double.
extern "C" __global__ void __launch_bounds__(1024)
    sumPartials(const double *__restrict__ input, float *__restrict__ sums,
                Size rows, Size stride, Size columns) {
  sumAll(input, sums, rows, stride, columns);
}
