//===- CausalConvolution.cpp - Convolution over time ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "runtime/layers/LaunchGrids.h"
#include "runtime/layers/LayerKernels.h"
#include "runtime/layers/causal_convolution/CausalConvolution.cu.h"
#include "runtime/layers/rows/ColumnSums.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <vector>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

/// The number of positions.
std::int64_t rowsOf(const CausalConvolutionShape &shape) {
  elementCount({shape.channels, shape.taps}, "causal convolution, weight");
  elementCount({shape.batch, shape.time, shape.channels},
               "causal convolution, sequence");
  return elementCount({shape.batch, shape.time}, "causal convolution, rows");
}

/// weight[channels, taps] as [taps, channels], so that channels lie together.
std::vector<float> transposed(const CausalConvolutionShape &shape,
                              const float *weight) {
  std::vector<float> result(
      static_cast<std::size_t>(shape.channels * shape.taps));
  for (std::int64_t c = 0; c < shape.channels; ++c)
    for (std::int64_t k = 0; k < shape.taps; ++k)
      result[static_cast<std::size_t>(k * shape.channels + c)] =
          weight[c * shape.taps + k];
  return result;
}

void launchBackward(LayerKernels &device, const CausalConvolutionShape &shape,
                    std::int64_t rows, const float *input, const float *weight,
                    const float *dOutput, float *dInput, float *dWeight) {
  if (dInput != nullptr)
    device.start(causalConvolutionSource, "causalConvolutionBackward",
                 rowsGrid(rows, shape.channels), weight, dOutput, dInput, rows,
                 shape.time, shape.channels, shape.taps);
  const std::int64_t stripes = ceilDiv(rows, rowsOfStripe);
  const std::int64_t weights = shape.channels * shape.taps;
  double *partials = device.workspace(stripes * weights);
  device.start(causalConvolutionSource, "causalConvolutionWeightPartials",
               stripesGrid(rows, shape.channels), input, dOutput, partials,
               rows, shape.time, shape.channels, shape.taps);
  sumPartials(device, partials, stripes, weights, dWeight);
}

} // namespace

void minrnn::causalConvolutionForward(const LayerContext &context,
                                      const CausalConvolutionShape &shape,
                                      const float *input, const float *weight,
                                      const float *bias, float *output) {
  const std::int64_t rows = rowsOf(shape);
  if (LayerKernels *device = context.kernels())
    return device->start(causalConvolutionSource, "causalConvolutionForward",
                         rowsGrid(rows, shape.channels), input, weight, bias,
                         output, rows, shape.time, shape.channels, shape.taps);
  const std::int64_t channels = shape.channels;
  const std::int64_t count = rows * channels;
  const std::vector<float> byTap = transposed(shape, weight);
#pragma omp parallel for schedule(static) if (count > (1 << 14))
  for (std::int64_t row = 0; row < rows; ++row) {
    float *y = output + row * channels;
    if (bias == nullptr)
      std::fill_n(y, channels, 0.0F);
    else
      std::copy_n(bias, channels, y);
    const std::int64_t t = row % shape.time;
    for (std::int64_t back = std::min(t, shape.taps - 1); back >= 0; --back) {
      const float *w = byTap.data() + (shape.taps - 1 - back) * channels;
      const float *x = input + (row - back) * channels;
      for (std::int64_t c = 0; c < channels; ++c)
        y[c] += w[c] * x[c];
    }
  }
}

void minrnn::causalConvolutionBackward(const LayerContext &context,
                                       const CausalConvolutionShape &shape,
                                       const float *input, const float *weight,
                                       const float *dOutput, float *dInput,
                                       float *dWeight, float *dBias) {
  const std::int64_t rows = rowsOf(shape);
  if (dBias != nullptr)
    sumRows(context, rows, shape.channels, dOutput, dBias);
  if (LayerKernels *device = context.kernels())
    return launchBackward(*device, shape, rows, input, weight, dOutput, dInput,
                          dWeight);
  const std::int64_t channels = shape.channels;
  const std::int64_t time = shape.time;
  const std::int64_t count = rows * channels;
  std::vector<float> ofTap(static_cast<std::size_t>(channels));
  for (std::int64_t k = 0; k < shape.taps; ++k) {
    const std::int64_t back = shape.taps - 1 - k;
    sumColumns(rows, channels, ofTap.data(),
               [&](std::int64_t row, std::int64_t c) {
                 return row % time < back
                            ? 0.0
                            : static_cast<double>(dOutput[row * channels + c]) *
                                  static_cast<double>(
                                      input[(row - back) * channels + c]);
               });
    for (std::int64_t c = 0; c < channels; ++c)
      dWeight[c * shape.taps + k] = ofTap[static_cast<std::size_t>(c)];
  }
  if (dInput == nullptr)
    return;
  const std::vector<float> byTap = transposed(shape, weight);
#pragma omp parallel for schedule(static) if (count > (1 << 14))
  for (std::int64_t row = 0; row < rows; ++row) {
    float *dx = dInput + row * channels;
    std::fill_n(dx, channels, 0.0F);
    const std::int64_t after = time - 1 - row % time;
    for (std::int64_t ahead = std::min(after, shape.taps - 1); ahead >= 0;
         --ahead) {
      const float *w = byTap.data() + (shape.taps - 1 - ahead) * channels;
      const float *dy = dOutput + (row + ahead) * channels;
      for (std::int64_t c = 0; c < channels; ++c)
        dx[c] += w[c] * dy[c];
    }
  }
}
