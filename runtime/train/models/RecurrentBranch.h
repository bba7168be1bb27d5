//===- RecurrentBranch.h - A cell as a branch of a model --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTBRANCH_H
#define MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTBRANCH_H

#include "runtime/train/models/BranchOptions.h"
#include "runtime/train/models/Norm.h"
#include "runtime/train/models/RecurrentLayer.h"
#include "runtime/train/models/ResidualLinear.h"

namespace minrnn {

/// x + out(recurrent(norm(x))), of sequences of `Number`.
template <typename Number> class RecurrentBranch : public Branch {
public:
  /// Its parameters are `<prefix>norm.weight`, `<prefix>cell...`, where the
  /// initial state is learned `<prefix>initial`, and `<prefix>out.weight`.
  RecurrentBranch(const BranchOptions &options, RecurrentLayer recurrent,
                  TensorPlan &parameters);

  void plan(std::int64_t batch, std::int64_t time, TensorPlan &saved,
            TensorPlan &scratch) override;
  void forward(const Pass &pass, const void *input,
               void *output) const override;
  void backward(const Pass &pass, const void *input,
                void *dStream) const override;
  std::int64_t stateSize() const override { return recurrent.stateSize(); }
  void initialState(const Pass &pass, float *state) const override;
  void extend(const Pass &pass, std::int64_t position, const void *input,
              void *output, float *state) override;
  TensorSlice residualWeight() const override { return out.weightSlice(); }

private:
  std::int64_t width;
  std::int64_t channels;
  Norm norm;
  RecurrentLayer recurrent;
  RecurrentLayer::Parameters ofCell;
  TensorSlice initial;
  ResidualLinear out;

  TensorSlice normalised;
  Norm::Saved ofNorm;
  RecurrentLayer::Saved ofLayer;
  TensorSlice initialRows;

  RecurrentLayer::Scratch scratch;
  TensorSlice dHidden;
  TensorSlice dNormalised;
  TensorSlice dInitialRows;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTBRANCH_H
