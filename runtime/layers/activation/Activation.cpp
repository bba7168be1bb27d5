//===- Activation.cpp - Activations, element by element -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "runtime/layers/LaunchGrids.h"
#include "runtime/layers/LayerKernels.h"
#include "runtime/layers/activation/Activation.cu.h"
#include "specs/contract/ElementCount.h"

#include <cmath>
#include <numbers>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

/// The share of a normal distribution below x. By erfc, which keeps its
/// relative accuracy where x is far below 0.
float normalBelow(float x) {
  return 0.5F * std::erfc(-x / std::numbers::sqrt2_v<float>);
}

struct Relu {
  // A NaN stays one.
  static float value(float x) { return x < 0 ? 0 : x; }
  static float slope(float x) { return x <= 0 ? 0 : 1; }
};

struct Silu {
  static float value(float x) { return x * sigmoid(x); }
  static float slope(float x) { return sigmoid(x) * (1 + x * sigmoid(-x)); }
};

struct Gelu {
  static float value(float x) { return x * normalBelow(x); }
  static float slope(float x) {
    constexpr float inverseRootOfTwoPi =
        std::numbers::inv_sqrtpi_v<float> / std::numbers::sqrt2_v<float>;
    return normalBelow(x) + x * inverseRootOfTwoPi * std::exp(-0.5F * x * x);
  }
};

/// Calls `action` with the functions of an activation.
template <typename Action>
void with(Activation activation, const Action &action) {
  switch (activation) {
  case Activation::Relu:
    return action(Relu());
  case Activation::Silu:
    return action(Silu());
  case Activation::Gelu:
    return action(Gelu());
  }
}

} // namespace

void minrnn::activationForward(const LayerContext &context,
                               Activation activation, std::int64_t count,
                               const float *input, float *output) {
  elementCount({count}, "activation");
  if (LayerKernels *device = context.kernels())
    return device->start(activationSource, "activationForward", flatGrid(count),
                         static_cast<std::int64_t>(activation), input, output,
                         count);
  with(activation, [&](auto function) {
#pragma omp parallel for schedule(static) if (count > (1 << 14))
    for (std::int64_t i = 0; i < count; ++i)
      output[i] = function.value(input[i]);
  });
}

void minrnn::activationBackward(const LayerContext &context,
                                Activation activation, std::int64_t count,
                                const float *input, const float *dOutput,
                                float *dInput) {
  elementCount({count}, "activation");
  if (LayerKernels *device = context.kernels())
    return device->start(activationSource, "activationBackward",
                         flatGrid(count), static_cast<std::int64_t>(activation),
                         input, dOutput, dInput, count);
  with(activation, [&](auto function) {
#pragma omp parallel for schedule(static) if (count > (1 << 14))
    for (std::int64_t i = 0; i < count; ++i)
      dInput[i] = dOutput[i] * function.slope(input[i]);
  });
}

static std::int64_t countOf(const GatedActivationShape &shape) {
  elementCount({shape.rows, 2, shape.width}, "gated activation");
  return shape.rows * shape.width;
}

void minrnn::gatedActivationForward(const LayerContext &context,
                                    Activation activation,
                                    const GatedActivationShape &shape,
                                    const float *input, float *output) {
  const std::int64_t count = countOf(shape);
  const std::int64_t width = shape.width;
  if (LayerKernels *device = context.kernels())
    return device->start(activationSource, "gatedActivationForward",
                         flatGrid(count), static_cast<std::int64_t>(activation),
                         input, output, count, width);
  with(activation, [&](auto function) {
#pragma omp parallel for schedule(static) if (count > (1 << 14))
    for (std::int64_t row = 0; row < shape.rows; ++row)
      for (std::int64_t i = 0; i < width; ++i) {
        const float *gate = input + 2 * row * width + i;
        output[row * width + i] = function.value(gate[0]) * gate[width];
      }
  });
}

void minrnn::gatedActivationBackward(const LayerContext &context,
                                     Activation activation,
                                     const GatedActivationShape &shape,
                                     const float *input, const float *dOutput,
                                     float *dInput) {
  const std::int64_t count = countOf(shape);
  const std::int64_t width = shape.width;
  if (LayerKernels *device = context.kernels())
    return device->start(activationSource, "gatedActivationBackward",
                         flatGrid(count), static_cast<std::int64_t>(activation),
                         input, dOutput, dInput, count, width);
  with(activation, [&](auto function) {
#pragma omp parallel for schedule(static) if (count > (1 << 14))
    for (std::int64_t row = 0; row < shape.rows; ++row)
      for (std::int64_t i = 0; i < width; ++i) {
        const std::int64_t at = 2 * row * width + i;
        const float gate = input[at];
        const float value = input[at + width];
        const float d = dOutput[row * width + i];
        dInput[at] = d * value * function.slope(gate);
        dInput[at + width] = d * function.value(gate);
      }
  });
}
