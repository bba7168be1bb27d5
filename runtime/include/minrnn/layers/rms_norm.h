//===- rms_norm.h - RMSNorm -------------------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_RMS_NORM_H
#define MINRNN_LAYERS_RMS_NORM_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

/// y = x / sqrt(mean(x^2) + epsilon) * scale (Zhang & Sennrich 2019).
struct RmsNormShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  float epsilon = 1e-5F;
};

/// output[rows, width] from input[rows, width] and scale[width];
/// inverseRms[rows] is written for the backward: 1 / sqrt(mean(x^2) + epsilon).
void rmsNormForward(const LayerContext &context, const RmsNormShape &shape,
                    const float *input, const float *scale, float *output,
                    float *inverseRms);

/// With r = inverseRms and s = the mean over the row of dOutput * scale * x:
/// dInput[rows, width] = r dOutput scale - r^3 s x, added to what is there with
/// `accumulate`, and dScale[width] = column sums of dOutput x r. `dInput` may
/// be the array of `dOutput`.
void rmsNormBackward(const LayerContext &context, const RmsNormShape &shape,
                     const float *input, const float *scale,
                     const float *inverseRms, const float *dOutput,
                     float *dInput, float *dScale, bool accumulate = false);

} // namespace minrnn

#endif // MINRNN_LAYERS_RMS_NORM_H
