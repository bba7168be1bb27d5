//===- RecurrentLayer.cpp - The recurrent layer of a model ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/RecurrentLayer.h"

#include "minrnn/recurrent.h"

#include <vector>

using namespace minrnn;

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

RecurrentLayer::Saved RecurrentLayer::planSaved(TensorPlan &plan,
                                                std::int64_t batch,
                                                std::int64_t time) const {
  const auto perStep = [&](const char *name, std::int64_t perChannel) {
    return plan.add(name, {batch, time, perChannel, channels});
  };
  const bool recomputes = cell.recomputesStates();
  const bool keepsStates = !recomputes && !cell.manifest().plain;
  Saved saved;
  saved.preactivations = perStep("the pre-activations", cell.gates());
  saved.recurrent = perStep("the recurrent projections", cell.recurrent());
  saved.chained = perStep("the values computed within a step", cell.chained());
  saved.trajectory = perStep("the states", keepsStates ? cell.states() : 0);
  saved.boundaries = plan.add(
      "the states at tile boundaries",
      {batch, recomputes ? cell.timeTiles(time) : 0, cell.states(), channels});
  saved.output = perStep("the hidden output", 1);
  return saved;
}

RecurrentLayer::Scratch RecurrentLayer::planScratch(TensorPlan &plan,
                                                    std::int64_t batch,
                                                    std::int64_t time) const {
  const auto perStep = [&](const char *name, std::int64_t perChannel) {
    return plan.add(name, {batch, time, perChannel, channels});
  };
  const auto perRow = [&](const char *name, std::int64_t perChannel) {
    return plan.add(name, {batch, perChannel, channels});
  };
  Scratch scratch;
  scratch.states = perRow("the states of a step", cell.states());
  scratch.dPreactivations =
      perStep("the gradients of the pre-activations", cell.gates());
  scratch.dRecurrent =
      perStep("the gradients of the recurrent projections", cell.recurrent());
  scratch.dChained = perStep(
      "the gradients of the values computed within a step", cell.chained());
  scratch.dBiasOfRows = perRow("each row's gradients of biases", cell.gates());
  scratch.dRecurrentBiasOfRows =
      perRow("each row's gradients of recurrent biases", cell.recurrent());
  scratch.dParametersOfRows = perRow(
      "each row's gradients of the cell's parameters", cell.parameters());
  return scratch;
}

void RecurrentLayer::forward(const LayerContext &context, std::int64_t batch,
                             std::int64_t time, const Arrays &arrays,
                             const Parameters &parameters, const Saved &saved,
                             const Scratch &scratch, const float *input) const {
  float *p = arrays.parameters;
  float *a = arrays.activations;
  recurrentForward(context, cell, {batch, time, inputs, channels},
                   {.input = input,
                    .weight = parameters.gateWeights.in(p),
                    .bias = parameters.gateBiases.in(p),
                    .recurrentWeight = parameters.recurrentWeights.in(p),
                    .recurrentBias = parameters.recurrentBiases.in(p),
                    .parameters = parameters.cellParameters.in(p),
                    .preactivations = saved.preactivations.in(a),
                    .recurrent = saved.recurrent.in(a),
                    .chained = saved.chained.in(a),
                    .output = saved.output.in(a),
                    .trajectory = saved.trajectory.in(a),
                    .boundaries = saved.boundaries.in(a),
                    .last = scratch.states.in(a)});
}

void RecurrentLayer::backward(const LayerContext &context, std::int64_t batch,
                              std::int64_t time, const Arrays &arrays,
                              const Parameters &parameters, const Saved &saved,
                              const Scratch &scratch, const float *input,
                              const float *dOutput, float *dInput) const {
  float *p = arrays.parameters;
  float *g = arrays.gradients;
  float *a = arrays.activations;
  recurrentBackward(context, cell, {batch, time, inputs, channels},
                    {.input = input,
                     .weight = parameters.gateWeights.in(p),
                     .bias = parameters.gateBiases.in(p),
                     .recurrentWeight = parameters.recurrentWeights.in(p),
                     .recurrentBias = parameters.recurrentBiases.in(p),
                     .parameters = parameters.cellParameters.in(p),
                     .preactivations = saved.preactivations.in(a),
                     .recurrent = saved.recurrent.in(a),
                     .chained = saved.chained.in(a),
                     .output = saved.output.in(a),
                     .trajectory = saved.trajectory.in(a),
                     .boundaries = saved.boundaries.in(a),
                     .dOutput = dOutput,
                     .dPreactivations = scratch.dPreactivations.in(a),
                     .dRecurrent = scratch.dRecurrent.in(a),
                     .dChained = scratch.dChained.in(a),
                     .dBiasOfRows = scratch.dBiasOfRows.in(a),
                     .dRecurrentBiasOfRows = scratch.dRecurrentBiasOfRows.in(a),
                     .dParametersOfRows = scratch.dParametersOfRows.in(a),
                     .dInput = dInput,
                     .dWeight = parameters.gateWeights.in(g),
                     .dBias = parameters.gateBiases.in(g),
                     .dRecurrentWeight = parameters.recurrentWeights.in(g),
                     .dRecurrentBias = parameters.recurrentBiases.in(g),
                     .dParameters = parameters.cellParameters.in(g),
                     .dInitial = scratch.states.in(a)});
}

void RecurrentLayer::step(const LayerContext &context, std::int64_t batch,
                          const Arrays &arrays, const Parameters &parameters,
                          const Saved &saved, const float *input,
                          float *state) const {
  float *p = arrays.parameters;
  float *a = arrays.activations;
  recurrentStep(context, cell, {batch, 1, inputs, channels},
                {.input = input,
                 .weight = parameters.gateWeights.in(p),
                 .bias = parameters.gateBiases.in(p),
                 .recurrentWeight = parameters.recurrentWeights.in(p),
                 .recurrentBias = parameters.recurrentBiases.in(p),
                 .parameters = parameters.cellParameters.in(p),
                 .preactivations = saved.preactivations.in(a),
                 .recurrent = saved.recurrent.in(a),
                 .chained = saved.chained.in(a),
                 .state = state,
                 .output = saved.output.in(a)});
}
