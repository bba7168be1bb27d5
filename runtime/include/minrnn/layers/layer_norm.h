//===- layer_norm.h - LayerNorm ---------------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_LAYER_NORM_H
#define MINRNN_LAYERS_LAYER_NORM_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

/// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + bias (Ba, Kiros,
/// Hinton 2016).
struct LayerNormShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  float epsilon = 1e-5F;
};

/// output[rows, width] from input[rows, width], scale[width] and bias[width].
/// mean[rows] and inverseDeviation[rows], 1 / sqrt(variance(x) + epsilon), are
/// written for the backward; the variance is that of the row itself, with
/// 1 / width.
void layerNormForward(const LayerContext &context, const LayerNormShape &shape,
                      const float *input, const float *scale, const float *bias,
                      float *output, float *mean, float *inverseDeviation);

/// With r = inverseDeviation, n = (x - mean) r and g = dOutput scale:
/// dInput[rows, width] = r (g - mean(g) - n mean(g n)), added to what is there
/// with `accumulate`, dScale[width] = column sums of dOutput n, and
/// dBias[width] = column sums of dOutput. `dInput` may be the array of
/// `dOutput`.
void layerNormBackward(const LayerContext &context, const LayerNormShape &shape,
                       const float *input, const float *scale,
                       const float *mean, const float *inverseDeviation,
                       const float *dOutput, float *dInput, float *dScale,
                       float *dBias, bool accumulate = false);

} // namespace minrnn

#endif // MINRNN_LAYERS_LAYER_NORM_H
