//===- SupportKernels.cpp - The blocks on a device ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/nn/SupportKernels.h"

#include "minrnn/error.h"
#include "specs/contract/ElementCount.h"
#include "runtime/nn/DropoutRate.h"
#include "runtime/nn/KernelGrids.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

std::int64_t rowsOf(const CausalConvolutionShape &shape) {
  elementCount({shape.channels, shape.taps}, "causal convolution, weight");
  elementCount({shape.batch, shape.time, shape.channels},
               "causal convolution, sequence");
  return elementCount({shape.batch, shape.time}, "causal convolution, rows");
}

} // namespace

//===----------------------------------------------------------------------===//
// Embedding
//===----------------------------------------------------------------------===//

void SupportKernels::embeddingForward(const EmbeddingShape &shape,
                                      const std::int32_t *tokens,
                                      const float *table, float *output) const {
  elementCount({shape.rows, shape.width}, "embedding, output");
  elementCount({shape.vocabulary, shape.width}, "embedding, table");
  start(launcher, "Embedding", "embeddingForward",
        rowsGrid(shape.rows, shape.width), tokens, table, output, shape.rows,
        shape.vocabulary, shape.width);
}

void SupportKernels::embeddingBackward(const EmbeddingShape &shape,
                                       const std::int32_t *tokens,
                                       const float *dOutput,
                                       float *dTable) const {
  elementCount({shape.rows, shape.width}, "embedding, output");
  elementCount({shape.vocabulary, shape.width}, "embedding, table");
  const LaunchShape grid = {{upTo(mostBlocks, shape.vocabulary),
                             upTo(mostBlocksAcross, ceilDiv(shape.width, 128)),
                             1},
                            {lanes, 16, 1}};
  start(launcher, "Embedding", "embeddingBackward", grid, tokens, dOutput,
        dTable, shape.rows, shape.vocabulary, shape.width);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

void SupportKernels::biasAdd(const RowsShape &shape, const float *bias,
                             float *output) const {
  elementCount({shape.rows, shape.columns}, "bias");
  start(launcher, "Rows", "biasAdd", rowsGrid(shape.rows, shape.columns),
        output, bias, shape.rows, shape.columns);
}

std::int64_t SupportKernels::columnSumsWorkspace(const RowsShape &shape) {
  constexpr std::int64_t mostAtOnce = 2 * rowsOfStripe;
  elementCount({shape.rows, shape.columns}, "column sums");
  return shape.rows <= mostAtOnce
             ? 0
             : ceilDiv(shape.rows, rowsOfStripe) * shape.columns;
}

void SupportKernels::sumPartials(const double *partials, float *sums,
                                 std::int64_t rows, std::int64_t stride,
                                 std::int64_t columns) const {
  start(launcher, "ColumnSums", "sumPartials",
        {{upTo(mostBlocks, ceilDiv(columns, lanes)), 1, 1}, {lanes, 32, 1}},
        partials, sums, rows, stride, columns);
}

void SupportKernels::columnSums(const RowsShape &shape, const float *input,
                                float *sums, double *workspace) const {
  if (columnSumsWorkspace(shape) == 0) {
    start(launcher, "ColumnSums", "sumRows",
          {{upTo(mostBlocks, ceilDiv(shape.columns, lanes)), 1, 1},
           {lanes, 32, 1}},
          input, sums, shape.rows, shape.columns, shape.columns);
    return;
  }
  start(launcher, "ColumnSums", "sumStripes",
        stripesGrid(shape.rows, shape.columns), input, workspace, shape.rows,
        shape.columns);
  sumPartials(workspace, sums, ceilDiv(shape.rows, rowsOfStripe), shape.columns,
              shape.columns);
}

void SupportKernels::add(std::int64_t count, const float *a, const float *b,
                         float *output) const {
  elementCount({count}, "add");
  start(launcher, "Rows", "add", flatGrid(count), a, b, output, count);
}

void SupportKernels::copyRows(const RowsShape &shape, const float *source,
                              std::int64_t sourceStride, float *destination,
                              std::int64_t destinationStride) const {
  elementCount({shape.rows, sourceStride}, "copy, source");
  elementCount({shape.rows, destinationStride}, "copy, destination");
  elementCount({shape.rows, shape.columns}, "copy");
  start(launcher, "Rows", "copyRows", rowsGrid(shape.rows, shape.columns),
        source, sourceStride, destination, destinationStride, shape.rows,
        shape.columns);
}

//===----------------------------------------------------------------------===//
// Normalisation
//===----------------------------------------------------------------------===//

void SupportKernels::rmsNormForward(const RmsNormShape &shape,
                                    const float *input, const float *scale,
                                    float *output, float *inverseRms) const {
  elementCount({shape.rows, shape.width}, "RMSNorm");
  const NormSplit split(shape.rows);
  start(launcher, "Norm", "rmsNormForward",
        blockPerRowGrid(split.parts, shape.width,
                        shape.width <= keptWidthForward ? 8 * shape.width : 0),
        input, scale, output, inverseRms, shape.rows, shape.width,
        split.rowsPerPart, static_cast<double>(shape.epsilon));
}

std::int64_t
SupportKernels::rmsNormBackwardWorkspace(const RmsNormShape &shape) {
  elementCount({shape.rows, shape.width}, "RMSNorm");
  return NormSplit(shape.rows).parts * shape.width;
}

void SupportKernels::rmsNormBackward(const RmsNormShape &shape,
                                     const float *input, const float *scale,
                                     const float *inverseRms,
                                     const float *dOutput, float *dInput,
                                     float *dScale, double *workspace,
                                     Store store) const {
  elementCount({shape.rows, shape.width}, "RMSNorm");
  const NormSplit split(shape.rows);
  start(
      launcher, "Norm", "rmsNormBackward",
      blockPerRowGrid(split.parts, shape.width,
                      shape.width <= keptWidthBackward ? 20 * shape.width : 0),
      input, scale, inverseRms, dOutput, dInput, workspace, shape.rows,
      shape.width, split.rowsPerPart, std::int64_t{store == Store::Add});
  sumPartials(workspace, dScale, split.parts, shape.width, shape.width);
}

void SupportKernels::layerNormForward(const LayerNormShape &shape,
                                      const float *input, const float *scale,
                                      const float *bias, float *output,
                                      float *mean,
                                      float *inverseDeviation) const {
  elementCount({shape.rows, shape.width}, "LayerNorm");
  const NormSplit split(shape.rows);
  start(launcher, "Norm", "layerNormForward",
        blockPerRowGrid(split.parts, shape.width,
                        shape.width <= keptWidthForward ? 12 * shape.width : 0),
        input, scale, bias, output, mean, inverseDeviation, shape.rows,
        shape.width, split.rowsPerPart, static_cast<double>(shape.epsilon));
}

std::int64_t
SupportKernels::layerNormBackwardWorkspace(const LayerNormShape &shape) {
  elementCount({shape.rows, shape.width}, "LayerNorm");
  return NormSplit(shape.rows).parts * 2 * shape.width;
}

void SupportKernels::layerNormBackward(const LayerNormShape &shape,
                                       const float *input, const float *scale,
                                       const float *mean,
                                       const float *inverseDeviation,
                                       const float *dOutput, float *dInput,
                                       float *dScale, float *dBias,
                                       double *workspace, Store store) const {
  elementCount({shape.rows, shape.width}, "LayerNorm");
  const NormSplit split(shape.rows);
  start(
      launcher, "Norm", "layerNormBackward",
      blockPerRowGrid(split.parts, shape.width,
                      shape.width <= keptWidthBackward ? 28 * shape.width : 0),
      input, scale, mean, inverseDeviation, dOutput, dInput, workspace,
      shape.rows, shape.width, split.rowsPerPart,
      std::int64_t{store == Store::Add});
  sumPartials(workspace, dScale, split.parts, 2 * shape.width, shape.width);
  sumPartials(workspace + shape.width, dBias, split.parts, 2 * shape.width,
              shape.width);
}

//===----------------------------------------------------------------------===//
// Activations, convolution, dropout
//===----------------------------------------------------------------------===//

namespace {

/// The entries of an activation: forward, backward.
std::array<std::string_view, 2> entriesOf(Activation activation) {
  switch (activation) {
  case Activation::Relu:
    return {"reluForward", "reluBackward"};
  case Activation::Silu:
    return {"siluForward", "siluBackward"};
  case Activation::Gelu:
    return {"geluForward", "geluBackward"};
  }
  throw Error("activation: not one of those there are");
}

} // namespace

void SupportKernels::activationForward(Activation activation,
                                       std::int64_t count, const float *input,
                                       float *output) const {
  elementCount({count}, "activation");
  start(launcher, "Activation", entriesOf(activation)[0], flatGrid(count),
        input, output, count);
}

void SupportKernels::activationBackward(Activation activation,
                                        std::int64_t count, const float *input,
                                        const float *dOutput,
                                        float *dInput) const {
  elementCount({count}, "activation");
  start(launcher, "Activation", entriesOf(activation)[1], flatGrid(count),
        input, dOutput, dInput, count);
}

void SupportKernels::causalConvolutionForward(
    const CausalConvolutionShape &shape, const float *input,
    const float *weight, const float *bias, float *output) const {
  const std::int64_t rows = rowsOf(shape);
  start(launcher, "Convolution", "causalConvolutionForward",
        rowsGrid(rows, shape.channels), input, weight, bias, output, rows,
        shape.time, shape.channels, shape.taps);
}

std::int64_t SupportKernels::causalConvolutionBackwardWorkspace(
    const CausalConvolutionShape &shape) {
  const std::int64_t stripes = ceilDiv(rowsOf(shape), rowsOfStripe);
  // The bias' sums follow those of the weight, in the same place.
  return stripes * shape.channels * std::max<std::int64_t>(shape.taps, 1);
}

void SupportKernels::causalConvolutionBackward(
    const CausalConvolutionShape &shape, const float *input,
    const float *weight, const float *dOutput, float *dInput, float *dWeight,
    float *dBias, double *workspace) const {
  const std::int64_t rows = rowsOf(shape);
  if (dInput != nullptr)
    start(launcher, "Convolution", "causalConvolutionBackward",
          rowsGrid(rows, shape.channels), weight, dOutput, dInput, rows,
          shape.time, shape.channels, shape.taps);
  const std::int64_t weights = shape.channels * shape.taps;
  start(launcher, "Convolution", "causalConvolutionWeightPartials",
        stripesGrid(rows, shape.channels), input, dOutput, workspace, rows,
        shape.time, shape.channels, shape.taps);
  sumPartials(workspace, dWeight, ceilDiv(rows, rowsOfStripe), weights,
              weights);
  if (dBias != nullptr)
    columnSums({rows, shape.channels}, dOutput, dBias, workspace);
}

void SupportKernels::dropout(const DropoutMask &mask, const std::uint64_t *step,
                             const float *input, float *output) const {
  elementCount({mask.count}, "dropout");
  const DropoutRate rate(mask.rate);
  start(launcher, "Dropout", "dropout", flatGrid(mask.count), input, output,
        mask.count, mask.seed, step, rate.threshold,
        static_cast<double>(rate.scale));
}

//===----------------------------------------------------------------------===//
// Cross-entropy
//===----------------------------------------------------------------------===//

std::int64_t
SupportKernels::crossEntropyWorkspace(const CrossEntropyShape &shape) {
  elementCount({shape.rows, shape.classes}, "cross-entropy");
  return shape.rows;
}

void SupportKernels::crossEntropy(const CrossEntropyShape &shape,
                                  const float *logits,
                                  const std::int32_t *targets, float *dLogits,
                                  double *loss, double *workspace) const {
  elementCount({shape.rows, shape.classes}, "cross-entropy");
  start(launcher, "CrossEntropy", "crossEntropyRows",
        blockPerRowGrid(shape.rows, shape.classes,
                        shape.classes <= keptClasses ? 4 * shape.classes : 0),
        logits, targets, dLogits, workspace, shape.rows, shape.classes);
  start(launcher, "CrossEntropy", "crossEntropyMean", oneBlock, workspace, loss,
        shape.rows);
}

//===----------------------------------------------------------------------===//
// Training
//===----------------------------------------------------------------------===//

std::int64_t SupportKernels::gradientNormWorkspace(std::int64_t count) {
  return ceilDiv(elementCount({count}, "gradient norm"), elementsOfPiece);
}

void SupportKernels::gradientNorm(std::int64_t count, const float *gradients,
                                  double limit, double *norm, float *scale,
                                  double *workspace) const {
  const std::int64_t pieces = gradientNormWorkspace(count);
  start(launcher, "Optimizer", "sumSquares",
        {{upTo(mostBlocks, pieces), 1, 1}, {256, 1, 1}}, gradients, workspace,
        count);
  start(launcher, "Optimizer", "clipScale", oneBlock, workspace, pieces, limit,
        norm, scale);
}

void SupportKernels::adamW(const AdamWOptions &options, std::int64_t count,
                           float *parameters, const float *gradients,
                           float *firstMoment, float *secondMoment,
                           const float *decays, const float *factors,
                           const float *scale) const {
  elementCount({count}, "AdamW");
  start(launcher, "Optimizer", "adamW", flatGrid(count), parameters, gradients,
        firstMoment, secondMoment, decays, factors, scale, count, options.beta1,
        options.beta2, options.epsilon);
}
