//===- KernelBlocks.cpp - The blocks of a model, as kernels ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/nn/KernelBlocks.h"

#include <algorithm>

using namespace minrnn;

KernelBlocks::KernelBlocks(const std::shared_ptr<Device> &device)
    : Blocks(device), programs(device->target()), kernels(*this) {
  programs.open();
}

void KernelBlocks::launch(std::string_view module, std::string_view entry,
                          const LaunchShape &shape,
                          std::span<const std::uint64_t> words) {
  auto found = modules.find(module);
  if (found == modules.end())
    found = modules.emplace(module, device().load(programs.ptx(module))).first;
  found->second->launch(entry, shape, words);
}

double *KernelBlocks::workspace(std::int64_t count) {
  const auto needed = static_cast<std::size_t>(count);
  if (workspaces.empty() || workspaces.back().size() < needed) {
    // At least twice the last one, so that the smaller ones waste little.
    const std::size_t grown =
        workspaces.empty() ? needed
                           : std::max(needed, 2 * workspaces.back().size());
    workspaces.emplace_back(sharedDevice(), std::max<std::size_t>(grown, 1));
  }
  return workspaces.back().data();
}

void KernelBlocks::embeddingForward(const EmbeddingShape &shape,
                                    const std::int32_t *tokens,
                                    const float *table, float *output) {
  kernels.embeddingForward(shape, tokens, table, output);
}

void KernelBlocks::embeddingBackward(const EmbeddingShape &shape,
                                     const std::int32_t *tokens,
                                     const float *dOutput, float *dTable) {
  kernels.embeddingBackward(shape, tokens, dOutput, dTable);
}

void KernelBlocks::rmsNormForward(const RmsNormShape &shape, const float *input,
                                  const float *scale, float *output,
                                  float *inverseRms) {
  kernels.rmsNormForward(shape, input, scale, output, inverseRms);
}

void KernelBlocks::rmsNormBackward(const RmsNormShape &shape,
                                   const float *input, const float *scale,
                                   const float *inverseRms,
                                   const float *dOutput, float *dInput,
                                   float *dScale, Store store) {
  kernels.rmsNormBackward(
      shape, input, scale, inverseRms, dOutput, dInput, dScale,
      workspace(SupportKernels::rmsNormBackwardWorkspace(shape)), store);
}

void KernelBlocks::layerNormForward(const LayerNormShape &shape,
                                    const float *input, const float *scale,
                                    const float *bias, float *output,
                                    float *mean, float *inverseDeviation) {
  kernels.layerNormForward(shape, input, scale, bias, output, mean,
                           inverseDeviation);
}

void KernelBlocks::layerNormBackward(const LayerNormShape &shape,
                                     const float *input, const float *scale,
                                     const float *mean,
                                     const float *inverseDeviation,
                                     const float *dOutput, float *dInput,
                                     float *dScale, float *dBias, Store store) {
  kernels.layerNormBackward(
      shape, input, scale, mean, inverseDeviation, dOutput, dInput, dScale,
      dBias, workspace(SupportKernels::layerNormBackwardWorkspace(shape)),
      store);
}

void KernelBlocks::activationForward(Activation activation, std::int64_t count,
                                     const float *input, float *output) {
  kernels.activationForward(activation, count, input, output);
}

void KernelBlocks::activationBackward(Activation activation, std::int64_t count,
                                      const float *input, const float *dOutput,
                                      float *dInput) {
  kernels.activationBackward(activation, count, input, dOutput, dInput);
}

void KernelBlocks::causalConvolutionForward(const CausalConvolutionShape &shape,
                                            const float *input,
                                            const float *weight,
                                            const float *bias, float *output) {
  kernels.causalConvolutionForward(shape, input, weight, bias, output);
}

void KernelBlocks::causalConvolutionBackward(
    const CausalConvolutionShape &shape, const float *input,
    const float *weight, const float *dOutput, float *dInput, float *dWeight,
    float *dBias) {
  kernels.causalConvolutionBackward(
      shape, input, weight, dOutput, dInput, dWeight, dBias,
      workspace(SupportKernels::causalConvolutionBackwardWorkspace(shape)));
}

void KernelBlocks::dropout(const DropoutMask &mask, const std::uint64_t *step,
                           const float *input, float *output) {
  kernels.dropout(mask, step, input, output);
}

void KernelBlocks::crossEntropy(const CrossEntropyShape &shape,
                                const float *logits,
                                const std::int32_t *targets, float *dLogits,
                                double *mean) {
  kernels.crossEntropy(shape, logits, targets, dLogits, mean,
                       workspace(SupportKernels::crossEntropyWorkspace(shape)));
}

void KernelBlocks::addBias(std::int64_t rows, std::int64_t columns,
                           const float *bias, float *output) {
  kernels.biasAdd({rows, columns}, bias, output);
}

void KernelBlocks::sumRows(std::int64_t rows, std::int64_t columns,
                           const float *values, float *sums) {
  const RowsShape shape{rows, columns};
  kernels.columnSums(shape, values, sums,
                     workspace(SupportKernels::columnSumsWorkspace(shape)));
}

void KernelBlocks::copyRows(std::int64_t rows, std::int64_t columns,
                            const float *from, std::int64_t fromStride,
                            float *to, std::int64_t toStride) {
  kernels.copyRows({rows, columns}, from, fromStride, to, toStride);
}

void KernelBlocks::add(std::int64_t count, const float *from, float *to) {
  kernels.add(count, to, from, to);
}

void KernelBlocks::clipScale(std::int64_t count, const float *gradients,
                             double limit, double *norm, float *scale) {
  kernels.gradientNorm(count, gradients, limit, norm, scale,
                       workspace(SupportKernels::gradientNormWorkspace(count)));
}

void KernelBlocks::adamW(const AdamWOptions &options,
                         const AdamWArguments &arguments) {
  const auto &[count, parameters, gradients, firstMoment, secondMoment, decays,
               factors, scale] = arguments;
  kernels.adamW(options, count, parameters, gradients, firstMoment,
                secondMoment, decays, factors, scale);
}
