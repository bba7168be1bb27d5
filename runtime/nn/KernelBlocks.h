//===- KernelBlocks.h - The blocks of a model, as kernels -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of runtime/kernels and the device's matrix products.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_KERNELBLOCKS_H
#define MINRNN_RUNTIME_NN_KERNELBLOCKS_H

#include "minrnn/device_array.h"
#include "minrnn/device_blocks.h"
#include "runtime/kernels/SupportPrograms.h"
#include "runtime/nn/SupportKernels.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

class KernelBlocks : public Blocks, private KernelLauncher {
public:
  /// Throws Error when NVRTC cannot be had. Modules are compiled and loaded
  /// when they are first used.
  explicit KernelBlocks(const std::shared_ptr<Device> &device);

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

private:
  void launch(std::string_view module, std::string_view entry,
              const LaunchShape &shape,
              std::span<const std::uint64_t> words) override;

  /// Room for `count` doubles, whose content nobody relies on.
  double *workspace(std::int64_t count);

  SupportPrograms programs;
  std::map<std::string, std::shared_ptr<const DeviceModule>, std::less<>>
      modules;
  SupportKernels kernels;
  /// Smaller ones are kept: graphs that were recorded refer to them.
  std::vector<DeviceArray<double>> workspaces;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_NN_KERNELBLOCKS_H
