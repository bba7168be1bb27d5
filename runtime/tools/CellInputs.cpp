//===- CellInputs.cpp - The tensors that a cell runs on -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellInputs.h"

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

using namespace minrnn;

namespace {

/// Says which element of `data` the rule refuses first; empty: none.
template <typename Allowed>
std::string refusedElement(const std::string &where, const std::string &name,
                           std::span<const std::int64_t> shape,
                           std::span<const float> data, const std::string &rule,
                           const Allowed &allowed) {
  const auto bad = std::find_if_not(data.begin(), data.end(), allowed);
  if (bad == data.end())
    return "";
  return where + "tensor '" + name + "': element " +
         formatIndex(shape, bad - data.begin()) + " is " + formatNumber(*bad) +
         "; " + rule;
}

/// A tensor's shape, once it has the right number of axes.
const std::vector<std::int64_t> &shapeOf(const SafetensorsReader &file,
                                         const std::string &name,
                                         std::size_t axes,
                                         const std::string &expected) {
  const std::vector<std::int64_t> &shape = file.info(name).shape;
  if (shape.size() != axes)
    throw Error(file.path().string() + ": tensor '" + name +
                "': expected shape " + expected + ", found " +
                formatShape(shape));
  return shape;
}

std::vector<float> readFinite(const SafetensorsReader &file,
                              const std::string &name,
                              const std::vector<std::int64_t> &shape,
                              NonFiniteReport &report) {
  std::vector<float> data = file.readFloats(name, shape);
  const std::string refused = refusedElement(
      file.path().string() + ": ", name, shape, data, "inputs must be finite",
      [](float number) { return std::isfinite(number); });
  if (!refused.empty())
    report.add(refused);
  return data;
}

void checkNames(const SafetensorsReader &file, const Manifest &manifest,
                bool wantsGradients) {
  std::set<std::string> known = {"x", "reset"};
  std::set<std::string> ofGradients = {"d" + manifest.output};
  for (const std::string &gate : manifest.gates)
    known.insert({gate + ".weight", gate + ".bias"});
  for (const RecurrentProjection &gate : manifest.recurrent)
    known.insert({gate.name + ".weight", gate.name + ".bias"});
  known.insert(manifest.parameters.begin(), manifest.parameters.end());
  for (const std::string &state : manifest.states) {
    known.insert(state + "0");
    ofGradients.insert("d" + state + "_last");
  }
  if (wantsGradients)
    known.insert(ofGradients.begin(), ofGradients.end());
  std::string names;
  for (const std::string &name : known)
    names += (names.empty() ? "" : ", ") + name;
  for (const auto &[name, info] : file.tensors()) {
    if (known.count(name) != 0)
      continue;
    throw Error(
        file.path().string() + ": tensor '" + name + "' is not " +
        (ofGradients.count(name) != 0
             ? "read without --grad"
             : "an input of cell '" + manifest.cell + "', which has " + names));
  }
}

GateWeights readGate(const SafetensorsReader &file, const std::string &name,
                     std::int64_t channels, std::int64_t inputs,
                     NonFiniteReport &report) {
  GateWeights gate;
  gate.name = name;
  gate.weight = readFinite(file, name + ".weight", {channels, inputs}, report);
  gate.hasBias = file.contains(name + ".bias");
  if (gate.hasBias)
    gate.bias = readFinite(file, name + ".bias", {channels}, report);
  return gate;
}

/// packed[B, S, H]: puts one state's [B, H] in its place.
void putState(const CellInputs &inputs, std::size_t states, std::size_t state,
              const std::vector<float> &from, std::vector<float> &packed) {
  const auto channels = static_cast<std::ptrdiff_t>(inputs.channels);
  for (std::int64_t row = 0; row < inputs.batch; ++row)
    std::copy_n(from.begin() + row * channels, channels,
                packed.begin() + (row * static_cast<std::ptrdiff_t>(states) +
                                  static_cast<std::ptrdiff_t>(state)) *
                                     channels);
}

/// What the file has of the states: their beginnings and, where wanted, the
/// gradients of their ends.
void readStates(const SafetensorsReader &file, const Manifest &manifest,
                CellInputs &inputs, NonFiniteReport &report) {
  const std::size_t states = manifest.states.size();
  const std::vector<std::int64_t> shape = {inputs.batch, inputs.channels};
  const auto count = static_cast<std::size_t>(elementCount(
      {inputs.batch, static_cast<std::int64_t>(states), inputs.channels},
      "the states"));
  inputs.initial.resize(count);
  for (std::size_t s = 0; s < states; ++s) {
    const std::string name = manifest.states[s] + "0";
    inputs.hasInitial.push_back(file.contains(name));
    if (!inputs.hasInitial.back())
      continue;
    const std::vector<float> initial = readFinite(file, name, shape, report);
    if (manifest.scan == "log") {
      const std::string refused =
          refusedElement(file.path().string() + ": ", name, shape, initial,
                         "an initial state must not be negative in a log-space "
                         "scan; use --scan linear",
                         [](float number) { return !(number < 0); });
      if (!refused.empty())
        throw Error(refused);
    }
    putState(inputs, states, s, initial, inputs.initial);
  }
  if (!inputs.wantsGradients)
    return;
  inputs.dLast.resize(count);
  for (std::size_t s = 0; s < states; ++s) {
    const std::string name = "d" + manifest.states[s] + "_last";
    if (!file.contains(name))
      continue;
    inputs.hasDLast = true;
    putState(inputs, states, s, readFinite(file, name, shape, report),
             inputs.dLast);
  }
}

} // namespace

CellInputs minrnn::readCellInputs(const SafetensorsReader &file,
                                  const CellKernels &cell, bool wantsGradients,
                                  NonFiniteReport &report) {
  const Manifest &manifest = cell.manifest();
  checkNames(file, manifest, wantsGradients);

  CellInputs inputs;
  inputs.wantsGradients = wantsGradients;
  const auto &xShape = shapeOf(file, "x", 3, "[B, T, D]");
  inputs.batch = xShape[0];
  inputs.time = xShape[1];
  inputs.inputs = xShape[2];
  // A cell without a gate reads its channel, and has those of its input.
  inputs.channels = inputs.inputs;
  const std::string firstWeight =
      manifest.gates.empty() ? "" : manifest.gates.front() + ".weight";
  if (!firstWeight.empty())
    inputs.channels = shapeOf(file, firstWeight, 2, "[H, D]")[0];
  if (manifest.readsInput() && inputs.inputs != inputs.channels)
    throw Error(file.path().string() + ": cell '" + manifest.cell +
                "' reads its channel of the input, so that x must be as wide "
                "as the hidden state: found 'x' " +
                formatShape(xShape) + " and '" + firstWeight + "' " +
                formatShape(file.info(firstWeight).shape));

  inputs.x = readFinite(file, "x", xShape, report);
  for (const std::string &gate : manifest.gates)
    inputs.gates.push_back(
        readGate(file, gate, inputs.channels, inputs.inputs, report));
  for (const RecurrentProjection &gate : manifest.recurrent)
    inputs.recurrent.push_back(
        readGate(file, gate.name, inputs.channels, inputs.channels, report));
  for (const std::string &parameter : manifest.parameters) {
    const std::vector<float> values =
        readFinite(file, parameter, {inputs.channels}, report);
    inputs.parameters.insert(inputs.parameters.end(), values.begin(),
                             values.end());
  }
  inputs.hasReset = file.contains("reset");
  if (inputs.hasReset)
    inputs.reset = file.readBytes(
        "reset", std::vector<std::int64_t>{inputs.batch, inputs.time});
  readStates(file, manifest, inputs, report);
  if (wantsGradients)
    inputs.dOutput =
        readFinite(file, "d" + manifest.output,
                   {inputs.batch, inputs.time, inputs.channels}, report);
  return inputs;
}
