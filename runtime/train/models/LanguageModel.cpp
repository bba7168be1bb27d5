//===- LanguageModel.cpp - A small recurrent language model ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/language_model.h"

#include "minrnn/error.h"
#include "minrnn/layers.h"
#include "minrnn/random.h"
#include "runtime/core/DeviceAddress.h"
#include "runtime/train/models/RecurrentLayer.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <utility>

using namespace minrnn;

namespace {

struct LayerParameters {
  TensorSlice norm;
  RecurrentLayer::Parameters recurrent;
  TensorSlice out;
};

/// What the backward reads of one layer.
struct LayerActivations {
  TensorSlice input;
  TensorSlice normalised;
  TensorSlice inverseRms;
  RecurrentLayer::Saved recurrent;
};

/// Every tensor of activations begins on a boundary of 256 bytes.
constexpr std::int64_t alignment = 64;

void checkOptions(const LanguageModelOptions &options,
                  const CellKernels &cell) {
  const auto positive = [](std::int64_t value, const char *name) {
    if (value < 1)
      throw Error(std::string("a language model needs a positive ") + name +
                  ", found " + std::to_string(value));
  };
  positive(options.vocabulary, "vocabulary");
  positive(options.layers, "number of layers");
  positive(options.width, "width");
  positive(options.expansion, "expansion");
  if (cell.manifest().readsInput() && options.expansion != 1)
    throw Error("cell '" + cell.manifest().cell +
                "' reads its channel of the input, so that a layer has as many "
                "channels as the model is wide: expected an expansion of 1, "
                "found " +
                std::to_string(options.expansion));
  elementCount({options.width, options.expansion}, "hidden channels");
}

} // namespace

/// Where each tensor lies in the flat vector of parameters, or of gradients.
struct LanguageModel::Parameters {
  Parameters(const LanguageModelOptions &options, CellKernels cell,
             Precision precision, TensorPlan &plan)
      : recurrent(std::move(cell), options.width, options.channels(),
                  precision) {
    const std::int64_t width = options.width;
    embedding = plan.add("embedding.weight", {options.vocabulary, width});
    for (std::int64_t layer = 0; layer < options.layers; ++layer) {
      const std::string prefix = "layers." + std::to_string(layer) + ".";
      LayerParameters &of = layers.emplace_back();
      of.norm = plan.add(prefix + "norm.weight", {width});
      of.recurrent = recurrent.planParameters(plan, prefix + "cell.");
      of.out = plan.add(prefix + "out.weight", {width, options.channels()});
    }
    finalNorm = plan.add("norm.weight", {width});
    head = plan.add("head.weight", {options.vocabulary, width});
  }

  RecurrentLayer recurrent;
  TensorSlice embedding;
  std::vector<LayerParameters> layers;
  TensorSlice finalNorm;
  TensorSlice head;
};

/// The tensors of a forward and its backward, in one allocation that grows to
/// the largest batch seen.
struct LanguageModel::Activations {
  /// Where each lies for a batch of these sizes.
  void plan(std::int64_t batchOf, std::int64_t timeOf,
            const LanguageModelOptions &options,
            const RecurrentLayer &recurrentLayer, const LayerContext &context) {
    if (!layers.empty() && batch == batchOf && time == timeOf)
      return;
    batch = batchOf;
    time = timeOf;
    const std::int64_t width = options.width;
    TensorPlan table(alignment);
    layers.clear();
    for (std::int64_t layer = 0; layer < options.layers; ++layer)
      layers.push_back(
          {.input = table.add("a layer's input", {batch, time, width}),
           .normalised =
               table.add("a layer's normalised input", {batch, time, width}),
           .inverseRms = table.add("a layer's norms", {batch, time}),
           .recurrent = recurrentLayer.planSaved(table, batch, time)});
    stream = table.add("the residual stream", {batch, time, width});
    normalised = table.add("the normalised stream", {batch, time, width});
    inverseRms = table.add("the stream's norms", {batch, time});
    logits = table.add("the logits", {batch, time, options.vocabulary});
    dStream = table.add("the stream's gradients", {batch, time, width});
    dNormalised = table.add("the gradients of norms", {batch, time, width});
    dHidden = table.add("the gradients of a layer's output",
                        {batch, time, options.channels()});
    scratch = recurrentLayer.planScratch(table, batch, time);
    if (static_cast<std::int64_t>(memory.size()) >= table.count())
      return;
    // The former memory first, so that both are never held.
    memory = {};
    memory = {context.sharedDevice(), static_cast<std::size_t>(table.count())};
    ++generation;
  }

  /// The batch that was uploaded last.
  std::int64_t batch = 0;
  std::int64_t time = 0;
  DeviceArray<std::int32_t> tokens;
  DeviceArray<float> memory;
  /// How often an allocation has moved.
  std::uint64_t generation = 0;

  std::vector<LayerActivations> layers;
  /// The residual stream, and after the last layer the final norm's input.
  TensorSlice stream;
  TensorSlice normalised;
  TensorSlice inverseRms;
  TensorSlice logits;
  TensorSlice dStream;
  TensorSlice dNormalised;
  TensorSlice dHidden;
  RecurrentLayer::Scratch scratch;
};

LanguageModel::LanguageModel(const LanguageModelOptions &options,
                             CellKernels cell, std::string cellSource,
                             Precision precision)
    : modelOptions(options), cellKernels(std::move(cell)),
      cellSource(std::move(cellSource)),
      layerContext(cellKernels.device(), precision),
      activations(std::make_unique<Activations>()) {
  checkOptions(options, cellKernels);
  places = std::make_unique<Parameters>(options, cellKernels, precision,
                                        parameterPlan);
  const auto count = static_cast<std::size_t>(parameterPlan.count());
  values = {cellKernels.device(), count};
  values.clear();
  valueGradients = {cellKernels.device(), count};
}

LanguageModel::~LanguageModel() = default;
LanguageModel::LanguageModel(LanguageModel &&) noexcept = default;

void LanguageModel::initialise(std::uint64_t seed) {
  std::vector<float> drawn(values.size());
  for (std::size_t index = 0; index < layout().size(); ++index) {
    const PlannedTensor &parameter = layout()[index];
    const std::span<float> target = parameter.of(std::span(drawn));
    Random random(seed, index);
    // (Not by its name alone: a cell may have a gate called out.)
    const bool isOut =
        std::ranges::any_of(places->layers, [&](const LayerParameters &layer) {
          return layer.out.offset == parameter.offset;
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

void LanguageModel::checkTokens(std::span<const std::int32_t> tokens) const {
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= modelOptions.vocabulary)
      throw Error("token " + std::to_string(tokens[i]) + " at position " +
                  std::to_string(i) + " is not in the vocabulary of " +
                  std::to_string(modelOptions.vocabulary));
}

void LanguageModel::upload(std::int64_t batch, std::int64_t time,
                           std::span<const std::int32_t> inputs) {
  const std::int64_t rows = elementCount({batch, time}, "batch x time");
  if (static_cast<std::int64_t>(inputs.size()) != rows)
    throw Error("expected " + std::to_string(rows) + " tokens, found " +
                std::to_string(inputs.size()));
  checkTokens(inputs);
  Activations &a = *activations;
  a.plan(batch, time, modelOptions, places->recurrent, layerContext);
  if (a.tokens.size() < inputs.size()) {
    a.tokens = {layerContext.sharedDevice(), inputs.size()};
    ++a.generation;
  }
  a.tokens.upload(inputs);
}

void LanguageModel::enqueueForward() {
  const Activations &a = *activations;
  const std::int64_t rows = a.batch * a.time;
  const std::int64_t width = modelOptions.width;
  float *p = values.data();
  float *m = a.memory.data();
  embeddingForward(layerContext, {rows, modelOptions.vocabulary, width},
                   a.tokens.data(), places->embedding.in(p), a.stream.in(m));
  for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
    const LayerParameters &of = places->layers[layer];
    const LayerActivations &saved = a.layers[layer];
    layerContext.device().copyOnDevice(
        addressOf(saved.input.in(m)), addressOf(a.stream.in(m)),
        static_cast<std::size_t>(rows * width) * sizeof(float));
    rmsNormForward(layerContext, {rows, width}, saved.input.in(m),
                   of.norm.in(p), saved.normalised.in(m),
                   saved.inverseRms.in(m));
    places->recurrent.forward(
        a.batch, a.time, {.parameters = p, .activations = m}, of.recurrent,
        saved.recurrent, a.scratch, saved.normalised.in(m));
    linearForward(layerContext, {rows, modelOptions.channels(), width},
                  saved.recurrent.output.in(m), of.out.in(p), nullptr,
                  a.stream.in(m), /*accumulate=*/true);
  }
  rmsNormForward(layerContext, {rows, width}, a.stream.in(m),
                 places->finalNorm.in(p), a.normalised.in(m),
                 a.inverseRms.in(m));
  linearForward(layerContext, {rows, width, modelOptions.vocabulary},
                a.normalised.in(m), places->head.in(p), nullptr,
                a.logits.in(m));
}

float *LanguageModel::outputs() const {
  return activations->logits.in(activations->memory.data());
}

void LanguageModel::enqueueBackward() {
  const Activations &a = *activations;
  const std::int64_t rows = a.batch * a.time;
  const std::int64_t width = modelOptions.width;
  float *p = values.data();
  float *g = valueGradients.data();
  float *m = a.memory.data();
  linearBackward(layerContext, {rows, width, modelOptions.vocabulary},
                 a.normalised.in(m), places->head.in(p), a.logits.in(m),
                 a.dNormalised.in(m), places->head.in(g), nullptr);
  rmsNormBackward(layerContext, {rows, width}, a.stream.in(m),
                  places->finalNorm.in(p), a.inverseRms.in(m),
                  a.dNormalised.in(m), a.dStream.in(m),
                  places->finalNorm.in(g));
  for (std::size_t layer = a.layers.size(); layer-- > 0;) {
    const LayerParameters &of = places->layers[layer];
    const LayerActivations &saved = a.layers[layer];
    linearBackward(layerContext, {rows, modelOptions.channels(), width},
                   saved.recurrent.output.in(m), of.out.in(p), a.dStream.in(m),
                   a.dHidden.in(m), of.out.in(g), nullptr);
    places->recurrent.backward(
        a.batch, a.time, {.parameters = p, .gradients = g, .activations = m},
        of.recurrent, saved.recurrent, a.scratch, saved.normalised.in(m),
        a.dHidden.in(m), a.dNormalised.in(m));
    // The residual connection: this gradient joins that of the stream.
    rmsNormBackward(layerContext, {rows, width}, saved.input.in(m),
                    of.norm.in(p), saved.inverseRms.in(m), a.dNormalised.in(m),
                    a.dStream.in(m), of.norm.in(g), /*accumulate=*/true);
  }
  embeddingBackward(layerContext, {rows, modelOptions.vocabulary, width},
                    a.tokens.data(), a.dStream.in(m), places->embedding.in(g));
}

std::uint64_t LanguageModel::bufferGeneration() const {
  return activations->generation;
}

std::int64_t LanguageModel::stateSize() const {
  return modelOptions.layers * places->recurrent.stateSize();
}

void LanguageModel::step(std::int64_t batch,
                         std::span<const std::int32_t> inputs,
                         std::span<float> state, std::span<float> outputs) {
  const std::int64_t width = modelOptions.width;
  const std::int64_t stateCount =
      elementCount({batch, stateSize()}, "the hidden state");
  const std::int64_t logitCount =
      elementCount({batch, modelOptions.vocabulary}, "the logits");
  if (static_cast<std::int64_t>(inputs.size()) != batch ||
      static_cast<std::int64_t>(state.size()) != stateCount ||
      static_cast<std::int64_t>(outputs.size()) != logitCount)
    throw Error("a step of " + std::to_string(batch) + " rows needs " +
                std::to_string(batch) + " tokens, " +
                std::to_string(stateCount) + " floats of state and " +
                std::to_string(logitCount) + " of logits, found " +
                std::to_string(inputs.size()) + ", " +
                std::to_string(state.size()) + " and " +
                std::to_string(outputs.size()));
  checkTokens(inputs);
  const std::shared_ptr<Device> &device = layerContext.sharedDevice();
  TensorPlan table(alignment);
  const TensorSlice stream = table.add("the residual stream", {batch, width});
  const TensorSlice normalised =
      table.add("the normalised stream", {batch, width});
  const TensorSlice inverseRms = table.add("the stream's norms", {batch});
  const RecurrentLayer::Saved saved =
      places->recurrent.planSaved(table, batch, 1);
  const DeviceArray<float> memory(device,
                                  static_cast<std::size_t>(table.count()));
  const DeviceArray<std::int32_t> tokensThere(device, inputs);
  const DeviceArray<float> stateThere(device, std::span<const float>(state));
  const DeviceArray<float> logitsThere(device, outputs.size());
  float *p = values.data();
  float *m = memory.data();
  embeddingForward(layerContext, {batch, modelOptions.vocabulary, width},
                   tokensThere.data(), places->embedding.in(p), stream.in(m));
  float *stateOfLayer = stateThere.data();
  for (const LayerParameters &of : places->layers) {
    rmsNormForward(layerContext, {batch, width}, stream.in(m), of.norm.in(p),
                   normalised.in(m), inverseRms.in(m));
    places->recurrent.step(batch, {.parameters = p, .activations = m},
                           of.recurrent, saved, normalised.in(m), stateOfLayer);
    linearForward(layerContext, {batch, modelOptions.channels(), width},
                  saved.output.in(m), of.out.in(p), nullptr, stream.in(m),
                  /*accumulate=*/true);
    stateOfLayer += batch * places->recurrent.stateSize();
  }
  rmsNormForward(layerContext, {batch, width}, stream.in(m),
                 places->finalNorm.in(p), normalised.in(m), inverseRms.in(m));
  linearForward(layerContext, {batch, width, modelOptions.vocabulary},
                normalised.in(m), places->head.in(p), nullptr,
                logitsThere.data());
  stateThere.download(state);
  logitsThere.download(outputs);
}
