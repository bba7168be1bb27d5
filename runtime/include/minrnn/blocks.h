//===- blocks.h - Blocks of a small model -----------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The layers around a recurrent cell, each with its forward and its backward,
// on buffers of host memory that the caller owns. All arrays are dense f32,
// last axis contiguous. `rows` is the number of positions, batch times time.
// Results do not change from run to run with the same number of threads.
//
// Every function throws Error when a size is negative or too large for memory,
// or for the BLAS library.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_BLOCKS_H
#define MINRNN_BLOCKS_H

#include "minrnn/cell_kernels.h"

#include <cstdint>

namespace minrnn {

/// What becomes of the former content of an array that is written.
enum class Store { Overwrite, Add };

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

/// dInput[rows, inputs] = dOutput weight,
/// dWeight[outputs, inputs] = dOutput^T input, dBias[outputs] = column sums of
/// dOutput[rows, outputs]. `dInput` and `dBias` may be null: not wanted.
void linearBackward(const LinearShape &shape, const float *input,
                    const float *weight, const float *dOutput, float *dInput,
                    float *dWeight, float *dBias);

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
// Recurrent: one packed projection of all gates, then the compiled cell
//===----------------------------------------------------------------------===//

/// B, T, D (the width of the input) and H (channels of the hidden state).
struct RecurrentShape {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t inputs = 0;
  std::int64_t channels = 0;

  SequenceShape sequence() const { return {batch, time, channels}; }
};

struct RecurrentForwardArguments {
  /// [B, T, D]
  const float *input = nullptr;
  /// [G, H, D]: the gates' weights, in the order of the cell's manifest.
  const float *weight = nullptr;
  /// [G, H]; null: no bias.
  const float *bias = nullptr;
  /// [B, H]; null: a zero state.
  const float *initial = nullptr;
  /// [B, T, G, H]: written; the backward reads it.
  float *preactivations = nullptr;
  /// [B, T, H]: written.
  float *output = nullptr;
  /// [B, H]: written; null: not wanted.
  float *last = nullptr;
};

struct RecurrentBackwardArguments {
  /// As given to, or written by, `recurrentForward`.
  const float *input = nullptr;
  const float *weight = nullptr;
  const float *bias = nullptr;
  const float *initial = nullptr;
  const float *preactivations = nullptr;
  const float *output = nullptr;
  /// [B, T, H]: the gradient with respect to `output`.
  const float *dOutput = nullptr;
  /// [B, H]: the gradient with respect to `last`; null: zero.
  const float *dLast = nullptr;
  /// [B, T, G, H]: written.
  float *dPreactivations = nullptr;
  /// [B, G, H]: room for the bias gradient of each batch row; may be null when
  /// `dBias` is.
  float *dBiasOfRows = nullptr;
  /// [B, T, D]: written; null: not wanted.
  float *dInput = nullptr;
  /// [G, H, D]: written.
  float *dWeight = nullptr;
  /// [G, H]: written, summed over batch and time; null: not wanted.
  float *dBias = nullptr;
  /// [B, H]: written; null: not wanted.
  float *dInitial = nullptr;
};

/// preactivations = input weight^T by one matrix product, without the bias,
/// which the cell's kernel adds; then the cell's `forward`.
void recurrentForward(const CellKernels &cell, const RecurrentShape &shape,
                      const RecurrentForwardArguments &arguments);

/// The gradients of every input of `recurrentForward`.
void recurrentBackward(const CellKernels &cell, const RecurrentShape &shape,
                       const RecurrentBackwardArguments &arguments);

/// One time step: `shape.time` is not looked at. input[B, D], weight and bias
/// as in `recurrentForward`, state[B, H] read and written, preactivations[B, G,
/// H] written.
void recurrentStep(const CellKernels &cell, const RecurrentShape &shape,
                   const float *input, const float *weight, const float *bias,
                   float *preactivations, float *state);

//===----------------------------------------------------------------------===//
// Cross-entropy of a softmax
//===----------------------------------------------------------------------===//

struct CrossEntropyShape {
  std::int64_t rows = 0;
  std::int64_t classes = 0;
};

/// Returns the mean over the rows of -log softmax(logits)[target], in nats (0
/// when there is no row). When `dLogits` is not null, writes the gradient of
/// that mean, [rows, classes]; it may be the same array as `logits`. Throws
/// Error when a target is not in [0, classes).
double crossEntropy(const CrossEntropyShape &shape, const float *logits,
                    const std::int32_t *targets, float *dLogits);

} // namespace minrnn

#endif // MINRNN_BLOCKS_H
