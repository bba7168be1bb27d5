//===- Linear.cpp - y = x W^T + b -----------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_blocks.h"

#include "specs/contract/ElementCount.h"
#include "runtime/nn/HostBlocks.h"

#include <memory>

using namespace minrnn;

namespace {

void check(const LinearShape &shape) {
  elementCount({shape.rows, shape.inputs}, "linear, input");
  elementCount({shape.rows, shape.outputs}, "linear, output");
  elementCount({shape.outputs, shape.inputs}, "linear, weight");
}

} // namespace

void Blocks::linearForward(const LinearShape &shape, const float *input,
                           const float *weight, const float *bias,
                           float *output, Store store) {
  check(shape);
  owner->multiply({.m = shape.rows,
                   .n = shape.outputs,
                   .k = shape.inputs,
                   .a = {input, shape.inputs},
                   .b = {weight, shape.inputs, Transpose::Yes},
                   .c = output,
                   .cStride = shape.outputs,
                   .accumulate = store == Store::Add});
  if (bias != nullptr)
    addBias(shape.rows, shape.outputs, bias, output);
}

void Blocks::linearBackward(const LinearShape &shape, const float *input,
                            const float *weight, const float *dOutput,
                            float *dInput, float *dWeight, float *dBias,
                            Store store) {
  check(shape);
  if (dInput != nullptr)
    owner->multiply({.m = shape.rows,
                     .n = shape.inputs,
                     .k = shape.outputs,
                     .a = {dOutput, shape.outputs},
                     .b = {weight, shape.inputs},
                     .c = dInput,
                     .cStride = shape.inputs,
                     .accumulate = store == Store::Add});
  owner->multiply({.m = shape.outputs,
                   .n = shape.inputs,
                   .k = shape.rows,
                   .a = {dOutput, shape.outputs, Transpose::Yes},
                   .b = {input, shape.inputs},
                   .c = dWeight,
                   .cStride = shape.inputs});
  if (dBias != nullptr)
    sumRows(shape.rows, shape.outputs, dOutput, dBias);
}

void minrnn::linearForward(const LinearShape &shape, const float *input,
                           const float *weight, const float *bias,
                           float *output, Store store) {
  HostBlocks(std::make_shared<HostDevice>())
      .linearForward(shape, input, weight, bias, output, store);
}

void minrnn::linearBackward(const LinearShape &shape, const float *input,
                            const float *weight, const float *dOutput,
                            float *dInput, float *dWeight, float *dBias,
                            Store store) {
  HostBlocks(std::make_shared<HostDevice>())
      .linearBackward(shape, input, weight, dOutput, dInput, dWeight, dBias,
                      store);
}
