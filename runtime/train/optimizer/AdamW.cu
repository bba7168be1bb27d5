//===- AdamW.cu - AdamW and clipping --------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// partials[pieces] = sums of squares of pieces of 16384 of gradients[count].
/// Grid {pieces}, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    sumSquares(const float *__restrict__ gradients,
               double *__restrict__ partials, Size count) {
  constexpr Size elementsOfPiece = 1 << 14;
  for (Size piece = blockIdx.x; piece * elementsOfPiece < count;
       piece += gridDim.x) {
    const Size begin = piece * elementsOfPiece;
    const Size end =
        begin + elementsOfPiece < count ? begin + elementsOfPiece : count;
    double sum = 0;
    for (Size i = begin + threadIdx.x; i < end; i += blockDim.x) {
      const double gradient = gradients[i];
      sum += gradient * gradient;
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0)
      partials[piece] = sum;
  }
}

/// norm[1] = the root of the sum of partials[pieces]; scale[1] = the factor
/// that makes it at most `limit`: 1 or limit / norm, or NaN where the norm is
/// not finite. Grid {1}, block {1024}.
extern "C" __global__ void __launch_bounds__(1024)
    clipScale(const double *__restrict__ partials, Size pieces, double limit,
              double *__restrict__ norm, float *__restrict__ scale) {
  double sum = 0;
  for (Size piece = threadIdx.x; piece < pieces; piece += blockDim.x)
    sum += partials[piece];
  sum = blockSum(sum);
  if (threadIdx.x != 0)
    return;
  const double length = sqrt(sum);
  *norm = length;
  if (!isfinite(length))
    *scale = float(notANumber());
  else
    *scale = length <= limit ? 1.0F : float(limit / length);
}

/// One step of AdamW (Loshchilov & Hutter 2019) on arrays of `count`, on the
/// gradients times scale[1]; where that is NaN, nothing changes. factors[3] are
/// the rate, the rate / (1 - beta1^t) and 1 / (1 - beta2^t). Both lie on the
/// device, so that a captured graph can be replayed with others.
/// Grid {count / 1024, rounded up}, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    adamW(float *__restrict__ parameters, const float *__restrict__ gradients,
          float *__restrict__ firstMoment, float *__restrict__ secondMoment,
          const float *__restrict__ decays, const float *__restrict__ factors,
          const float *__restrict__ scale, Size count, double beta1,
          double beta2, double epsilon) {
  const float clipping = *scale;
  if (isnan(clipping))
    return;
  const float rate = factors[0];
  const float stepSize = factors[1];
  const float secondScale = factors[2];
  const float keep1 = float(beta1);
  const float keep2 = float(beta2);
  for (Size i = firstElement(); i < count; i += elementStride()) {
    const float g = gradients[i] * clipping;
    const float p = parameters[i];
    const float m = keep1 * firstMoment[i] + (1 - keep1) * g;
    const float v = keep2 * secondMoment[i] + (1 - keep2) * g * g;
    firstMoment[i] = m;
    secondMoment[i] = v;
    parameters[i] =
        p - (stepSize * m / (sqrtf(v * secondScale) + float(epsilon)) +
             rate * decays[i] * p);
  }
}
