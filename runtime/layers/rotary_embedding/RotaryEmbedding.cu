//===- RotaryEmbedding.cu - Positions as rotations ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// Turns numbers i and pairs + i of each head by
/// direction (firstPosition + t) 10000^(-i / pairs) radians. Those of head h at
/// time t of sequence b begin at b batchStride + t timeStride + 2 pairs h. A
/// thread keeps the angle of a pair at a time for several heads. Grid
/// {time pairs / 256, batch heads / 32}, both rounded up, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    rotaryEmbedding(float *rows, Size batchStride, Size timeStride, Size batch,
                    Size time, Size heads, Size pairs, Size firstPosition,
                    Size direction) {
  for (Size j = firstElement(); j < time * pairs; j += elementStride()) {
    const Size t = j / pairs;
    const Size i = j % pairs;
    const double logarithmOfBase = 9.210340371976184;
    const double angle = double(direction * (firstPosition + t)) *
                         exp(-double(i) / double(pairs) * logarithmOfBase);
    const float cosine = float(cos(angle));
    const float sine = float(sin(angle));
    for (Size head = blockIdx.y; head < batch * heads; head += gridDim.y) {
      float *x = rows + head / heads * batchStride + t * timeStride +
                 head % heads * 2 * pairs + i;
      const float turned = cosine * x[0] - sine * x[pairs];
      x[pairs] = cosine * x[pairs] + sine * x[0];
      x[0] = turned;
    }
  }
}
