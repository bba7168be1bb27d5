//===- AttentionBranch.h - Causal attention as a branch ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_ATTENTIONBRANCH_H
#define MINRNN_RUNTIME_TRAIN_MODELS_ATTENTIONBRANCH_H

#include "runtime/train/models/BranchOptions.h"
#include "runtime/train/models/Norm.h"
#include "runtime/train/models/ResidualLinear.h"

namespace minrnn {

/// x + out(attention(q, k, v)) with [q, k, v] = qkv(norm(x)): causal multi-head
/// attention (Vaswani et al. 2017), with rotary positions on q and k (Su et al.
/// 2021). Of f32.
class AttentionBranch : public Branch {
public:
  /// Its parameters are `<prefix>norm.weight`, `<prefix>qkv.weight` and
  /// `<prefix>out.weight`.
  AttentionBranch(const BranchOptions &options, TensorPlan &parameters);

  void plan(std::int64_t batch, std::int64_t time, TensorPlan &saved,
            TensorPlan &scratch) override;
  void forward(const Pass &pass, const void *input,
               void *output) const override;
  void backward(const Pass &pass, const void *input,
                void *dStream) const override;
  /// A cache of keys and values, of as many positions as the model may see.
  std::int64_t stateSize() const override { return maxPositions * 2 * width; }
  /// (What is in the cache is written before it is read.)
  void initialState(const Pass & /*pass*/, float * /*state*/) const override {}
  /// Throws Error when there are more positions than the cache has.
  void extend(const Pass &pass, std::int64_t position, const void *input,
              void *output, float *state) override;
  TensorSlice residualWeight() const override { return out.weightSlice(); }

private:
  /// Turns the queries and keys of packed[rows, 3 width].
  void turn(const Pass &pass, std::int64_t position, float *packed,
            Rotation rotation) const;
  AttentionShape shape(const Pass &pass, std::int64_t past) const {
    return {pass.batch, pass.time, past, heads, width / heads};
  }
  /// Queries, keys (part 1) or values (2) in such an array.
  template <typename Number>
  HeadRows<Number> part(const Pass &pass, Number *packed, int index) const {
    return {packed + index * width, pass.time * 3 * width, 3 * width};
  }
  template <typename Number>
  HeadRows<Number> rows(const Pass &pass, Number *numbers) const {
    return {numbers, pass.time * width, width};
  }

  std::int64_t width;
  std::int64_t heads;
  std::int64_t maxPositions;
  Norm norm;
  TensorSlice weight;
  ResidualLinear out;

  TensorSlice normalised;
  Norm::Saved ofNorm;
  /// [rows, 3 width]: queries, keys and values side by side.
  TensorSlice packed;
  TensorSlice attended;
  TensorSlice logSumExp;
  TensorSlice dNormalised;
  TensorSlice dPacked;
  TensorSlice dAttended;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_ATTENTIONBRANCH_H
