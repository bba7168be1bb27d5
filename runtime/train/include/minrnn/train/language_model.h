//===- language_model.h - A small recurrent language model ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x = embedding(token), or of a model of numbers a linear layer; per layer,
// where it has them, x += conv(x); always x += out(recurrent(norm x)); where it
// has it, x += feed_forward(norm x); a final RMSNorm; a linear head without
// bias. The blocks are those of "Were RNNs All We Needed?" (Feng et al. 2024).
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
#include "minrnn/options.h"
#include "minrnn/train/model.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

struct Pass;

/// RMSNorm (Zhang & Sennrich 2019) or LayerNorm (Ba, Kiros, Hinton 2016).
enum class NormKind { Rms, Layer };
inline constexpr std::array<std::string_view, 2> normNames = {"rms", "layer"};

struct LanguageModelOptions {
  /// How many tokens there are; at least 1, but of a model of numbers.
  std::int64_t vocabulary = 0;
  /// Recurrent layers.
  std::int64_t layers = 1;
  /// The width of the residual stream.
  std::int64_t width = 256;
  /// Hidden channels of a layer, as a multiple of `width`; 1 for a cell that
  /// reads its channel of the input.
  std::int64_t expansion = 4;
  /// That of the branches; the final one is RMSNorm.
  NormKind norm = NormKind::Rms;
  /// The taps of a causal convolution before each recurrent layer; 0: none.
  std::int64_t convolution = 0;
  /// Hidden channels of a gated feed-forward behind each, as a multiple of
  /// `width`; 0: none.
  std::int64_t feedForward = 0;
  /// The probability that an element of the embedding, or of what a branch adds
  /// to the stream, is left out in training; in [0, 1).
  double dropout = 0;
  /// Whether a sequence begins with states that are learned, rather than zeros.
  bool learnedInitial = false;
  /// Whether the product that ends a recurrent layer has a bias.
  bool outBias = false;
  /// Whether the head's weight is that of the embedding (Press & Wolf 2017).
  bool tiedEmbedding = false;
  /// What the bias of the cell's gate `f` is at first: a large one remembers.
  double forgetBias = 0;
  /// Where not 0, the layers are no cells: causal attention of so many heads,
  /// with rotary positions. The expansion is not looked at.
  std::int64_t heads = 0;
  /// How many positions attention sees when a model is run step by step: its
  /// states are a cache of that size.
  std::int64_t maxPositions = 2048;
  /// Of a model of numbers: how many it reads at each position in the place of
  /// a token, by a linear layer in the place of an embedding, and how many it
  /// gives; 0: of a model of tokens.
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;

  std::int64_t channels() const { return width * expansion; }
  /// Whether it is a Transformer, without a cell.
  bool isAttention() const { return heads > 0; }
  /// Whether it reads and gives numbers, not tokens and their logits.
  bool isOfNumbers() const { return inputs > 0; }
  std::int64_t outputSize() const {
    return isOfNumbers() ? outputs : vocabulary;
  }

  /// The domain that the cell is to be compiled for: learned states may be
  /// negative, which log space has no room for.
  ScanDomain scan() const {
    return learnedInitial ? ScanDomain::Linear : ScanDomain::Auto;
  }
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
  /// how products are formed. Throws Error when a size is not positive, the
  /// cell stores sequences as f16, the cell reads its channel of the input and
  /// the expansion is not 1, layers cannot be had on the cell's device (see
  /// LayerContext), or a switch is on that the cell does not go with:
  /// convolution, feed-forward and dropout are of f32, a learned initial state
  /// is of a cell that scans in linear space, and a forget bias of one with a
  /// gate `f`.
  LanguageModel(const LanguageModelOptions &options, CellKernels cell,
                std::string cellSource = {},
                Precision precision = Precision::Ieee);
  /// A Transformer. Throws Error when `options.heads` is not positive, the
  /// width is no multiple of it, the width of a head is odd, or a switch of
  /// recurrent layers is on.
  LanguageModel(const LanguageModelOptions &options, LayerContext context);
  ~LanguageModel() override;
  LanguageModel(LanguageModel &&) noexcept;

  const LanguageModelOptions &options() const { return modelOptions; }
  /// Throws Error when it is a Transformer.
  const CellKernels &cell() const;

  const LayerContext &context() const override { return layerContext; }
  const std::vector<PlannedTensor> &layout() const override {
    return parameterPlan.tensors();
  }
  DeviceArray<float> &parameters() override { return values; }
  DeviceArray<float> &gradients() override { return valueGradients; }

  /// Embedding normal, and where it is the head's weight too, smaller by
  /// sqrt(width); matrices uniform within 1/sqrt(inputs), recurrent ones so
  /// within 1/sqrt(channels) as in PyTorch, those that end a branch smaller by
  /// sqrt(2 layers); scales one; biases and initial states zero, but for the
  /// forget bias; the cell's learned parameters uniform within 1/2,
  /// which bends no activation far and lets a recurrence of weight u (Li et al.
  /// 2018, IndRNN) forget at first.
  void initialise(std::uint64_t seed) override;

  /// The logits of the next token, as many as the vocabulary has, or numbers.
  std::int64_t outputSize() const override { return modelOptions.outputSize(); }
  std::int64_t inputSize() const override { return modelOptions.inputs; }
  void upload(std::int64_t batch, std::int64_t time,
              std::span<const std::int32_t> inputs) override;
  void upload(std::int64_t batch, std::int64_t time,
              std::span<const float> numbers) override;
  void uploadStep(std::uint64_t step) override;
  void enqueueForward(bool training) override;
  float *outputs() const override;
  void enqueueBackward() override;
  std::uint64_t bufferGeneration() const override;

  /// The states of the branches in their order, each [batch, its states].
  std::int64_t stateSize() const override;
  ModelState initialState(std::int64_t batch) override;
  void step(ModelState &state, std::span<const std::int32_t> inputs,
            std::span<float> outputs) override;
  void step(ModelState &state, std::span<const float> numbers,
            std::span<float> outputs) override;

  /// `cell_source`, `cell_name`, `io_type` and `model`, the options as JSON. Of
  /// a Transformer the cell is `attention`, without a source.
  Metadata metadata() const override;

private:
  struct Parameters;
  struct Activations;

  LanguageModel(const LanguageModelOptions &options,
                std::optional<CellKernels> cell, std::string cellSource,
                LayerContext context);

  void checkTokens(std::span<const std::int32_t> tokens) const;
  /// Calls `work` with a number of the type that sequences are stored as.
  template <typename Work> void withNumber(const Work &work) const;
  /// Queues the rounding of the parameters, where products take them rounded.
  void roundParameters() const;
  Pass pass(std::int64_t batch, std::int64_t time) const;
  template <typename Number> void forward(const Pass &pass) const;
  template <typename Number> void backward(const Pass &pass) const;
  /// What a model reads: tokens, or numbers.
  struct Inputs;
  /// Lays out the activations of a batch of these sizes.
  void plan(std::int64_t batch, std::int64_t time);
  template <typename Number>
  void embed(const Pass &pass, const Inputs &inputs, Number *stream) const;
  template <typename Number>
  void extend(const Pass &pass, std::int64_t position, const Inputs &inputs,
              float *state, float *outputs) const;
  /// Extends from what is on the device, and downloads the outputs.
  void step(ModelState &state, std::int64_t time, const Inputs &inputs,
            std::span<float> outputs);
  /// How many steps so many inputs for each row, of `columns` each, are. Throws
  /// Error when they are none, or the outputs not as many.
  std::int64_t stepsOf(const ModelState &state, std::size_t inputs,
                       std::int64_t columns, std::size_t outputs) const;

  LanguageModelOptions modelOptions;
  std::optional<CellKernels> cellKernels;
  std::string cellSource;
  LayerContext layerContext;
  TensorPlan parameterPlan;
  std::unique_ptr<Parameters> places;
  DeviceArray<float> values;
  DeviceArray<float> valueGradients;
  /// The parameters in bf16, where sequences are.
  DeviceArray<BFloat16> rounded;
  std::unique_ptr<Activations> activations;
  /// The training step, for dropout.
  DeviceArray<std::uint64_t> trainingStep;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_LANGUAGE_MODEL_H
