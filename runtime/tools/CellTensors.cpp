//===- CellTensors.cpp - A cell's tensors in files ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellTensors.h"

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"
#include "specs/contract/ElementCount.h"
#include "specs/contract/Tensors.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;

static std::int64_t sizeOf(const LayerSizes &sizes, Axis axis) {
  switch (axis) {
  case Axis::Batch:
    return sizes.batch;
  case Axis::Time:
    return sizes.time;
  case Axis::Inputs:
    return sizes.inputs;
  default:
    return sizes.channels;
  }
}

CellTensor::CellTensor(const Manifest &manifest, const LayerSizes &sizes,
                       std::string name, std::string_view tensor,
                       std::size_t place)
    : name(std::move(name)), tensor(findContractTensor(tensor)),
      place(static_cast<std::int64_t>(place)) {
  for (const Axis axis : this->tensor->axes)
    if (isPacked(axis)) {
      places = manifest.size(axis);
      packedAt = shape.size();
    } else {
      shape.push_back(sizeOf(sizes, axis));
    }
}

std::int64_t CellTensor::rows() const {
  return elementCount(std::span(shape).first(packedAt), "the rows");
}

void CellTensor::put(std::span<const float> part,
                     std::vector<float> &packed) const {
  packed.resize(part.size() * static_cast<std::size_t>(places));
  if (part.empty())
    return;
  const std::int64_t count = rows();
  const std::int64_t size = std::ssize(part) / count;
  for (std::int64_t row = 0; row < count; ++row)
    std::copy_n(part.begin() + row * size, size,
                packed.begin() + (row * places + place) * size);
}

std::vector<float> CellTensor::take(const std::vector<float> &packed) const {
  std::vector<float> part;
  if (packed.empty())
    return part;
  const std::int64_t count = rows();
  const std::int64_t size = std::ssize(packed) / (count * places);
  for (std::int64_t row = 0; row < count; ++row) {
    const auto begin = packed.begin() + (row * places + place) * size;
    part.insert(part.end(), begin, begin + size);
  }
  return part;
}

std::vector<CellTensor> minrnn::cellTensors(const Manifest &manifest,
                                            const LayerSizes &sizes) {
  std::vector<CellTensor> list;
  const auto add = [&](const std::string &name, std::string_view tensor,
                       std::size_t place = 0) {
    list.emplace_back(manifest, sizes, name, tensor, place);
  };
  add("x", "input");
  for (std::size_t i = 0; i < manifest.gates.size(); ++i) {
    add(manifest.gates[i] + ".weight", "weight", i);
    add(manifest.gates[i] + ".bias", "bias", i);
  }
  for (std::size_t i = 0; i < manifest.recurrent.size(); ++i) {
    add(manifest.recurrent[i].name + ".weight", "recurrent_weight", i);
    add(manifest.recurrent[i].name + ".bias", "recurrent_bias", i);
  }
  for (std::size_t i = 0; i < manifest.parameters.size(); ++i)
    add(manifest.parameters[i], "parameters", i);
  add("reset", "reset");
  const std::vector<std::string> &states = manifest.states;
  for (std::size_t i = 0; i < states.size(); ++i)
    add(states[i] + "0", "initial", i);
  for (std::size_t i = 0; i < states.size(); ++i)
    add("d" + states[i] + "_last", "d_last", i);
  add("d" + manifest.output, "d_output");
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i] != manifest.output)
      add(states[i], "states", i);
    add(states[i] + "_last", "last", i);
  }
  add(manifest.output, "output");
  return list;
}

namespace {

bool isRead(const CellTensor &tensor, bool wantsGradients) {
  const Role role = tensor.tensor->role;
  return role == Role::Input || role == Role::Parameter ||
         (wantsGradients && role == Role::Gradient);
}

/// Says which element of `data` the rule refuses first; empty: none.
template <typename Allowed>
std::string refusedElement(const SafetensorsReader &file,
                           const CellTensor &tensor,
                           std::span<const float> data, const std::string &rule,
                           const Allowed &allowed) {
  const auto bad = std::find_if_not(data.begin(), data.end(), allowed);
  if (bad == data.end())
    return "";
  return file.path().string() + ": tensor '" + tensor.name + "': element " +
         formatIndex(tensor.shape, bad - data.begin()) + " is " +
         formatNumber(*bad) + "; " + rule;
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

void checkNames(const SafetensorsReader &file, const Manifest &manifest,
                bool wantsGradients) {
  std::set<std::string> known;
  std::set<std::string> ofGradients;
  for (const CellTensor &tensor : cellTensors(manifest, {}))
    if (isRead(tensor, wantsGradients))
      known.insert(tensor.name);
    else if (tensor.tensor->role == Role::Gradient)
      ofGradients.insert(tensor.name);
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

LayerSizes readSizes(const SafetensorsReader &file, const Manifest &manifest) {
  const auto &xShape = shapeOf(file, "x", 3, "[B, T, D]");
  // A cell without a gate reads its channel, and has those of its input.
  LayerSizes sizes = {xShape[0], xShape[1], xShape[2], xShape[2]};
  const std::string firstWeight =
      manifest.gates.empty() ? "" : manifest.gates.front() + ".weight";
  if (!firstWeight.empty())
    sizes.channels = shapeOf(file, firstWeight, 2, "[H, D]")[0];
  if (manifest.readsInput() && sizes.inputs != sizes.channels)
    throw Error(file.path().string() + ": cell '" + manifest.cell +
                "' reads its channel of the input, so that x must be as wide "
                "as the hidden state: found 'x' " +
                formatShape(xShape) + " and '" + firstWeight + "' " +
                formatShape(file.info(firstWeight).shape));
  return sizes;
}

std::vector<float> readNumbers(const SafetensorsReader &file,
                               const CellTensor &tensor,
                               const Manifest &manifest,
                               NonFiniteReport &report) {
  if (tensor.tensor->element == Element::U8) {
    const std::vector<std::uint8_t> bytes =
        file.readBytes(tensor.name, tensor.shape);
    return {bytes.begin(), bytes.end()};
  }
  std::vector<float> data = file.readFloats(tensor.name, tensor.shape);
  const std::string refused =
      refusedElement(file, tensor, data, "inputs must be finite",
                     [](float number) { return std::isfinite(number); });
  if (!refused.empty())
    report.add(refused);
  if (tensor.tensor->name == "initial" && manifest.scan == "log") {
    const std::string negative =
        refusedElement(file, tensor, data,
                       "an initial state must not be negative in a log-space "
                       "scan; use --scan linear",
                       [](float number) { return !(number < 0); });
    if (!negative.empty())
      throw Error(negative);
  }
  return data;
}

} // namespace

CellInputs minrnn::readCellInputs(const SafetensorsReader &file,
                                  const CellKernels &cell, bool wantsGradients,
                                  NonFiniteReport &report) {
  const Manifest &manifest = cell.manifest();
  checkNames(file, manifest, wantsGradients);
  CellInputs inputs{readSizes(file, manifest), wantsGradients, {}, {}};
  for (const CellTensor &tensor : cellTensors(manifest, inputs.sizes)) {
    if (!isRead(tensor, wantsGradients) ||
        (tensor.tensor->isOptional && !file.contains(tensor.name)))
      continue;
    tensor.put(readNumbers(file, tensor, manifest, report),
               inputs.tensors[tensor.tensor->name]);
    inputs.given.insert(tensor.name);
  }
  return inputs;
}
