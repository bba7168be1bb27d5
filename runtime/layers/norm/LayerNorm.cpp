//===- LayerNorm.cpp - Normalisation by mean and variance -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "runtime/layers/LayerKernels.h"
#include "runtime/layers/norm/NormGrids.h"
#include "runtime/layers/rows/ColumnSums.h"
#include "specs/contract/ElementCount.h"

#include <cmath>

using namespace minrnn;
using namespace minrnn::kernels;

template <typename Number>
void minrnn::layerNormForward(const LayerContext &context,
                              const LayerNormShape &shape, const Number *input,
                              const float *scale, const float *bias,
                              Number *output, float *mean,
                              float *inverseDeviation) {
  const std::int64_t count =
      elementCount({shape.rows, shape.width}, "LayerNorm");
  if (LayerKernels *device = context.kernels()) {
    const NormSplit split(shape.rows, shape.width, layerNormForwardShared, 1);
    return device->start(split.source<Number>(), "layerNormForward", split.grid,
                         input, scale, bias, output, mean, inverseDeviation,
                         shape.rows, shape.width, split.rowsInTurn,
                         static_cast<double>(shape.epsilon));
  }
  const std::int64_t width = shape.width;
  // A row of width 0 has no mean; it has no element that would need it.
  const double share = width == 0 ? 0 : 1 / static_cast<double>(width);
#pragma omp parallel for schedule(static) if (count > (1 << 15))
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const Number *x = input + row * width;
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = 0; j < width; ++j)
      sum += static_cast<double>(x[j]);
    const double middle = sum * share;
    double squares = 0;
#pragma omp simd reduction(+ : squares)
    for (std::int64_t j = 0; j < width; ++j) {
      const double distance = static_cast<double>(x[j]) - middle;
      squares += distance * distance;
    }
    const auto a = static_cast<float>(middle);
    const auto r = static_cast<float>(
        1 / std::sqrt(squares * share + static_cast<double>(shape.epsilon)));
    mean[row] = a;
    inverseDeviation[row] = r;
    for (std::int64_t j = 0; j < width; ++j)
      output[row * width + j] = Number((x[j] - a) * r * scale[j] + bias[j]);
  }
}

template <typename Number>
void minrnn::layerNormBackward(const LayerContext &context,
                               const LayerNormShape &shape, const Number *input,
                               const float *scale, const float *mean,
                               const float *inverseDeviation,
                               const Number *dOutput, Number *dInput,
                               float *dScale, float *dBias, bool accumulate) {
  const std::int64_t count =
      elementCount({shape.rows, shape.width}, "LayerNorm");
  if (LayerKernels *device = context.kernels()) {
    const NormSplit split(shape.rows, shape.width, layerNormBackwardShared,
                          leastRowsOfSums);
    double *partials = device->workspace(split.parts * 2 * shape.width);
    device->start(split.source<Number>(), "layerNormBackward", split.grid,
                  input, scale, mean, inverseDeviation, dOutput, dInput,
                  partials, shape.rows, shape.width, split.rowsInTurn,
                  std::int64_t{accumulate});
    return sumPartials(*device, partials, split.parts, shape.width, dScale,
                       dBias);
  }
  const std::int64_t width = shape.width;
  // These first: dInput may be the array that dOutput is in.
  sumColumns(shape.rows, width, dScale, [&](std::int64_t row, std::int64_t j) {
    const float normal =
        (input[row * width + j] - mean[row]) * inverseDeviation[row];
    return static_cast<double>(dOutput[row * width + j]) *
           static_cast<double>(normal);
  });
  sumColumns(shape.rows, width, dBias, [&](std::int64_t row, std::int64_t j) {
    return dOutput[row * width + j];
  });
  const double share = width == 0 ? 0 : 1 / static_cast<double>(width);
#pragma omp parallel for schedule(static) if (count > (1 << 15))
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const Number *x = input + row * width;
    const Number *dy = dOutput + row * width;
    Number *dx = dInput + row * width;
    const float a = mean[row];
    const float r = inverseDeviation[row];
    double sum = 0;
    double product = 0;
#pragma omp simd reduction(+ : sum, product)
    for (std::int64_t j = 0; j < width; ++j) {
      const double g =
          static_cast<double>(dy[j]) * static_cast<double>(scale[j]);
      sum += g;
      product += g * static_cast<double>((x[j] - a) * r);
    }
    const auto ofGradient = static_cast<float>(sum * share);
    const auto ofNormal = static_cast<float>(product * share);
    for (std::int64_t j = 0; j < width; ++j) {
      const float gradient =
          r * (dy[j] * scale[j] - ofGradient - (x[j] - a) * r * ofNormal);
      dx[j] = Number(accumulate ? dx[j] + gradient : gradient);
    }
  }
}

template void minrnn::layerNormForward(const LayerContext &,
                                       const LayerNormShape &, const float *,
                                       const float *, const float *, float *,
                                       float *, float *);
template void minrnn::layerNormForward(const LayerContext &,
                                       const LayerNormShape &, const BFloat16 *,
                                       const float *, const float *, BFloat16 *,
                                       float *, float *);
template void minrnn::layerNormBackward(const LayerContext &,
                                        const LayerNormShape &, const float *,
                                        const float *, const float *,
                                        const float *, const float *, float *,
                                        float *, float *, bool);
template void minrnn::layerNormBackward(const LayerContext &,
                                        const LayerNormShape &,
                                        const BFloat16 *, const float *,
                                        const float *, const float *,
                                        const BFloat16 *, BFloat16 *, float *,
                                        float *, bool);
