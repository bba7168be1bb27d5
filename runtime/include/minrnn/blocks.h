//===- blocks.h - Blocks of a small model -----------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The layers around a recurrent one (minrnn/recurrent.h), each with its forward
// and its backward, on buffers of host memory that the caller owns. All arrays
// are dense f32, last axis contiguous. `rows` is the number of positions, batch
// times time. Results do not change from run to run with the same number of
// threads.
//
// Every function throws Error when a size is negative or too large for memory,
// or for the BLAS library.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_BLOCKS_H
#define MINRNN_BLOCKS_H

#include "minrnn/matrix_product.h"

#include <cstdint>

namespace minrnn {

//===----------------------------------------------------------------------===//
// Embedding: one row of a table for each token
//===----------------------------------------------------------------------===//

struct EmbeddingShape {
  std::int64_t rows = 0;
  std::int64_t vocabulary = 0;
  std::int64_t width = 0;
};

/// output[rows, width] = table[tokens[rows], :]. Throws Error when a token is
/// not in [0, vocabulary).
void embeddingForward(const EmbeddingShape &shape, const std::int32_t *tokens,
                      const float *table, float *output);

/// dTable[vocabulary, width] = the sum of the rows of dOutput[rows, width] over
/// the positions of each token. Tokens as in `embeddingForward`.
void embeddingBackward(const EmbeddingShape &shape, const std::int32_t *tokens,
                       const float *dOutput, float *dTable);

//===----------------------------------------------------------------------===//
// Linear: y = x W^T + b
//===----------------------------------------------------------------------===//

struct LinearShape {
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
};

/// output[rows, outputs] = input[rows, inputs] weight[outputs, inputs]^T
/// + bias[outputs]; `bias` may be null. With `Store::Add` the result is added
/// to `output`, as in a residual connection.
void linearForward(const LinearShape &shape, const float *input,
                   const float *weight, const float *bias, float *output,
                   Store store = Store::Overwrite);

/// dInput[rows, inputs] = dOutput weight, stored or added as `store` says,
/// dWeight[outputs, inputs] = dOutput^T input, dBias[outputs] = column sums of
/// dOutput[rows, outputs]. `dInput` and `dBias` may be null: not wanted.
void linearBackward(const LinearShape &shape, const float *input,
                    const float *weight, const float *dOutput, float *dInput,
                    float *dWeight, float *dBias,
                    Store store = Store::Overwrite);

//===----------------------------------------------------------------------===//
// RMSNorm: y = x / sqrt(mean(x^2) + epsilon) * scale   (Zhang & Sennrich 2019)
//===----------------------------------------------------------------------===//

struct RmsNormShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  float epsilon = 1e-5F;
};

/// output[rows, width] from input[rows, width] and scale[width];
/// inverseRms[rows] is written for the backward: 1 / sqrt(mean(x^2) + epsilon).
void rmsNormForward(const RmsNormShape &shape, const float *input,
                    const float *scale, float *output, float *inverseRms);

/// With r = inverseRms and s = the mean over the row of dOutput * scale * x:
/// dInput[rows, width] = r dOutput scale - r^3 s x, stored or added as `store`
/// says, and dScale[width] = column sums of dOutput x r.
void rmsNormBackward(const RmsNormShape &shape, const float *input,
                     const float *scale, const float *inverseRms,
                     const float *dOutput, float *dInput, float *dScale,
                     Store store = Store::Overwrite);

//===----------------------------------------------------------------------===//
// LayerNorm: y = (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + bias
// (Ba, Kiros, Hinton 2016)
//===----------------------------------------------------------------------===//

struct LayerNormShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  float epsilon = 1e-5F;
};

/// output[rows, width] from input[rows, width], scale[width] and bias[width].
/// mean[rows] and inverseDeviation[rows], 1 / sqrt(variance(x) + epsilon), are
/// written for the backward; the variance is that of the row itself, with
/// 1 / width.
void layerNormForward(const LayerNormShape &shape, const float *input,
                      const float *scale, const float *bias, float *output,
                      float *mean, float *inverseDeviation);

/// With r = inverseDeviation, n = (x - mean) r and g = dOutput scale:
/// dInput[rows, width] = r (g - mean(g) - n mean(g n)), stored or added as
/// `store` says, dScale[width] = column sums of dOutput n, and dBias[width] =
/// column sums of dOutput. `dInput` may be the array of `dOutput`.
void layerNormBackward(const LayerNormShape &shape, const float *input,
                       const float *scale, const float *mean,
                       const float *inverseDeviation, const float *dOutput,
                       float *dInput, float *dScale, float *dBias,
                       Store store = Store::Overwrite);

//===----------------------------------------------------------------------===//
// Activations, element by element
//===----------------------------------------------------------------------===//

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
void activationForward(Activation activation, std::int64_t count,
                       const float *input, float *output);

/// dInput[count] = dOutput[count] times the slope at input[count]; `dInput` may
/// be the array of either.
void activationBackward(Activation activation, std::int64_t count,
                        const float *input, const float *dOutput,
                        float *dInput);

//===----------------------------------------------------------------------===//
// Causal convolution over time, channel by channel: y[t] = bias + the sum over
// k < taps of weight[k] x[t - taps + 1 + k], where x before the beginning is 0.
// The last tap sees the present.
//===----------------------------------------------------------------------===//

struct CausalConvolutionShape {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t channels = 0;
  std::int64_t taps = 4;
};

/// output[batch, time, channels] from input[batch, time, channels] and
/// weight[channels, taps]; bias[channels] may be null.
void causalConvolutionForward(const CausalConvolutionShape &shape,
                              const float *input, const float *weight,
                              const float *bias, float *output);

/// The gradients of input, weight and bias from dOutput[batch, time, channels].
/// `dInput` and `dBias` may be null: not wanted. `dInput` must be an array of
/// its own.
void causalConvolutionBackward(const CausalConvolutionShape &shape,
                               const float *input, const float *weight,
                               const float *dOutput, float *dInput,
                               float *dWeight, float *dBias);

//===----------------------------------------------------------------------===//
// Dropout: elements left out at random (Srivastava et al. 2014)
//===----------------------------------------------------------------------===//

/// Which elements are left out: a function of these and of the element's place
/// alone, the same on every device. Element i is left out when word
/// (i / 32) % 4 of Philox, of counter (i / 128) 32 + i % 32 below `step` and of
/// key `seed`, is below `rate` 2^32.
struct DropoutMask {
  std::int64_t count = 0;
  /// The probability to be left out, in [0, 1).
  double rate = 0;
  /// Different for each layer that shall have a mask of its own.
  std::uint64_t seed = 0;
  /// The training step.
  std::uint64_t step = 0;
};

/// output[count] = 0 where the mask leaves out, input[count] / (1 - rate)
/// elsewhere. The backward is the same, from dOutput to dInput. They may be the
/// same array. Throws Error when the rate is not in [0, 1).
void dropout(const DropoutMask &mask, const float *input, float *output);

//===----------------------------------------------------------------------===//
// Cross-entropy of a softmax
//===----------------------------------------------------------------------===//

struct CrossEntropyShape {
  std::int64_t rows = 0;
  std::int64_t classes = 0;
};

/// Returns the mean over the rows of -log softmax(logits)[target], in nats (0
/// when there is no row). When `dLogits` is not null, writes the gradient of
/// that mean, [rows, classes], NaN in a row whose loss is not finite; it may be
/// the same array as `logits`. Throws
/// Error when a target is not in [0, classes).
double crossEntropy(const CrossEntropyShape &shape, const float *logits,
                    const std::int32_t *targets, float *dLogits);

} // namespace minrnn

#endif // MINRNN_BLOCKS_H
