//===- CellRun.cpp - One run of a cell, as exact as f32 allows ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRun.h"

#include "minrnn/error.h"
#include "runtime/core/ElementCount.h"
#include "runtime/tools/DoubleProducts.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// The address of the first number; null for none.
template <typename Element> Element *addressOf(std::vector<Element> &numbers) {
  return numbers.empty() ? nullptr : numbers.data();
}

std::vector<float> zeros(std::initializer_list<std::int64_t> sizes,
                         const char *what) {
  return std::vector<float>(
      static_cast<std::size_t>(elementCount(sizes, what)));
}

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

/// One run: buffers that forward fills and backward reads.
class CellRun {
public:
  CellRun(const CellKernels &cell, const CellInputs &given, bool reverse)
      : cell(cell), manifest(cell.manifest()), inputs(given), reverse(reverse) {
    const std::int64_t b = inputs.batch;
    const std::int64_t t = inputs.time;
    const std::int64_t h = inputs.channels;
    const bool hasInitial =
        std::find(inputs.hasInitial.begin(), inputs.hasInitial.end(), true) !=
        inputs.hasInitial.end();
    if (!hasInitial)
      inputs.initial.clear();
    if (!inputs.hasDLast)
      inputs.dLast.clear();
    recurrent = zeros({b, t, cell.recurrent(), h}, "the recurrent products");
    output = zeros({b, t, h}, "the output");
    if (!manifest.plain)
      trajectory = zeros({b, t, cell.states(), h}, "the states");
    last = zeros({b, cell.states(), h}, "the last states");
    // At a reset the kernel takes the products as zero, not the biases, which
    // it must add there; elsewhere they are added before the sum is rounded.
    if (inputs.hasReset)
      packRecurrentBiases();
  }

  void forward();
  void addGradients(CellOutputs &outputs);
  void addResults(CellOutputs &outputs);

private:
  void packRecurrentBiases();
  /// The gradients of the recurrent gates and of the parameters.
  void addRecurrentGradients(CellOutputs &outputs,
                             const RecurrentProducts &sums,
                             const std::vector<float> &dBiasOfRows) const;
  /// The states that the step of position `p` starts from.
  std::vector<float> statesBefore(std::int64_t p) const;
  /// One state of packed[B, n, S, H], n rows of the batch's each.
  std::vector<float> takeState(const std::vector<float> &packed,
                               std::size_t state) const;

  /// The place in time of position `p` of the walk.
  std::int64_t stepAt(std::int64_t p) const {
    return reverse ? inputs.time - 1 - p : p;
  }
  bool projectsStates() const { return !manifest.recurrent.empty(); }

  const CellKernels &cell;
  const Manifest &manifest;
  CellInputs inputs;
  bool reverse;
  std::vector<float> preactivations;
  std::vector<float> recurrent;
  std::vector<float> recurrentBias;
  std::vector<float> output;
  std::vector<float> trajectory;
  std::vector<float> last;
};

void CellRun::packRecurrentBiases() {
  for (const GateWeights &gate : inputs.recurrent) {
    recurrentBias.insert(recurrentBias.end(), gate.bias.begin(),
                         gate.bias.end());
    if (!gate.hasBias)
      recurrentBias.resize(recurrentBias.size() +
                           static_cast<std::size_t>(inputs.channels));
  }
}

void CellRun::forward() {
  preactivations = projectInput(inputs);
  ForwardArguments call{.preactivations = addressOf(preactivations),
                        .input =
                            cell.readsInput() ? addressOf(inputs.x) : nullptr,
                        .recurrent = addressOf(recurrent),
                        .recurrentBias = addressOf(recurrentBias),
                        .parameters = addressOf(inputs.parameters),
                        .reset = addressOf(inputs.reset),
                        .initial = addressOf(inputs.initial),
                        .output = addressOf(output),
                        .trajectory = addressOf(trajectory),
                        .last = addressOf(last),
                        .reverse = reverse};
  if (!projectsStates()) {
    cell.forward(inputs.shape(), call);
    return;
  }
  const RecurrentProducts products(cell, inputs, !inputs.hasReset);
  std::copy(inputs.initial.begin(), inputs.initial.end(), last.begin());
  call.initial = addressOf(last);
  for (std::int64_t p = 0; p < inputs.time; ++p) {
    products.forward(last, stepAt(p), recurrent);
    call.first = p;
    call.count = 1;
    cell.forward(inputs.shape(), call);
  }
}

std::vector<float> CellRun::statesBefore(std::int64_t p) const {
  std::vector<float> states(last.size());
  if (p == 0) {
    std::copy(inputs.initial.begin(), inputs.initial.end(), states.begin());
    return states;
  }
  const std::vector<float> &walked = manifest.plain ? output : trajectory;
  const std::int64_t width = cell.states() * inputs.channels;
  for (std::int64_t row = 0; row < inputs.batch; ++row)
    std::copy_n(walked.begin() + (row * inputs.time + stepAt(p - 1)) * width,
                width, states.begin() + row * width);
  return states;
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

void CellRun::addGradients(CellOutputs &outputs) {
  const std::int64_t b = inputs.batch;
  const std::int64_t h = inputs.channels;
  std::vector<float> dPreactivations(preactivations.size());
  std::vector<float> dRecurrent(recurrent.size());
  std::vector<float> dInput(cell.readsInput() ? inputs.x.size() : 0);
  std::vector<float> dRecurrentBias(
      inputs.hasReset ? static_cast<std::size_t>(b * cell.recurrent() * h) : 0);
  std::vector<float> dParameters =
      zeros({b, cell.parameters(), h}, "the parameters' gradients");
  std::vector<float> dInitial(last.size());
  BackwardArguments call{.preactivations = addressOf(preactivations),
                         .input =
                             cell.readsInput() ? addressOf(inputs.x) : nullptr,
                         .recurrent = addressOf(recurrent),
                         .recurrentBias = addressOf(recurrentBias),
                         .parameters = addressOf(inputs.parameters),
                         .reset = addressOf(inputs.reset),
                         .initial = addressOf(inputs.initial),
                         .output = addressOf(output),
                         .trajectory = addressOf(trajectory),
                         .dOutput = addressOf(inputs.dOutput),
                         .dLast = addressOf(inputs.dLast),
                         .dPreactivations = addressOf(dPreactivations),
                         .dInput = addressOf(dInput),
                         .dRecurrent = addressOf(dRecurrent),
                         .dRecurrentBias = addressOf(dRecurrentBias),
                         .dParameters = addressOf(dParameters),
                         .dInitial = addressOf(dInitial),
                         .reverse = reverse};
  RecurrentProducts products(cell, inputs, !inputs.hasReset);
  if (projectsStates() && inputs.time > 0) {
    std::copy(inputs.dLast.begin(), inputs.dLast.end(), dInitial.begin());
    call.dLast = addressOf(dInitial);
    for (std::int64_t back = 0; back < inputs.time; ++back) {
      const std::int64_t p = inputs.time - 1 - back;
      call.first = back;
      call.count = 1;
      cell.backward(inputs.shape(), call);
      products.backward(dRecurrent, stepAt(p), statesBefore(p), dInitial);
    }
  } else {
    cell.backward(inputs.shape(), call);
  }

  InputGradients gradients =
      projectInputBackward(inputs, dPreactivations, dInput);
  outputs.add("d_x", {b, inputs.time, inputs.inputs}, std::move(gradients.dX));
  for (std::size_t g = 0; g < inputs.gates.size(); ++g) {
    const GateWeights &gate = inputs.gates[g];
    outputs.add("d_" + gate.name + ".weight", {h, inputs.inputs},
                partOfGate(gradients.dWeight, g, h * inputs.inputs));
    if (gate.hasBias)
      outputs.add("d_" + gate.name + ".bias", {h},
                  partOfGate(gradients.dBias, g, h));
  }
  addRecurrentGradients(outputs, products, dRecurrentBias);
  std::vector<double> ofParameters = sumOfRows(dParameters, b);
  ofParameters.resize(inputs.parameters.size());
  for (std::size_t p = 0; p < manifest.parameters.size(); ++p)
    outputs.add("d_" + manifest.parameters[p], {h},
                partOfGate(ofParameters, p, h));
  for (std::size_t s = 0; s < manifest.states.size(); ++s)
    if (inputs.hasInitial[s])
      outputs.add("d_" + manifest.states[s] + "0", {b, h},
                  takeState(dInitial, s));
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

void CellRun::addResults(CellOutputs &outputs) {
  const std::vector<std::int64_t> sequence = {inputs.batch, inputs.time,
                                              inputs.channels};
  for (std::size_t s = 0; s < manifest.states.size(); ++s) {
    const std::string &state = manifest.states[s];
    if (state != manifest.output)
      outputs.add(state, sequence, takeState(trajectory, s));
    outputs.add(state + "_last", {inputs.batch, inputs.channels},
                takeState(last, s));
  }
  outputs.add(manifest.output, sequence, std::move(output));
}

} // namespace

void CellOutputs::add(std::string name, std::vector<std::int64_t> shape,
                      std::vector<float> data) {
  checkFinite("", name, shape, data, "this result is too large for f32");
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
                            bool reverse) {
  CellRun run(cell, inputs, reverse);
  CellOutputs outputs;
  run.forward();
  if (inputs.wantsGradients)
    run.addGradients(outputs);
  run.addResults(outputs);
  return outputs;
}
