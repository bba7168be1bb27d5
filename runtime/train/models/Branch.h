//===- Branch.h - What a layer adds to the residual stream ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_BRANCH_H
#define MINRNN_RUNTIME_TRAIN_MODELS_BRANCH_H

#include "minrnn/bfloat16.h"
#include "minrnn/layers.h"
#include "minrnn/train/tensor_plan.h"

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

namespace minrnn {

/// A forward or a backward of a model: its sizes, and the arrays that its
/// tensors are slices of.
struct Pass {
  const LayerContext &context;
  std::int64_t batch = 0;
  std::int64_t time = 0;
  const float *parameters = nullptr;
  /// The parameters rounded to bf16, where sequences are of it; else null.
  const BFloat16 *rounded = nullptr;
  float *gradients = nullptr;
  /// What the forward of a training step keeps for its backward.
  float *saved = nullptr;
  /// Room to work in, which the branches share.
  float *scratch = nullptr;
  /// The training step in the device's memory, for dropout; null: nothing is
  /// left out.
  const std::uint64_t *step = nullptr;

  std::int64_t rows() const { return batch * time; }

  /// A parameter as products of sequences of `Number` take it.
  template <typename Number> const Number *weight(TensorSlice slice) const {
    if constexpr (std::is_same_v<Number, float>)
      return slice.in(parameters);
    else
      return slice.in(rounded);
  }
};

/// Adds room for numbers of any type to a plan of f32.
template <typename Number>
TensorSlice addNumbers(TensorPlan &plan, std::int64_t rows,
                       std::int64_t columns, const char *name) {
  if constexpr (std::is_same_v<Number, float>)
    return plan.add(name, {rows, columns});
  // Two numbers of two bytes in each place.
  return plan.add(name, {rows, (columns + 1) / 2});
}

/// What such room holds.
template <typename Number> Number *numbersIn(TensorSlice slice, float *base) {
  return reinterpret_cast<Number *>(slice.in(base));
}

/// One residual branch of a model: stream + branch(stream). It knows where its
/// parameters lie, and where a training step of the planned sizes keeps what
/// its backward needs. Sequences are [batch, time, width], of the type that the
/// model stores.
class Branch {
public:
  virtual ~Branch() = default;

  /// Lays out what a training step of these sizes keeps and works in. Throws
  /// Error when it is too large for memory.
  virtual void plan(std::int64_t batch, std::int64_t time, TensorPlan &saved,
                    TensorPlan &scratch) = 0;

  /// Queues output = input + branch(input), as planned, each row from its
  /// initial states. The backward reads `input` again.
  virtual void forward(const Pass &pass, const void *input,
                       void *output) const = 0;

  /// Queues the gradients of the parameters, and adds to dStream, the gradient
  /// of the output, that of the input through the branch.
  virtual void backward(const Pass &pass, const void *input,
                        void *dStream) const = 0;

  /// The floats of one row's states.
  virtual std::int64_t stateSize() const { return 0; }
  /// Queues the states at the beginning of a sequence, [batch, stateSize].
  /// Here: zeros.
  virtual void initialState(const Pass &pass, float *state) const;

  /// Queues what `forward` does of pass.time more steps, the first of which is
  /// number `position`, from `state` on, which is overwritten. Nothing is left
  /// out, nothing is kept, and what it works in is its own.
  virtual void extend(const Pass &pass, std::int64_t position,
                      const void *input, void *output, float *state) = 0;

  /// The weight whose product is added to the stream: it is drawn smaller, the
  /// more branches there are.
  virtual TensorSlice residualWeight() const = 0;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_BRANCH_H
