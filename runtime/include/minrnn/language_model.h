//===- language_model.h - A small recurrent language model ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x = embedding(token); per layer x += out(recurrent(RMSNorm x)); a final
// RMSNorm; a linear head without bias. The blocks are those of "Were RNNs All
// We Needed?" (Feng et al. 2024), without the optional convolution and MLP.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LANGUAGE_MODEL_H
#define MINRNN_LANGUAGE_MODEL_H

#include "minrnn/cell_kernels.h"
#include "minrnn/device_array.h"
#include "minrnn/device_blocks.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace minrnn {

struct LanguageModelOptions {
  /// How many tokens there are; at least 1.
  std::int64_t vocabulary = 0;
  /// Recurrent layers.
  std::int64_t layers = 1;
  /// The width of the residual stream.
  std::int64_t width = 256;
  /// Hidden channels of a layer, as a multiple of `width`; 1 for a cell that
  /// reads its channel of the input.
  std::int64_t expansion = 4;

  std::int64_t channels() const { return width * expansion; }
};

/// One tensor among the model's parameters.
struct ModelParameter {
  /// Such as `layers.0.cell.z.weight`.
  std::string name;
  std::vector<std::int64_t> shape;
  /// Where it begins in the flat vector of parameters.
  std::int64_t offset = 0;
  std::int64_t count = 0;
  /// Matrices are decayed by AdamW; scales, biases and the cell's learned
  /// parameters are not.
  bool decays = false;
};

/// The model, its parameters and their gradients, on the device of its cell.
/// Buffers for the activations grow to the largest batch seen.
class LanguageModel {
public:
  /// Throws Error when an option is not positive, the cell reads its channel of
  /// the input and the expansion is not 1, or the blocks cannot be had on the
  /// cell's device (see Blocks::create).
  LanguageModel(const LanguageModelOptions &options, CellKernels cell);
  ~LanguageModel();
  LanguageModel(LanguageModel &&) noexcept;

  const LanguageModelOptions &options() const { return modelOptions; }
  const CellKernels &cell() const { return cellKernels; }
  const std::vector<ModelParameter> &layout() const { return parameterLayout; }

  /// All parameters and gradients, as `layout` describes them.
  DeviceArray<float> &parameters() { return values; }
  DeviceArray<float> &gradients() { return valueGradients; }
  Blocks &blocks() { return *deviceBlocks; }
  const std::shared_ptr<Blocks> &sharedBlocks() const { return deviceBlocks; }

  /// Draws the parameters afresh: embedding normal; matrices uniform within
  /// 1/sqrt(inputs), recurrent ones so within 1/sqrt(channels) as in PyTorch,
  /// `out` smaller by sqrt(2 layers); scales one; biases zero; the cell's
  /// learned parameters uniform within 1/2, which bends no activation far and
  /// lets a recurrence of weight u (Li et al. 2018, IndRNN) forget at first.
  void initialise(std::uint64_t seed);

  /// The mean cross-entropy in nats of targets[batch, time] given
  /// tokens[batch, time], each row from a zero state.
  /// Throws Error when a token is outside the vocabulary.
  double loss(std::int64_t batch, std::int64_t time,
              std::span<const std::int32_t> tokens,
              std::span<const std::int32_t> targets);

  /// The same, and overwrites `gradients`.
  double lossAndGradients(std::int64_t batch, std::int64_t time,
                          std::span<const std::int32_t> tokens,
                          std::span<const std::int32_t> targets);

  /// The same in parts, for a step that is recorded in a graph: copies tokens
  /// and targets to the device, queues what `lossAndGradients` does with them,
  /// and waits for the loss.
  void stage(std::int64_t batch, std::int64_t time,
             std::span<const std::int32_t> tokens,
             std::span<const std::int32_t> targets);
  void queueLossAndGradients();
  double queuedLoss() const;

  /// Changes when a buffer has moved: a graph that was recorded before is of no
  /// use any more.
  std::uint64_t bufferGeneration() const;

  /// The number of floats of one row's hidden states: layers x states of the
  /// cell x channels.
  std::int64_t stateSize() const;

  /// One step of `batch` rows: reads tokens[batch], reads and writes
  /// state[layers, batch, states, channels] (zeros to begin with), and writes
  /// logits[batch, vocabulary] for the next token.
  void step(std::int64_t batch, std::span<const std::int32_t> tokens,
            std::span<float> state, std::span<float> logits);

private:
  struct Offsets;
  struct Activations;

  void checkTokens(std::span<const std::int32_t> tokens,
                   const char *what) const;
  void queueLoss();
  void forward();
  void backward();

  LanguageModelOptions modelOptions;
  CellKernels cellKernels;
  std::shared_ptr<Blocks> deviceBlocks;
  std::vector<ModelParameter> parameterLayout;
  std::unique_ptr<Offsets> offsets;
  DeviceArray<float> values;
  DeviceArray<float> valueGradients;
  std::unique_ptr<Activations> activations;
};

} // namespace minrnn

#endif // MINRNN_LANGUAGE_MODEL_H
