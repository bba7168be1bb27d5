//===- RecurrentLayers.h - Layers run beside their judges -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_RECURRENTLAYERS_H
#define MINRNN_TESTS_RUNTIME_RECURRENTLAYERS_H

#include "minrnn/recurrent.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/ReferenceRecurrent.h"

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
  layer.inputs = cell.readsInput() ? channels : inputs;
  layer.channels = channels;
  const auto numbers = [&](std::size_t count, double scale = 1) {
    return randomNumbers(static_cast<std::int64_t>(count), seed++, scale);
  };
  const auto g = static_cast<std::size_t>(cell.gates());
  const auto r = static_cast<std::size_t>(cell.recurrent());
  const auto p = static_cast<std::size_t>(cell.parameters());
  const auto s = static_cast<std::size_t>(cell.states());
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

/// A layer in f32, with every buffer of its forward and its backward.
struct LayerRun {
  LayerRun(const CellKernels &cell, const ReferenceLayer &layer)
      : cell(cell), layer(layer),
        shape{static_cast<std::int64_t>(layer.batch),
              static_cast<std::int64_t>(layer.time),
              static_cast<std::int64_t>(layer.inputs),
              static_cast<std::int64_t>(layer.channels)},
        x(layer.x), weight(layer.weight), bias(layer.bias),
        recurrentWeight(layer.recurrentWeight),
        recurrentBias(layer.recurrentBias), parameters(layer.parameters),
        initial(layer.initial) {
    const std::size_t steps = layer.batch * layer.time;
    const std::size_t h = layer.channels;
    const auto g = static_cast<std::size_t>(cell.gates());
    const auto r = static_cast<std::size_t>(cell.recurrent());
    const auto p = static_cast<std::size_t>(cell.parameters());
    const auto s = static_cast<std::size_t>(cell.states());
    const auto c = static_cast<std::size_t>(cell.chained());
    preactivations = Floats(steps * g * h);
    recurrent = Floats(steps * r * h);
    chained = Floats(steps * c * h);
    output = Floats(steps * h);
    if (cell.recomputesStates())
      boundaries =
          Floats(layer.batch *
                 static_cast<std::size_t>(cell.timeTiles(shape.time)) * s * h);
    else if (!cell.manifest().plain)
      trajectory = Floats(steps * s * h);
    last = Floats(layer.batch * s * h);
    dPreactivations = preactivations;
    dRecurrent = recurrent;
    dChained = chained;
    dBiasOfRows = Floats(layer.batch * g * h);
    dRecurrentBiasOfRows = Floats(layer.batch * r * h);
    dParametersOfRows = Floats(layer.batch * p * h);
    dInput = Floats(layer.x.size());
    dWeight = Floats(layer.weight.size());
    dBias = Floats(g * h);
    dRecurrentWeight = Floats(layer.recurrentWeight.size());
    dRecurrentBias = Floats(r * h);
    dParameters = Floats(p * h);
    dInitial = Floats(layer.batch * s * h);
  }

  RecurrentForwardArguments forwardArguments() {
    return {.input = x.get(),
            .weight = weight.get(),
            .bias = bias.get(),
            .recurrentWeight = recurrentWeight.get(),
            .recurrentBias = recurrentBias.get(),
            .parameters = parameters.get(),
            .reset = layer.reset.empty() ? nullptr : layer.reset.data(),
            .initial = initial.get(),
            .preactivations = preactivations.get(),
            .recurrent = recurrent.get(),
            .chained = chained.get(),
            .output = output.get(),
            .trajectory = trajectory.get(),
            .boundaries = boundaries.get(),
            .last = last.get(),
            .reverse = layer.reverse};
  }

  /// The gradients of what `forward` has run with.
  RecurrentBackwardArguments backwardArguments(const float *dOutput,
                                               const float *dLast) {
    return {.input = x.get(),
            .weight = weight.get(),
            .bias = bias.get(),
            .recurrentWeight = recurrentWeight.get(),
            .recurrentBias = recurrentBias.get(),
            .parameters = parameters.get(),
            .reset = layer.reset.empty() ? nullptr : layer.reset.data(),
            .initial = initial.get(),
            .preactivations = preactivations.get(),
            .recurrent = recurrent.get(),
            .chained = chained.get(),
            // What is recomputed must not be read.
            .output = cell.recomputesStates() ? nullptr : output.get(),
            .trajectory = trajectory.get(),
            .boundaries = boundaries.get(),
            .dOutput = dOutput,
            .dLast = dLast,
            .dPreactivations = dPreactivations.get(),
            .dRecurrent = dRecurrent.get(),
            .dChained = dChained.get(),
            .dBiasOfRows = dBiasOfRows.get(),
            .dRecurrentBiasOfRows = dRecurrentBiasOfRows.get(),
            .dParametersOfRows = dParametersOfRows.get(),
            .dInput = dInput.get(),
            .dWeight = dWeight.get(),
            .dBias = dBias.get(),
            .dRecurrentWeight = dRecurrentWeight.get(),
            .dRecurrentBias = dRecurrentBias.get(),
            .dParameters = dParameters.get(),
            .dInitial = dInitial.get(),
            .reverse = layer.reverse};
  }

  void forward() { recurrentForward(cell, shape, forwardArguments()); }
  void backward(const float *dOutput, const float *dLast) {
    recurrentBackward(cell, shape, backwardArguments(dOutput, dLast));
  }

  CellKernels cell;
  ReferenceLayer layer;
  RecurrentShape shape;
  Floats x, weight, bias, recurrentWeight, recurrentBias, parameters, initial;
  Floats preactivations, recurrent, chained, output, trajectory, boundaries,
      last;
  Floats dPreactivations, dRecurrent, dChained;
  Floats dBiasOfRows, dRecurrentBiasOfRows, dParametersOfRows;
  Floats dInput, dWeight, dBias, dRecurrentWeight, dRecurrentBias, dParameters,
      dInitial;
};

/// Bounds of what is held to the judge.
struct LayerBounds {
  double forward = 1e-5;
  double backward = 1e-4;
  /// Of numbers of order one that nearly cancel.
  double absolute = 5e-6;
};

/// Runs `layer` forward and backward and holds every result to `reference` and
/// to central differences of it.
template <typename Reference>
void expectLayerAgrees(const CellKernels &cell, ReferenceLayer layer,
                       const Reference &reference,
                       const LayerBounds &bounds = {}) {
  LayerRun run(cell, layer);
  run.forward();
  const ReferenceRun expected = reference(layer);
  expectClose(run.output.data, expected.output, bounds.forward, bounds.absolute,
              "output");
  if (!run.trajectory.data.empty())
    expectClose(run.trajectory.data, expected.trajectory, bounds.forward,
                bounds.absolute, "trajectory");
  expectClose(run.last.data, expected.last, bounds.forward, bounds.absolute,
              "last");

  const Numbers dOutput =
      randomNumbers(static_cast<std::int64_t>(expected.output.size()), 101);
  const Numbers dLast =
      randomNumbers(static_cast<std::int64_t>(expected.last.size()), 102);
  run.backward(toFloats(dOutput).data(), toFloats(dLast).data());
  const auto loss = [&] {
    const ReferenceRun now = reference(layer);
    return weightedSum(now.output, dOutput) + weightedSum(now.last, dLast);
  };
  const auto compare = [&](const Floats &found, Numbers &variables,
                           const char *name) {
    expectClose(found.data, centralDifferences(variables, loss),
                bounds.backward, bounds.absolute, name);
  };
  compare(run.dInput, layer.x, "dInput");
  compare(run.dWeight, layer.weight, "dWeight");
  compare(run.dRecurrentWeight, layer.recurrentWeight, "dRecurrentWeight");
  compare(run.dParameters, layer.parameters, "dParameters");
  if (!layer.bias.empty())
    compare(run.dBias, layer.bias, "dBias");
  if (!layer.recurrentBias.empty())
    compare(run.dRecurrentBias, layer.recurrentBias, "dRecurrentBias");
  if (!layer.initial.empty())
    compare(run.dInitial, layer.initial, "dInitial");
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_RECURRENTLAYERS_H
