//===- RmsNorm.cpp - Root mean square normalisation -----------------------===//
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
void minrnn::rmsNormForward(const LayerContext &context,
                            const RmsNormShape &shape, const Number *input,
                            const float *scale, Number *output,
                            float *inverseRms) {
  const std::int64_t count = elementCount({shape.rows, shape.width}, "RMSNorm");
  if (LayerKernels *device = context.kernels()) {
    const NormSplit split(shape.rows, shape.width, rmsNormForwardShared, 1);
    return device->start(split.source<Number>(), "rmsNormForward", split.grid,
                         input, scale, output, inverseRms, shape.rows,
                         shape.width, split.rowsInTurn,
                         static_cast<double>(shape.epsilon));
  }
  const std::int64_t width = shape.width;
#pragma omp parallel for schedule(static) if (count > (1 << 15))
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const Number *x = input + row * width;
    double squares = 0;
#pragma omp simd reduction(+ : squares)
    for (std::int64_t j = 0; j < width; ++j)
      squares += static_cast<double>(x[j]) * static_cast<double>(x[j]);
    // A row of width 0 has no mean; it has no element that would need it.
    const double mean = width == 0 ? 0 : squares / static_cast<double>(width);
    const auto r = static_cast<float>(
        1 / std::sqrt(mean + static_cast<double>(shape.epsilon)));
    inverseRms[row] = r;
    for (std::int64_t j = 0; j < width; ++j)
      output[row * width + j] = Number(x[j] * r * scale[j]);
  }
}

template <typename Number>
void minrnn::rmsNormBackward(const LayerContext &context,
                             const RmsNormShape &shape, const Number *input,
                             const float *scale, const float *inverseRms,
                             const Number *dOutput, Number *dInput,
                             float *dScale, bool accumulate) {
  const std::int64_t count = elementCount({shape.rows, shape.width}, "RMSNorm");
  if (LayerKernels *device = context.kernels()) {
    const NormSplit split(shape.rows, shape.width, rmsNormBackwardShared,
                          leastRowsOfSums);
    double *partials = device->workspace(split.parts * shape.width);
    device->start(split.source<Number>(), "rmsNormBackward", split.grid, input,
                  scale, inverseRms, dOutput, dInput, partials, shape.rows,
                  shape.width, split.rowsInTurn, std::int64_t{accumulate});
    return sumPartials(*device, partials, split.parts, shape.width, dScale);
  }
  const std::int64_t width = shape.width;
  // dScale first: dInput may be the array that dOutput is in.
  sumColumns(shape.rows, width, dScale, [&](std::int64_t row, std::int64_t j) {
    return static_cast<double>(dOutput[row * width + j]) *
           static_cast<double>(input[row * width + j]) *
           static_cast<double>(inverseRms[row]);
  });
#pragma omp parallel for schedule(static) if (count > (1 << 15))
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const Number *x = input + row * width;
    const Number *dy = dOutput + row * width;
    Number *dx = dInput + row * width;
    double product = 0;
#pragma omp simd reduction(+ : product)
    for (std::int64_t j = 0; j < width; ++j)
      product += static_cast<double>(dy[j]) * static_cast<double>(scale[j]) *
                 static_cast<double>(x[j]);
    const double r = inverseRms[row];
    const auto pull =
        static_cast<float>(r * r * r * product / static_cast<double>(width));
    for (std::int64_t j = 0; j < width; ++j) {
      const float gradient = inverseRms[row] * dy[j] * scale[j] - pull * x[j];
      dx[j] = Number(accumulate ? dx[j] + gradient : gradient);
    }
  }
}

template void minrnn::rmsNormForward(const LayerContext &, const RmsNormShape &,
                                     const float *, const float *, float *,
                                     float *);
template void minrnn::rmsNormForward(const LayerContext &, const RmsNormShape &,
                                     const BFloat16 *, const float *,
                                     BFloat16 *, float *);
template void minrnn::rmsNormBackward(const LayerContext &,
                                      const RmsNormShape &, const float *,
                                      const float *, const float *,
                                      const float *, float *, float *, bool);
template void minrnn::rmsNormBackward(const LayerContext &,
                                      const RmsNormShape &, const BFloat16 *,
                                      const float *, const float *,
                                      const BFloat16 *, BFloat16 *, float *,
                                      bool);
