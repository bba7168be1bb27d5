//===- CellRunGradients.cpp - The gradients of a run ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRunState.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// The part of a packed [n, size] array that belongs to one gate, as f32.
std::vector<float> partOfGate(const std::vector<double> &packed,
                              std::size_t gate, std::int64_t size) {
  const auto begin = packed.begin() + static_cast<std::ptrdiff_t>(gate) * size;
  return {begin, begin + size};
}

/// rows[B, n]: the sum over the batch, in double.
std::vector<double> sumOfRows(const std::vector<float> &rows,
                              std::int64_t batch) {
  std::vector<double> sums(
      batch == 0 ? 0 : rows.size() / static_cast<std::size_t>(batch));
  for (std::size_t i = 0; i < rows.size(); ++i)
    sums[i % sums.size()] += rows[i];
  return sums;
}

} // namespace

std::vector<float> CellRun::statesBefore(std::int64_t p) const {
  std::vector<float> states(last.values().size());
  if (p == 0) {
    std::copy(inputs.initial.begin(), inputs.initial.end(), states.begin());
    return states;
  }
  const std::vector<float> &walked =
      manifest.plain ? output.values() : trajectory.values();
  const std::int64_t width = stateWidth();
  for (std::int64_t row = 0; row < inputs.batch; ++row)
    std::copy_n(walked.begin() + (row * inputs.time + stepAt(p - 1)) * width,
                width, states.begin() + row * width);
  return states;
}

void CellRun::addGradients(CellOutputs &outputs) {
  const std::int64_t b = inputs.batch;
  const std::int64_t t = inputs.time;
  const std::int64_t h = inputs.channels;
  constexpr ElementType f32 = ElementType::F32;
  CellArray dOutput = make(ioType, "gradient of the output", inputs.dOutput);
  CellArray dLast = make(f32, "gradient of the last states", inputs.dLast);
  CellArray dPreactivations =
      make(ioType, "gradient of the pre-activations",
           std::vector<float>(preactivations.values().size()));
  CellArray dInput =
      make(ioType, "gradient of x", std::vector<float>(x.values().size()));
  CellArray dRecurrent = make(f32, "gradient of the recurrent products",
                              std::vector<float>(recurrent.values().size()));
  CellArray dChained =
      make(f32, "gradient of the values computed within the step",
           std::vector<float>(chained.values().size()));
  CellArray dRecurrentBias =
      make(f32, "gradient of the recurrent biases",
           zeros({inputs.hasReset ? b : 0, cell.recurrent(), h},
                 "the recurrent biases' gradients"));
  CellArray dParameters =
      make(f32, "gradient of the parameters",
           zeros({b, cell.parameters(), h}, "the parameters' gradients"));
  CellArray dInitial = make(f32, "gradient of the initial states",
                            std::vector<float>(last.values().size()));
  for (CellArray *array : {&dOutput, &dLast})
    array->toDevice();
  BackwardArguments call{.preactivations = preactivations.data(),
                         .input = x.data(),
                         .recurrent = floats(recurrent),
                         .recurrentBias = floats(recurrentBias),
                         .parameters = floats(parameters),
                         .reset = reset.data(),
                         .initial = floats(initial),
                         .output = output.data(),
                         .trajectory = trajectory.data(),
                         .boundaries = floats(boundaries),
                         .dOutput = dOutput.data(),
                         .dChained = floats(dChained),
                         .dLast = floats(dLast),
                         .dPreactivations = dPreactivations.data(),
                         .dInput = dInput.data(),
                         .dRecurrent = floats(dRecurrent),
                         .dRecurrentBias = floats(dRecurrentBias),
                         .dParameters = floats(dParameters),
                         .dInitial = floats(dInitial),
                         .reverse = modes.reverse};
  RecurrentProducts products(cell, inputs, !inputs.hasReset);
  if (isRecurrent() && t > 0) {
    std::copy(inputs.dLast.begin(), inputs.dLast.end(),
              dInitial.values().begin());
    dInitial.toDevice();
    call.dLast = floats(dInitial);
    for (std::int64_t back = 0; back < t; ++back) {
      const std::int64_t p = t - 1 - back;
      call.first = back;
      call.count = 1;
      if (cell.chained() > 0) {
        cell.backwardChained(inputs.shape(), call);
        stepToHost(dRecurrent, stepAt(p));
        products.backwardChained(dRecurrent.values(), chained.values(),
                                 stepAt(p), dChained.values());
        stepToDevice(dChained, stepAt(p));
      }
      cell.backward(inputs.shape(), call);
      stepToHost(dRecurrent, stepAt(p));
      dInitial.toHost();
      products.backward(dRecurrent.values(), stepAt(p), statesBefore(p),
                        dInitial.values());
      dInitial.toDevice();
    }
  } else {
    cell.backward(inputs.shape(), call);
    dInitial.toHost();
  }
  for (CellArray *array :
       {&dPreactivations, &dInput, &dRecurrentBias, &dParameters})
    array->toHost();

  InputGradients gradients =
      projectInputBackward(inputs, dPreactivations.values(), dInput.values());
  outputs.add("d_x", {b, t, inputs.inputs}, std::move(gradients.dX));
  for (std::size_t g = 0; g < inputs.gates.size(); ++g) {
    const GateWeights &gate = inputs.gates[g];
    outputs.add("d_" + gate.name + ".weight", {h, inputs.inputs},
                partOfGate(gradients.dWeight, g, h * inputs.inputs));
    if (gate.hasBias)
      outputs.add("d_" + gate.name + ".bias", {h},
                  partOfGate(gradients.dBias, g, h));
  }
  addRecurrentGradients(outputs, products, dRecurrentBias.values());
  std::vector<double> ofParameters = sumOfRows(dParameters.values(), b);
  ofParameters.resize(inputs.parameters.size());
  for (std::size_t p = 0; p < manifest.parameters.size(); ++p)
    outputs.add("d_" + manifest.parameters[p], {h},
                partOfGate(ofParameters, p, h));
  for (std::size_t s = 0; s < manifest.states.size(); ++s)
    if (inputs.hasInitial[s])
      outputs.add("d_" + manifest.states[s] + "0", {b, h},
                  takeState(dInitial.values(), s));
}

void CellRun::addRecurrentGradients(
    CellOutputs &outputs, const RecurrentProducts &sums,
    const std::vector<float> &dBiasOfRows) const {
  const std::int64_t h = inputs.channels;
  std::vector<double> dBias = sums.dBias();
  if (inputs.hasReset) {
    dBias = sumOfRows(dBiasOfRows, inputs.batch);
    dBias.resize(sums.dBias().size());
  }
  for (std::size_t r = 0; r < inputs.recurrent.size(); ++r) {
    const GateWeights &gate = inputs.recurrent[r];
    outputs.add("d_" + gate.name + ".weight", {h, h},
                partOfGate(sums.dWeight(), r, h * h));
    if (gate.hasBias)
      outputs.add("d_" + gate.name + ".bias", {h}, partOfGate(dBias, r, h));
  }
}
