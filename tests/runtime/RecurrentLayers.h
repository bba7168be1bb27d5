//===- RecurrentLayers.h - Layers run beside their references ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_RECURRENTLAYERS_H
#define MINRNN_TESTS_RUNTIME_RECURRENTLAYERS_H

#include "minrnn/layer.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/ReferenceRecurrent.h"

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace minrnn::test {

/// A random layer of `cell`, biases and initial states given. A cell that reads
/// its channel has as many inputs as channels.
inline ReferenceLayer randomLayer(const CellKernels &cell, std::size_t batch,
                                  std::size_t time, std::size_t inputs,
                                  std::size_t channels,
                                  std::uint64_t seed = 1) {
  ReferenceLayer layer;
  layer.batch = batch;
  layer.time = time;
  const Manifest &manifest = cell.manifest();
  layer.inputs = manifest.readsInput() ? channels : inputs;
  layer.channels = channels;
  const auto numbers = [&](std::size_t count, double scale = 1) {
    return randomNumbers(static_cast<std::int64_t>(count), seed++, scale);
  };
  const auto g = static_cast<std::size_t>(manifest.size(Axis::Gates));
  const auto r = static_cast<std::size_t>(manifest.size(Axis::Recurrent));
  const auto p = static_cast<std::size_t>(manifest.size(Axis::Parameters));
  const auto s = static_cast<std::size_t>(manifest.size(Axis::States));
  layer.x = numbers(batch * time * layer.inputs);
  layer.weight = numbers(g * channels * layer.inputs, 0.5);
  layer.bias = numbers(g * channels);
  layer.recurrentWeight = numbers(r * channels * channels, 0.5);
  layer.recurrentBias = numbers(r * channels);
  layer.parameters = numbers(p * channels);
  layer.initial = numbers(batch * s * channels);
  return layer;
}

/// Arrays in f32; null where empty.
class Floats {
public:
  Floats() = default;
  explicit Floats(const Numbers &numbers) : data(toFloats(numbers)) {}
  explicit Floats(std::size_t count) : data(count, NAN) {}

  float *get() { return data.empty() ? nullptr : data.data(); }
  std::vector<float> data;
};

/// A layer in f32 on the host, with every tensor of its forward and its
/// backward.
struct LayerRun {
  LayerRun(const CellKernels &cell, const ReferenceLayer &reference)
      : cell(cell), reference(reference),
        layer(cell,
              {.batch = static_cast<std::int64_t>(reference.batch),
               .time = static_cast<std::int64_t>(reference.time),
               .inputs = static_cast<std::int64_t>(reference.inputs),
               .channels = static_cast<std::int64_t>(reference.channels)},
              {.reverse = reference.reverse}),
        input(reference.x), weight(reference.weight), bias(reference.bias),
        recurrentWeight(reference.recurrentWeight),
        recurrentBias(reference.recurrentBias),
        parameters(reference.parameters), initial(reference.initial) {
    const Manifest &manifest = cell.manifest();
    const std::size_t h = reference.channels;
    const auto ofChannels = [&](Axis axis) {
      return static_cast<std::size_t>(manifest.size(axis)) * h;
    };
    output = Floats(reference.batch * reference.time * h);
    last = Floats(reference.batch * ofChannels(Axis::States));
    dInput = Floats(reference.x.size());
    dWeight = Floats(reference.weight.size());
    dBias = Floats(ofChannels(Axis::Gates));
    dRecurrentWeight = Floats(reference.recurrentWeight.size());
    dRecurrentBias = Floats(ofChannels(Axis::Recurrent));
    dParameters = Floats(ofChannels(Axis::Parameters));
    dInitial = last;
  }

  /// The weights of the layer.
  std::vector<NamedTensor> weights() {
    return {{"weight", weight.get()},
            {"bias", bias.get()},
            {"recurrent_weight", recurrentWeight.get()},
            {"recurrent_bias", recurrentBias.get()},
            {"parameters", parameters.get()}};
  }
  /// The weights and their gradients.
  std::vector<NamedTensor> weightsAndGradients() {
    std::vector<NamedTensor> tensors = weights();
    for (const NamedTensor &tensor : std::initializer_list<NamedTensor>{
             {"d_weight", dWeight.get()},
             {"d_bias", dBias.get()},
             {"d_recurrent_weight", dRecurrentWeight.get()},
             {"d_recurrent_bias", dRecurrentBias.get()},
             {"d_parameters", dParameters.get()}})
      tensors.push_back(tensor);
    return tensors;
  }

  void forward() { layer.forward(withSequence(weights())); }
  void backward(const float *dOutput, const float *dLast) {
    std::vector<NamedTensor> tensors = withSequence(weightsAndGradients());
    tensors.emplace_back("d_output", dOutput);
    tensors.emplace_back("d_last", dLast);
    tensors.emplace_back("d_input", dInput.get());
    tensors.emplace_back("d_initial", dInitial.get());
    layer.backward(tensors);
  }

  /// [B, T, S, H], as forward saved them; empty where it did not.
  std::vector<float> states() const {
    const std::uint64_t address = layer.address(Procedure::Forward, "states");
    if (address == 0)
      return {};
    std::vector<float> copy(layer.tensor("states").bytes / sizeof(float));
    cell.device()->copyToHost(copy.data(), address,
                              copy.size() * sizeof(float));
    return copy;
  }

  CellKernels cell;
  ReferenceLayer reference;
  Layer layer;
  Floats input, weight, bias, recurrentWeight, recurrentBias, parameters,
      initial;
  Floats output, last;
  Floats dInput, dWeight, dBias, dRecurrentWeight, dRecurrentBias, dParameters,
      dInitial;

private:
  std::vector<NamedTensor> withSequence(std::vector<NamedTensor> tensors) {
    tensors.emplace_back("input", input.get());
    tensors.emplace_back(
        "reset", reference.reset.empty() ? nullptr : reference.reset.data());
    tensors.emplace_back("initial", initial.get());
    tensors.emplace_back("output", output.get());
    tensors.emplace_back("last", last.get());
    return tensors;
  }
};

/// Bounds of what is held to the reference.
struct LayerBounds {
  double forward = 1e-5;
  double backward = 1e-4;
  /// Of numbers of order one that nearly cancel.
  double absolute = 5e-6;
};

/// Runs `layer` forward and backward and holds every result to what the
/// reference makes of the `equations`.
inline void expectLayerAgrees(const CellKernels &cell,
                              const ReferenceLayer &layer,
                              const reference::ParsedCell &equations,
                              const LayerBounds &bounds = {}) {
  LayerRun run(cell, layer);
  run.forward();
  const ReferenceRun expected = evaluate(equations, layer);
  const auto compare = [&](const Floats &found, const Numbers &numbers,
                           double relative, const char *name) {
    expectClose(found.data, numbers, relative, bounds.absolute, name);
  };
  compare(run.output, expected.output, bounds.forward, "output");
  if (const std::vector<float> states = run.states(); !states.empty())
    expectClose(states, expected.states, bounds.forward, bounds.absolute,
                "states");
  compare(run.last, expected.last, bounds.forward, "last");

  const Numbers dOutput =
      randomNumbers(static_cast<std::int64_t>(expected.output.size()), 101);
  const Numbers dLast =
      randomNumbers(static_cast<std::int64_t>(expected.last.size()), 102);
  run.backward(toFloats(dOutput).data(), toFloats(dLast).data());
  const ReferenceLayer gradients =
      differentiate(equations, layer, dOutput, dLast);
  compare(run.dInput, gradients.x, bounds.backward, "dInput");
  compare(run.dWeight, gradients.weight, bounds.backward, "dWeight");
  compare(run.dBias, gradients.bias, bounds.backward, "dBias");
  compare(run.dRecurrentWeight, gradients.recurrentWeight, bounds.backward,
          "dRecurrentWeight");
  compare(run.dRecurrentBias, gradients.recurrentBias, bounds.backward,
          "dRecurrentBias");
  compare(run.dParameters, gradients.parameters, bounds.backward,
          "dParameters");
  compare(run.dInitial, gradients.initial, bounds.backward, "dInitial");
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_RECURRENTLAYERS_H
