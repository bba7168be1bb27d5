//===- CellRun.cpp - One run of a cell, as exact as f32 allows ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRun.h"

#include "minrnn/error.h"
#include "runtime/core/HalfStorage.h"
#include "runtime/tools/CellRunState.h"

#include <algorithm>

using namespace minrnn;

CellRun::CellRun(const CellKernels &cell, const CellInputs &given,
                 const RunModes &modes, bool allowsNonFinite)
    : cell(cell), manifest(cell.manifest()), inputs(given), modes(modes),
      allowsNonFinite(allowsNonFinite),
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
  chained = make(
      f32, "values computed within the step",
      zeros({b, t, cell.chained(), h}, "the values computed within the step"));
  parameters = make(f32, "parameters", inputs.parameters);
  reset = DeviceArray<std::uint8_t>(cell.device(), inputs.reset);
  initial = make(f32, "initial states", inputs.initial);
  output = make(ioType, "output", zeros({b, t, h}, "the output"));
  if (cell.recomputesStates())
    boundaries = make(f32, "boundaries",
                      zeros({b, cell.timeTiles(t), cell.states(), h},
                            "the states at tile boundaries"));
  // A run by steps has the states of each at hand.
  if (!manifest.plain && keepsStates())
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
  for (CellArray *array : {&preactivations, &x})
    array->roundToStored();
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
  if (!isRecurrent()) {
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
      if (cell.chained() > 0)
        projectChained(call, products);
      cell.forward(inputs.shape(), call);
      last.toHost();
    }
  }
  for (CellArray *array : {&output, &trajectory, &last})
    array->toHost();
}

void CellRun::projectChained(const ForwardArguments &call,
                             const RecurrentProducts &products) {
  const std::int64_t t = stepAt(call.first);
  cell.forwardChained(inputs.shape(), call, floats(chained));
  stepToHost(chained, t);
  products.forwardChained(chained.values(), t, recurrent.values());
  stepToDevice(recurrent, t);
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
    if (isRecurrent())
      products.forward(last.values(), t, recurrent.values());
    CellArray gates =
        make(ioType, "pre-activations", ofStep(preactivations, t));
    CellArray input = make(ioType, "x", ofStep(x, t));
    CellArray recurrentOfStep =
        make(ElementType::F32, "recurrent products", ofStep(recurrent, t));
    std::vector<std::uint8_t> mask;
    if (inputs.hasReset)
      for (std::int64_t row = 0; row < b; ++row)
        mask.push_back(
            inputs.reset[static_cast<std::size_t>(row * inputs.time + t)]);
    const DeviceArray<std::uint8_t> resetOfStep(cell.device(), mask);
    for (CellArray *array : {&gates, &input, &recurrentOfStep})
      array->toDevice();
    if (cell.chained() > 0) {
      CellArray chainedOfStep = make(
          ElementType::F32, "values computed within the step",
          zeros({b, cell.chained(), h}, "the values computed within the step"));
      cell.forwardChained({b, 1, h},
                          {.preactivations = gates.data(),
                           .input = input.data(),
                           .recurrent = floats(recurrentOfStep),
                           .recurrentBias = floats(recurrentBias),
                           .parameters = floats(parameters),
                           .reset = resetOfStep.data(),
                           .initial = floats(last)},
                          floats(chainedOfStep));
      chainedOfStep.toHost();
      toStep(chainedOfStep, chained, t);
      products.forwardChained(chained.values(), t, recurrent.values());
      recurrentOfStep.values() = ofStep(recurrent, t);
      recurrentOfStep.toDevice();
    }
    cell.step(inputs.shape(),
              {.preactivations = gates.data(),
               .input = input.data(),
               .recurrent = floats(recurrentOfStep),
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
  // The carried states are f32; a sequence of them is what forward stores.
  for (CellArray *array : {&output, &trajectory})
    array->roundToStored();
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
    if (state != manifest.output && keepsStates())
      outputs.add(state, sequence, takeState(trajectory.values(), s));
    outputs.add(state + "_last", {inputs.batch, inputs.channels},
                takeState(last.values(), s));
  }
  outputs.add(manifest.output, sequence, std::move(output.values()));
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
  if (modes.bySteps && inputs.wantsGradients)
    throw Error("a run by single steps gives no gradients");
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
