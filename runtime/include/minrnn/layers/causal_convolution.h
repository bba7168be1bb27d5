//===- causal_convolution.h - Causal convolution over time ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_CAUSAL_CONVOLUTION_H
#define MINRNN_LAYERS_CAUSAL_CONVOLUTION_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

/// Channel by channel: y[t] = bias + the sum over k < taps of
/// weight[k] x[t - taps + 1 + k], where x before the beginning is 0. The last
/// tap sees the present.
struct CausalConvolutionShape {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t channels = 0;
  std::int64_t taps = 4;
};

/// output[batch, time, channels] from input[batch, time, channels] and
/// weight[channels, taps]; bias[channels] may be null.
void causalConvolutionForward(const LayerContext &context,
                              const CausalConvolutionShape &shape,
                              const float *input, const float *weight,
                              const float *bias, float *output);

/// The gradients of input, weight and bias from dOutput[batch, time, channels].
/// `dInput` and `dBias` may be null: not wanted. `dInput` must be an array of
/// its own.
void causalConvolutionBackward(const LayerContext &context,
                               const CausalConvolutionShape &shape,
                               const float *input, const float *weight,
                               const float *dOutput, float *dInput,
                               float *dWeight, float *dBias);

} // namespace minrnn

#endif // MINRNN_LAYERS_CAUSAL_CONVOLUTION_H
