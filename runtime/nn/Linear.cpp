//===- Linear.cpp - y = x W^T + b -----------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/blocks.h"

#include "runtime/core/ElementCount.h"
#include "runtime/device/HostProduct.h"
#include "runtime/nn/ColumnSums.h"

using namespace minrnn;

namespace {

void check(const LinearShape &shape) {
  elementCount({shape.rows, shape.inputs}, "linear, input");
  elementCount({shape.rows, shape.outputs}, "linear, output");
  elementCount({shape.outputs, shape.inputs}, "linear, weight");
}

} // namespace

void minrnn::linearForward(const LinearShape &shape, const float *input,
                           const float *weight, const float *bias,
                           float *output, Store store) {
  check(shape);
  gemm<float>(shape.rows, shape.outputs, shape.inputs, {input, shape.inputs},
              {weight, shape.inputs, Transpose::Yes}, output, shape.outputs,
              store);
  if (bias == nullptr)
    return;
  for (std::int64_t row = 0; row < shape.rows; ++row)
    for (std::int64_t j = 0; j < shape.outputs; ++j)
      output[row * shape.outputs + j] += bias[j];
}

void minrnn::linearBackward(const LinearShape &shape, const float *input,
                            const float *weight, const float *dOutput,
                            float *dInput, float *dWeight, float *dBias,
                            Store store) {
  check(shape);
  if (dInput != nullptr)
    gemm<float>(shape.rows, shape.inputs, shape.outputs,
                {dOutput, shape.outputs}, {weight, shape.inputs}, dInput,
                shape.inputs, store);
  gemm<float>(shape.outputs, shape.inputs, shape.rows,
              {dOutput, shape.outputs, Transpose::Yes}, {input, shape.inputs},
              dWeight, shape.inputs, Store::Overwrite);
  if (dBias != nullptr)
    sumColumns(shape.rows, shape.outputs, dBias,
               [&](std::int64_t row, std::int64_t column) {
                 return dOutput[row * shape.outputs + column];
               });
}
