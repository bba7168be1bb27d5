//===- Embedding.cu - One row of a table for each token -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// output[rows, width] = table[tokens[rows], :]; a row of NaN where the token
/// is not in [0, vocabulary), so that the mistake shows in the loss.
/// Grid {width / 128, rows / 8}, block {32, 8}.
extern "C" __global__ void __launch_bounds__(256)
    embeddingForward(const int *__restrict__ tokens,
                     const float *__restrict__ table,
                     Number *__restrict__ output, Size rows, Size vocabulary,
                     Size width) {
  forEachOfRows(rows, width, [&](Size row, Size column) {
    const int token = tokens[row];
    output[row * width + column] =
        Number(token >= 0 && token < vocabulary ? table[token * width + column]
                                                : float(notANumber()));
  });
}

/// dTable[vocabulary, width] = the sum of the rows of dOutput[rows, width] over
/// the positions of each token, in double; tokens outside of the vocabulary
/// count for nothing. A block owns 128 columns of one token: its warps take 32
/// positions each in turn, so no two threads ever add to one sum.
/// Grid {vocabulary, width / 128}, block {32, 16}.
extern "C" __global__ void __launch_bounds__(512)
    embeddingBackward(const int *__restrict__ tokens,
                      const Number *__restrict__ dOutput,
                      float *__restrict__ dTable, Size rows, Size vocabulary,
                      Size width) {
  constexpr int warps = 16;
  constexpr int perLane = 4;
  constexpr int tile = perLane * lanes;
  __shared__ double ofWarps[warps][tile];
  const int lane = threadIdx.x;
  for (Size token = blockIdx.x; token < vocabulary; token += gridDim.x)
    for (Size begin = Size(blockIdx.y) * tile; begin < width;
         begin += Size(gridDim.y) * tile) {
      double sums[perLane] = {};
      for (Size first = Size(threadIdx.y) * lanes; first < rows;
           first += warps * lanes) {
        const Size row = first + lane;
        unsigned found =
            __ballot_sync(allLanes, row < rows && tokens[row] == token);
        for (; found != 0; found &= found - 1) {
          const Number *from = dOutput + (first + __ffs(found) - 1) * width;
          for (int i = 0; i < perLane; ++i)
            if (const Size column = begin + i * lanes + lane; column < width)
              sums[i] += from[column];
        }
      }
      for (int i = 0; i < perLane; ++i)
        ofWarps[threadIdx.y][i * lanes + lane] = sums[i];
      __syncthreads();
      const int own = threadIdx.y * lanes + lane;
      if (own < tile && begin + own < width) {
        double sum = 0;
        for (int warp = 0; warp < warps; ++warp)
          sum += ofWarps[warp][own];
        dTable[token * width + begin + own] = float(sum);
      }
      __syncthreads();
    }
}
