//===- HostBlocks.cpp - The blocks of a model on the host -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/nn/HostBlocks.h"

#include "minrnn/error.h"
#include "runtime/nn/ColumnSums.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace minrnn;

void HostBlocks::embeddingForward(const EmbeddingShape &shape,
                                  const std::int32_t *tokens,
                                  const float *table, float *output) {
  minrnn::embeddingForward(shape, tokens, table, output);
}

void HostBlocks::embeddingBackward(const EmbeddingShape &shape,
                                   const std::int32_t *tokens,
                                   const float *dOutput, float *dTable) {
  minrnn::embeddingBackward(shape, tokens, dOutput, dTable);
}

void HostBlocks::rmsNormForward(const RmsNormShape &shape, const float *input,
                                const float *scale, float *output,
                                float *inverseRms) {
  minrnn::rmsNormForward(shape, input, scale, output, inverseRms);
}

void HostBlocks::rmsNormBackward(const RmsNormShape &shape, const float *input,
                                 const float *scale, const float *inverseRms,
                                 const float *dOutput, float *dInput,
                                 float *dScale, Store store) {
  minrnn::rmsNormBackward(shape, input, scale, inverseRms, dOutput, dInput,
                          dScale, store);
}

void HostBlocks::layerNormForward(const LayerNormShape &shape,
                                  const float *input, const float *scale,
                                  const float *bias, float *output, float *mean,
                                  float *inverseDeviation) {
  minrnn::layerNormForward(shape, input, scale, bias, output, mean,
                           inverseDeviation);
}

void HostBlocks::layerNormBackward(const LayerNormShape &shape,
                                   const float *input, const float *scale,
                                   const float *mean,
                                   const float *inverseDeviation,
                                   const float *dOutput, float *dInput,
                                   float *dScale, float *dBias, Store store) {
  minrnn::layerNormBackward(shape, input, scale, mean, inverseDeviation,
                            dOutput, dInput, dScale, dBias, store);
}

void HostBlocks::activationForward(Activation activation, std::int64_t count,
                                   const float *input, float *output) {
  minrnn::activationForward(activation, count, input, output);
}

void HostBlocks::activationBackward(Activation activation, std::int64_t count,
                                    const float *input, const float *dOutput,
                                    float *dInput) {
  minrnn::activationBackward(activation, count, input, dOutput, dInput);
}

void HostBlocks::causalConvolutionForward(const CausalConvolutionShape &shape,
                                          const float *input,
                                          const float *weight,
                                          const float *bias, float *output) {
  minrnn::causalConvolutionForward(shape, input, weight, bias, output);
}

void HostBlocks::causalConvolutionBackward(const CausalConvolutionShape &shape,
                                           const float *input,
                                           const float *weight,
                                           const float *dOutput, float *dInput,
                                           float *dWeight, float *dBias) {
  minrnn::causalConvolutionBackward(shape, input, weight, dOutput, dInput,
                                    dWeight, dBias);
}

void HostBlocks::dropout(const DropoutMask &mask, const std::uint64_t *step,
                         const float *input, float *output) {
  DropoutMask ofStep = mask;
  ofStep.step = *step;
  minrnn::dropout(ofStep, input, output);
}

void HostBlocks::crossEntropy(const CrossEntropyShape &shape,
                              const float *logits, const std::int32_t *targets,
                              float *dLogits, double *mean) {
  *mean = minrnn::crossEntropy(shape, logits, targets, dLogits);
}

void HostBlocks::addBias(std::int64_t rows, std::int64_t columns,
                         const float *bias, float *output) {
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t j = 0; j < columns; ++j)
      output[row * columns + j] += bias[j];
}

void HostBlocks::sumRows(std::int64_t rows, std::int64_t columns,
                         const float *values, float *sums) {
  sumColumns(rows, columns, sums, [&](std::int64_t row, std::int64_t column) {
    return values[row * columns + column];
  });
}

void HostBlocks::copyRows(std::int64_t rows, std::int64_t columns,
                          const float *from, std::int64_t fromStride, float *to,
                          std::int64_t toStride) {
  for (std::int64_t row = 0; row < rows; ++row)
    std::copy_n(from + row * fromStride, columns, to + row * toStride);
}

void HostBlocks::add(std::int64_t count, const float *from, float *to) {
#pragma omp parallel for simd schedule(static) if (count > (1 << 15))
  for (std::int64_t i = 0; i < count; ++i)
    to[i] += from[i];
}

void HostBlocks::clipScale(std::int64_t count, const float *gradients,
                           double limit, double *norm, float *scale) {
  // Sums of pieces of a fixed length, added in order: the same norm whatever
  // the number of threads.
  constexpr std::int64_t piece = 1 << 14;
  const std::int64_t pieces = (count + piece - 1) / piece;
  std::vector<double> sums(static_cast<std::size_t>(pieces));
#pragma omp parallel for schedule(static) if (pieces > 1)
  for (std::int64_t k = 0; k < pieces; ++k) {
    double sum = 0;
    const std::int64_t end = std::min(count, (k + 1) * piece);
    for (std::int64_t i = k * piece; i < end; ++i) {
      const double g = gradients[i];
      sum += g * g;
    }
    sums[static_cast<std::size_t>(k)] = sum;
  }
  double total = 0;
  for (const double sum : sums)
    total += sum;
  *norm = std::sqrt(total);
  if (!std::isfinite(*norm))
    *scale = std::numeric_limits<float>::quiet_NaN();
  else
    *scale = *norm <= limit ? 1.0F : static_cast<float>(limit / *norm);
}

void HostBlocks::adamW(const AdamWOptions &options,
                       const AdamWArguments &arguments) {
  const float scale = *arguments.scale;
  if (std::isnan(scale))
    return;
  const auto beta1 = static_cast<float>(options.beta1);
  const auto beta2 = static_cast<float>(options.beta2);
  const auto epsilon = static_cast<float>(options.epsilon);
  const float rate = arguments.factors[0];
  const float stepSize = arguments.factors[1];
  const float secondScale = arguments.factors[2];
  const std::int64_t count = arguments.count;
  float *p = arguments.parameters;
  const float *gradients = arguments.gradients;
  float *m = arguments.firstMoment;
  float *v = arguments.secondMoment;
  const float *decay = arguments.decays;
#pragma omp parallel for simd schedule(static) if (count > (1 << 15))
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradients[i] * scale;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    p[i] -= stepSize * m[i] / (std::sqrt(v[i] * secondScale) + epsilon) +
            rate * decay[i] * p[i];
  }
}

std::shared_ptr<Blocks> minrnn::hostBlocks(const CellKernels &cell) {
  auto host = std::dynamic_pointer_cast<HostDevice>(cell.device());
  if (!host)
    throw Error("cell '" + cell.manifest().cell +
                "' was compiled for device '" +
                std::string(cell.device()->name()) +
                "'; give the blocks of that device, too");
  return std::make_shared<HostBlocks>(std::move(host));
}
