//===- CellRun.cpp - One run of a cell, as exact as f32 allows ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRun.h"

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/core/HalfStorage.h"
#include "specs/contract/Tensors.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;

namespace {

Role roleOf(std::string_view name) { return findContractTensor(name)->role; }

bool hasTime(std::string_view name) {
  return findContractTensor(name)->has(Axis::Time);
}

/// What messages call a tensor.
std::string wordsFor(const std::string &name) {
  if (name == "input")
    return "x";
  return name == "d_output" ? "gradient of the output" : name;
}

/// Calls `take` on each sequence that a call of forward or step was given or
/// left, of those that there are.
template <typename Take>
void takeSequences(const FloatLayer &layer, Procedure procedure,
                   const Take &take) {
  for (const LayerTensor &tensor : layer.layer().tensors()) {
    if (tensor.role == Role::Gradient || !hasTime(tensor.name))
      continue;
    const std::vector<float> numbers = layer.get(tensor.name, procedure);
    if (!numbers.empty())
      take(tensor.name, numbers);
  }
}

/// Asks for all gradients that backward gives, and says which.
std::vector<std::string> wantGradients(FloatLayer &layer) {
  std::vector<std::string> names;
  for (const LayerTensor &tensor : layer.layer().tensors(Role::Gradient))
    if (roleOf(tensor.of) != Role::Output) {
      layer.want(tensor.name);
      names.push_back(tensor.name);
    }
  return names;
}

} // namespace

CellRun::CellRun(const CellKernels &cell, const CellInputs &inputs,
                 const RunModes &modes, bool allowsNonFinite)
    : cell(cell), manifest(cell.manifest()), inputs(inputs),
      sizes(inputs.sizes), modes(modes), allowsNonFinite(allowsNonFinite) {}

std::span<const float> CellRun::numbersOf(std::string_view name) const {
  if (const auto found = values.find(name); found != values.end())
    return found->second;
  const auto given = inputs.tensors.find(name);
  return given == inputs.tensors.end() ? std::span<const float>()
                                       : given->second;
}

void CellRun::set(FloatLayer &layer, const std::string &name,
                  std::span<const float> numbers) const {
  layer.set(name, numbers);
  if (allowsNonFinite || manifest.ioType == "f32")
    return;
  const std::vector<float> stored = layer.get(name);
  for (std::size_t i = 0; i < stored.size(); ++i)
    if (std::isfinite(numbers[i]) && !std::isfinite(stored[i]))
      throw Error("'" + wordsFor(name) + "' holds " + formatNumber(numbers[i]) +
                  ", which is too large for the io type " + manifest.ioType);
}

FloatLayer CellRun::layerOf(std::int64_t time, bool reverse,
                            bool training) const {
  FloatLayer layer(
      cell, {sizes.batch, time, sizes.inputs, sizes.channels},
      {.reverse = reverse, .training = training, .precision = modes.precision});
  for (const auto &[name, numbers] : inputs.tensors)
    if (roleOf(name) == Role::Parameter)
      set(layer, name, numbers);
  layer.want("last");
  return layer;
}

void CellRun::forward() {
  if (modes.bySteps)
    return forwardBySteps();
  whole.emplace(layerOf(sizes.time, modes.reverse, true));
  for (const auto &[name, numbers] : inputs.tensors)
    if (roleOf(name) == Role::Input)
      set(*whole, name, numbers);
  whole->forward();
  values["last"] = whole->get("last");
  takeSequences(*whole, Procedure::Forward,
                [&](const std::string &name, const auto &numbers) {
                  values[name] = numbers;
                });
}

void CellRun::setStep(FloatLayer &layer, std::int64_t t) const {
  for (const auto &[name, numbers] : inputs.tensors)
    if (roleOf(name) != Role::Gradient && hasTime(name))
      set(layer, name, ofStep(numbers, t));
}

void CellRun::forwardBySteps() {
  FloatLayer layer = layerOf(1, false, false);
  std::vector<float> last = statesAt(0);
  for (std::int64_t p = 0; p < sizes.time; ++p) {
    const std::int64_t t = stepAt(p);
    setStep(layer, t);
    statesBefore.push_back(last);
    layer.set("initial", last);
    layer.step();
    last = layer.get("last");
    takeSequences(layer, Procedure::Step,
                  [&](const std::string &name, const auto &numbers) {
                    toStep(numbers, t, values[name]);
                  });
    if (!manifest.outputIsState())
      toStep(last, t, values["states"]);
  }
  values["last"] = std::move(last);
  // The carried states are f32; a sequence of them is what forward stores.
  const ElementType type = elementTypeOf(manifest.ioType);
  if (type != ElementType::F32)
    for (float &number : values["states"])
      number = widen(type, narrow(type, number));
}

std::vector<float> CellRun::statesAt(std::int64_t p) const {
  if (!statesBefore.empty())
    return statesBefore[static_cast<std::size_t>(p)];
  if (p > 0)
    return ofStep(numbersOf(manifest.outputIsState() ? "output" : "states"),
                  stepAt(p - 1));
  const auto initial = numbersOf("initial");
  std::vector<float> before(initial.begin(), initial.end());
  before.resize(
      static_cast<std::size_t>(sizes.batch * stateCount() * sizes.channels));
  return before;
}

LayerNumbers CellRun::backward() {
  for (const auto &[name, numbers] : inputs.tensors)
    if (roleOf(name) == Role::Gradient)
      set(*whole, name, numbers);
  const std::vector<std::string> wanted = wantGradients(*whole);
  whole->backward();
  LayerNumbers gradients;
  for (const std::string &name : wanted)
    gradients[name] = whole->get(name);
  return gradients;
}

LayerNumbers CellRun::backwardBySteps() const {
  FloatLayer layer = layerOf(1, false, true);
  const std::vector<std::string> wanted = wantGradients(layer);
  LayerNumbers gradients;
  std::map<std::string, std::vector<double>> sums;
  for (const std::string &name : wanted)
    if (hasTime(name))
      gradients[name].clear();
    else
      sums[name].resize(layer.layer().tensor(name).bytes / sizeof(float));
  const auto dLast = numbersOf("d_last");
  std::vector<float> dStates(dLast.begin(), dLast.end());
  for (std::int64_t p = sizes.time; p-- > 0;) {
    const std::int64_t t = stepAt(p);
    setStep(layer, t);
    layer.set("initial", statesBefore[static_cast<std::size_t>(p)]);
    layer.forward();
    set(layer, "d_output", ofStep(numbersOf("d_output"), t));
    layer.set("d_last", dStates);
    layer.backward();
    dStates = layer.get("d_initial");
    for (const std::string &name : wanted) {
      const std::vector<float> part = layer.get(name);
      if (hasTime(name))
        toStep(part, t, gradients[name]);
      else
        std::transform(part.begin(), part.end(), sums[name].begin(),
                       sums[name].begin(), std::plus<double>());
    }
  }
  for (const auto &[name, sum] : sums)
    gradients[name].assign(sum.begin(), sum.end());
  dStates.resize(numbersOf("last").size());
  gradients["d_initial"] = std::move(dStates);
  return gradients;
}

void CellRun::addGradients(CellOutputs &outputs) {
  LayerNumbers gradients = modes.bySteps ? backwardBySteps() : backward();
  for (const CellTensor &tensor : cellTensors(manifest, sizes))
    if (const auto found = gradients.find("d_" + tensor.tensor->name);
        found != gradients.end() && inputs.given.contains(tensor.name))
      outputs.push_back(
          {"d_" + tensor.name, tensor.shape, tensor.take(found->second)});
}

void CellRun::addResults(CellOutputs &outputs) const {
  for (const CellTensor &tensor : cellTensors(manifest, sizes)) {
    const auto found = values.find(tensor.tensor->name);
    const bool isThere = found != values.end();
    if (tensor.tensor->role == Role::Output ||
        (tensor.tensor->role == Role::Saved && isThere))
      outputs.push_back(
          {tensor.name, tensor.shape,
           isThere ? tensor.take(found->second) : std::vector<float>()});
  }
}

CellOutputs minrnn::runCell(const CellKernels &cell, const CellInputs &inputs,
                            const RunModes &modes, NonFiniteReport &report) {
  CellRun run(cell, inputs, modes, report.isAllowed());
  CellOutputs outputs;
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
