//===- RotaryEmbedding.cu - Positions as rotations ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

struct Turn {
  float cosine;
  float sine;
};

/// The cosine and sine of an angle to some units in 1e11, as far as it is known
/// in double. (CUDA's sin takes memory of its own for angles that are no
/// position's.)
__device__ inline Turn turnBy(double angle) {
  // The angle is n pi / 2 + r: the sum with 1.5 2^52 rounds to an integer and
  // leaves it in the lowest bits.
  constexpr double rounding = 0x1.8p52;
  constexpr double inverseQuarter = 0.6366197723675814;
  constexpr double quarterHigh = 1.5707963267948966;
  constexpr double quarterLow = 6.123233995736766e-17;
  const double shifted = angle * inverseQuarter + rounding;
  const double n = shifted - rounding;
  const double r = fma(n, -quarterLow, fma(n, -quarterHigh, angle));
  // Taylor's series: |r| is at most pi / 4.
  const double s = r * r;
  double cosine = 1;
  double sine = 1;
#pragma unroll
  for (int factor = 12; factor > 0; factor -= 2) {
    cosine = 1 - s * cosine * (1.0 / (factor * (factor - 1)));
    sine = 1 - s * sine * (1.0 / (factor * (factor + 1)));
  }
  sine *= r;
  const bool swapped = __double_as_longlong(shifted) & 1;
  const bool negativeSine = __double_as_longlong(shifted) & 2;
  const bool negativeCosine = swapped != negativeSine;
  const float x = float(swapped ? sine : cosine);
  const float y = float(swapped ? cosine : sine);
  return {negativeCosine ? -x : x, negativeSine ? -y : y};
}

/// Turns numbers i and pairs + i of each head by
/// direction (firstPosition + t) 10000^(-i / pairs) radians. Those of head h at
/// time t of sequence b begin at b batchStride + t timeStride + 2 pairs h. A
/// thread keeps the angle of a pair at a time for several heads. Grid
/// {time pairs / 256, batch heads / 32}, both rounded up, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    rotaryEmbedding(float *rows, Size batchStride, Size timeStride, Size batch,
                    Size time, Size heads, Size pairs, Size firstPosition,
                    Size direction) {
  constexpr double logarithmOfBase = 9.210340371976184;
  for (Size j = firstElement(); j < time * pairs; j += elementStride()) {
    const Size t = j / pairs;
    const Size i = j % pairs;
    const Turn turn = turnBy(double(direction * (firstPosition + t)) *
                             exp(-double(i) / double(pairs) * logarithmOfBase));
    for (Size head = blockIdx.y; head < batch * heads; head += gridDim.y) {
      float *x = rows + head / heads * batchStride + t * timeStride +
                 head % heads * 2 * pairs + i;
      const float turned = turn.cosine * x[0] - turn.sine * x[pairs];
      x[pairs] = turn.cosine * x[pairs] + turn.sine * x[0];
      x[0] = turned;
    }
  }
}
