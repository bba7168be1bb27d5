//===- CellRunGradients.cpp - The gradients of a run of a cell ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRunState.h"

#include <algorithm>

using namespace minrnn;

/// By the tensors' names, without the `d_`.
struct CellRun::Gradients {
  /// [B, T, D] and [B, S, H]
  std::vector<float> input;
  std::vector<float> initial;
  std::map<std::string, std::vector<double>> sums;

  void add(const LayerRun &layer, const char *name) {
    std::vector<double> &sum = sums[name];
    const std::vector<float> part = layer.get("d_" + std::string(name));
    sum.resize(part.size());
    for (std::size_t i = 0; i < part.size(); ++i)
      sum[i] += part[i];
  }
};

namespace {

constexpr const char *summed[] = {"weight", "bias", "recurrent_weight",
                                  "recurrent_bias", "parameters"};

void wantGradients(LayerRun &layer) {
  layer.want("d_input");
  layer.want("d_initial");
  for (const char *name : summed)
    layer.want("d_" + std::string(name));
}

/// The part of a packed [n, size] array that belongs to one gate, as f32.
std::vector<float> partOfGate(const std::vector<double> &packed,
                              std::size_t gate, std::int64_t size) {
  const auto begin = packed.begin() + static_cast<std::ptrdiff_t>(gate) * size;
  return {begin, begin + size};
}

} // namespace

CellRun::Gradients CellRun::backward() {
  whole->set("d_output", inputs.dOutput);
  whole->set("d_last", inputs.dLast);
  wantGradients(*whole);
  whole->run(Procedure::Backward);
  Gradients gradients;
  gradients.input = whole->get("d_input");
  gradients.initial = whole->get("d_initial");
  for (const char *name : summed)
    gradients.add(*whole, name);
  return gradients;
}

CellRun::Gradients CellRun::backwardBySteps() const {
  Gradients gradients;
  gradients.input.resize(inputs.x.size());
  gradients.initial = inputs.dLast;
  LayerRun layer = layerOf(1, false, true);
  wantGradients(layer);
  for (std::int64_t p = inputs.time; p-- > 0;) {
    const std::int64_t t = stepAt(p);
    setStep(layer, t);
    layer.set("initial", statesBefore[static_cast<std::size_t>(p)]);
    layer.run(Procedure::Forward);
    layer.set("d_output", ofStep(inputs.dOutput, t));
    layer.set("d_last", gradients.initial);
    layer.run(Procedure::Backward);
    toStep(layer.get("d_input"), t, gradients.input);
    gradients.initial = layer.get("d_initial");
    for (const char *name : summed)
      gradients.add(layer, name);
  }
  // Without a step, the sums are zero.
  if (inputs.time == 0)
    for (const char *name : summed)
      gradients.sums[name].resize(layer.get("d_" + std::string(name)).size());
  gradients.initial.resize(last.size());
  return gradients;
}

void CellRun::addGradients(CellOutputs &outputs) {
  const std::int64_t h = inputs.channels;
  Gradients gradients = modes.bySteps ? backwardBySteps() : backward();
  const auto addGates = [&](const std::vector<GateWeights> &gates,
                            const std::string &prefix, std::int64_t width) {
    for (std::size_t g = 0; g < gates.size(); ++g) {
      outputs.add("d_" + gates[g].name + ".weight", {h, width},
                  partOfGate(gradients.sums[prefix + "weight"], g, h * width));
      if (gates[g].hasBias)
        outputs.add("d_" + gates[g].name + ".bias", {h},
                    partOfGate(gradients.sums[prefix + "bias"], g, h));
    }
  };
  outputs.add("d_x", {inputs.batch, inputs.time, inputs.inputs},
              std::move(gradients.input));
  addGates(inputs.gates, "", inputs.inputs);
  addGates(inputs.recurrent, "recurrent_", h);
  for (std::size_t p = 0; p < manifest.parameters.size(); ++p)
    outputs.add("d_" + manifest.parameters[p], {h},
                partOfGate(gradients.sums["parameters"], p, h));
  for (std::size_t s = 0; s < manifest.states.size(); ++s)
    if (inputs.hasInitial[s])
      outputs.add("d_" + manifest.states[s] + "0", {inputs.batch, h},
                  takeState(gradients.initial, s));
}
