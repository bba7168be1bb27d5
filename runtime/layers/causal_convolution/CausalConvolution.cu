//===- CausalConvolution.cu - Convolution over time, by channel -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// y[b, t, c] = bias[c] + the sum over k < taps of
// weight[c, k] x[b, t - taps + 1 + k, c], where x before the beginning is 0:
// the last tap sees the present. `rows` is batch times time.
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// input, output [rows, channels], weight[channels, taps], bias[channels] or
/// null. Grid {channels / 128, rows / 8}, block {32, 8}.
extern "C" __global__ void __launch_bounds__(256, 4)
    causalConvolutionForward(const float *__restrict__ input,
                             const float *__restrict__ weight,
                             const float *__restrict__ bias,
                             float *__restrict__ output, Size rows, Size time,
                             Size channels, Size taps) {
  forEachOfRows(rows, channels, [&](Size row, Size channel) {
    const Size t = row % time;
    const Size first = t < taps - 1 ? taps - 1 - t : 0;
    float sum = bias == nullptr ? 0.0F : bias[channel];
    for (Size k = first; k < taps; ++k)
      sum += weight[channel * taps + k] *
             input[(row - (taps - 1 - k)) * channels + channel];
    output[row * channels + channel] = sum;
  });
}

/// dInput[rows, channels] from dOutput[rows, channels]. Grid and block as
/// causalConvolutionForward.
extern "C" __global__ void __launch_bounds__(256, 4)
    causalConvolutionBackward(const float *__restrict__ weight,
                              const float *__restrict__ dOutput,
                              float *__restrict__ dInput, Size rows, Size time,
                              Size channels, Size taps) {
  forEachOfRows(rows, channels, [&](Size row, Size channel) {
    const Size after = time - 1 - row % time;
    const Size first = after < taps - 1 ? taps - 1 - after : 0;
    float sum = 0;
    for (Size k = first; k < taps; ++k)
      sum += weight[channel * taps + k] *
             dOutput[(row + (taps - 1 - k)) * channels + channel];
    dInput[row * channels + channel] = sum;
  });
}

/// partials[stripes, channels, taps]: the gradient of weight over stripes of
/// 128 rows. Grid {channels / 32, stripes}, block {32, 8}.
extern "C" __global__ void __launch_bounds__(256, 4)
    causalConvolutionWeightPartials(const float *__restrict__ input,
                                    const float *__restrict__ dOutput,
                                    double *__restrict__ partials, Size rows,
                                    Size time, Size channels, Size taps) {
  constexpr Size rowsOfStripe = 128;
  constexpr int warps = 8;
  __shared__ double ofWarps[warps][lanes];
  for (Size stripe = blockIdx.y; stripe * rowsOfStripe < rows;
       stripe += gridDim.y)
    for (Size begin = Size(blockIdx.x) * lanes; begin < channels;
         begin += Size(gridDim.x) * lanes) {
      const Size channel = begin + threadIdx.x;
      const Size first = stripe * rowsOfStripe;
      const Size end =
          first + rowsOfStripe < rows ? first + rowsOfStripe : rows;
      for (Size k = 0; k < taps; ++k) {
        const Size back = taps - 1 - k;
        double sum = 0;
        if (channel < channels)
          for (Size row = first + threadIdx.y; row < end; row += warps)
            if (row % time >= back)
              sum += double(dOutput[row * channels + channel]) *
                     double(input[(row - back) * channels + channel]);
        ofWarps[threadIdx.y][threadIdx.x] = sum;
        __syncthreads();
        if (threadIdx.y == 0 && channel < channels) {
          double total = 0;
          for (int warp = 0; warp < warps; ++warp)
            total += ofWarps[warp][threadIdx.x];
          partials[(stripe * channels + channel) * taps + k] = total;
        }
        __syncthreads();
      }
    }
}
