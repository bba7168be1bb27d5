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
#include "runtime/core/HalfStorage.h"
#include "runtime/train/models/RecurrentLayer.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
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

/// Adds an activation of numbers of so many bytes to a plan of f32.
TensorSlice addNumbers(TensorPlan &plan, const std::string &name,
                       std::vector<std::int64_t> shape, std::int64_t bytes) {
  constexpr std::int64_t ofFloat = sizeof(float);
  if (bytes == ofFloat)
    return plan.add(name, std::move(shape));
  return plan.add(
      name, {(elementCount(shape, name) * bytes + ofFloat - 1) / ofFloat});
}

/// What such a slice of f32 holds.
template <typename Number>
Number *numbersIn(const TensorSlice &slice, float *base) {
  return reinterpret_cast<Number *>(slice.in(base));
}

std::int64_t bytesOfNumber(const CellKernels &cell) {
  return elementBytes(elementTypeOf(cell.manifest().ioType));
}

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
            const LanguageModelOptions &options, std::int64_t bytes,
            const RecurrentLayer &recurrentLayer, const LayerContext &context) {
    if (!layers.empty() && batch == batchOf && time == timeOf)
      return;
    batch = batchOf;
    time = timeOf;
    const std::int64_t width = options.width;
    TensorPlan table(alignment);
    const auto numbers = [&](const char *name, std::int64_t columns) {
      return addNumbers(table, name, {batch, time, columns}, bytes);
    };
    layers.clear();
    for (std::int64_t layer = 0; layer < options.layers; ++layer)
      layers.push_back(
          {.input = numbers("a layer's input", width),
           .normalised = numbers("a layer's normalised input", width),
           .inverseRms = table.add("a layer's norms", {batch, time}),
           .recurrent = recurrentLayer.planSaved(table, batch, time)});
    stream = numbers("the residual stream", width);
    normalised = numbers("the normalised stream", width);
    inverseRms = table.add("the stream's norms", {batch, time});
    logits = table.add("the logits", {batch, time, options.vocabulary});
    // Of f32 they are in the place of the logits.
    if (bytes != sizeof(float))
      dLogits = numbers("the gradients of the logits", options.vocabulary);
    dStream = numbers("the stream's gradients", width);
    dNormalised = numbers("the gradients of norms", width);
    dHidden = numbers("the gradients of a layer's output", options.channels());
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
  TensorSlice dLogits;
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
  if (cellKernels.manifest().ioType == "bf16")
    rounded = {cellKernels.device(), count};
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
  a.plan(batch, time, modelOptions, bytesOfNumber(cellKernels),
         places->recurrent, layerContext);
  if (a.tokens.size() < inputs.size()) {
    a.tokens = {layerContext.sharedDevice(), inputs.size()};
    ++a.generation;
  }
  a.tokens.upload(inputs);
}

template <typename Work>
void LanguageModel::withNumber(const Work &work) const {
  if (rounded.size() > 0)
    work(BFloat16());
  else
    work(0.0F);
}

template <typename Number> const Number *LanguageModel::weights() const {
  if constexpr (std::is_same_v<Number, float>)
    return values.data();
  else
    return rounded.data();
}

void LanguageModel::roundParameters() const {
  if (rounded.size() > 0)
    roundToBFloat16(layerContext, parameterPlan.count(), values.data(),
                    rounded.data());
}

template <typename Number> void LanguageModel::forward() {
  const Activations &a = *activations;
  const std::int64_t rows = a.batch * a.time;
  const std::int64_t width = modelOptions.width;
  const float *p = values.data();
  const Number *w = weights<Number>();
  float *m = a.memory.data();
  const auto in = [m](const TensorSlice &slice) {
    return numbersIn<Number>(slice, m);
  };
  embeddingForward(layerContext, {rows, modelOptions.vocabulary, width},
                   a.tokens.data(), places->embedding.in(p), in(a.stream));
  for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
    const LayerParameters &of = places->layers[layer];
    const LayerActivations &saved = a.layers[layer];
    layerContext.device().copyOnDevice(
        addressOf(in(saved.input)), addressOf(in(a.stream)),
        static_cast<std::size_t>(rows * width) * sizeof(Number));
    rmsNormForward(layerContext, {rows, width}, in(saved.input), of.norm.in(p),
                   in(saved.normalised), saved.inverseRms.in(m));
    places->recurrent.forward(a.batch, a.time,
                              {.parameters = values.data(),
                               .rounded = rounded.data(),
                               .activations = m},
                              of.recurrent, saved.recurrent, a.scratch,
                              in(saved.normalised));
    linearForward(layerContext, {rows, modelOptions.channels(), width},
                  in(saved.recurrent.output), of.out.in(w), nullptr,
                  in(a.stream), /*accumulate=*/true);
  }
  rmsNormForward(layerContext, {rows, width}, in(a.stream),
                 places->finalNorm.in(p), in(a.normalised), a.inverseRms.in(m));
  linearForward(layerContext, {rows, width, modelOptions.vocabulary},
                in(a.normalised), places->head.in(w), nullptr, a.logits.in(m));
}

void LanguageModel::enqueueForward() {
  roundParameters();
  withNumber([this](auto number) { forward<decltype(number)>(); });
}

float *LanguageModel::outputs() const {
  return activations->logits.in(activations->memory.data());
}

template <typename Number> void LanguageModel::backward() {
  const Activations &a = *activations;
  const std::int64_t rows = a.batch * a.time;
  const std::int64_t width = modelOptions.width;
  const std::int64_t vocabulary = modelOptions.vocabulary;
  const float *p = values.data();
  const Number *w = weights<Number>();
  float *g = valueGradients.data();
  float *m = a.memory.data();
  const auto in = [m](const TensorSlice &slice) {
    return numbersIn<Number>(slice, m);
  };
  const TensorSlice &dLogits = a.dLogits.count == 0 ? a.logits : a.dLogits;
  if constexpr (!std::is_same_v<Number, float>)
    roundToBFloat16(layerContext, rows * vocabulary, a.logits.in(m),
                    in(dLogits));
  linearBackward(layerContext, {rows, width, vocabulary}, in(a.normalised),
                 places->head.in(w), in(dLogits), in(a.dNormalised),
                 places->head.in(g), nullptr);
  rmsNormBackward(layerContext, {rows, width}, in(a.stream),
                  places->finalNorm.in(p), a.inverseRms.in(m),
                  in(a.dNormalised), in(a.dStream), places->finalNorm.in(g));
  for (std::size_t layer = a.layers.size(); layer-- > 0;) {
    const LayerParameters &of = places->layers[layer];
    const LayerActivations &saved = a.layers[layer];
    linearBackward(layerContext, {rows, modelOptions.channels(), width},
                   in(saved.recurrent.output), of.out.in(w), in(a.dStream),
                   in(a.dHidden), of.out.in(g), nullptr);
    places->recurrent.backward(a.batch, a.time,
                               {.parameters = values.data(),
                                .rounded = rounded.data(),
                                .gradients = g,
                                .activations = m},
                               of.recurrent, saved.recurrent, a.scratch,
                               in(saved.normalised), in(a.dHidden),
                               in(a.dNormalised));
    // The residual connection: this gradient joins that of the stream.
    rmsNormBackward(layerContext, {rows, width}, in(saved.input), of.norm.in(p),
                    saved.inverseRms.in(m), in(a.dNormalised), in(a.dStream),
                    of.norm.in(g), /*accumulate=*/true);
  }
  embeddingBackward(layerContext, {rows, vocabulary, width}, a.tokens.data(),
                    in(a.dStream), places->embedding.in(g));
}

void LanguageModel::enqueueBackward() {
  withNumber([this](auto number) { backward<decltype(number)>(); });
}

std::uint64_t LanguageModel::bufferGeneration() const {
  return activations->generation;
}

std::int64_t LanguageModel::stateSize() const {
  return modelOptions.layers * places->recurrent.stateSize();
}

template <typename Number>
void LanguageModel::stepOf(std::int64_t batch, const std::int32_t *tokens,
                           float *state, float *logits) {
  const std::int64_t width = modelOptions.width;
  TensorPlan table(alignment);
  const TensorSlice stream =
      addNumbers(table, "the residual stream", {batch, width}, sizeof(Number));
  const TensorSlice normalised = addNumbers(table, "the normalised stream",
                                            {batch, width}, sizeof(Number));
  const TensorSlice inverseRms = table.add("the stream's norms", {batch});
  const RecurrentLayer::Saved saved =
      places->recurrent.planSaved(table, batch, 1);
  const DeviceArray<float> memory(layerContext.sharedDevice(),
                                  static_cast<std::size_t>(table.count()));
  const float *p = values.data();
  const Number *w = weights<Number>();
  float *m = memory.data();
  const auto in = [m](const TensorSlice &slice) {
    return numbersIn<Number>(slice, m);
  };
  embeddingForward(layerContext, {batch, modelOptions.vocabulary, width},
                   tokens, places->embedding.in(p), in(stream));
  for (const LayerParameters &of : places->layers) {
    rmsNormForward(layerContext, {batch, width}, in(stream), of.norm.in(p),
                   in(normalised), inverseRms.in(m));
    places->recurrent.step(batch,
                           {.parameters = values.data(),
                            .rounded = rounded.data(),
                            .activations = m},
                           of.recurrent, saved, in(normalised), state);
    linearForward(layerContext, {batch, modelOptions.channels(), width},
                  in(saved.output), of.out.in(w), nullptr, in(stream),
                  /*accumulate=*/true);
    state += batch * places->recurrent.stateSize();
  }
  rmsNormForward(layerContext, {batch, width}, in(stream),
                 places->finalNorm.in(p), in(normalised), inverseRms.in(m));
  linearForward(layerContext, {batch, width, modelOptions.vocabulary},
                in(normalised), places->head.in(w), nullptr, logits);
}

void LanguageModel::step(std::int64_t batch,
                         std::span<const std::int32_t> inputs,
                         std::span<float> state, std::span<float> outputs) {
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
  const DeviceArray<std::int32_t> tokensThere(device, inputs);
  const DeviceArray<float> stateThere(device, std::span<const float>(state));
  const DeviceArray<float> logitsThere(device, outputs.size());
  roundParameters();
  withNumber([&](auto number) {
    stepOf<decltype(number)>(batch, tokensThere.data(), stateThere.data(),
                             logitsThere.data());
  });
  stateThere.download(state);
  logitsThere.download(outputs);
}
