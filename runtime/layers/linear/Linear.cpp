//===- Linear.cpp - y = x W^T + b -----------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "specs/contract/ElementCount.h"

using namespace minrnn;

namespace {

void check(const LinearShape &shape) {
  elementCount({shape.rows, shape.inputs}, "linear, input");
  elementCount({shape.rows, shape.outputs}, "linear, output");
  elementCount({shape.outputs, shape.inputs}, "linear, weight");
}

} // namespace

void minrnn::linearForward(const LayerContext &context,
                           const LinearShape &shape, const float *input,
                           const float *weight, const float *bias,
                           float *output, bool accumulate) {
  check(shape);
  context.device().multiply({.m = shape.rows,
                             .n = shape.outputs,
                             .k = shape.inputs,
                             .a = {input, shape.inputs},
                             .b = {weight, shape.inputs, Transpose::Yes},
                             .c = output,
                             .cStride = shape.outputs,
                             .accumulate = accumulate,
                             .precision = context.precision()});
  if (bias != nullptr)
    addBias(context, shape.rows, shape.outputs, bias, output);
}

void minrnn::linearBackward(const LayerContext &context,
                            const LinearShape &shape, const float *input,
                            const float *weight, const float *dOutput,
                            float *dInput, float *dWeight, float *dBias,
                            bool accumulate) {
  check(shape);
  if (dInput != nullptr)
    context.device().multiply({.m = shape.rows,
                               .n = shape.inputs,
                               .k = shape.outputs,
                               .a = {dOutput, shape.outputs},
                               .b = {weight, shape.inputs},
                               .c = dInput,
                               .cStride = shape.inputs,
                               .accumulate = accumulate,
                               .precision = context.precision()});
  context.device().multiply({.m = shape.outputs,
                             .n = shape.inputs,
                             .k = shape.rows,
                             .a = {dOutput, shape.outputs, Transpose::Yes},
                             .b = {input, shape.inputs},
                             .c = dWeight,
                             .cStride = shape.inputs,
                             .precision = context.precision()});
  if (dBias != nullptr)
    sumRows(context, shape.rows, shape.outputs, dOutput, dBias);
}
