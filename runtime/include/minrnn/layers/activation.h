//===- activation.h - Activations, element by element -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_ACTIVATION_H
#define MINRNN_LAYERS_ACTIVATION_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

enum class Activation {
  /// x where positive, else 0; its slope at 0 is 0.
  Relu,
  /// x sigmoid(x) (Elfwing, Uchibe, Doya 2018).
  Silu,
  /// x times the share of a normal distribution below x, exactly, not the
  /// approximation by tanh (Hendrycks & Gimpel 2016).
  Gelu
};

/// output[count] = activation(input[count]); they may be the same array.
void activationForward(const LayerContext &context, Activation activation,
                       std::int64_t count, const float *input, float *output);

/// dInput[count] = dOutput[count] times the slope at input[count]; `dInput` may
/// be the array of either.
void activationBackward(const LayerContext &context, Activation activation,
                        std::int64_t count, const float *input,
                        const float *dOutput, float *dInput);

} // namespace minrnn

#endif // MINRNN_LAYERS_ACTIVATION_H
