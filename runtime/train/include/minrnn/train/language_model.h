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
// What lies between the layers is stored as the cell stores sequences, f32 or
// bf16: the residual stream, what norms read and write, and all their
// gradients. Of a cell of bf16, products are of parameters that were rounded to
// it; the parameters themselves, their gradients, the logits and the loss are
// f32.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_LANGUAGE_MODEL_H
#define MINRNN_TRAIN_LANGUAGE_MODEL_H

#include "minrnn/bfloat16.h"
#include "minrnn/cell_kernels.h"
#include "minrnn/device_array.h"
#include "minrnn/train/model.h"

#include <cstdint>
#include <filesystem>
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

/// What a checkpoint holds of a language model besides its tensors.
struct LanguageModelInfo {
  /// The cell as MLIR text, and its name there.
  std::string cellSource = {};
  std::string cellName = {};
  /// What sequences were stored as, in training.
  std::string ioType = "f32";
  LanguageModelOptions options = {};
};

/// Reads it from the checkpoint at `path`. Throws Error, beginning with the
/// path, when an entry is missing or damaged, or the sizes are not those of the
/// tensors in the file: damaged ones never ask for more memory than the file
/// has bytes.
LanguageModelInfo readLanguageModelInfo(const std::filesystem::path &path);

/// The model, its parameters and their gradients, on the device of its cell.
/// Its activations lie in one allocation, which grows to the largest batch
/// seen.
class LanguageModel : public Model {
public:
  /// `cellSource` is the cell as MLIR text, for checkpoints; `precision` says
  /// how products are formed. Throws Error when an option is not positive, the
  /// cell stores sequences as f16, the cell reads its channel of the input and
  /// the expansion is not 1, or layers cannot be had on the cell's device (see
  /// LayerContext).
  LanguageModel(const LanguageModelOptions &options, CellKernels cell,
                std::string cellSource = {},
                Precision precision = Precision::Ieee);
  ~LanguageModel() override;
  LanguageModel(LanguageModel &&) noexcept;

  const LanguageModelOptions &options() const { return modelOptions; }
  const CellKernels &cell() const { return cellKernels; }

  const LayerContext &context() const override { return layerContext; }
  const std::vector<PlannedTensor> &layout() const override {
    return parameterPlan.tensors();
  }
  DeviceArray<float> &parameters() override { return values; }
  DeviceArray<float> &gradients() override { return valueGradients; }

  /// Embedding normal; matrices uniform within 1/sqrt(inputs), recurrent ones
  /// so within 1/sqrt(channels) as in PyTorch, `out` smaller by sqrt(2 layers);
  /// scales one; biases zero; the cell's learned parameters uniform within 1/2,
  /// which bends no activation far and lets a recurrence of weight u (Li et al.
  /// 2018, IndRNN) forget at first.
  void initialise(std::uint64_t seed) override;

  /// The logits of the next token: as many as the vocabulary has.
  std::int64_t outputSize() const override { return modelOptions.vocabulary; }
  void upload(std::int64_t batch, std::int64_t time,
              std::span<const std::int32_t> inputs) override;
  void enqueueForward() override;
  float *outputs() const override;
  void enqueueBackward() override;
  std::uint64_t bufferGeneration() const override;

  /// Layers x states of the cell x channels. The state of `step` is
  /// [layers, batch, states, channels].
  std::int64_t stateSize() const override;
  void step(std::int64_t batch, std::span<const std::int32_t> inputs,
            std::span<float> state, std::span<float> outputs) override;

  /// `cell_source`, `cell_name`, `io_type` and `model`, the options as JSON.
  Metadata metadata() const override;

private:
  struct Parameters;
  struct Activations;

  void checkTokens(std::span<const std::int32_t> tokens) const;
  /// Calls `work` with a number of the type that sequences are stored as.
  template <typename Work> void withNumber(const Work &work) const;
  /// The parameters as products of sequences take them.
  template <typename Number> const Number *weights() const;
  /// Queues their rounding, where these are not the parameters themselves.
  void roundParameters() const;
  template <typename Number> void forward();
  template <typename Number> void backward();
  template <typename Number>
  void stepOf(std::int64_t batch, const std::int32_t *tokens, float *state,
              float *logits);

  LanguageModelOptions modelOptions;
  CellKernels cellKernels;
  std::string cellSource;
  LayerContext layerContext;
  TensorPlan parameterPlan;
  std::unique_ptr<Parameters> places;
  DeviceArray<float> values;
  DeviceArray<float> valueGradients;
  /// The parameters in bf16, where sequences are.
  DeviceArray<BFloat16> rounded;
  std::unique_ptr<Activations> activations;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_LANGUAGE_MODEL_H
