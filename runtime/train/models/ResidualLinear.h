//===- ResidualLinear.h - The last product of a branch ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_RESIDUALLINEAR_H
#define MINRNN_RUNTIME_TRAIN_MODELS_RESIDUALLINEAR_H

#include "runtime/core/DeviceAddress.h"
#include "runtime/train/models/Branch.h"

#include <cstdint>
#include <string>

namespace minrnn {

/// stream + dropout(hidden W^T + b): what a branch ends with.
class ResidualLinear {
public:
  /// `seed` tells the masks of one branch from those of another.
  ResidualLinear(std::int64_t inputs, std::int64_t width, bool hasBias,
                 double dropout, std::uint64_t seed, const std::string &prefix,
                 TensorPlan &parameters)
      : weight(parameters.add(prefix + "weight", {width, inputs})),
        inputs(inputs), width(width), rate(dropout), seed(seed) {
    if (hasBias)
      bias = parameters.add(prefix + "bias", {width});
  }

  TensorSlice weightSlice() const { return weight; }

  void plan(std::int64_t rows, TensorPlan &scratch) {
    if (rate > 0)
      dropped = scratch.add("what dropout leaves", {rows, width});
  }

  template <typename Number>
  void forward(const Pass &pass, const Number *hidden, const Number *input,
               Number *output) const {
    pass.context.device().copyOnDevice(
        addressOf(output), addressOf(input),
        static_cast<std::size_t>(pass.rows() * width) * sizeof(Number));
    const LinearShape shape{pass.rows(), inputs, width};
    const Number *w = pass.weight<Number>(weight);
    const float *b = bias.in(pass.parameters);
    if constexpr (std::is_same_v<Number, float>)
      if (rate > 0 && pass.step != nullptr) {
        float *branch = dropped.in(pass.scratch);
        linearForward(pass.context, shape, hidden, w, b, branch);
        minrnn::dropout(pass.context, mask(pass), pass.step, branch, branch);
        return add(pass.context, pass.rows() * width, branch, output);
      }
    linearForward(pass.context, shape, hidden, w, b, output,
                  /*accumulate=*/true);
  }

  /// dHidden[rows, inputs] and the gradients of the parameters.
  template <typename Number>
  void backward(const Pass &pass, const Number *hidden, const Number *dStream,
                Number *dHidden) const {
    const Number *dBranch = dStream;
    if constexpr (std::is_same_v<Number, float>)
      if (rate > 0 && pass.step != nullptr) {
        minrnn::dropout(pass.context, mask(pass), pass.step, dStream,
                        dropped.in(pass.scratch));
        dBranch = dropped.in(pass.scratch);
      }
    linearBackward(pass.context, {pass.rows(), inputs, width}, hidden,
                   pass.weight<Number>(weight), dBranch, dHidden,
                   weight.in(pass.gradients), bias.in(pass.gradients));
  }

private:
  DropoutMask mask(const Pass &pass) const {
    return {.count = pass.rows() * width, .rate = rate, .seed = seed};
  }

  TensorSlice weight;
  TensorSlice bias;
  std::int64_t inputs;
  std::int64_t width;
  double rate;
  std::uint64_t seed;
  TensorSlice dropped;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_RESIDUALLINEAR_H
