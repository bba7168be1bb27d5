//===- layers.h - The layers around a recurrent one -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The layers around a recurrent one, each with its forward and its backward, on
// arrays in the memory of a device that the caller owns. All arrays are dense
// f32 where nothing else is said, last axis contiguous. `rows` is the number of
// positions, batch times time.
//
// Embedding, linear layers and norms work on sequences of a `Number`, which is
// float or BFloat16: what they store is rounded to it, what they compute is
// f32 or f64, and so are scales, biases, tables, and gradients of parameters.
//
// On the host a layer is C++; on other devices it is a kernel of CUDA C++,
// compiled by NVRTC. All queue their work on the device's current stream, and
// may be recorded in a graph after a first call. Results do not change from run
// to run, on the host with the same number of threads.
//
// Every function throws Error when a size is negative or too large for memory,
// or for the BLAS library.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_H
#define MINRNN_LAYERS_H

#include "minrnn/bfloat16.h"
#include "minrnn/device.h"

#include <cstdint>
#include <memory>
#include <type_traits>

namespace minrnn {

class LayerKernels;

/// What the layers of one device share: the device, how products are formed,
/// and on a device that runs PTX the kernels compiled for it and their room to
/// work in. Copies share it.
class LayerContext {
public:
  /// On a device that runs PTX, kernels are compiled when they are first used,
  /// through the cache of kernels on disk (minrnn/jit.h says where it is).
  /// Throws Error when `device` is null or has no products in `precision`, or
  /// NVRTC is missing where it is needed.
  explicit LayerContext(std::shared_ptr<Device> device,
                        Precision precision = Precision::Ieee);

  /// Launches kernels by `kernels`, as tests do; `device` serves the products
  /// of linear layers and may be null without them.
  LayerContext(std::shared_ptr<Device> device,
               std::shared_ptr<LayerKernels> kernels);

  Device &device() const { return *owner; }
  const std::shared_ptr<Device> &sharedDevice() const { return owner; }

  /// How linear layers form their products.
  Precision precision() const { return ofProducts; }

  /// Null on the host, where layers are C++.
  LayerKernels *kernels() const { return ofDevice.get(); }

private:
  std::shared_ptr<Device> owner;
  Precision ofProducts = Precision::Ieee;
  std::shared_ptr<LayerKernels> ofDevice;
};

//===----------------------------------------------------------------------===//
// Embedding: one row of a table for each token
//===----------------------------------------------------------------------===//

struct EmbeddingShape {
  std::int64_t rows = 0;
  std::int64_t vocabulary = 0;
  std::int64_t width = 0;
};

/// output[rows, width] = table[tokens[rows], :]. A token that is not in
/// [0, vocabulary) is an Error on the host; elsewhere its row is NaN, so check
/// tokens before they are copied there.
template <typename Number>
void embeddingForward(const LayerContext &context, const EmbeddingShape &shape,
                      const std::int32_t *tokens, const float *table,
                      Number *output);

/// dTable[vocabulary, width] = the sum of the rows of dOutput[rows, width] over
/// the positions of each token. Tokens as in `embeddingForward`; elsewhere than
/// on the host a foreign one counts for nothing.
template <typename Number>
void embeddingBackward(const LayerContext &context, const EmbeddingShape &shape,
                       const std::int32_t *tokens, const Number *dOutput,
                       float *dTable);

//===----------------------------------------------------------------------===//
// Linear: y = x W^T + b
//===----------------------------------------------------------------------===//

struct LinearShape {
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
};

/// output[rows, outputs] = input[rows, inputs] weight[outputs, inputs]^T
/// + bias[outputs]; `bias` may be null. With `accumulate` the result is added
/// to `output`, as in a residual connection. The result is of the type of the
/// operands, or float.
template <typename Number, typename Result>
void linearForward(const LayerContext &context, const LinearShape &shape,
                   const Number *input, const Number *weight, const float *bias,
                   Result *output, bool accumulate = false);

/// dInput[rows, inputs] = dOutput weight, added to what is there with
/// `accumulate`, dWeight[outputs, inputs] = dOutput^T input, dBias[outputs] =
/// column sums of dOutput[rows, outputs]. `dInput` and `dBias` may be null: not
/// wanted.
template <typename Number>
void linearBackward(const LayerContext &context, const LinearShape &shape,
                    const Number *input, const Number *weight,
                    const Number *dOutput, std::type_identity_t<Number> *dInput,
                    float *dWeight, float *dBias, bool accumulate = false);

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
template <typename Number>
void rmsNormForward(const LayerContext &context, const RmsNormShape &shape,
                    const Number *input, const float *scale, Number *output,
                    float *inverseRms);

/// With r = inverseRms and s = the mean over the row of dOutput * scale * x:
/// dInput[rows, width] = r dOutput scale - r^3 s x, added to what is there with
/// `accumulate`, and dScale[width] = column sums of dOutput x r. `dInput` may
/// be the array of `dOutput`.
template <typename Number>
void rmsNormBackward(const LayerContext &context, const RmsNormShape &shape,
                     const Number *input, const float *scale,
                     const float *inverseRms, const Number *dOutput,
                     Number *dInput, float *dScale, bool accumulate = false);

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
template <typename Number>
void layerNormForward(const LayerContext &context, const LayerNormShape &shape,
                      const Number *input, const float *scale,
                      const float *bias, Number *output, float *mean,
                      float *inverseDeviation);

/// With r = inverseDeviation, n = (x - mean) r and g = dOutput scale:
/// dInput[rows, width] = r (g - mean(g) - n mean(g n)), added to what is there
/// with `accumulate`, dScale[width] = column sums of dOutput n, and
/// dBias[width] = column sums of dOutput. `dInput` may be the array of
/// `dOutput`.
template <typename Number>
void layerNormBackward(const LayerContext &context, const LayerNormShape &shape,
                       const Number *input, const float *scale,
                       const float *mean, const float *inverseDeviation,
                       const Number *dOutput, Number *dInput, float *dScale,
                       float *dBias, bool accumulate = false);

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
void activationForward(const LayerContext &context, Activation activation,
                       std::int64_t count, const float *input, float *output);

/// dInput[count] = dOutput[count] times the slope at input[count]; `dInput` may
/// be the array of either.
void activationBackward(const LayerContext &context, Activation activation,
                        std::int64_t count, const float *input,
                        const float *dOutput, float *dInput);

struct GatedActivationShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
};

/// output[rows, width] = activation(g) v, where input[rows, 2 width] has g and
/// then v (Shazeer 2020, "GLU Variants Improve Transformer"; with Gelu, GEGLU).
void gatedActivationForward(const LayerContext &context, Activation activation,
                            const GatedActivationShape &shape,
                            const float *input, float *output);

/// dInput[rows, 2 width] from dOutput[rows, width]; `dInput` may be the array
/// of `input`.
void gatedActivationBackward(const LayerContext &context, Activation activation,
                             const GatedActivationShape &shape,
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

//===----------------------------------------------------------------------===//
// Causal attention: softmax(q k^T / sqrt(headWidth)) v for each head, where a
// query sees the keys up to its own place (Vaswani et al. 2017).
//===----------------------------------------------------------------------===//

/// Where the heads of sequences lie: number i of head h at time t of sequence b
/// is data[b batchStride + t timeStride + h headWidth + i]. They may be a part
/// of wider rows, or of a cache with room for more.
template <typename Element> struct HeadRows {
  Element *data = nullptr;
  std::int64_t batchStride = 0;
  std::int64_t timeStride = 0;

  // NOLINTNEXTLINE(google-explicit-constructor): as a pointer's.
  operator HeadRows<const Element>() const
    requires(!std::is_const_v<Element>)
  {
    return {data, batchStride, timeStride};
  }
};

struct AttentionShape {
  std::int64_t batch = 0;
  /// The queries of a sequence.
  std::int64_t time = 0;
  /// Keys and values before those of the first query, as in a cache. A sequence
  /// has `past + time` of them.
  std::int64_t past = 0;
  std::int64_t heads = 0;
  /// Up to 128, but on the host of any size.
  std::int64_t headWidth = 0;
};

/// Query t sees the keys 0 to past + t. logSumExp[batch, heads, time], the
/// logarithm of its softmax's divisor, is written for the backward; it may be
/// null: not wanted. Memory is linear in time: the softmax is formed block by
/// block of keys (Rabe & Staats 2021, Dao et al. 2022). `output` must not
/// overlap what is read.
void attentionForward(const LayerContext &context, const AttentionShape &shape,
                      HeadRows<const float> query, HeadRows<const float> key,
                      HeadRows<const float> value, HeadRows<float> output,
                      float *logSumExp);

/// The gradients of query, key and value from `dOutput`, and from what
/// `attentionForward` wrote. The weights are computed again, block by block.
/// The gradients must overlap neither each other nor what is read; they may be
/// parts of the same rows. Throws Error when there is a past.
void attentionBackward(const LayerContext &context, const AttentionShape &shape,
                       HeadRows<const float> query, HeadRows<const float> key,
                       HeadRows<const float> value,
                       HeadRows<const float> output,
                       HeadRows<const float> dOutput, const float *logSumExp,
                       HeadRows<float> dQuery, HeadRows<float> dKey,
                       HeadRows<float> dValue);

//===----------------------------------------------------------------------===//
// Rotary position embedding (Su et al. 2021)
//===----------------------------------------------------------------------===//

struct RotaryShape {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t heads = 0;
  /// An even number.
  std::int64_t headWidth = 0;
  /// The position at time 0, after so many others in a cache.
  std::int64_t firstPosition = 0;
};

enum class Rotation { Forward, Inverse };

/// Turns numbers i and i + headWidth / 2 of each head, as a point of the plane,
/// by position 10000^(-2 i / headWidth) radians (the pairs of GPT-NeoX and
/// Llama), in place. Angles are computed in double. The backward is the inverse
/// rotation of the gradient. Throws Error when `headWidth` is odd.
void rotaryEmbedding(const LayerContext &context, const RotaryShape &shape,
                     HeadRows<float> rows,
                     Rotation rotation = Rotation::Forward);

//===----------------------------------------------------------------------===//
// Dropout: elements left out at random (Srivastava et al. 2014)
//===----------------------------------------------------------------------===//

/// Which elements are left out: a function of these, of the training step and
/// of the element's place alone, the same on every device. Element i is left
/// out when word (i / 32) % 4 of Philox, of counter (i / 128) 32 + i % 32 below
/// the step and of key `seed`, is below `rate` 2^32.
struct DropoutMask {
  std::int64_t count = 0;
  /// The probability to be left out, in [0, 1).
  double rate = 0;
  /// Different for each layer that shall have a mask of its own.
  std::uint64_t seed = 0;
};

/// output[count] = 0 where the mask of training step step[1] leaves out,
/// input[count] / (1 - rate) elsewhere. The backward is the same, from dOutput
/// to dInput. They may be the same array. The step lies in the device's memory,
/// so that a recorded graph can be launched with another. Throws Error when the
/// rate is not in [0, 1).
void dropout(const LayerContext &context, const DropoutMask &mask,
             const std::uint64_t *step, const float *input, float *output);

//===----------------------------------------------------------------------===//
// Cross-entropy of a softmax
//===----------------------------------------------------------------------===//

struct CrossEntropyShape {
  std::int64_t rows = 0;
  std::int64_t classes = 0;
};

/// loss[1] = the sum over the rows of weights[row] times
/// -log softmax(logits)[target], in nats. Null `weights` are 1 / rows each, for
/// the mean (0 when there is no row). A row of weight 0 counts for nothing: its
/// target and logits are not looked at, and its gradient is 0.
///
/// When `dLogits` is not null, the gradient of that sum goes to it,
/// [rows, classes], NaN in a row whose loss is not finite; it may be the same
/// array as `logits`. A target that is not in [0, classes) is an Error on the
/// host; elsewhere it makes the loss and its row of the gradient NaN.
void crossEntropy(const LayerContext &context, const CrossEntropyShape &shape,
                  const float *logits, const std::int32_t *targets,
                  const float *weights, float *dLogits, double *loss);

//===----------------------------------------------------------------------===//
// Mean squared error
//===----------------------------------------------------------------------===//

struct SquaredErrorShape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

/// loss[1] = the sum over the rows of weights[row] times the mean over the
/// columns of (predicted - targets)^2, of arrays of [rows, columns]. Null
/// `weights` are 1 / rows each, for the mean. A row of weight 0 counts for
/// nothing: its numbers are not looked at, and its gradient is 0. When
/// `dPredicted` is not null, the gradient of that sum goes to it; it may be the
/// array of `predicted`.
void squaredError(const LayerContext &context, const SquaredErrorShape &shape,
                  const float *predicted, const float *targets,
                  const float *weights, float *dPredicted, double *loss);

//===----------------------------------------------------------------------===//
// Rows: what linear layers, residual connections and states need
//===----------------------------------------------------------------------===//

/// output[rows, columns] += bias[columns].
template <typename Number>
void addBias(const LayerContext &context, std::int64_t rows,
             std::int64_t columns, const float *bias, Number *output);

/// sums[columns] = the sum over the rows of values[rows, columns], in double,
/// rounded once.
template <typename Number>
void sumRows(const LayerContext &context, std::int64_t rows,
             std::int64_t columns, const Number *values, float *sums);

/// to[count] = from[count], rounded to nearest, ties to even.
void roundToBFloat16(const LayerContext &context, std::int64_t count,
                     const float *from, BFloat16 *to);

/// Copies `columns` elements of each of `rows` rows, which begin `fromStride`
/// and `toStride` elements apart. A `fromStride` of 0 repeats one row.
void copyRows(const LayerContext &context, std::int64_t rows,
              std::int64_t columns, const float *from, std::int64_t fromStride,
              float *to, std::int64_t toStride);

/// to[count] += from[count].
void add(const LayerContext &context, std::int64_t count, const float *from,
         float *to);

} // namespace minrnn

#endif // MINRNN_LAYERS_H
