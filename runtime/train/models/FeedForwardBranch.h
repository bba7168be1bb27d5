//===- FeedForwardBranch.h - A gated feed-forward branch --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_FEEDFORWARDBRANCH_H
#define MINRNN_RUNTIME_TRAIN_MODELS_FEEDFORWARDBRANCH_H

#include "runtime/train/models/BranchOptions.h"
#include "runtime/train/models/Norm.h"
#include "runtime/train/models/ResidualLinear.h"

namespace minrnn {

/// x + out(GELU(g) v) with [g, v] = in(norm(x)) (Shazeer 2020, "GLU Variants
/// Improve Transformer": GEGLU). Of f32.
class FeedForwardBranch : public Branch {
public:
  /// Its parameters are `<prefix>ff.norm.weight`, `<prefix>ff.in.weight` with
  /// the gate's rows first, `<prefix>ff.in.bias`, `<prefix>ff.out.weight` and
  /// `<prefix>ff.out.bias`.
  FeedForwardBranch(const BranchOptions &options, TensorPlan &parameters);

  void plan(std::int64_t batch, std::int64_t time, TensorPlan &saved,
            TensorPlan &scratch) override;
  void forward(const Pass &pass, const void *input,
               void *output) const override;
  void backward(const Pass &pass, const void *input,
                void *dStream) const override;
  void extend(const Pass &pass, std::int64_t position, const void *input,
              void *output, float *state) override;
  TensorSlice residualWeight() const override { return out.weightSlice(); }

private:
  std::int64_t width;
  std::int64_t hidden;
  Norm norm;
  TensorSlice weight;
  TensorSlice bias;
  ResidualLinear out;

  TensorSlice normalised;
  Norm::Saved ofNorm;
  /// [rows, 2 hidden], and of that GELU(g) v.
  TensorSlice projected;
  TensorSlice gated;
  TensorSlice dNormalised;
  TensorSlice dProjected;
  TensorSlice dGated;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_FEEDFORWARDBRANCH_H
