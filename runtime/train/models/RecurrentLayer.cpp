//===- RecurrentLayer.cpp - The recurrent layer of a model ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/RecurrentLayer.h"

#include "minrnn/error.h"
#include "runtime/core/DeviceAddress.h"

#include <vector>

using namespace minrnn;

RecurrentLayer::RecurrentLayer(CellKernels cell, std::int64_t inputs,
                               std::int64_t channels)
    : cell(std::move(cell)), inputs(inputs), channels(channels) {
  const Manifest &manifest = this->cell.manifest();
  if (manifest.ioType != "f32")
    throw Error("a model works on f32; cell '" + manifest.cell +
                "' reads and writes " + manifest.ioType);
}

RecurrentLayer::Parameters
RecurrentLayer::planParameters(TensorPlan &plan,
                               const std::string &prefix) const {
  const Manifest &manifest = cell.manifest();
  std::vector<std::string> recurrent;
  recurrent.reserve(manifest.recurrent.size());
  for (const RecurrentProjection &gate : manifest.recurrent)
    recurrent.push_back(gate.name);
  const auto add = [&](const std::vector<std::string> &names,
                       const char *ending,
                       const std::vector<std::int64_t> &shape) {
    TensorSlice all{plan.count(), 0};
    for (const std::string &name : names)
      all.count += plan.add(prefix + name + ending, shape).count;
    return all;
  };
  Parameters parameters;
  parameters.gateWeights = add(manifest.gates, ".weight", {channels, inputs});
  parameters.gateBiases = add(manifest.gates, ".bias", {channels});
  parameters.recurrentWeights = add(recurrent, ".weight", {channels, channels});
  parameters.recurrentBiases = add(recurrent, ".bias", {channels});
  parameters.cellParameters = add(manifest.parameters, "", {channels});
  return parameters;
}

/// Room for `bytes` of a layer, in floats.
static TensorSlice addBytes(TensorPlan &plan, const char *name,
                            std::uint64_t bytes) {
  return plan.add(name, {static_cast<std::int64_t>(bytes / sizeof(float))});
}

RecurrentLayer::Saved RecurrentLayer::planSaved(TensorPlan &plan,
                                                std::int64_t batch,
                                                std::int64_t time) const {
  return {.own = addBytes(plan, "what a layer saves",
                          planLayer(cell.manifest(), sizes(batch, time)).saved),
          .output = plan.add("the hidden output", {batch, time, channels})};
}

RecurrentLayer::Scratch RecurrentLayer::planScratch(TensorPlan &plan,
                                                    std::int64_t batch,
                                                    std::int64_t time) const {
  return addBytes(plan, "a layer's scratch",
                  planLayer(cell.manifest(), sizes(batch, time)).scratch);
}

Layer RecurrentLayer::layer(std::int64_t batch, std::int64_t time,
                            const Arrays &arrays, const Saved &saved,
                            const Scratch &scratch) const {
  return {cell,
          sizes(batch, time),
          {},
          {.saved = addressOf(saved.own.in(arrays.activations)),
           .scratch = addressOf(scratch.in(arrays.activations))}};
}

void RecurrentLayer::forward(const LayerContext & /*context*/,
                             std::int64_t batch, std::int64_t time,
                             const Arrays &arrays, const Parameters &parameters,
                             const Saved &saved, const Scratch &scratch,
                             const float *input) const {
  float *p = arrays.parameters;
  layer(batch, time, arrays, saved, scratch)
      .forward({{"input", input},
                {"weight", parameters.gateWeights.in(p)},
                {"bias", parameters.gateBiases.in(p)},
                {"recurrent_weight", parameters.recurrentWeights.in(p)},
                {"recurrent_bias", parameters.recurrentBiases.in(p)},
                {"parameters", parameters.cellParameters.in(p)},
                {"output", saved.output.in(arrays.activations)}});
}

void RecurrentLayer::backward(const LayerContext & /*context*/,
                              std::int64_t batch, std::int64_t time,
                              const Arrays &arrays,
                              const Parameters &parameters, const Saved &saved,
                              const Scratch &scratch, const float *input,
                              const float *dOutput, float *dInput) const {
  float *p = arrays.parameters;
  float *g = arrays.gradients;
  layer(batch, time, arrays, saved, scratch)
      .backward({{"input", input},
                 {"weight", parameters.gateWeights.in(p)},
                 {"bias", parameters.gateBiases.in(p)},
                 {"recurrent_weight", parameters.recurrentWeights.in(p)},
                 {"recurrent_bias", parameters.recurrentBiases.in(p)},
                 {"parameters", parameters.cellParameters.in(p)},
                 {"output", saved.output.in(arrays.activations)},
                 {"d_output", dOutput},
                 {"d_input", dInput},
                 {"d_weight", parameters.gateWeights.in(g)},
                 {"d_bias", parameters.gateBiases.in(g)},
                 {"d_recurrent_weight", parameters.recurrentWeights.in(g)},
                 {"d_recurrent_bias", parameters.recurrentBiases.in(g)},
                 {"d_parameters", parameters.cellParameters.in(g)}});
}

void RecurrentLayer::step(const LayerContext & /*context*/, std::int64_t batch,
                          const Arrays &arrays, const Parameters &parameters,
                          const Saved &saved, const float *input,
                          float *state) const {
  float *p = arrays.parameters;
  Layer(cell, sizes(batch, 1), {.training = false})
      .step({{"input", input},
             {"weight", parameters.gateWeights.in(p)},
             {"bias", parameters.gateBiases.in(p)},
             {"recurrent_weight", parameters.recurrentWeights.in(p)},
             {"recurrent_bias", parameters.recurrentBiases.in(p)},
             {"parameters", parameters.cellParameters.in(p)},
             {"initial", state},
             {"output", saved.output.in(arrays.activations)},
             {"last", state}});
}
