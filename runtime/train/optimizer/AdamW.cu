//===- AdamW.cu - AdamW and clipping --------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// Elements of which a block sums the squares at once; AdamW.cpp knows it too.
constexpr int elementsOfPiece = 4096;
constexpr int threadsOfBlock = 256;

/// A thread's squares of gradients[begin, end), in f64, of which the norm needs
/// every bit; all are under way before the first is used.
template <int packed>
__device__ double sumSquaresOfThread(const float *__restrict__ gradients,
                                     Size begin, Size end) {
  constexpr int batch = elementsOfPiece / threadsOfBlock / packed;
  Pack<float, packed> read[batch] = {};
  for (int k = 0; k < batch; ++k) {
    const Size first = begin + (k * threadsOfBlock + int(threadIdx.x)) * packed;
    if (first + packed <= end)
      read[k] = readPack<packed>(gradients + first);
    else
      for (int i = 0; i < packed; ++i)
        if (first + i < end)
          read[k].at[i] = gradients[first + i];
  }
  double sum = 0;
  for (const Pack<float, packed> &pack : read)
    for (const float gradient : pack.at)
      sum += double(gradient) * double(gradient);
  return sum;
}

/// partials[pieces] = sums of squares of pieces of 4096 of gradients[count].
/// Grid {pieces}, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    sumSquares(const float *__restrict__ gradients,
               double *__restrict__ partials, Size count) {
  const bool aligned = areAlignedTo16Bytes(gradients);
  for (Size piece = blockIdx.x; piece * elementsOfPiece < count;
       piece += gridDim.x) {
    const Size begin = piece * elementsOfPiece;
    const Size end =
        begin + elementsOfPiece < count ? begin + elementsOfPiece : count;
    const double sum =
        blockSum(aligned ? sumSquaresOfThread<4>(gradients, begin, end)
                         : sumSquaresOfThread<1>(gradients, begin, end));
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

/// What every element of a step shares.
struct AdamWStep {
  float clipping;
  float rate;
  float stepSize;
  float secondScale;
  float keep1;
  float keep2;
  float epsilon;
};

/// `packed` elements, from `i` on.
template <int packed>
__device__ void
stepAt(Size i, const AdamWStep &step, float *__restrict__ parameters,
       const float *__restrict__ gradients, float *__restrict__ firstMoment,
       float *__restrict__ secondMoment, const float *__restrict__ decays) {
  const auto gradient = readPack<packed>(gradients + i);
  const auto decay = readPack<packed>(decays + i);
  auto p = readPack<packed>(parameters + i);
  auto m = readPack<packed>(firstMoment + i);
  auto v = readPack<packed>(secondMoment + i);
  for (int k = 0; k < packed; ++k) {
    const float g = gradient.at[k] * step.clipping;
    m.at[k] = step.keep1 * m.at[k] + (1 - step.keep1) * g;
    v.at[k] = step.keep2 * v.at[k] + (1 - step.keep2) * g * g;
    p.at[k] -= step.stepSize * m.at[k] /
                   (sqrtf(v.at[k] * step.secondScale) + step.epsilon) +
               step.rate * decay.at[k] * p.at[k];
  }
  writePack(m, firstMoment + i);
  writePack(v, secondMoment + i);
  writePack(p, parameters + i);
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
  constexpr int packed = 4;
  const AdamWStep step = {*scale,       factors[0],   factors[1],    factors[2],
                          float(beta1), float(beta2), float(epsilon)};
  if (isnan(step.clipping))
    return;
  Size whole = 0;
  if (areAlignedTo16Bytes(parameters, gradients, firstMoment, secondMoment,
                          decays))
    whole = count / packed * packed;
  for (Size i = firstElement() * packed; i < whole;
       i += elementStride() * packed)
    stepAt<packed>(i, step, parameters, gradients, firstMoment, secondMoment,
                   decays);
  for (Size i = whole + firstElement(); i < count; i += elementStride())
    stepAt<1>(i, step, parameters, gradients, firstMoment, secondMoment,
              decays);
}
