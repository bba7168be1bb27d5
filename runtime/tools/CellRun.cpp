//===- CellRun.cpp - One run of a cell, as exact as f32 allows ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRun.h"

#include "minrnn/device_array.h"
#include "minrnn/error.h"
#include "runtime/core/ElementCount.h"
#include "runtime/core/HalfStorage.h"
#include "runtime/tools/CellArray.h"
#include "runtime/tools/DoubleProducts.h"

#include <algorithm>

using namespace minrnn;

namespace {

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

/// Where an f32 array begins on the device.
float *floats(CellArray &array) { return static_cast<float *>(array.data()); }

/// One run: buffers that forward fills and backward reads.
class CellRun {
public:
  CellRun(const CellKernels &cell, const CellInputs &given,
          const RunModes &modes);

  void forward();
  void forwardBySteps();
  void addGradients(CellOutputs &outputs);
  void addResults(CellOutputs &outputs);

private:
  CellArray make(ElementType type, const char *name,
                 std::vector<float> values) const {
    return {cell, type, name, std::move(values)};
  }
  /// Elements of the states of one (batch row, step).
  std::int64_t stateWidth() const { return cell.states() * inputs.channels; }

  std::vector<float> packedRecurrentBiases() const;
  /// Puts the initial states, or zeros, where a walk through time works: in the
  /// last ones.
  void startStates();
  /// The gradients of the recurrent gates and of the parameters.
  void addRecurrentGradients(CellOutputs &outputs,
                             const RecurrentProducts &sums,
                             const std::vector<float> &dBiasOfRows) const;
  /// The states that the step of position `p` starts from.
  std::vector<float> statesBefore(std::int64_t p) const;
  /// One state of packed[B, n, S, H], n rows of the batch's each.
  std::vector<float> takeState(const std::vector<float> &packed,
                               std::size_t state) const;
  /// Copies step `t` of array[B, T, n], every batch row's, to or from the
  /// device.
  void stepToDevice(CellArray &array, std::int64_t t) const;
  void stepToHost(CellArray &array, std::int64_t t) const;
  template <typename Copy>
  void eachRowOf(const CellArray &array, std::int64_t t,
                 const Copy &copy) const;

  /// The place in time of position `p` of the walk.
  std::int64_t stepAt(std::int64_t p) const {
    return modes.reverse ? inputs.time - 1 - p : p;
  }
  bool projectsStates() const { return !manifest.recurrent.empty(); }

  const CellKernels &cell;
  const Manifest &manifest;
  CellInputs inputs;
  RunModes modes;
  ElementType ioType;
  CellArray preactivations;
  CellArray x;
  CellArray recurrent;
  CellArray recurrentBias;
  CellArray parameters;
  DeviceArray<std::uint8_t> reset;
  CellArray initial;
  CellArray output;
  CellArray trajectory;
  CellArray boundaries;
  CellArray last;
};

CellRun::CellRun(const CellKernels &cell, const CellInputs &given,
                 const RunModes &modes)
    : cell(cell), manifest(cell.manifest()), inputs(given), modes(modes),
      ioType(elementTypeOf(cell.manifest().ioType)) {
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
  constexpr ElementType f32 = ElementType::F32;
  preactivations = make(ioType, "pre-activations", projectInput(inputs));
  if (cell.readsInput())
    x = make(ioType, "x", inputs.x);
  recurrent =
      make(f32, "recurrent products",
           zeros({b, t, cell.recurrent(), h}, "the recurrent products"));
  parameters = make(f32, "parameters", inputs.parameters);
  reset = DeviceArray<std::uint8_t>(cell.device(), inputs.reset);
  initial = make(f32, "initial states", inputs.initial);
  output = make(ioType, "output", zeros({b, t, h}, "the output"));
  if (cell.recomputesStates())
    boundaries = make(f32, "boundaries",
                      zeros({b, cell.timeTiles(t), cell.states(), h},
                            "the states at tile boundaries"));
  // A run by steps has the states of each at hand.
  if (!manifest.plain && (modes.bySteps || !cell.recomputesStates()))
    trajectory =
        make(ioType, "states", zeros({b, t, cell.states(), h}, "the states"));
  last =
      make(f32, "last states", zeros({b, cell.states(), h}, "the last states"));
  // At a reset the kernel takes the products as zero, not the biases, which
  // it must add there; elsewhere they are added before the sum is rounded.
  if (inputs.hasReset)
    recurrentBias = make(f32, "recurrent biases", packedRecurrentBiases());
  for (CellArray *array :
       {&preactivations, &x, &parameters, &recurrentBias, &initial})
    array->toDevice();
}

std::vector<float> CellRun::packedRecurrentBiases() const {
  std::vector<float> packed;
  for (const GateWeights &gate : inputs.recurrent) {
    packed.insert(packed.end(), gate.bias.begin(), gate.bias.end());
    if (!gate.hasBias)
      packed.resize(packed.size() + static_cast<std::size_t>(inputs.channels));
  }
  return packed;
}

template <typename Copy>
void CellRun::eachRowOf(const CellArray &array, std::int64_t t,
                        const Copy &copy) const {
  const std::int64_t positions = inputs.batch * inputs.time;
  if (positions == 0)
    return;
  const auto width =
      array.values().size() / static_cast<std::size_t>(positions);
  for (std::int64_t row = 0; row < inputs.batch; ++row)
    copy(static_cast<std::size_t>(row * inputs.time + t) * width, width);
}

void CellRun::stepToDevice(CellArray &array, std::int64_t t) const {
  eachRowOf(array, t, [&](std::size_t first, std::size_t count) {
    array.toDevice(first, count);
  });
}

void CellRun::stepToHost(CellArray &array, std::int64_t t) const {
  eachRowOf(array, t, [&](std::size_t first, std::size_t count) {
    array.toHost(first, count);
  });
}

void CellRun::startStates() {
  std::copy(inputs.initial.begin(), inputs.initial.end(),
            last.values().begin());
  last.toDevice();
}

void CellRun::forward() {
  ForwardArguments call{.preactivations = preactivations.data(),
                        .input = x.data(),
                        .recurrent = floats(recurrent),
                        .recurrentBias = floats(recurrentBias),
                        .parameters = floats(parameters),
                        .reset = reset.data(),
                        .initial = floats(initial),
                        .output = output.data(),
                        .trajectory = trajectory.data(),
                        .boundaries = floats(boundaries),
                        .last = floats(last),
                        .reverse = modes.reverse};
  if (!projectsStates()) {
    cell.forward(inputs.shape(), call);
  } else {
    const RecurrentProducts products(cell, inputs, !inputs.hasReset);
    startStates();
    call.initial = floats(last);
    for (std::int64_t p = 0; p < inputs.time; ++p) {
      products.forward(last.values(), stepAt(p), recurrent.values());
      stepToDevice(recurrent, stepAt(p));
      call.first = p;
      call.count = 1;
      cell.forward(inputs.shape(), call);
      last.toHost();
    }
  }
  for (CellArray *array : {&output, &trajectory, &last})
    array->toHost();
}

void CellRun::forwardBySteps() {
  const std::int64_t b = inputs.batch;
  const std::int64_t h = inputs.channels;
  const auto ofStep = [&](const CellArray &array, std::int64_t t) {
    std::vector<float> taken;
    eachRowOf(array, t, [&](std::size_t first, std::size_t count) {
      const auto begin =
          array.values().begin() + static_cast<std::ptrdiff_t>(first);
      taken.insert(taken.end(), begin,
                   begin + static_cast<std::ptrdiff_t>(count));
    });
    return taken;
  };
  const auto toStep = [&](const CellArray &from, CellArray &array,
                          std::int64_t t) {
    auto next = from.values().begin();
    eachRowOf(array, t, [&](std::size_t first, std::size_t count) {
      std::copy_n(next, count,
                  array.values().begin() + static_cast<std::ptrdiff_t>(first));
      next += static_cast<std::ptrdiff_t>(count);
    });
  };
  const RecurrentProducts products(cell, inputs, !inputs.hasReset);
  startStates();
  CellArray outputOfStep =
      make(ioType, "output", zeros({b, h}, "the output of a step"));
  for (std::int64_t p = 0; p < inputs.time; ++p) {
    const std::int64_t t = stepAt(p);
    if (projectsStates())
      products.forward(last.values(), t, recurrent.values());
    CellArray gates =
        make(ioType, "pre-activations", ofStep(preactivations, t));
    CellArray input = make(ioType, "x", ofStep(x, t));
    CellArray stateGates =
        make(ElementType::F32, "recurrent products", ofStep(recurrent, t));
    std::vector<std::uint8_t> mask;
    if (inputs.hasReset)
      for (std::int64_t row = 0; row < b; ++row)
        mask.push_back(
            inputs.reset[static_cast<std::size_t>(row * inputs.time + t)]);
    const DeviceArray<std::uint8_t> resetOfStep(cell.device(), mask);
    for (CellArray *array : {&gates, &input, &stateGates})
      array->toDevice();
    cell.step(inputs.shape(),
              {.preactivations = gates.data(),
               .input = input.data(),
               .recurrent = floats(stateGates),
               .recurrentBias = floats(recurrentBias),
               .parameters = floats(parameters),
               .reset = resetOfStep.data(),
               .previous = floats(last),
               .output = manifest.plain ? nullptr : outputOfStep.data(),
               .next = floats(last)});
    last.toHost();
    if (manifest.plain) {
      toStep(last, output, t);
      continue;
    }
    outputOfStep.toHost();
    toStep(outputOfStep, output, t);
    toStep(last, trajectory, t);
  }
}

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
                         .dLast = floats(dLast),
                         .dPreactivations = dPreactivations.data(),
                         .dInput = dInput.data(),
                         .dRecurrent = floats(dRecurrent),
                         .dRecurrentBias = floats(dRecurrentBias),
                         .dParameters = floats(dParameters),
                         .dInitial = floats(dInitial),
                         .reverse = modes.reverse};
  RecurrentProducts products(cell, inputs, !inputs.hasReset);
  if (projectsStates() && t > 0) {
    std::copy(inputs.dLast.begin(), inputs.dLast.end(),
              dInitial.values().begin());
    dInitial.toDevice();
    call.dLast = floats(dInitial);
    for (std::int64_t back = 0; back < t; ++back) {
      const std::int64_t p = t - 1 - back;
      call.first = back;
      call.count = 1;
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

void CellRun::addResults(CellOutputs &outputs) {
  const std::vector<std::int64_t> sequence = {inputs.batch, inputs.time,
                                              inputs.channels};
  const bool keepsStates = modes.bySteps || !cell.recomputesStates();
  for (std::size_t s = 0; s < manifest.states.size(); ++s) {
    const std::string &state = manifest.states[s];
    if (state != manifest.output && keepsStates)
      outputs.add(state, sequence, takeState(trajectory.values(), s));
    outputs.add(state + "_last", {inputs.batch, inputs.channels},
                takeState(last.values(), s));
  }
  outputs.add(manifest.output, sequence, std::move(output.values()));
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
                            const RunModes &modes) {
  if (modes.bySteps && inputs.wantsGradients)
    throw Error("a run by single steps gives no gradients");
  CellRun run(cell, inputs, modes);
  CellOutputs outputs;
  if (modes.bySteps)
    run.forwardBySteps();
  else
    run.forward();
  if (inputs.wantsGradients)
    run.addGradients(outputs);
  run.addResults(outputs);
  return outputs;
}
