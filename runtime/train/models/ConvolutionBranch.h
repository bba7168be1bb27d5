//===- ConvolutionBranch.h - A convolution as a branch ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_CONVOLUTIONBRANCH_H
#define MINRNN_RUNTIME_TRAIN_MODELS_CONVOLUTIONBRANCH_H

#include "runtime/train/models/BranchOptions.h"
#include "runtime/train/models/ResidualLinear.h"

namespace minrnn {

/// x + out(causal convolution(x)), channel by channel, then a product; without
/// a norm, as in "Were RNNs All We Needed?" (Feng et al. 2024). Of f32.
class ConvolutionBranch : public Branch {
public:
  /// Its parameters are `<prefix>conv.weight`, `<prefix>conv.bias`,
  /// `<prefix>conv.out.weight` and `<prefix>conv.out.bias`.
  ConvolutionBranch(const BranchOptions &options, TensorPlan &parameters);

  void plan(std::int64_t batch, std::int64_t time, TensorPlan &saved,
            TensorPlan &scratch) override;
  void forward(const Pass &pass, const void *input,
               void *output) const override;
  void backward(const Pass &pass, const void *input,
                void *dStream) const override;
  /// The taps - 1 inputs before.
  std::int64_t stateSize() const override { return (taps - 1) * width; }
  void extend(const Pass &pass, std::int64_t position, const void *input,
              void *output, float *state) override;
  TensorSlice residualWeight() const override { return out.weightSlice(); }

private:
  std::int64_t width;
  std::int64_t taps;
  TensorSlice weight;
  TensorSlice bias;
  ResidualLinear out;

  TensorSlice convolved;
  TensorSlice dConvolved;
  TensorSlice dInput;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_CONVOLUTIONBRANCH_H
