//===- Activation.cu - ReLU, SiLU and GELU --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All on flat arrays of `count` elements, grid {count / 1024, rounded up},
// block {256}. Every output may be the array of any input.
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// The share of a normal distribution below x. By erfc, which keeps its
/// relative accuracy where x is far below 0.
__device__ inline float normalBelow(float x) {
  constexpr float inverseRootOfTwo = 0.70710678F;
  return 0.5F * erfcf(-x * inverseRootOfTwo);
}

__device__ inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }

/// x where positive, else 0; a NaN stays one.
struct Relu {
  __device__ static float value(float x) { return x < 0 ? 0 : x; }
  __device__ static float slope(float x) { return x <= 0 ? 0 : 1; }
};

/// x sigmoid(x) (Elfwing, Uchibe, Doya 2018).
struct Silu {
  __device__ static float value(float x) { return x * sigmoid(x); }
  __device__ static float slope(float x) {
    const float s = sigmoid(x);
    return s * (1 + x * sigmoid(-x));
  }
};

/// x times the normal distribution's share below x, exactly, not the
/// approximation by tanh (Hendrycks & Gimpel 2016).
struct Gelu {
  __device__ static float value(float x) { return x * normalBelow(x); }
  __device__ static float slope(float x) {
    constexpr float inverseRootOfTwoPi = 0.39894228F;
    return normalBelow(x) + x * inverseRootOfTwoPi * expf(-0.5F * x * x);
  }
};

template <typename Function>
__device__ void forward(const float *input, float *output, Size count) {
  for (Size i = firstElement(); i < count; i += elementStride())
    output[i] = Function::value(input[i]);
}

template <typename Function>
__device__ void backward(const float *input, const float *dOutput,
                         float *dInput, Size count) {
  for (Size i = firstElement(); i < count; i += elementStride())
    dInput[i] = dOutput[i] * Function::slope(input[i]);
}

/// Where in input[rows, 2 width] the gate of element `i` of [rows, width] is.
__device__ inline Size gateOf(Size i, Size width) {
  return i + i / width * width;
}

template <typename Function>
__device__ void gatedForward(const float *input, float *output, Size count,
                             Size width) {
  for (Size i = firstElement(); i < count; i += elementStride()) {
    const Size at = gateOf(i, width);
    output[i] = Function::value(input[at]) * input[at + width];
  }
}

template <typename Function>
__device__ void gatedBackward(const float *input, const float *dOutput,
                              float *dInput, Size count, Size width) {
  for (Size i = firstElement(); i < count; i += elementStride()) {
    const Size at = gateOf(i, width);
    const float gate = input[at];
    const float value = input[at + width];
    dInput[at] = dOutput[i] * value * Function::slope(gate);
    dInput[at + width] = dOutput[i] * Function::value(gate);
  }
}

/// output[count] = activation(input[count]); `kind` counts the enumerators of
/// minrnn::Activation. Grid {count / 1024, rounded up}, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    activationForward(Size kind, const float *input, float *output,
                      Size count) {
  if (kind == 0)
    forward<Relu>(input, output, count);
  else if (kind == 1)
    forward<Silu>(input, output, count);
  else
    forward<Gelu>(input, output, count);
}

/// dInput[count] = dOutput[count] times the slope at input[count]. Grid and
/// block as activationForward.
extern "C" __global__ void __launch_bounds__(256)
    activationBackward(Size kind, const float *input, const float *dOutput,
                       float *dInput, Size count) {
  if (kind == 0)
    backward<Relu>(input, dOutput, dInput, count);
  else if (kind == 1)
    backward<Silu>(input, dOutput, dInput, count);
  else
    backward<Gelu>(input, dOutput, dInput, count);
}

/// output[rows, width] = activation(g) v of input[rows, 2 width], which has g
/// and then v in each row; `count` is rows x width. Grid and block as
/// activationForward.
extern "C" __global__ void __launch_bounds__(256)
    gatedActivationForward(Size kind, const float *input, float *output,
                           Size count, Size width) {
  if (kind == 0)
    gatedForward<Relu>(input, output, count, width);
  else if (kind == 1)
    gatedForward<Silu>(input, output, count, width);
  else
    gatedForward<Gelu>(input, output, count, width);
}

/// dInput[rows, 2 width] from dOutput[rows, width]. Grid and block as
/// activationForward.
extern "C" __global__ void __launch_bounds__(256)
    gatedActivationBackward(Size kind, const float *input, const float *dOutput,
                            float *dInput, Size count, Size width) {
  if (kind == 0)
    gatedBackward<Relu>(input, dOutput, dInput, count, width);
  else if (kind == 1)
    gatedBackward<Silu>(input, dOutput, dInput, count, width);
  else
    gatedBackward<Gelu>(input, dOutput, dInput, count, width);
}
