//===- WarpNorm.cu - RMSNorm and LayerNorm, a warp a row ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With a the row's mean (0 in RMSNorm) and r = 1 / sqrt(mean((x - a)^2) +
// epsilon): y = (x - a) r scale + bias (Zhang & Sennrich 2019; Ba, Kiros,
// Hinton 2016). For rows of which shared memory holds what a warp needs
// (NormGrids.h says which); BlockNorm.cu has the others.
//
// A lane always takes the same columns, and reads nothing from shared memory
// that another wrote, so that warps meet at the beginning and the end alone.
// Elements are computed in f32; sums over a row are f32 within the elements
// that a lane reads at once, and f64 beyond.
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// Elements that a lane reads at once where they are aligned: 16 bytes of f32,
/// and of bf16 8, since their floats in shared memory have banks of their own
/// then.
constexpr int mostPacked = 4;

/// Scales, in layerNormForward biases, and then what each warp has for its own,
/// in arrays of `strideOf` floats.
extern __shared__ float4 dynamicShared[];

/// A row's floats in shared memory; NormGrids.h knows it too.
__device__ inline int strideOf(Size width) { return int(width + 3) / 4 * 4; }

/// What is known of a row.
struct Moments {
  float mean;
  float inverseDeviation;
};

/// The mean over the row of `term`, in f64.
template <int packed, typename Term>
__device__ double meanOf(const float *kept, int width, double share,
                         Term term) {
  double sum = 0;
#pragma unroll 1
  for (int j = threadIdx.x % lanes * packed; j < width; j += lanes * packed)
    for (int i = 0; i < packed; ++i)
      sum += term(double(kept[j + i]));
  return warpSum(sum) * share;
}

/// From the row in shared memory, all in f64: for rows whose squares are none
/// of f32's normal numbers.
template <bool centred, int packed>
__device__ Moments exactMoments(const float *kept, int width, double share,
                                double epsilon) {
  const double mean =
      centred ? meanOf<packed>(kept, width, share, [](double x) { return x; })
              : 0.0;
  const double variance = meanOf<packed>(
      kept, width, share, [&](double x) { return (x - mean) * (x - mean); });
  return {float(mean), float(1 / sqrt(variance + epsilon))};
}

/// Reads the row into shared memory and takes its moments. `packed` elements
/// are read at once.
template <bool centred, int packed>
__device__ Moments readRow(const Number *__restrict__ from, float *kept,
                           int width, double share, double epsilon) {
  // Packs that are under way before the first is used.
  constexpr int batch = packed == 1 ? 8 : 16 / packed;
  constexpr int step = lanes * packed;
  const int firstColumn = threadIdx.x % lanes * packed;
  double squares = 0;
  float sum = 0;
  for (int begin = firstColumn; begin < width; begin += batch * step) {
    Pack<Number, packed> read[batch] = {};
    for (int k = 0; k < batch; ++k)
      if (begin + k * step < width)
        read[k] = readPack<packed>(from + begin + k * step);
    for (int k = 0; k < batch; ++k) {
      Pack<float, packed> x;
      float ofPack = 0;
      for (int i = 0; i < packed; ++i) {
        x.at[i] = read[k].at[i];
        ofPack += centred ? x.at[i] : x.at[i] * x.at[i];
      }
      if (begin + k * step < width)
        keepPack(x, kept + begin + k * step);
      if (centred)
        sum += ofPack;
      else
        squares += double(ofPack);
    }
  }
  double mean = 0;
  bool exact = true;
  if (centred) {
    // The mean to a few roundings; the distances from there are small, so that
    // their own mean mends it.
    const float near = warpSum(sum) * float(share);
    double distances = 0;
#pragma unroll 2
    for (int begin = firstColumn; begin < width; begin += step) {
      const auto x = readPack<packed>(kept + begin);
      float ofPack = 0;
      float squaresOfPack = 0;
      for (int i = 0; i < packed; ++i) {
        const float distance = x.at[i] - near;
        ofPack += distance;
        squaresOfPack += distance * distance;
      }
      distances += double(ofPack);
      squares += double(squaresOfPack);
    }
    const double shift = warpSum(distances) * share;
    squares = warpSum(squares) * share;
    exact = shift * shift <= 0.01 * squares;
    mean = double(near) + shift;
    squares -= shift * shift;
  } else {
    squares = warpSum(squares) * share;
  }
  const double variance = squares + epsilon;
  if (!(exact && variance > 1e-30 && variance < 1e30))
    return exactMoments<centred, packed>(kept, width, share, epsilon);
  // A step of Newton's makes of the function's 22 bits 44.
  const float root = rsqrtf(float(variance));
  const double error = fma(-variance * double(root), double(root), 1.0);
  return {float(mean), root + 0.5F * root * float(error)};
}

template <bool centred, int packed>
__device__ Moments forwardRow(const Number *__restrict__ from,
                              Number *__restrict__ to, float *kept,
                              const float *scales, const float *biases,
                              int width, double share, double epsilon) {
  const Moments row =
      readRow<centred, packed>(from, kept, width, share, epsilon);
  for (int begin = threadIdx.x % lanes * packed; begin < width;
       begin += lanes * packed) {
    const auto x = readPack<packed>(kept + begin);
    const auto scale = readPack<packed>(scales + begin);
    Pack<float, packed> bias = {};
    if (centred)
      bias = readPack<packed>(biases + begin);
    Pack<Number, packed> y;
    for (int i = 0; i < packed; ++i)
      y.at[i] = Number(centred ? (x.at[i] - row.mean) * row.inverseDeviation *
                                         scale.at[i] +
                                     bias.at[i]
                               : x.at[i] * row.inverseDeviation * scale.at[i]);
    writePack(y, to + begin);
  }
  return row;
}

/// Each warp takes `rowsPerWarp` rows in turn, 32 at most: the moments of each
/// stay in a lane of its own until they are written together.
template <bool centred>
__device__ void
forward(const Number *__restrict__ input, const float *__restrict__ scale,
        const float *__restrict__ bias, Number *__restrict__ output,
        float *__restrict__ means, float *__restrict__ inverses, Size rows,
        Size width, Size rowsPerWarp, float epsilon) {
  const int lane = threadIdx.x % lanes;
  const int warp = threadIdx.x / lanes;
  const int warps = blockDim.x / lanes;
  const int columns = int(width);
  const int stride = strideOf(width);
  float *scales = reinterpret_cast<float *>(dynamicShared);
  float *biases = scales + stride;
  float *kept = scales + (centred ? 2 + warp : 1 + warp) * stride;
  for (int j = threadIdx.x; j < columns; j += blockDim.x) {
    scales[j] = scale[j];
    if (centred)
      biases[j] = bias[j];
  }
  __syncthreads();
  // A row of width 0 has no mean; it has no element that would need it.
  const double share = columns == 0 ? 0 : 1 / double(columns);
  const bool aligned =
      columns % mostPacked == 0 && areAlignedTo16Bytes(input, output);
  for (Size first = (Size(blockIdx.x) * warps + warp) * rowsPerWarp;
       first < rows; first += Size(gridDim.x) * warps * rowsPerWarp) {
    const int count =
        int(first + rowsPerWarp < rows ? rowsPerWarp : rows - first);
    Moments own = {};
    for (int k = 0; k < count; ++k) {
      const Number *from = input + (first + k) * width;
      Number *to = output + (first + k) * width;
      const Moments found =
          aligned
              ? forwardRow<centred, mostPacked>(from, to, kept, scales, biases,
                                                columns, share, double(epsilon))
              : forwardRow<centred, 1>(from, to, kept, scales, biases, columns,
                                       share, double(epsilon));
      if (k == lane)
        own = found;
    }
    if (lane < count) {
      inverses[first + lane] = own.inverseDeviation;
      if (centred)
        means[first + lane] = own.mean;
    }
  }
}

/// Rows whose sums over columns are added to those of the warp at once.
constexpr int rowsAtOnce = 2;

/// What a warp keeps in shared memory in a backward.
template <bool centred> struct WarpSums {
  /// Of dOutput n, and of dOutput.
  static constexpr int kinds = centred ? 2 : 1;
  static constexpr int arrays = 2 * kinds + 2 * rowsAtOnce;

  float *own;
  int stride;

  __device__ float *sums(int kind) const { return own + kind * stride; }
  __device__ float *errors(int kind) const {
    return own + (kinds + kind) * stride;
  }
  /// Of the row: g, and n.
  __device__ float *gradients(int row) const {
    return own + (2 * kinds + 2 * row) * stride;
  }
  __device__ float *normals(int row) const {
    return own + (2 * kinds + 2 * row + 1) * stride;
  }

  template <int packed, typename Add>
  __device__ void addTo(int kind, int column, Add add) const {
    auto sum = readPack<packed>(sums(kind) + column);
    auto error = readPack<packed>(errors(kind) + column);
    for (int i = 0; i < packed; ++i) {
      CompensatedSum both = {sum.at[i], error.at[i]};
      add(both, i);
      sum.at[i] = both.sum;
      error.at[i] = both.error;
    }
    keepPack(sum, sums(kind) + column);
    keepPack(error, errors(kind) + column);
  }
};

/// The first `count` of `rowsAtOnce` rows.
template <bool centred, int packed>
__device__ void backwardRows(const Number *__restrict__ input,
                             const Number *dOutput, Number *dInput, int count,
                             const Moments (&moments)[rowsAtOnce],
                             const float *scales, WarpSums<centred> shared,
                             int width, double share, bool adds) {
  constexpr int batch = packed == 1 ? 4 : 8 / packed;
  constexpr int step = lanes * packed;
  const int ofLane = threadIdx.x % lanes * packed;
  double ofNormal[rowsAtOnce] = {};
  double ofGradient[rowsAtOnce] = {};
  for (int begin = 0; begin < width; begin += batch * step) {
    Pack<Number, packed> x[batch][rowsAtOnce] = {};
    Pack<Number, packed> dy[batch][rowsAtOnce] = {};
    for (int k = 0; k < batch; ++k)
      for (int row = 0; row < rowsAtOnce; ++row)
        if (const int j = begin + k * step + ofLane; j < width && row < count) {
          x[k][row] = readPack<packed>(input + Size(row) * width + j);
          dy[k][row] = readPack<packed>(dOutput + Size(row) * width + j);
        }
    for (int k = 0; k < batch; ++k)
      if (const int j = begin + k * step + ofLane; j < width) {
        const auto scale = readPack<packed>(scales + j);
        Pack<float, packed> normals[rowsAtOnce];
        Pack<float, packed> gradients[rowsAtOnce];
        for (int row = 0; row < rowsAtOnce; ++row) {
          float ofPack = 0;
          float gradientOfPack = 0;
          for (int i = 0; i < packed; ++i) {
            const float g = float(dy[k][row].at[i]) * scale.at[i];
            const float distance = centred ? x[k][row].at[i] - moments[row].mean
                                           : float(x[k][row].at[i]);
            const float n = distance * moments[row].inverseDeviation;
            gradients[row].at[i] = g;
            normals[row].at[i] = n;
            ofPack += g * n;
            gradientOfPack += g;
          }
          ofNormal[row] += double(ofPack);
          if (centred)
            ofGradient[row] += double(gradientOfPack);
          keepPack(gradients[row], shared.gradients(row) + j);
          keepPack(normals[row], shared.normals(row) + j);
        }
        shared.template addTo<packed>(0, j, [&](CompensatedSum &sum, int i) {
          for (int row = 0; row < rowsAtOnce; ++row)
            sum.addProduct(dy[k][row].at[i], normals[row].at[i]);
        });
        if (centred)
          shared.template addTo<packed>(1, j, [&](CompensatedSum &sum, int i) {
            for (int row = 0; row < rowsAtOnce; ++row)
              sum.add(dy[k][row].at[i]);
          });
      }
  }
  for (int row = 0; row < rowsAtOnce; ++row) {
    ofNormal[row] = warpSum(ofNormal[row]) * share;
    if (centred)
      ofGradient[row] = warpSum(ofGradient[row]) * share;
  }
  for (int begin = 0; begin < width; begin += batch * step) {
    Pack<Number, packed> old[batch][rowsAtOnce] = {};
    if (adds)
      for (int k = 0; k < batch; ++k)
        for (int row = 0; row < rowsAtOnce; ++row)
          if (const int j = begin + k * step + ofLane; j < width && row < count)
            old[k][row] = readPack<packed>(dInput + Size(row) * width + j);
    for (int k = 0; k < batch; ++k)
      for (int row = 0; row < rowsAtOnce; ++row)
        if (const int j = begin + k * step + ofLane; j < width && row < count) {
          const auto gradient = readPack<packed>(shared.gradients(row) + j);
          const auto normal = readPack<packed>(shared.normals(row) + j);
          Pack<Number, packed> dx;
          for (int i = 0; i < packed; ++i) {
            const float result = moments[row].inverseDeviation *
                                 (gradient.at[i] - float(ofGradient[row]) -
                                  normal.at[i] * float(ofNormal[row]));
            dx.at[i] =
                Number(adds ? float(old[k][row].at[i]) + result : result);
          }
          writePack(dx, dInput + Size(row) * width + j);
        }
  }
}

/// With g = dOutput scale and n = (x - a) r: dInput = r (g - mean(g) - n
/// mean(g n)), without mean(g) in RMSNorm. A part is the `rowsPerWarp` rows of
/// each of a block's warps; its own sums of dOutput n, and after them of
/// dOutput, go to its row of `partials`.
template <bool centred>
__device__ void
backward(const Number *__restrict__ input, const float *__restrict__ scale,
         const float *__restrict__ means, const float *__restrict__ inverses,
         const Number *dOutput, Number *dInput, double *__restrict__ partials,
         Size rows, Size width, Size rowsPerWarp, bool adds) {
  using Sums = WarpSums<centred>;
  const int lane = threadIdx.x % lanes;
  const int warp = threadIdx.x / lanes;
  const int warps = blockDim.x / lanes;
  const int columns = int(width);
  const int stride = strideOf(width);
  float *scales = reinterpret_cast<float *>(dynamicShared);
  const auto ofWarp = [&](int warp) {
    return Sums{scales + (1 + warp * Sums::arrays) * stride, stride};
  };
  const Sums shared = ofWarp(warp);
  for (int j = threadIdx.x; j < columns; j += blockDim.x)
    scales[j] = scale[j];
  const double share = columns == 0 ? 0 : 1 / double(columns);
  const bool aligned =
      columns % mostPacked == 0 && areAlignedTo16Bytes(input, dOutput, dInput);
  const Size rowsPerPart = rowsPerWarp * warps;
  for (Size part = blockIdx.x; part * rowsPerPart < rows; part += gridDim.x) {
    for (int j = lane; j < 2 * Sums::kinds * stride; j += lanes)
      shared.own[j] = 0;
    // Also for the scales.
    __syncthreads();
    const Size first = part * rowsPerPart + warp * rowsPerWarp;
    const Size left = first < rows ? rows - first : 0;
    const int count = int(left < rowsPerWarp ? left : rowsPerWarp);
    Moments own = {};
    if (lane < count)
      own = {centred ? means[first + lane] : 0.0F, inverses[first + lane]};
    for (int k = 0; k < count; k += rowsAtOnce) {
      Moments moments[rowsAtOnce] = {};
      for (int row = 0; row < rowsAtOnce; ++row) {
        const float mean = __shfl_sync(allLanes, own.mean, k + row);
        const float inverse =
            __shfl_sync(allLanes, own.inverseDeviation, k + row);
        if (k + row < count)
          moments[row] = {mean, inverse};
      }
      const Size at = (first + k) * width;
      if (aligned)
        backwardRows<centred, mostPacked>(input + at, dOutput + at, dInput + at,
                                          count - k, moments, scales, shared,
                                          columns, share, adds);
      else
        backwardRows<centred, 1>(input + at, dOutput + at, dInput + at,
                                 count - k, moments, scales, shared, columns,
                                 share, adds);
    }
    __syncthreads();
    for (int j = threadIdx.x; j < columns; j += blockDim.x)
      for (int kind = 0; kind < Sums::kinds; ++kind) {
        double sum = 0;
        for (int warp = 0; warp < warps; ++warp) {
          const Sums from = ofWarp(warp);
          sum +=
              CompensatedSum{from.sums(kind)[j], from.errors(kind)[j]}.value();
        }
        partials[(part * Sums::kinds + kind) * width + j] = sum;
      }
    // The next part begins with zeros.
    __syncthreads();
  }
}

// The entries say how many blocks a multiprocessor should have: left alone,
// ptxas wants more, and spills.

/// input, output [rows, width], scale [width]; writes inverseRms[rows].
/// rowsPerWarp is 32 at most. Grid, block and shared memory: WarpNormSplit in
/// NormGrids.h.
extern "C" __global__ void __launch_bounds__(256, 4)
    rmsNormForward(const Number *__restrict__ input,
                   const float *__restrict__ scale, Number *__restrict__ output,
                   float *__restrict__ inverseRms, Size rows, Size width,
                   Size rowsPerWarp, double epsilon) {
  forward<false>(input, scale, nullptr, output, nullptr, inverseRms, rows,
                 width, rowsPerWarp, float(epsilon));
}

/// As rmsNormForward, with bias[width]; writes mean[rows] too.
extern "C" __global__ void __launch_bounds__(256, 4)
    layerNormForward(const Number *__restrict__ input,
                     const float *__restrict__ scale,
                     const float *__restrict__ bias,
                     Number *__restrict__ output, float *__restrict__ mean,
                     float *__restrict__ inverseDeviation, Size rows,
                     Size width, Size rowsPerWarp, double epsilon) {
  forward<true>(input, scale, bias, output, mean, inverseDeviation, rows, width,
                rowsPerWarp, float(epsilon));
}

/// dInput[rows, width], added to where `adds` is not 0, may be the array of
/// dOutput where it is. partials[parts, width] are the sums of dOutput x r
/// over each part's rows.
extern "C" __global__ void __launch_bounds__(256, 2)
    rmsNormBackward(const Number *__restrict__ input,
                    const float *__restrict__ scale,
                    const float *__restrict__ inverseRms, const Number *dOutput,
                    Number *dInput, double *__restrict__ partials, Size rows,
                    Size width, Size rowsPerWarp, Size adds) {
  backward<false>(input, scale, nullptr, inverseRms, dOutput, dInput, partials,
                  rows, width, rowsPerWarp, adds != 0);
}

/// As rmsNormBackward; partials[parts, 2, width]: for scale, then for bias.
extern "C" __global__ void __launch_bounds__(256, 2) layerNormBackward(
    const Number *__restrict__ input, const float *__restrict__ scale,
    const float *__restrict__ mean, const float *__restrict__ inverseDeviation,
    const Number *dOutput, Number *dInput, double *__restrict__ partials,
    Size rows, Size width, Size rowsPerWarp, Size adds) {
  backward<true>(input, scale, mean, inverseDeviation, dOutput, dInput,
                 partials, rows, width, rowsPerWarp, adds != 0);
}
