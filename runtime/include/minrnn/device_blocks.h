//===- device_blocks.h - The blocks of a model on a device ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of minrnn/blocks.h and what an optimiser needs, on arrays in
// the memory of a device. On the host they are those of blocks.h; on the others
// they are the kernels of runtime/kernels, compiled by NVRTC, and the device's
// matrix products. All queue their work on the device's current stream, and may
// be recorded in a graph after a first call. Results are the same from run to
// run.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DEVICE_BLOCKS_H
#define MINRNN_DEVICE_BLOCKS_H

#include "minrnn/blocks.h"
#include "minrnn/device.h"

#include <array>
#include <cstdint>
#include <memory>

namespace minrnn {

/// The constants of AdamW (Loshchilov & Hutter 2019).
struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  /// Decoupled: each step takes learningRate * weightDecay of a weight away.
  double weightDecay = 0.1;
};

/// What AdamW needs of its `step`-th step, counted from 1: the rate,
/// rate / (1 - beta1^step) and 1 / (1 - beta2^step).
std::array<float, 3> adamWFactors(const AdamWOptions &options, double rate,
                                  std::int64_t step);

/// What one step of AdamW reads and writes, arrays of `count` f32 but where
/// said.
struct AdamWArguments {
  std::int64_t count = 0;
  float *parameters = nullptr;
  const float *gradients = nullptr;
  float *firstMoment = nullptr;
  float *secondMoment = nullptr;
  /// Each weight's own decay.
  const float *decays = nullptr;
  /// [3]: `adamWFactors`.
  const float *factors = nullptr;
  /// [1]: what the gradients are multiplied by; where it is NaN, nothing is
  /// changed.
  const float *scale = nullptr;
};

/// The blocks of one device. Shapes, errors and formulas are those of
/// minrnn/blocks.h; what is written here adds to that. All pointers are
/// addresses in the device's memory.
class Blocks {
public:
  virtual ~Blocks();

  /// Those of `device`. On one that runs PTX, kernels are compiled when they
  /// are first used, through the cache of kernels on disk (minrnn/jit.h says
  /// where it is). Throws Error where NVRTC, which they need there, is missing.
  static std::shared_ptr<Blocks> create(const std::shared_ptr<Device> &device);

  Device &device() const { return *owner; }
  const std::shared_ptr<Device> &sharedDevice() const { return owner; }

  /// Tokens outside the vocabulary are an Error on the host. Elsewhere they
  /// give NaN: check them before they are copied there.
  virtual void embeddingForward(const EmbeddingShape &shape,
                                const std::int32_t *tokens, const float *table,
                                float *output) = 0;
  virtual void embeddingBackward(const EmbeddingShape &shape,
                                 const std::int32_t *tokens,
                                 const float *dOutput, float *dTable) = 0;

  void linearForward(const LinearShape &shape, const float *input,
                     const float *weight, const float *bias, float *output,
                     Store store = Store::Overwrite);
  void linearBackward(const LinearShape &shape, const float *input,
                      const float *weight, const float *dOutput, float *dInput,
                      float *dWeight, float *dBias,
                      Store store = Store::Overwrite);

  virtual void rmsNormForward(const RmsNormShape &shape, const float *input,
                              const float *scale, float *output,
                              float *inverseRms) = 0;
  virtual void rmsNormBackward(const RmsNormShape &shape, const float *input,
                               const float *scale, const float *inverseRms,
                               const float *dOutput, float *dInput,
                               float *dScale,
                               Store store = Store::Overwrite) = 0;

  virtual void layerNormForward(const LayerNormShape &shape, const float *input,
                                const float *scale, const float *bias,
                                float *output, float *mean,
                                float *inverseDeviation) = 0;
  virtual void layerNormBackward(const LayerNormShape &shape,
                                 const float *input, const float *scale,
                                 const float *mean,
                                 const float *inverseDeviation,
                                 const float *dOutput, float *dInput,
                                 float *dScale, float *dBias,
                                 Store store = Store::Overwrite) = 0;

  virtual void activationForward(Activation activation, std::int64_t count,
                                 const float *input, float *output) = 0;
  virtual void activationBackward(Activation activation, std::int64_t count,
                                  const float *input, const float *dOutput,
                                  float *dInput) = 0;

  virtual void causalConvolutionForward(const CausalConvolutionShape &shape,
                                        const float *input, const float *weight,
                                        const float *bias, float *output) = 0;
  virtual void causalConvolutionBackward(const CausalConvolutionShape &shape,
                                         const float *input,
                                         const float *weight,
                                         const float *dOutput, float *dInput,
                                         float *dWeight, float *dBias) = 0;

  /// The mask's step is step[1], on the device, so that a recorded graph can be
  /// launched with another; `mask.step` is not looked at.
  virtual void dropout(const DropoutMask &mask, const std::uint64_t *step,
                       const float *input, float *output) = 0;

  /// The mean goes to mean[1], on the device. A target that is no class is an
  /// Error on the host, and makes the mean NaN elsewhere.
  virtual void crossEntropy(const CrossEntropyShape &shape, const float *logits,
                            const std::int32_t *targets, float *dLogits,
                            double *mean) = 0;

  /// output[rows, columns] += bias[columns].
  virtual void addBias(std::int64_t rows, std::int64_t columns,
                       const float *bias, float *output) = 0;

  /// sums[columns] = the sum over the rows of values[rows, columns], in double.
  virtual void sumRows(std::int64_t rows, std::int64_t columns,
                       const float *values, float *sums) = 0;

  /// Copies `columns` elements of each of `rows` rows, which begin `fromStride`
  /// and `toStride` elements apart. A `fromStride` of 0 repeats one row.
  virtual void copyRows(std::int64_t rows, std::int64_t columns,
                        const float *from, std::int64_t fromStride, float *to,
                        std::int64_t toStride) = 0;

  /// to[count] += from[count].
  virtual void add(std::int64_t count, const float *from, float *to) = 0;

  /// norm[1] = the Euclidean norm of gradients[count]; scale[1] = what makes it
  /// at most `limit`: 1 or limit / norm, or NaN when the norm is not finite.
  virtual void clipScale(std::int64_t count, const float *gradients,
                         double limit, double *norm, float *scale) = 0;

  /// One step of AdamW, in place: with g = scale gradients,
  ///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
  ///   p -= factors[1] m / (sqrt(v factors[2]) + epsilon)
  ///        + factors[0] decay p
  virtual void adamW(const AdamWOptions &options,
                     const AdamWArguments &arguments) = 0;

protected:
  explicit Blocks(std::shared_ptr<Device> device);

private:
  std::shared_ptr<Device> owner;
};

} // namespace minrnn

#endif // MINRNN_DEVICE_BLOCKS_H
