//===- RecurrentLayer.h - The recurrent layer of a model --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTLAYER_H
#define MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTLAYER_H

#include "minrnn/layer.h"
#include "runtime/train/models/Branch.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace minrnn {

/// A compiled cell as a layer of a model. The one place of a model that knows
/// what a cell's forward, backward and step take: its parameters, what the
/// backward needs of the forward, and room to work in are slices of plans.
class RecurrentLayer {
public:
  /// Where its parameters lie in an array of all parameters, or of their
  /// gradients: those of one tensor of the cell follow one another, along its
  /// packed axis.
  using Parameters = std::vector<TensorSlice>;
  /// What a forward writes and its backward reads.
  struct Saved {
    /// The layer's own.
    TensorSlice own;
    /// [batch, time, channels]
    TensorSlice output;
  };
  /// Room to work in, which the layers of a model share.
  using Scratch = TensorSlice;
  /// `inputs` numbers come in at each position, `channels` go out; products are
  /// formed in `precision`.
  /// Throws Error when the cell stores sequences as f16.
  RecurrentLayer(CellKernels cell, std::int64_t inputs, std::int64_t channels,
                 Precision precision);

  /// Adds the parameters to `plan`, as `<prefix>z.weight` and so on. Throws
  /// Error when they are too large for memory.
  Parameters planParameters(TensorPlan &plan, const std::string &prefix) const;
  /// The same for a sequence.
  Saved planSaved(TensorPlan &plan, std::int64_t batch,
                  std::int64_t time) const;
  Scratch planScratch(TensorPlan &plan, std::int64_t batch,
                      std::int64_t time) const;

  /// saved.output from input[batch, time, inputs], each row from
  /// initial[batch, stateSize]; null: from zero states. Sequences are of the
  /// cell's io type.
  void forward(const Pass &pass, const Parameters &parameters,
               const Saved &saved, Scratch scratch, const void *input,
               const float *initial) const;

  /// dInput[batch, time, inputs], the gradients of the parameters and, unless
  /// it is null, dInitial[batch, stateSize] from dOutput[batch, time,
  /// channels].
  void backward(const Pass &pass, const Parameters &parameters,
                const Saved &saved, Scratch scratch, const void *input,
                const float *initial, const void *dOutput, void *dInput,
                float *dInitial) const;

  /// The floats of one row's states.
  std::int64_t stateSize() const {
    return cell.manifest().size(Axis::States) * channels;
  }

  /// output[batch, time, channels] of pass.time more steps, from
  /// state[batch, stateSize] on, which is overwritten. Keeps nothing for a
  /// backward.
  void extend(const Pass &pass, const Parameters &parameters, const void *input,
              void *output, float *state);

private:
  LayerSizes sizes(std::int64_t batch, std::int64_t time) const {
    return {batch, time, inputs, channels};
  }
  /// The parameters, or their gradients, as the tensors of a call, besides
  /// `others`.
  static std::vector<NamedTensor>
  named(const Pass &pass, const Parameters &parameters,
        std::initializer_list<NamedTensor> others);
  Layer layer(const Pass &pass, const Saved &saved, Scratch scratch) const;

  CellKernels cell;
  std::int64_t inputs;
  std::int64_t channels;
  Precision precision;
  /// That of the last `extend`, which the next has use for, too.
  std::optional<Layer> extending;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTLAYER_H
