//===- CellRun.cpp - One run of a cell, as exact as f32 allows ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRun.h"

#include "runtime/core/HalfStorage.h"
#include "runtime/tools/CellRunState.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// All gates' weights, one behind the other.
std::vector<float> packedWeights(const std::vector<GateWeights> &gates) {
  std::vector<float> packed;
  for (const GateWeights &gate : gates)
    packed.insert(packed.end(), gate.weight.begin(), gate.weight.end());
  return packed;
}

/// All gates' biases, zero for a gate without; none where no gate has one.
std::vector<float> packedBiases(const std::vector<GateWeights> &gates,
                                std::int64_t channels) {
  std::vector<float> packed;
  for (const GateWeights &gate : gates) {
    packed.insert(packed.end(), gate.bias.begin(), gate.bias.end());
    if (gate.bias.empty())
      packed.resize(packed.size() + static_cast<std::size_t>(channels));
  }
  const bool hasBias =
      std::any_of(gates.begin(), gates.end(),
                  [](const GateWeights &gate) { return gate.hasBias; });
  return hasBias ? packed : std::vector<float>();
}

} // namespace

CellRun::CellRun(const CellKernels &cell, const CellInputs &given,
                 const RunModes &modes, bool allowsNonFinite)
    : cell(cell), manifest(cell.manifest()), inputs(given), modes(modes),
      allowsNonFinite(allowsNonFinite),
      bias(packedBiases(given.gates, given.channels)),
      recurrentBias(packedBiases(given.recurrent, given.channels)) {
  const bool hasInitial =
      std::find(inputs.hasInitial.begin(), inputs.hasInitial.end(), true) !=
      inputs.hasInitial.end();
  if (!hasInitial)
    inputs.initial.clear();
  if (!inputs.hasDLast)
    inputs.dLast.clear();
}

LayerRun CellRun::layerOf(std::int64_t time, bool reverse,
                          bool training) const {
  LayerRun layer(cell, {inputs.batch, time, inputs.inputs, inputs.channels},
                 {.reverse = reverse, .training = training}, allowsNonFinite);
  layer.set("weight", packedWeights(inputs.gates));
  layer.set("bias", bias);
  layer.set("recurrent_weight", packedWeights(inputs.recurrent));
  layer.set("recurrent_bias", recurrentBias);
  layer.set("parameters", inputs.parameters);
  for (const char *result : {"output", "last"})
    layer.want(result);
  return layer;
}

void CellRun::forward() {
  whole.emplace(layerOf(inputs.time, modes.reverse, true));
  whole->set("input", inputs.x);
  whole->set("reset", inputs.reset);
  whole->set("initial", inputs.initial);
  whole->run(Procedure::Forward);
  output = whole->get("output");
  last = whole->get("last");
  preactivations = whole->own(Procedure::Forward, "preactivations");
  recurrent = whole->own(Procedure::Forward, "recurrent");
  inner = whole->own(Procedure::Forward, "inner");
  states = whole->own(Procedure::Forward, "states");
  if (cell.manifest().readsInput())
    x = whole->get("input");
}

void minrnn::roundTo(const std::string &ioType, std::vector<float> &numbers) {
  const ElementType type = elementTypeOf(ioType);
  if (type != ElementType::F32)
    for (float &number : numbers)
      number = widen(type, narrow(type, number));
}

void CellRun::toStep(const std::vector<float> &step, std::int64_t t,
                     std::vector<float> &sequence) const {
  sequence.resize(step.size() * static_cast<std::size_t>(inputs.time));
  auto next = step.begin();
  eachRowOf(sequence.size(), t,
            [&](std::ptrdiff_t first, std::ptrdiff_t count) {
              std::copy_n(next, count, sequence.begin() + first);
              next += count;
            });
}

void CellRun::setStep(LayerRun &layer, std::int64_t t) const {
  layer.set("input", ofStep(inputs.x, t));
  layer.set("reset", ofStep(inputs.reset, t));
}

void CellRun::forwardBySteps() {
  LayerRun layer = layerOf(1, false, false);
  last = inputs.initial;
  last.resize(static_cast<std::size_t>(inputs.batch * stateWidth()));
  states.clear();
  for (std::int64_t p = 0; p < inputs.time; ++p) {
    const std::int64_t t = stepAt(p);
    setStep(layer, t);
    statesBefore.push_back(last);
    layer.set("initial", last);
    layer.run(Procedure::Step);
    last = layer.get("last");
    toStep(layer.get("output"), t, output);
    if (!manifest.outputIsState())
      toStep(last, t, states);
    toStep(layer.own(Procedure::Step, "preactivations"), t, preactivations);
    toStep(layer.own(Procedure::Step, "recurrent"), t, recurrent);
    toStep(layer.own(Procedure::Step, "inner"), t, inner);
    if (manifest.readsInput())
      toStep(layer.get("input"), t, x);
  }
  // The carried states are f32; a sequence of them is what forward stores.
  roundTo(manifest.ioType, states);
  output.resize(
      static_cast<std::size_t>(inputs.batch * inputs.time * inputs.channels));
}

std::vector<float> CellRun::takeState(const std::vector<float> &packed,
                                      std::size_t state) const {
  const auto h = static_cast<std::size_t>(inputs.channels);
  const std::size_t width = manifest.states.size() * h;
  std::vector<float> taken;
  for (std::size_t at = state * h; at < packed.size(); at += width)
    taken.insert(taken.end(), packed.begin() + static_cast<std::ptrdiff_t>(at),
                 packed.begin() + static_cast<std::ptrdiff_t>(at + h));
  return taken;
}

void CellRun::addResults(CellOutputs &outputs) {
  const std::vector<std::int64_t> sequence = {inputs.batch, inputs.time,
                                              inputs.channels};
  for (std::size_t s = 0; s < manifest.states.size(); ++s) {
    const std::string &state = manifest.states[s];
    if (state != manifest.output && !states.empty())
      outputs.add(state, sequence, takeState(states, s));
    outputs.add(state + "_last", {inputs.batch, inputs.channels},
                takeState(last, s));
  }
  outputs.add(manifest.output, sequence, std::move(output));
}

void CellOutputs::add(std::string name, std::vector<std::int64_t> shape,
                      std::vector<float> data) {
  results.push_back({std::move(name), std::move(shape), std::move(data)});
}

std::vector<TensorToWrite> CellOutputs::tensors() const {
  std::vector<TensorToWrite> views;
  views.reserve(results.size());
  for (const Tensor &tensor : results)
    views.push_back({tensor.name, tensor.shape, tensor.data});
  return views;
}

CellOutputs minrnn::runCell(const CellKernels &cell, const CellInputs &inputs,
                            const RunModes &modes, NonFiniteReport &report) {
  CellRun run(cell, inputs, modes, report.isAllowed());
  CellOutputs outputs;
  if (modes.bySteps)
    run.forwardBySteps();
  else
    run.forward();
  const auto add = [&](const std::string &words) {
    if (!words.empty())
      report.add(words);
  };
  if (report.isEmpty())
    add(run.describeNonFinite(report));
  if (inputs.wantsGradients) {
    run.addGradients(outputs);
    if (report.isEmpty())
      add(run.describeNonFiniteGradient(outputs));
  }
  run.addResults(outputs);
  return outputs;
}
