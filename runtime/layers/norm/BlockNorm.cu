//===- BlockNorm.cu - RMSNorm and LayerNorm, a block a row ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With a the row's mean (0 in RMSNorm) and r = 1 / sqrt(mean((x - a)^2) +
// epsilon): y = (x - a) r scale + bias (Zhang & Sennrich 2019; Ba, Kiros,
// Hinton 2016). For rows too wide for a warp (WarpNorm.cu). A block takes
// `rowsPerPart` rows in turn, each thread always the same columns, and then the
// next part. Rows up to the entry's `keptWidth` stay in shared memory, so that
// nothing is read twice; longer ones are read again.
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

extern __shared__ double dynamicShared[];

/// Widths up to these are kept in shared memory; NormGrids.h, which reserves
/// it, knows them too.
constexpr Size keptWidthForward = 3840;
constexpr Size keptWidthBackward = 1536;

/// The most rows of a part. Their statistics pass through shared memory, so
/// that a block reads or writes them all at once.
constexpr Size mostRowsPerPart = 128;

/// The rows of part `part`.
template <bool centred>
__device__ void forward(Size part, const Number *__restrict__ input,
                        const float *__restrict__ scale,
                        const float *__restrict__ bias,
                        Number *__restrict__ output, float *__restrict__ means,
                        float *__restrict__ inverses, Size rows, Size width,
                        Size rowsPerPart, float epsilon) {
  __shared__ float ofRows[2][mostRowsPerPart];
  const bool keeps = width <= keptWidthForward;
  // A row of width 0 has no mean; it has no element that would need it.
  const double share = width == 0 ? 0 : 1 / double(width);
  float *keptRow = reinterpret_cast<float *>(dynamicShared);
  float *keptScale = keptRow + width;
  float *keptBias = keptScale + width;
  if (keeps)
    for (Size j = threadIdx.x; j < width; j += blockDim.x) {
      keptScale[j] = scale[j];
      if (centred)
        keptBias[j] = bias[j];
    }
  const float *scales = keeps ? keptScale : scale;
  const float *biases = keeps ? keptBias : bias;
  const Size first = part * rowsPerPart;
  const Size end = first + rowsPerPart < rows ? first + rowsPerPart : rows;
  for (Size row = first; row < end; ++row) {
    const Number *from = input + row * width;
    const auto x = [&](Size j) { return keeps ? keptRow[j] : float(from[j]); };
    double sum = 0;
    for (Size j = threadIdx.x; j < width; j += blockDim.x) {
      const float value = from[j];
      if (keeps)
        keptRow[j] = value;
      sum += centred ? double(value) : double(value) * double(value);
    }
    double mean = 0;
    double squares = blockSum(sum);
    if (centred) {
      mean = squares * share;
      sum = 0;
      for (Size j = threadIdx.x; j < width; j += blockDim.x) {
        const double distance = x(j) - mean;
        sum += distance * distance;
      }
      squares = blockSum(sum);
    }
    const float r = float(1 / sqrt(squares * share + double(epsilon)));
    const float a = float(mean);
    if (threadIdx.x == 0) {
      ofRows[0][row - first] = r;
      ofRows[1][row - first] = a;
    }
    for (Size j = threadIdx.x; j < width; j += blockDim.x)
      output[row * width + j] =
          Number(centred ? (x(j) - a) * r * scales[j] + biases[j]
                         : x(j) * r * scales[j]);
  }
  __syncthreads();
  for (Size row = first + threadIdx.x; row < end; row += blockDim.x) {
    inverses[row] = ofRows[0][row - first];
    if (centred)
      means[row] = ofRows[1][row - first];
  }
}

/// With g = dOutput scale and n = (x - a) r: dInput = r (g - mean(g) - n
/// mean(g n)), without mean(g) in RMSNorm. The part's own sums of dOutput
/// n, and after them of dOutput, go to its row of `partials`.
template <bool centred>
__device__ void
backward(Size part, const Number *__restrict__ input,
         const float *__restrict__ scale, const float *__restrict__ means,
         const float *__restrict__ inverses, const Number *dOutput,
         Number *dInput, double *__restrict__ partials, Size rows, Size width,
         Size rowsPerPart, bool adds) {
  __shared__ float ofRows[2][mostRowsPerPart];
  const bool keeps = width <= keptWidthBackward;
  const double share = width == 0 ? 0 : 1 / double(width);
  constexpr int kinds = centred ? 2 : 1;
  double *ownPartials = partials + part * kinds * width;
  double *sums = keeps ? dynamicShared : ownPartials;
  float *keptInput = reinterpret_cast<float *>(dynamicShared + kinds * width);
  float *keptGradient = keptInput + width;
  float *keptScale = keptGradient + width;
  for (Size j = threadIdx.x; j < width; j += blockDim.x) {
    for (int kind = 0; kind < kinds; ++kind)
      sums[kind * width + j] = 0;
    if (keeps)
      keptScale[j] = scale[j];
  }
  const float *scales = keeps ? keptScale : scale;
  const Size first = part * rowsPerPart;
  const Size end = first + rowsPerPart < rows ? first + rowsPerPart : rows;
  for (Size row = first + threadIdx.x; row < end; row += blockDim.x) {
    ofRows[0][row - first] = inverses[row];
    ofRows[1][row - first] = centred ? means[row] : 0.0F;
  }
  // The barriers of blockSums stand between this and its use.
  for (Size row = first; row < end; ++row) {
    const auto at = [&](const float *kept, const Number *from, Size j) {
      return keeps ? kept[j] : float(from[row * width + j]);
    };
    double products[2] = {0, 0};
    for (Size j = threadIdx.x; j < width; j += blockDim.x) {
      const float value = input[row * width + j];
      const float gradient = dOutput[row * width + j];
      if (keeps) {
        keptInput[j] = value;
        keptGradient[j] = gradient;
      }
      const double g = double(gradient) * double(scales[j]);
      products[0] += g * double(value);
      products[1] += g;
    }
    blockSums(products);
    const float r = ofRows[0][row - first];
    const float a = ofRows[1][row - first];
    const double ofGradient = centred ? products[1] * share : 0.0;
    // mean(g n), from mean(g x).
    const double ofNormal =
        (products[0] * share - double(a) * ofGradient) * double(r);
    for (Size j = threadIdx.x; j < width; j += blockDim.x) {
      // Read before dInput is written: that may be the array of dOutput.
      const float gradient = at(keptGradient, dOutput, j);
      const float normal = (at(keptInput, input, j) - a) * r;
      sums[j] += double(gradient) * double(normal);
      if (centred)
        sums[width + j] += double(gradient);
      const float result = r * (gradient * scales[j] - float(ofGradient) -
                                normal * float(ofNormal));
      Number *to = dInput + row * width + j;
      *to = Number(adds ? *to + result : result);
    }
  }
  if (keeps)
    for (Size j = threadIdx.x; j < width; j += blockDim.x)
      for (int kind = 0; kind < kinds; ++kind)
        ownPartials[kind * width + j] = sums[kind * width + j];
  // The next part writes to ofRows.
  __syncthreads();
}

/// input, output [rows, width], scale [width]; writes inverseRms[rows].
/// Grid {rows / rowsPerPart, rounded up}, block {any whole warps up to 256},
/// shared 8 bytes a column (12 in layerNormForward) up to keptWidthForward,
/// else none.
extern "C" __global__ void __launch_bounds__(256, 4)
    rmsNormForward(const Number *__restrict__ input,
                   const float *__restrict__ scale, Number *__restrict__ output,
                   float *__restrict__ inverseRms, Size rows, Size width,
                   Size rowsPerPart, double epsilon) {
  for (Size part = blockIdx.x; part * rowsPerPart < rows; part += gridDim.x)
    forward<false>(part, input, scale, nullptr, output, nullptr, inverseRms,
                   rows, width, rowsPerPart, float(epsilon));
}

/// As rmsNormForward, with bias[width]; writes mean[rows] too.
extern "C" __global__ void __launch_bounds__(256, 4)
    layerNormForward(const Number *__restrict__ input,
                     const float *__restrict__ scale,
                     const float *__restrict__ bias,
                     Number *__restrict__ output, float *__restrict__ mean,
                     float *__restrict__ inverseDeviation, Size rows,
                     Size width, Size rowsPerPart, double epsilon) {
  for (Size part = blockIdx.x; part * rowsPerPart < rows; part += gridDim.x)
    forward<true>(part, input, scale, bias, output, mean, inverseDeviation,
                  rows, width, rowsPerPart, float(epsilon));
}

/// dInput[rows, width], added to where `adds` is not 0, may be the array of
/// dOutput where it is. partials[parts, width] are the sums of dOutput x r
/// over each part's rows. Grid and block as rmsNormForward, shared 20 bytes a
/// column (28 in layerNormBackward) up to keptWidthBackward, else none.
extern "C" __global__ void __launch_bounds__(256)
    rmsNormBackward(const Number *__restrict__ input,
                    const float *__restrict__ scale,
                    const float *__restrict__ inverseRms, const Number *dOutput,
                    Number *dInput, double *__restrict__ partials, Size rows,
                    Size width, Size rowsPerPart, Size adds) {
  for (Size part = blockIdx.x; part * rowsPerPart < rows; part += gridDim.x)
    backward<false>(part, input, scale, nullptr, inverseRms, dOutput, dInput,
                    partials, rows, width, rowsPerPart, adds != 0);
}

/// As rmsNormBackward; partials[parts, 2, width]: for scale, then for bias.
extern "C" __global__ void __launch_bounds__(256) layerNormBackward(
    const Number *__restrict__ input, const float *__restrict__ scale,
    const float *__restrict__ mean, const float *__restrict__ inverseDeviation,
    const Number *dOutput, Number *dInput, double *__restrict__ partials,
    Size rows, Size width, Size rowsPerPart, Size adds) {
  for (Size part = blockIdx.x; part * rowsPerPart < rows; part += gridDim.x)
    backward<true>(part, input, scale, mean, inverseDeviation, dOutput, dInput,
                   partials, rows, width, rowsPerPart, adds != 0);
}
