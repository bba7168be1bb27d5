//===- Blocks.cpp - The blocks of a model on a device ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_blocks.h"

#include "minrnn/error.h"
#include "runtime/core/ElementCount.h"
#include "runtime/nn/HostBlocks.h"
#include "runtime/nn/KernelBlocks.h"

using namespace minrnn;

Blocks::Blocks(std::shared_ptr<Device> device) : owner(std::move(device)) {}

Blocks::~Blocks() = default;

std::shared_ptr<Blocks> Blocks::create(const std::shared_ptr<Device> &device) {
  if (!device)
    throw Error("the blocks of a model need a device, found null");
  if (auto host = std::dynamic_pointer_cast<HostDevice>(device))
    return std::make_shared<HostBlocks>(std::move(host));
  return std::make_shared<KernelBlocks>(device);
}

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
                   .store = store});
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
                     .store = store});
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
