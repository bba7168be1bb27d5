//===- CellInputs.cpp - The tensors that a cell runs on -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellInputs.h"

#include "minrnn/error.h"

#include <algorithm>

using namespace minrnn;

namespace {

bool isRead(const CellTensor &tensor, bool wantsGradients) {
  const Role role = tensor.tensor->role;
  return role == Role::Input || role == Role::Parameter ||
         (wantsGradients && role == Role::Gradient);
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
  const std::string where =
      file.path().string() + ": tensor '" + tensor.name + "': ";
  if (const auto bad = findNotFinite(tensor.shape, data))
    report.add(where + *bad + "; inputs must be finite");
  const auto negative = std::find_if(data.begin(), data.end(),
                                     [](float number) { return number < 0; });
  if (tensor.tensor->name == "initial" && manifest.scan == "log" &&
      negative != data.end())
    throw Error(
        where +
        formatElement(tensor.shape, negative - data.begin(), *negative) +
        "; an initial state must not be negative in a log-space "
        "scan; use --scan linear");
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
