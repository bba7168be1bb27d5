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
#include "runtime/train/GrowArray.h"
#include "runtime/train/models/AttentionBranch.h"
#include "runtime/train/models/ConvolutionBranch.h"
#include "runtime/train/models/FeedForwardBranch.h"
#include "runtime/train/models/LanguageModelOptions.h"
#include "runtime/train/models/RecurrentBranch.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

using namespace minrnn;

namespace {

/// Every tensor of activations begins on a boundary of 256 bytes.
constexpr std::int64_t alignment = 64;

/// What a layer does along time, after its convolution.
std::unique_ptr<Branch> mixerOf(const BranchOptions &options,
                                const std::optional<CellKernels> &cell,
                                Precision precision, TensorPlan &plan) {
  if (!cell)
    return std::make_unique<AttentionBranch>(options, plan);
  RecurrentLayer recurrent(*cell, options.model.width, options.model.channels(),
                           precision);
  if (cell->manifest().ioType == "bf16")
    return std::make_unique<RecurrentBranch<BFloat16>>(
        options, std::move(recurrent), plan);
  return std::make_unique<RecurrentBranch<float>>(options, std::move(recurrent),
                                                  plan);
}

/// The branches of a model in their order, with their parameters in `plan`.
std::vector<std::unique_ptr<Branch>>
branchesOf(const LanguageModelOptions &options,
           const std::optional<CellKernels> &cell, Precision precision,
           TensorPlan &plan) {
  std::vector<std::unique_ptr<Branch>> branches;
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    BranchOptions of{options, "layers." + std::to_string(layer) + "."};
    const auto next = [&]() -> const BranchOptions & {
      of.seed = branches.size() + 1;
      return of;
    };
    if (options.convolution > 0)
      branches.push_back(std::make_unique<ConvolutionBranch>(next(), plan));
    branches.push_back(mixerOf(next(), cell, precision, plan));
    if (options.feedForward > 0)
      branches.push_back(std::make_unique<FeedForwardBranch>(next(), plan));
  }
  return branches;
}

} // namespace

/// Where each tensor lies in the flat vector of parameters, or of gradients.
struct LanguageModel::Parameters {
  Parameters(const LanguageModelOptions &options,
             const std::optional<CellKernels> &cell, Precision precision,
             TensorPlan &plan)
      : embedding(
            options.isOfNumbers()
                ? plan.add("input.weight", {options.width, options.inputs})
                : plan.add("embedding.weight",
                           {options.vocabulary, options.width})),
        inputBias(options.isOfNumbers()
                      ? plan.add("input.bias", {options.width})
                      : TensorSlice()),
        branches(branchesOf(options, cell, precision, plan)),
        finalNorm(NormKind::Rms, options.width, "norm.", plan),
        head(options.tiedEmbedding
                 ? embedding
                 : plan.add("head.weight",
                            {options.outputSize(), options.width})),
        headBias(options.isOfNumbers()
                     ? plan.add("head.bias", {options.outputs})
                     : TensorSlice()) {}

  /// Of a model of numbers, the weight of the layer in its place.
  TensorSlice embedding;
  TensorSlice inputBias;
  std::vector<std::unique_ptr<Branch>> branches;
  Norm finalNorm;
  TensorSlice head;
  TensorSlice headBias;
};

struct LanguageModel::Inputs {
  const std::int32_t *tokens = nullptr;
  const float *numbers = nullptr;
};

/// The tensors of a forward and its backward, in one allocation that grows to
/// the largest batch seen.
struct LanguageModel::Activations {
  /// Where each lies for a batch of these sizes.
  template <typename Number>
  void plan(std::int64_t batchOf, std::int64_t timeOf,
            const LanguageModelOptions &options, const Parameters &parameters,
            const LayerContext &context) {
    if (!streams.empty() && batch == batchOf && time == timeOf)
      return;
    batch = batchOf;
    time = timeOf;
    const std::int64_t rows = elementCount({batch, time}, "batch x time");
    const std::int64_t width = options.width;
    TensorPlan saved(alignment);
    TensorPlan largest(alignment);
    streams.clear();
    streams.push_back(
        addNumbers<Number>(saved, rows, width, "the residual stream"));
    for (const std::unique_ptr<Branch> &branch : parameters.branches) {
      TensorPlan scratch(alignment);
      branch->plan(batch, time, saved, scratch);
      if (scratch.count() > largest.count())
        largest = std::move(scratch);
      streams.push_back(
          addNumbers<Number>(saved, rows, width, "the residual stream"));
    }
    normalised =
        addNumbers<Number>(saved, rows, width, "the normalised stream");
    ofNorm = parameters.finalNorm.plan(saved, rows);
    logits = saved.add("the logits", {rows, options.outputSize()});
    // Of f32 they are in the place of the logits.
    dLogits = {};
    if (!std::is_same_v<Number, float>)
      dLogits = addNumbers<Number>(saved, rows, options.vocabulary,
                                   "the gradients of the logits");
    dStream = addNumbers<Number>(saved, rows, width, "the stream's gradients");
    dNormalised =
        addNumbers<Number>(saved, rows, width, "the gradients of norms");
    if (options.tiedEmbedding)
      dTable =
          saved.add("the embedding's gradients", {options.vocabulary, width});
    scratchBegin = saved.add("scratch", {largest.count()}).offset;
    if (grow(context.sharedDevice(), memory, saved.count()))
      ++generation;
  }

  /// The batch that was uploaded last.
  std::int64_t batch = 0;
  std::int64_t time = 0;
  DeviceArray<std::int32_t> tokens;
  DeviceArray<float> numbers;
  DeviceArray<float> memory;
  std::int64_t scratchBegin = 0;
  /// How often an allocation has moved.
  std::uint64_t generation = 0;

  /// The residual stream before each branch, and behind the last.
  std::vector<TensorSlice> streams;
  TensorSlice normalised;
  Norm::Saved ofNorm;
  TensorSlice logits;
  TensorSlice dLogits;
  TensorSlice dStream;
  TensorSlice dNormalised;
  TensorSlice dTable;
};

LanguageModel::LanguageModel(const LanguageModelOptions &options,
                             std::optional<CellKernels> cell,
                             std::string cellSource, LayerContext context)
    : modelOptions(options), cellKernels(std::move(cell)),
      cellSource(std::move(cellSource)), layerContext(std::move(context)),
      activations(std::make_unique<Activations>()) {
  checkOptions(options, cellKernels ? &*cellKernels : nullptr);
  places = std::make_unique<Parameters>(
      modelOptions, cellKernels, layerContext.precision(), parameterPlan);
  const std::shared_ptr<Device> &device = layerContext.sharedDevice();
  const auto count = static_cast<std::size_t>(parameterPlan.count());
  values = {device, count};
  values.clear();
  valueGradients = {device, count};
  if (cellKernels && cellKernels->manifest().ioType == "bf16")
    rounded = {device, count};
  if (options.dropout > 0) {
    trainingStep = {device, 1};
    uploadStep(0);
  }
}

LanguageModel::LanguageModel(const LanguageModelOptions &options,
                             CellKernels cell, std::string cellSource,
                             Precision precision)
    : LanguageModel(options, std::optional(cell), std::move(cellSource),
                    LayerContext(cell.device(), precision)) {}

LanguageModel::LanguageModel(const LanguageModelOptions &options,
                             LayerContext context)
    : LanguageModel(options, std::nullopt, {}, std::move(context)) {}

const CellKernels &LanguageModel::cell() const {
  if (!cellKernels)
    throw Error("a Transformer has no cell");
  return *cellKernels;
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
    const bool endsBranch =
        std::ranges::any_of(places->branches, [&](const auto &branch) {
          return branch->residualWeight().offset == parameter.offset;
        });
    if (parameter.name == "embedding.weight") {
      const double deviation =
          modelOptions.tiedEmbedding
              ? 1 / std::sqrt(static_cast<double>(modelOptions.width))
              : 1;
      for (float &value : target)
        value = static_cast<float>(deviation * random.normal());
    } else if (parameter.shape.size() == 2) {
      double bound = 1 / std::sqrt(static_cast<double>(parameter.shape[1]));
      if (endsBranch)
        bound /= std::sqrt(2 * static_cast<double>(modelOptions.layers));
      for (float &value : target)
        value = static_cast<float>(bound * (2 * random.uniform() - 1));
    } else if (parameter.name.ends_with("norm.weight")) {
      std::fill(target.begin(), target.end(), 1.0F);
    } else if (parameter.name.ends_with(".cell.f.bias")) {
      std::fill(target.begin(), target.end(),
                static_cast<float>(modelOptions.forgetBias));
    } else if (parameter.name.ends_with(".bias") ||
               parameter.name.ends_with(".initial")) {
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

template <typename Work>
void LanguageModel::withNumber(const Work &work) const {
  if (rounded.size() > 0)
    work(BFloat16());
  else
    work(0.0F);
}

void LanguageModel::plan(std::int64_t batch, std::int64_t time) {
  withNumber([&](auto number) {
    activations->plan<decltype(number)>(batch, time, modelOptions, *places,
                                        layerContext);
  });
}

void LanguageModel::upload(std::int64_t batch, std::int64_t time,
                           std::span<const std::int32_t> inputs) {
  const std::int64_t rows = elementCount({batch, time}, "batch x time");
  if (modelOptions.isOfNumbers())
    throw Error("this model reads numbers, not tokens");
  if (static_cast<std::int64_t>(inputs.size()) != rows)
    throw Error("expected " + std::to_string(rows) + " tokens, found " +
                std::to_string(inputs.size()));
  checkTokens(inputs);
  plan(batch, time);
  Activations &a = *activations;
  if (grow(layerContext.sharedDevice(), a.tokens, rows))
    ++a.generation;
  a.tokens.upload(inputs);
}

void LanguageModel::upload(std::int64_t batch, std::int64_t time,
                           std::span<const float> numbers) {
  if (!modelOptions.isOfNumbers())
    return Model::upload(batch, time, numbers);
  const std::int64_t count =
      elementCount({batch, time, modelOptions.inputs}, "numbers");
  if (static_cast<std::int64_t>(numbers.size()) != count)
    throw Error("expected " + std::to_string(count) + " numbers, found " +
                std::to_string(numbers.size()));
  plan(batch, time);
  Activations &a = *activations;
  if (grow(layerContext.sharedDevice(), a.numbers, count))
    ++a.generation;
  a.numbers.upload(numbers);
}

void LanguageModel::uploadStep(std::uint64_t step) {
  if (trainingStep.size() > 0)
    trainingStep.upload({&step, 1});
}

void LanguageModel::roundParameters() const {
  if (rounded.size() > 0)
    roundToBFloat16(layerContext, parameterPlan.count(), values.data(),
                    rounded.data());
}

Pass LanguageModel::pass(std::int64_t batch, std::int64_t time) const {
  return {.context = layerContext,
          .batch = batch,
          .time = time,
          .parameters = values.data(),
          .rounded = rounded.data()};
}

template <typename Number>
void LanguageModel::embed(const Pass &pass, const Inputs &inputs,
                          Number *stream) const {
  const std::int64_t width = modelOptions.width;
  if constexpr (std::is_same_v<Number, float>)
    if (modelOptions.isOfNumbers())
      return linearForward(
          layerContext, {pass.rows(), modelOptions.inputs, width},
          inputs.numbers, places->embedding.in(pass.parameters),
          places->inputBias.in(pass.parameters), stream);
  embeddingForward<Number>(
      layerContext, {pass.rows(), modelOptions.vocabulary, width},
      inputs.tokens, places->embedding.in(pass.parameters), stream);
}

template <typename Number> void LanguageModel::forward(const Pass &pass) const {
  const Activations &a = *activations;
  const std::int64_t width = modelOptions.width;
  const auto in = [&](const TensorSlice &slice) {
    return numbersIn<Number>(slice, pass.saved);
  };
  embed(pass, {a.tokens.data(), a.numbers.data()}, in(a.streams.front()));
  if constexpr (std::is_same_v<Number, float>)
    if (pass.step != nullptr)
      dropout(layerContext, {pass.rows() * width, modelOptions.dropout, 0},
              pass.step, in(a.streams.front()), in(a.streams.front()));
  for (std::size_t i = 0; i < places->branches.size(); ++i)
    places->branches[i]->forward(pass, in(a.streams[i]), in(a.streams[i + 1]));
  places->finalNorm.forward(pass, a.ofNorm, pass.saved, in(a.streams.back()),
                            in(a.normalised));
  linearForward(layerContext, {pass.rows(), width, outputSize()},
                in(a.normalised), pass.weight<Number>(places->head),
                places->headBias.in(pass.parameters), a.logits.in(pass.saved));
}

template <typename Number>
void LanguageModel::backward(const Pass &pass) const {
  const Activations &a = *activations;
  const std::int64_t width = modelOptions.width;
  const std::int64_t vocabulary = modelOptions.vocabulary;
  const std::int64_t outputs = outputSize();
  float *g = pass.gradients;
  const auto in = [&](const TensorSlice &slice) {
    return numbersIn<Number>(slice, pass.saved);
  };
  const TensorSlice &dLogits = a.dLogits.count == 0 ? a.logits : a.dLogits;
  if constexpr (!std::is_same_v<Number, float>)
    roundToBFloat16(layerContext, pass.rows() * outputs,
                    a.logits.in(pass.saved), in(dLogits));
  linearBackward(layerContext, {pass.rows(), width, outputs}, in(a.normalised),
                 pass.weight<Number>(places->head), in(dLogits),
                 in(a.dNormalised), places->head.in(g), places->headBias.in(g));
  places->finalNorm.backward(pass, a.ofNorm, in(a.streams.back()),
                             in(a.dNormalised), in(a.dStream),
                             /*accumulate=*/false);
  for (std::size_t i = places->branches.size(); i-- > 0;)
    places->branches[i]->backward(pass, in(a.streams[i]), in(a.dStream));
  if constexpr (std::is_same_v<Number, float>)
    if (pass.step != nullptr)
      dropout(layerContext, {pass.rows() * width, modelOptions.dropout, 0},
              pass.step, in(a.dStream), in(a.dStream));
  if constexpr (std::is_same_v<Number, float>)
    if (modelOptions.isOfNumbers())
      return linearBackward<float>(
          layerContext, {pass.rows(), modelOptions.inputs, width},
          a.numbers.data(), places->embedding.in(pass.parameters),
          in(a.dStream), nullptr, places->embedding.in(g),
          places->inputBias.in(g));
  // The head has written its part of a gradient that both share.
  const bool isShared = modelOptions.tiedEmbedding;
  float *dEmbedding = places->embedding.in(g);
  embeddingBackward(layerContext, {pass.rows(), vocabulary, width},
                    a.tokens.data(), in(a.dStream),
                    isShared ? a.dTable.in(pass.saved) : dEmbedding);
  if (isShared)
    add(layerContext, vocabulary * width, a.dTable.in(pass.saved), dEmbedding);
}

void LanguageModel::enqueueForward(bool training) {
  Activations &a = *activations;
  roundParameters();
  Pass of = pass(a.batch, a.time);
  of.saved = a.memory.data();
  of.scratch = a.memory.data() + a.scratchBegin;
  of.step = training ? trainingStep.data() : nullptr;
  withNumber([&](auto number) { forward<decltype(number)>(of); });
}

float *LanguageModel::outputs() const {
  return activations->logits.in(activations->memory.data());
}

void LanguageModel::enqueueBackward() {
  Activations &a = *activations;
  Pass of = pass(a.batch, a.time);
  of.gradients = valueGradients.data();
  of.saved = a.memory.data();
  of.scratch = a.memory.data() + a.scratchBegin;
  of.step = trainingStep.data();
  withNumber([&](auto number) { backward<decltype(number)>(of); });
}

std::uint64_t LanguageModel::bufferGeneration() const {
  return activations->generation;
}

std::int64_t LanguageModel::stateSize() const {
  std::int64_t size = 0;
  for (const std::unique_ptr<Branch> &branch : places->branches)
    size += branch->stateSize();
  return size;
}

ModelState LanguageModel::initialState(std::int64_t batch) {
  ModelState state{batch,
                   0,
                   {layerContext.sharedDevice(),
                    static_cast<std::size_t>(elementCount(
                        {batch, stateSize()}, "the states of a model"))}};
  float *place = state.values.data();
  for (const std::unique_ptr<Branch> &branch : places->branches) {
    branch->initialState(pass(batch, 0), place);
    place += batch * branch->stateSize();
  }
  return state;
}

template <typename Number>
void LanguageModel::extend(const Pass &pass, std::int64_t position,
                           const Inputs &inputs, float *state,
                           float *outputs) const {
  const std::int64_t rows = pass.rows();
  const std::int64_t width = modelOptions.width;
  const std::shared_ptr<Device> &device = layerContext.sharedDevice();
  const auto room = [&] {
    return DeviceArray<Number>(device, static_cast<std::size_t>(rows * width));
  };
  DeviceArray<Number> stream = room();
  DeviceArray<Number> next = room();
  embed(pass, inputs, stream.data());
  for (const std::unique_ptr<Branch> &branch : places->branches) {
    branch->extend(pass, position, stream.data(), next.data(), state);
    std::swap(stream, next);
    state += pass.batch * branch->stateSize();
  }
  TensorPlan statistics;
  const Norm::Saved ofNorm = places->finalNorm.plan(statistics, rows);
  const DeviceArray<float> base(device,
                                static_cast<std::size_t>(statistics.count()));
  places->finalNorm.forward(pass, ofNorm, base.data(), stream.data(),
                            next.data());
  linearForward<Number>(layerContext, {rows, width, outputSize()}, next.data(),
                        pass.weight<Number>(places->head),
                        places->headBias.in(pass.parameters), outputs);
}

std::int64_t LanguageModel::stepsOf(const ModelState &state, std::size_t inputs,
                                    std::int64_t columns,
                                    std::size_t outputs) const {
  const auto count = static_cast<std::int64_t>(inputs);
  const std::int64_t row = state.batch * columns;
  const std::int64_t time = row > 0 ? count / row : 0;
  if (count != row * time ||
      static_cast<std::int64_t>(outputs) !=
          elementCount({state.batch, time, outputSize()}, "outputs"))
    throw Error("a step of " + std::to_string(state.batch) +
                " rows needs as many inputs for each, and " +
                std::to_string(outputSize()) +
                " outputs for each step; found " + std::to_string(count) +
                " inputs and room for " + std::to_string(outputs) + " outputs");
  return time;
}

void LanguageModel::step(ModelState &state, std::int64_t time,
                         const Inputs &inputs, std::span<float> outputs) {
  const DeviceArray<float> there(layerContext.sharedDevice(), outputs.size());
  roundParameters();
  withNumber([&](auto number) {
    extend<decltype(number)>(pass(state.batch, time), state.position, inputs,
                             state.values.data(), there.data());
  });
  state.position += time;
  there.download(outputs);
}

void LanguageModel::step(ModelState &state,
                         std::span<const std::int32_t> inputs,
                         std::span<float> outputs) {
  if (modelOptions.isOfNumbers())
    throw Error("this model reads numbers, not tokens");
  const std::int64_t time = stepsOf(state, inputs.size(), 1, outputs.size());
  checkTokens(inputs);
  if (time == 0)
    return;
  const DeviceArray<std::int32_t> there(layerContext.sharedDevice(), inputs);
  step(state, time, {.tokens = there.data()}, outputs);
}

void LanguageModel::step(ModelState &state, std::span<const float> numbers,
                         std::span<float> outputs) {
  if (!modelOptions.isOfNumbers())
    return Model::step(state, numbers, outputs);
  const std::int64_t time =
      stepsOf(state, numbers.size(), modelOptions.inputs, outputs.size());
  if (time == 0)
    return;
  const DeviceArray<float> there(layerContext.sharedDevice(), numbers);
  step(state, time, {.numbers = there.data()}, outputs);
}
