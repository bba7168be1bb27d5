//===- HostBlocks.h - The blocks of a model on the host ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_HOSTBLOCKS_H
#define MINRNN_RUNTIME_NN_HOSTBLOCKS_H

#include "minrnn/cell_kernels.h"
#include "minrnn/device_blocks.h"

#include <memory>

namespace minrnn {

/// The functions of minrnn/blocks.h.
class HostBlocks : public Blocks {
public:
  explicit HostBlocks(std::shared_ptr<HostDevice> device)
      : Blocks(std::move(device)) {}

  void embeddingForward(const EmbeddingShape &shape, const std::int32_t *tokens,
                        const float *table, float *output) override;
  void embeddingBackward(const EmbeddingShape &shape,
                         const std::int32_t *tokens, const float *dOutput,
                         float *dTable) override;
  void rmsNormForward(const RmsNormShape &shape, const float *input,
                      const float *scale, float *output,
                      float *inverseRms) override;
  void rmsNormBackward(const RmsNormShape &shape, const float *input,
                       const float *scale, const float *inverseRms,
                       const float *dOutput, float *dInput, float *dScale,
                       Store store) override;
  void layerNormForward(const LayerNormShape &shape, const float *input,
                        const float *scale, const float *bias, float *output,
                        float *mean, float *inverseDeviation) override;
  void layerNormBackward(const LayerNormShape &shape, const float *input,
                         const float *scale, const float *mean,
                         const float *inverseDeviation, const float *dOutput,
                         float *dInput, float *dScale, float *dBias,
                         Store store) override;

  void activationForward(Activation activation, std::int64_t count,
                         const float *input, float *output) override;
  void activationBackward(Activation activation, std::int64_t count,
                          const float *input, const float *dOutput,
                          float *dInput) override;

  void causalConvolutionForward(const CausalConvolutionShape &shape,
                                const float *input, const float *weight,
                                const float *bias, float *output) override;
  void causalConvolutionBackward(const CausalConvolutionShape &shape,
                                 const float *input, const float *weight,
                                 const float *dOutput, float *dInput,
                                 float *dWeight, float *dBias) override;

  void dropout(const DropoutMask &mask, const std::uint64_t *step,
               const float *input, float *output) override;
  void crossEntropy(const CrossEntropyShape &shape, const float *logits,
                    const std::int32_t *targets, float *dLogits,
                    double *mean) override;
  void addBias(std::int64_t rows, std::int64_t columns, const float *bias,
               float *output) override;
  void sumRows(std::int64_t rows, std::int64_t columns, const float *values,
               float *sums) override;
  void copyRows(std::int64_t rows, std::int64_t columns, const float *from,
                std::int64_t fromStride, float *to,
                std::int64_t toStride) override;
  void add(std::int64_t count, const float *from, float *to) override;
  void clipScale(std::int64_t count, const float *gradients, double limit,
                 double *norm, float *scale) override;
  void adamW(const AdamWOptions &options,
             const AdamWArguments &arguments) override;
};

/// The blocks of a cell that is on the host. Throws Error when it is not.
std::shared_ptr<Blocks> hostBlocks(const CellKernels &cell);

} // namespace minrnn

#endif // MINRNN_RUNTIME_NN_HOSTBLOCKS_H
