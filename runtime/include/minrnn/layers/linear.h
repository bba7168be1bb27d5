//===- linear.h - y = x W^T + b ---------------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_LINEAR_H
#define MINRNN_LAYERS_LINEAR_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

struct LinearShape {
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
};

/// output[rows, outputs] = input[rows, inputs] weight[outputs, inputs]^T
/// + bias[outputs]; `bias` may be null. With `accumulate` the result is added
/// to `output`, as in a residual connection.
void linearForward(const LayerContext &context, const LinearShape &shape,
                   const float *input, const float *weight, const float *bias,
                   float *output, bool accumulate = false);

/// dInput[rows, inputs] = dOutput weight, added to what is there with
/// `accumulate`, dWeight[outputs, inputs] = dOutput^T input, dBias[outputs] =
/// column sums of dOutput[rows, outputs]. `dInput` and `dBias` may be null: not
/// wanted.
void linearBackward(const LayerContext &context, const LinearShape &shape,
                    const float *input, const float *weight,
                    const float *dOutput, float *dInput, float *dWeight,
                    float *dBias, bool accumulate = false);

} // namespace minrnn

#endif // MINRNN_LAYERS_LINEAR_H
