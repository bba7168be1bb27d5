//===- CellTensors.cpp - A cell's tensors in files ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/CellTensors.h"

#include "specs/contract/ElementCount.h"
#include "specs/contract/Tensors.h"

#include <algorithm>

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

PackedPlace CellTensor::packedPlace() const {
  return {elementCount(std::span(shape).first(packedAt), "the rows"), places,
          place};
}

void minrnn::putPlace(std::span<const float> part, const PackedPlace &at,
                      std::vector<float> &packed) {
  packed.resize(part.size() * static_cast<std::size_t>(at.places));
  if (part.empty())
    return;
  const std::int64_t size = std::ssize(part) / at.rows;
  for (std::int64_t row = 0; row < at.rows; ++row)
    std::copy_n(part.begin() + row * size, size,
                packed.begin() + (row * at.places + at.place) * size);
}

std::vector<float> minrnn::takePlace(std::span<const float> packed,
                                     const PackedPlace &at) {
  std::vector<float> part;
  if (packed.empty())
    return part;
  const std::int64_t size = std::ssize(packed) / (at.rows * at.places);
  for (std::int64_t row = 0; row < at.rows; ++row) {
    const auto begin = packed.begin() + (row * at.places + at.place) * size;
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

std::vector<CellTensor> minrnn::stepTensors(const Manifest &manifest,
                                            const LayerSizes &sizes,
                                            bool keepsStates) {
  std::vector<CellTensor> list;
  const auto add = [&](const std::string &name, std::string_view tensor,
                       std::size_t place = 0) {
    list.emplace_back(manifest, sizes, name, tensor, place);
  };
  const auto addRecurrent = [&](bool ofInner) {
    for (std::size_t i = 0; i < manifest.recurrent.size(); ++i)
      if (manifest.recurrent[i].inner.has_value() == ofInner)
        add(manifest.recurrent[i].name, "recurrent", i);
  };
  for (std::size_t i = 0; i < manifest.gates.size(); ++i)
    add(manifest.gates[i], "preactivations", i);
  addRecurrent(/*ofInner=*/false);
  for (const RecurrentProjection &gate : manifest.recurrent)
    if (gate.inner)
      add(gate.name, "inner", static_cast<std::size_t>(*gate.inner));
  addRecurrent(/*ofInner=*/true);
  for (std::size_t i = 0; i < manifest.states.size(); ++i)
    if (manifest.states[i] != manifest.output && keepsStates)
      add(manifest.states[i], "states", i);
  add(manifest.output, "output");
  return list;
}
