//===- LanguageModel.cpp - A small recurrent language model ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/language_model.h"

#include "minrnn/error.h"
#include "minrnn/random.h"
#include "minrnn/recurrent.h"
#include "runtime/core/DeviceAddress.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;

namespace {

/// Where the tensors of one layer begin in the flat vector of parameters. Those
/// of one kind follow one another, so that they are the packed arrays of
/// minrnn/recurrent.h.
struct LayerOffsets {
  std::int64_t norm = 0;
  std::int64_t gateWeights = 0;
  std::int64_t gateBiases = 0;
  std::int64_t recurrentWeights = 0;
  std::int64_t recurrentBiases = 0;
  std::int64_t cellParameters = 0;
  std::int64_t out = 0;
};

/// What the backward reads of one layer.
struct LayerActivations {
  DeviceArray<float> input;
  DeviceArray<float> normalised;
  DeviceArray<float> inverseRms;
  DeviceArray<float> preactivations;
  DeviceArray<float> recurrent;
  DeviceArray<float> chained;
  DeviceArray<float> trajectory;
  DeviceArray<float> boundaries;
  DeviceArray<float> hidden;
};

/// `layers.0.cell.z.weight`, or without an ending a learned parameter's name.
std::string cellTensor(const std::string &layerPrefix, const std::string &name,
                       const char *ending = "") {
  return layerPrefix + "cell." + name + ending;
}

} // namespace

/// Where each tensor begins in the flat vector of parameters.
struct LanguageModel::Offsets {
  std::int64_t embedding = 0;
  std::vector<LayerOffsets> layers;
  std::int64_t finalNorm = 0;
  std::int64_t head = 0;
};

/// Buffers that grow to the largest batch seen.
struct LanguageModel::Activations {
  template <typename Element>
  void grow(const std::shared_ptr<Device> &device, DeviceArray<Element> &buffer,
            std::int64_t count) {
    if (static_cast<std::int64_t>(buffer.size()) >= count)
      return;
    // The former memory first, so that both are never held.
    buffer = {};
    buffer = {device, static_cast<std::size_t>(count)};
    ++generation;
  }

  /// The batch that was staged last, [batch, time].
  std::int64_t batch = 0;
  std::int64_t time = 0;
  DeviceArray<std::int32_t> tokens;
  DeviceArray<std::int32_t> targets;

  std::vector<LayerActivations> saved;
  /// The residual stream, and after the last layer the final norm's input.
  DeviceArray<float> stream;
  DeviceArray<float> normalised;
  DeviceArray<float> inverseRms;
  DeviceArray<float> logits;
  /// [1]
  DeviceArray<double> loss;

  // Of the backward alone.
  DeviceArray<float> dStream;
  DeviceArray<float> dNormalised;
  DeviceArray<float> dHidden;
  DeviceArray<float> dPreactivations;
  DeviceArray<float> dRecurrent;
  DeviceArray<float> dChained;
  DeviceArray<float> dBiasOfRows;
  DeviceArray<float> dRecurrentBiasOfRows;
  DeviceArray<float> dParametersOfRows;

  /// The states that a layer's walk works in.
  DeviceArray<float> states;

  /// How often a buffer has moved.
  std::uint64_t generation = 0;
};

LanguageModel::LanguageModel(const LanguageModelOptions &options,
                             CellKernels cell)
    : modelOptions(options), cellKernels(std::move(cell)),
      deviceBlocks(Blocks::create(cellKernels.device())),
      offsets(std::make_unique<Offsets>()),
      activations(std::make_unique<Activations>()) {
  const auto positive = [](std::int64_t value, const char *name) {
    if (value < 1)
      throw Error(std::string("a language model needs a positive ") + name +
                  ", found " + std::to_string(value));
  };
  positive(options.vocabulary, "vocabulary");
  positive(options.layers, "number of layers");
  positive(options.width, "width");
  positive(options.expansion, "expansion");
  const Manifest &manifest = cellKernels.manifest();
  if (cellKernels.readsInput() && options.expansion != 1)
    throw Error("cell '" + manifest.cell +
                "' reads its channel of the input, so that a layer has as many "
                "channels as the model is wide: expected an expansion of 1, "
                "found " +
                std::to_string(options.expansion));

  std::int64_t total = 0;
  const auto add = [&](std::string name, std::vector<std::int64_t> shape) {
    const std::int64_t count = elementCount(shape, name);
    const std::int64_t offset = total;
    total = total + count;
    elementCount({total}, "the model's parameters");
    const bool decays = shape.size() > 1;
    parameterLayout.push_back(
        {std::move(name), std::move(shape), offset, count, decays});
    return offset;
  };
  const std::int64_t width = options.width;
  const std::int64_t channels =
      elementCount({width, options.expansion}, "hidden channels");
  offsets->embedding = add("embedding.weight", {options.vocabulary, width});
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    const std::string prefix = "layers." + std::to_string(layer) + ".";
    LayerOffsets layerOffsets;
    layerOffsets.norm = add(prefix + "norm.weight", {width});
    layerOffsets.gateWeights = total;
    for (const std::string &gate : manifest.gates)
      add(cellTensor(prefix, gate, ".weight"), {channels, width});
    layerOffsets.gateBiases = total;
    for (const std::string &gate : manifest.gates)
      add(cellTensor(prefix, gate, ".bias"), {channels});
    layerOffsets.recurrentWeights = total;
    for (const RecurrentProjection &gate : manifest.recurrent)
      add(cellTensor(prefix, gate.name, ".weight"), {channels, channels});
    layerOffsets.recurrentBiases = total;
    for (const RecurrentProjection &gate : manifest.recurrent)
      add(cellTensor(prefix, gate.name, ".bias"), {channels});
    layerOffsets.cellParameters = total;
    for (const std::string &parameter : manifest.parameters)
      add(cellTensor(prefix, parameter), {channels});
    layerOffsets.out = add(prefix + "out.weight", {width, channels});
    offsets->layers.push_back(layerOffsets);
  }
  offsets->finalNorm = add("norm.weight", {width});
  offsets->head = add("head.weight", {options.vocabulary, width});
  activations->saved.resize(static_cast<std::size_t>(options.layers));
  const std::shared_ptr<Device> device = cellKernels.device();
  values = {device, static_cast<std::size_t>(total)};
  values.clear();
  valueGradients = {device, static_cast<std::size_t>(total)};
}

LanguageModel::~LanguageModel() = default;
LanguageModel::LanguageModel(LanguageModel &&) noexcept = default;

void LanguageModel::initialise(std::uint64_t seed) {
  std::vector<float> drawn(values.size());
  for (std::size_t index = 0; index < parameterLayout.size(); ++index) {
    const ModelParameter &parameter = parameterLayout[index];
    const std::span<float> target =
        std::span(drawn).subspan(static_cast<std::size_t>(parameter.offset),
                                 static_cast<std::size_t>(parameter.count));
    Random random(seed, index);
    // (Not by its name alone: a cell may have a gate called out.)
    const bool isOut =
        std::ranges::any_of(offsets->layers, [&](const LayerOffsets &layer) {
          return layer.out == parameter.offset;
        });
    if (parameter.name == "embedding.weight") {
      for (float &value : target)
        value = static_cast<float>(random.normal());
    } else if (parameter.shape.size() == 2) {
      double bound = 1 / std::sqrt(static_cast<double>(parameter.shape[1]));
      if (isOut)
        bound /= std::sqrt(2 * static_cast<double>(modelOptions.layers));
      for (float &value : target)
        value = static_cast<float>(bound * (2 * random.uniform() - 1));
    } else if (parameter.name.ends_with("norm.weight")) {
      std::fill(target.begin(), target.end(), 1.0F);
    } else if (parameter.name.ends_with(".bias")) {
      std::fill(target.begin(), target.end(), 0.0F);
    } else {
      for (float &value : target)
        value = static_cast<float>(random.uniform() - 0.5);
    }
  }
  values.upload(drawn);
}

void LanguageModel::checkTokens(std::span<const std::int32_t> tokens,
                                const char *what) const {
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= modelOptions.vocabulary)
      throw Error(std::string(what) + " " + std::to_string(tokens[i]) +
                  " at position " + std::to_string(i) +
                  " is not in the vocabulary of " +
                  std::to_string(modelOptions.vocabulary));
}

void LanguageModel::stage(std::int64_t batch, std::int64_t time,
                          std::span<const std::int32_t> tokens,
                          std::span<const std::int32_t> targets) {
  const std::int64_t rows = elementCount({batch, time}, "batch x time");
  const std::int64_t channels = modelOptions.channels();
  elementCount({rows, cellKernels.gates(), channels}, "the pre-activations");
  elementCount({rows, cellKernels.recurrent(), channels},
               "the recurrent projections");
  elementCount({rows, cellKernels.chained(), channels},
               "the values computed within a step");
  elementCount({rows, cellKernels.states(), channels}, "the states");
  if (static_cast<std::int64_t>(tokens.size()) != rows)
    throw Error("expected " + std::to_string(rows) + " tokens, found " +
                std::to_string(tokens.size()));
  if (targets.size() != tokens.size())
    throw Error("expected as many targets as tokens");
  checkTokens(tokens, "token");
  checkTokens(targets, "target");
  Activations &a = *activations;
  const std::shared_ptr<Device> device = cellKernels.device();
  a.grow(device, a.tokens, rows);
  a.grow(device, a.targets, rows);
  a.grow(device, a.loss, 1);
  a.tokens.upload(tokens);
  a.targets.upload(targets);
  a.batch = batch;
  a.time = time;
}

void LanguageModel::forward() {
  Activations &a = *activations;
  const std::int64_t batch = a.batch;
  const std::int64_t time = a.time;
  const std::int64_t rows = batch * time;
  const std::int64_t width = modelOptions.width;
  const std::int64_t channels = modelOptions.channels();
  const std::int64_t gates = cellKernels.gates();
  const std::int64_t recurrent = cellKernels.recurrent();
  const std::int64_t states = cellKernels.states();
  Blocks &blocks = *deviceBlocks;
  const auto grow = [&](DeviceArray<float> &buffer, std::int64_t count) {
    a.grow(blocks.sharedDevice(), buffer, count);
  };
  const float *p = values.data();
  grow(a.stream, rows * width);
  grow(a.states, batch * states * channels);
  blocks.embeddingForward({rows, modelOptions.vocabulary, width},
                          a.tokens.data(), p + offsets->embedding,
                          a.stream.data());
  for (std::size_t layer = 0; layer < offsets->layers.size(); ++layer) {
    const LayerOffsets &at = offsets->layers[layer];
    LayerActivations &saved = a.saved[layer];
    grow(saved.input, rows * width);
    grow(saved.normalised, rows * width);
    grow(saved.inverseRms, rows);
    grow(saved.preactivations, rows * gates * channels);
    grow(saved.hidden, rows * channels);
    grow(saved.recurrent, rows * recurrent * channels);
    grow(saved.chained, rows * cellKernels.chained() * channels);
    if (cellKernels.recomputesStates())
      grow(saved.boundaries,
           batch * cellKernels.timeTiles(time) * states * channels);
    else if (!cellKernels.manifest().plain)
      grow(saved.trajectory, rows * states * channels);
    blocks.device().copyOnDevice(
        addressOf(saved.input.data()), addressOf(a.stream.data()),
        static_cast<std::size_t>(rows * width) * sizeof(float));
    blocks.rmsNormForward({rows, width}, saved.input.data(), p + at.norm,
                          saved.normalised.data(), saved.inverseRms.data());
    recurrentForward(blocks, cellKernels, {batch, time, width, channels},
                     {.input = saved.normalised.data(),
                      .weight = p + at.gateWeights,
                      .bias = p + at.gateBiases,
                      .recurrentWeight = p + at.recurrentWeights,
                      .recurrentBias = p + at.recurrentBiases,
                      .parameters = p + at.cellParameters,
                      .preactivations = saved.preactivations.data(),
                      .recurrent = saved.recurrent.data(),
                      .chained = saved.chained.data(),
                      .output = saved.hidden.data(),
                      .trajectory = saved.trajectory.data(),
                      .boundaries = saved.boundaries.data(),
                      .last = a.states.data()});
    blocks.linearForward({rows, channels, width}, saved.hidden.data(),
                         p + at.out, nullptr, a.stream.data(), Store::Add);
  }
  grow(a.normalised, rows * width);
  grow(a.inverseRms, rows);
  grow(a.logits, rows * modelOptions.vocabulary);
  blocks.rmsNormForward({rows, width}, a.stream.data(), p + offsets->finalNorm,
                        a.normalised.data(), a.inverseRms.data());
  blocks.linearForward({rows, width, modelOptions.vocabulary},
                       a.normalised.data(), p + offsets->head, nullptr,
                       a.logits.data());
}

/// Expects the gradient of the logits where `forward` left the logits.
void LanguageModel::backward() {
  Activations &a = *activations;
  const std::int64_t batch = a.batch;
  const std::int64_t time = a.time;
  const std::int64_t rows = batch * time;
  const std::int64_t width = modelOptions.width;
  const std::int64_t channels = modelOptions.channels();
  const std::int64_t gates = cellKernels.gates();
  const std::int64_t recurrent = cellKernels.recurrent();
  Blocks &blocks = *deviceBlocks;
  const auto grow = [&](DeviceArray<float> &buffer, std::int64_t count) {
    a.grow(blocks.sharedDevice(), buffer, count);
  };
  const float *p = values.data();
  float *g = valueGradients.data();
  grow(a.dStream, rows * width);
  grow(a.dNormalised, rows * width);
  grow(a.dHidden, rows * channels);
  grow(a.dPreactivations, rows * gates * channels);
  grow(a.dRecurrent, rows * recurrent * channels);
  grow(a.dChained, rows * cellKernels.chained() * channels);
  grow(a.dBiasOfRows, batch * gates * channels);
  grow(a.dRecurrentBiasOfRows, batch * recurrent * channels);
  grow(a.dParametersOfRows, batch * cellKernels.parameters() * channels);
  blocks.linearBackward({rows, width, modelOptions.vocabulary},
                        a.normalised.data(), p + offsets->head, a.logits.data(),
                        a.dNormalised.data(), g + offsets->head, nullptr);
  blocks.rmsNormBackward({rows, width}, a.stream.data(), p + offsets->finalNorm,
                         a.inverseRms.data(), a.dNormalised.data(),
                         a.dStream.data(), g + offsets->finalNorm);
  for (std::size_t layer = offsets->layers.size(); layer-- > 0;) {
    const LayerOffsets &at = offsets->layers[layer];
    const LayerActivations &saved = a.saved[layer];
    blocks.linearBackward({rows, channels, width}, saved.hidden.data(),
                          p + at.out, a.dStream.data(), a.dHidden.data(),
                          g + at.out, nullptr);
    recurrentBackward(blocks, cellKernels, {batch, time, width, channels},
                      {.input = saved.normalised.data(),
                       .weight = p + at.gateWeights,
                       .bias = p + at.gateBiases,
                       .recurrentWeight = p + at.recurrentWeights,
                       .recurrentBias = p + at.recurrentBiases,
                       .parameters = p + at.cellParameters,
                       .preactivations = saved.preactivations.data(),
                       .recurrent = saved.recurrent.data(),
                       .chained = saved.chained.data(),
                       .output = saved.hidden.data(),
                       .trajectory = saved.trajectory.data(),
                       .boundaries = saved.boundaries.data(),
                       .dOutput = a.dHidden.data(),
                       .dPreactivations = a.dPreactivations.data(),
                       .dRecurrent = a.dRecurrent.data(),
                       .dChained = a.dChained.data(),
                       .dBiasOfRows = a.dBiasOfRows.data(),
                       .dRecurrentBiasOfRows = a.dRecurrentBiasOfRows.data(),
                       .dParametersOfRows = a.dParametersOfRows.data(),
                       .dInput = a.dNormalised.data(),
                       .dWeight = g + at.gateWeights,
                       .dBias = g + at.gateBiases,
                       .dRecurrentWeight = g + at.recurrentWeights,
                       .dRecurrentBias = g + at.recurrentBiases,
                       .dParameters = g + at.cellParameters,
                       .dInitial = a.states.data()});
    // The residual connection: this gradient joins that of the stream.
    blocks.rmsNormBackward({rows, width}, saved.input.data(), p + at.norm,
                           saved.inverseRms.data(), a.dNormalised.data(),
                           a.dStream.data(), g + at.norm, Store::Add);
  }
  blocks.embeddingBackward({rows, modelOptions.vocabulary, width},
                           a.tokens.data(), a.dStream.data(),
                           g + offsets->embedding);
}

void LanguageModel::queueLoss() {
  Activations &a = *activations;
  forward();
  deviceBlocks->crossEntropy({a.batch * a.time, modelOptions.vocabulary},
                             a.logits.data(), a.targets.data(), nullptr,
                             a.loss.data());
}

void LanguageModel::queueLossAndGradients() {
  Activations &a = *activations;
  forward();
  deviceBlocks->crossEntropy({a.batch * a.time, modelOptions.vocabulary},
                             a.logits.data(), a.targets.data(), a.logits.data(),
                             a.loss.data());
  backward();
}

double LanguageModel::queuedLoss() const {
  return activations->loss.download().at(0);
}

double LanguageModel::loss(std::int64_t batch, std::int64_t time,
                           std::span<const std::int32_t> tokens,
                           std::span<const std::int32_t> targets) {
  stage(batch, time, tokens, targets);
  queueLoss();
  return queuedLoss();
}

double LanguageModel::lossAndGradients(std::int64_t batch, std::int64_t time,
                                       std::span<const std::int32_t> tokens,
                                       std::span<const std::int32_t> targets) {
  stage(batch, time, tokens, targets);
  queueLossAndGradients();
  return queuedLoss();
}

std::uint64_t LanguageModel::bufferGeneration() const {
  return activations->generation;
}

std::int64_t LanguageModel::stateSize() const {
  return modelOptions.layers * cellKernels.states() * modelOptions.channels();
}

void LanguageModel::step(std::int64_t batch,
                         std::span<const std::int32_t> tokens,
                         std::span<float> state, std::span<float> logits) {
  const std::int64_t width = modelOptions.width;
  const std::int64_t channels = modelOptions.channels();
  const std::int64_t gates = cellKernels.gates();
  const std::int64_t stateCount =
      elementCount({batch, stateSize()}, "the hidden state");
  const std::int64_t logitCount =
      elementCount({batch, modelOptions.vocabulary}, "the logits");
  if (static_cast<std::int64_t>(tokens.size()) != batch ||
      static_cast<std::int64_t>(state.size()) != stateCount ||
      static_cast<std::int64_t>(logits.size()) != logitCount)
    throw Error(
        "a step of " + std::to_string(batch) + " rows needs " +
        std::to_string(batch) + " tokens, " + std::to_string(stateCount) +
        " floats of state and " + std::to_string(logitCount) +
        " of logits, found " + std::to_string(tokens.size()) + ", " +
        std::to_string(state.size()) + " and " + std::to_string(logits.size()));
  checkTokens(tokens, "token");
  const std::shared_ptr<Device> device = cellKernels.device();
  const auto floats = [&](std::int64_t count) {
    return DeviceArray<float>(device, static_cast<std::size_t>(count));
  };
  Blocks &blocks = *deviceBlocks;
  const float *p = values.data();
  const DeviceArray<std::int32_t> deviceTokens(device, tokens);
  const DeviceArray<float> deviceState(device, std::span<const float>(state));
  const DeviceArray<float> deviceLogits = floats(logitCount);
  const DeviceArray<float> stream = floats(batch * width);
  const DeviceArray<float> normalised = floats(batch * width);
  const DeviceArray<float> inverseRms = floats(batch);
  const DeviceArray<float> preactivations = floats(batch * gates * channels);
  const DeviceArray<float> recurrent =
      floats(batch * cellKernels.recurrent() * channels);
  const DeviceArray<float> chained =
      floats(batch * cellKernels.chained() * channels);
  const DeviceArray<float> hidden = floats(batch * channels);
  blocks.embeddingForward({batch, modelOptions.vocabulary, width},
                          deviceTokens.data(), p + offsets->embedding,
                          stream.data());
  for (std::size_t layer = 0; layer < offsets->layers.size(); ++layer) {
    const LayerOffsets &at = offsets->layers[layer];
    blocks.rmsNormForward({batch, width}, stream.data(), p + at.norm,
                          normalised.data(), inverseRms.data());
    recurrentStep(blocks, cellKernels, {batch, 1, width, channels},
                  {.input = normalised.data(),
                   .weight = p + at.gateWeights,
                   .bias = p + at.gateBiases,
                   .recurrentWeight = p + at.recurrentWeights,
                   .recurrentBias = p + at.recurrentBiases,
                   .parameters = p + at.cellParameters,
                   .preactivations = preactivations.data(),
                   .recurrent = recurrent.data(),
                   .chained = chained.data(),
                   .state = deviceState.data() +
                            static_cast<std::int64_t>(layer) * batch *
                                cellKernels.states() * channels,
                   .output = hidden.data()});
    blocks.linearForward({batch, channels, width}, hidden.data(), p + at.out,
                         nullptr, stream.data(), Store::Add);
  }
  blocks.rmsNormForward({batch, width}, stream.data(), p + offsets->finalNorm,
                        normalised.data(), inverseRms.data());
  blocks.linearForward({batch, width, modelOptions.vocabulary},
                       normalised.data(), p + offsets->head, nullptr,
                       deviceLogits.data());
  deviceState.download(state);
  deviceLogits.download(logits);
}
