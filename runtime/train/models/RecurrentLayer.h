//===- RecurrentLayer.h - The recurrent layer of a model --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTLAYER_H
#define MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTLAYER_H

#include "minrnn/bfloat16.h"
#include "minrnn/layer.h"
#include "minrnn/train/tensor_plan.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
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
  /// The arrays that parameters, their gradients, and what is saved or room to
  /// work in are slices of.
  struct Arrays {
    float *parameters = nullptr;
    /// The parameters, rounded: of a cell of bf16, its weights are from here.
    BFloat16 *rounded = nullptr;
    float *gradients = nullptr;
    float *activations = nullptr;
  };

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

  /// saved.output from input[batch, time, inputs], each row from zero states.
  /// Sequences are of the cell's io type.
  void forward(std::int64_t batch, std::int64_t time, const Arrays &arrays,
               const Parameters &parameters, const Saved &saved,
               const Scratch &scratch, const void *input) const;

  /// dInput[batch, time, inputs] and the gradients of the parameters from
  /// dOutput[batch, time, channels].
  void backward(std::int64_t batch, std::int64_t time, const Arrays &arrays,
                const Parameters &parameters, const Saved &saved,
                const Scratch &scratch, const void *input, const void *dOutput,
                void *dInput) const;

  /// The floats of one row's states.
  std::int64_t stateSize() const {
    return cell.manifest().size(Axis::States) * channels;
  }

  /// One step: reads and writes state[batch, stateSize]; `saved` is that of one
  /// step of time.
  void step(std::int64_t batch, const Arrays &arrays,
            const Parameters &parameters, const Saved &saved, const void *input,
            float *state);

private:
  LayerSizes sizes(std::int64_t batch, std::int64_t time) const {
    return {batch, time, inputs, channels};
  }
  /// The parameters, or their gradients, as the tensors of a call, besides
  /// `others`.
  static std::vector<NamedTensor>
  named(const Parameters &parameters, const Arrays &arrays,
        std::initializer_list<NamedTensor> others);
  Layer layer(std::int64_t batch, std::int64_t time, const Arrays &arrays,
              const Saved &saved, const Scratch &scratch) const;

  CellKernels cell;
  std::int64_t inputs;
  std::int64_t channels;
  Precision precision;
  /// That of the last step, which the next has use for, too.
  std::optional<Layer> ofSteps;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_RECURRENTLAYER_H
