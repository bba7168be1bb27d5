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
#include "runtime/nn/Gemm.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <sstream>

using namespace minrnn;

namespace {

/// Rows that are converted to double at a time.
constexpr std::int64_t chunkRows = 4096;

/// Where the element at `offset` lies: `[1, 0, 5]`.
std::string formatIndex(std::span<const std::int64_t> shape,
                        std::int64_t offset) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = offset % shape[axis];
    offset /= shape[axis];
  }
  return formatShape(index);
}

std::string formatNumber(float number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

/// Throws when `allowed` refuses an element of `data`, saying which.
template <typename Allowed>
void checkElements(const std::string &where, const std::string &name,
                   std::span<const std::int64_t> shape,
                   std::span<const float> data, const std::string &rule,
                   const Allowed &allowed) {
  const auto bad = std::find_if_not(data.begin(), data.end(), allowed);
  if (bad != data.end())
    throw Error(where + "tensor '" + name + "': element " +
                formatIndex(shape, bad - data.begin()) + " is " +
                formatNumber(*bad) + "; " + rule);
}

bool isFinite(float number) { return std::isfinite(number); }

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
                              const std::vector<std::int64_t> &shape) {
  std::vector<float> data = file.readFloats(name, shape);
  checkElements(file.path().string() + ": ", name, shape, data,
                "inputs must be finite", isFinite);
  return data;
}

void checkNames(const SafetensorsReader &file, const CellKernels &cell,
                bool wantsGradients, const std::string &state) {
  std::set<std::string> known = {"x", state + "0"};
  for (const std::string &gate : cell.manifest().gates)
    known.insert({gate + ".weight", gate + ".bias"});
  const std::set<std::string> ofGradients = {"d" + state,
                                             "d" + state + "_last"};
  if (wantsGradients)
    known.insert(ofGradients.begin(), ofGradients.end());
  std::string names;
  for (const std::string &name : known)
    names += (names.empty() ? "" : ", ") + name;
  for (const auto &[name, info] : file.tensors()) {
    if (known.count(name) != 0)
      continue;
    throw Error(file.path().string() + ": tensor '" + name + "' is not " +
                (ofGradients.count(name) != 0
                     ? "read without --grad"
                     : "an input of cell '" + cell.manifest().cell +
                           "', which has " + names));
  }
}

std::vector<double> toDoubles(std::span<const float> numbers) {
  return {numbers.begin(), numbers.end()};
}

/// All gates' weights as one matrix [G * H, D].
std::vector<double> packedWeights(const CellInputs &inputs) {
  std::vector<double> packed;
  for (const std::vector<float> &weight : inputs.weights)
    packed.insert(packed.end(), weight.begin(), weight.end());
  return packed;
}

/// All gates' biases as [G * H], zero where there is none.
std::vector<double> packedBiases(const CellInputs &inputs) {
  std::vector<double> packed;
  for (const std::vector<float> &bias : inputs.biases) {
    packed.insert(packed.end(), bias.begin(), bias.end());
    if (bias.empty())
      packed.resize(packed.size() + static_cast<std::size_t>(inputs.channels));
  }
  return packed;
}

/// Sizes that all parts of a run share: rows B * T, columns G * H.
struct Sizes {
  std::int64_t rows;
  std::int64_t columns;
};

Sizes sizesOf(const CellKernels &cell, const CellInputs &inputs) {
  elementCount({inputs.batch, inputs.time, inputs.inputs}, "x");
  elementCount({inputs.batch, inputs.time, cell.gates(), inputs.channels},
               "the pre-activations");
  return {inputs.batch * inputs.time, cell.gates() * inputs.channels};
}

/// x W^T + b, [B, T, G, H], in double and rounded once. The bias is added here,
/// not in the kernel: what cancels between the two must not be rounded before.
std::vector<float> project(const CellKernels &cell, const CellInputs &inputs) {
  const auto [rows, columns] = sizesOf(cell, inputs);
  const std::vector<double> weight = packedWeights(inputs);
  const std::vector<double> bias = packedBiases(inputs);
  std::vector<float> result(static_cast<std::size_t>(rows * columns));
  std::vector<double> sums;
  for (std::int64_t begin = 0; begin < rows; begin += chunkRows) {
    const std::int64_t count = std::min(chunkRows, rows - begin);
    const std::vector<double> x =
        toDoubles({inputs.x.data() + begin * inputs.inputs,
                   static_cast<std::size_t>(count * inputs.inputs)});
    sums.resize(static_cast<std::size_t>(count * columns));
    gemm<double>(count, columns, inputs.inputs, {x.data(), inputs.inputs},
                 {weight.data(), inputs.inputs, Transpose::Yes}, sums.data(),
                 columns, Store::Overwrite);
    float *target = result.data() + begin * columns;
    for (std::int64_t row = 0; row < count; ++row)
      for (std::int64_t j = 0; j < columns; ++j)
        target[row * columns + j] = static_cast<float>(
            sums[static_cast<std::size_t>(row * columns + j)] +
            bias[static_cast<std::size_t>(j)]);
  }
  checkElements("", "pre-activations",
                std::vector<std::int64_t>{inputs.batch, inputs.time,
                                          cell.gates(), inputs.channels},
                result, "the projections are too large for f32", isFinite);
  return result;
}

/// The gradients of what the projection read, from those of its result.
struct ProjectionGradients {
  /// [B, T, D]
  std::vector<float> dX;
  /// [G * H, D] and [G * H]
  std::vector<double> dWeight;
  std::vector<double> dBias;
};

ProjectionGradients projectBackward(const CellKernels &cell,
                                    const CellInputs &inputs,
                                    std::span<const float> dPreactivations) {
  const auto [rows, columns] = sizesOf(cell, inputs);
  const std::vector<double> weight = packedWeights(inputs);
  ProjectionGradients gradients;
  gradients.dX.resize(static_cast<std::size_t>(rows * inputs.inputs));
  gradients.dWeight.resize(static_cast<std::size_t>(columns * inputs.inputs));
  gradients.dBias.resize(static_cast<std::size_t>(columns));
  std::vector<double> dx;
  for (std::int64_t begin = 0; begin < rows; begin += chunkRows) {
    const std::int64_t count = std::min(chunkRows, rows - begin);
    const std::vector<double> x =
        toDoubles({inputs.x.data() + begin * inputs.inputs,
                   static_cast<std::size_t>(count * inputs.inputs)});
    const std::vector<double> dGates = toDoubles(
        dPreactivations.subspan(static_cast<std::size_t>(begin * columns),
                                static_cast<std::size_t>(count * columns)));
    dx.resize(static_cast<std::size_t>(count * inputs.inputs));
    gemm<double>(count, inputs.inputs, columns, {dGates.data(), columns},
                 {weight.data(), inputs.inputs}, dx.data(), inputs.inputs,
                 Store::Overwrite);
    std::copy(dx.begin(), dx.end(),
              gradients.dX.begin() + begin * inputs.inputs);
    gemm<double>(columns, inputs.inputs, count,
                 {dGates.data(), columns, Transpose::Yes},
                 {x.data(), inputs.inputs}, gradients.dWeight.data(),
                 inputs.inputs, Store::Add);
    for (std::int64_t row = 0; row < count; ++row)
      for (std::int64_t j = 0; j < columns; ++j)
        gradients.dBias[static_cast<std::size_t>(j)] +=
            dGates[static_cast<std::size_t>(row * columns + j)];
  }
  return gradients;
}

/// The part of a packed [G, size] array that belongs to one gate, as f32.
std::vector<float> partOfGate(const std::vector<double> &packed,
                              std::size_t gate, std::int64_t size) {
  const auto begin = packed.begin() + static_cast<std::ptrdiff_t>(gate) * size;
  return {begin, begin + size};
}

} // namespace

void CellOutputs::add(std::string name, std::vector<std::int64_t> shape,
                      std::vector<float> data) {
  checkElements("", name, shape, data, "this result is too large for f32",
                isFinite);
  results.push_back({std::move(name), std::move(shape), std::move(data)});
}

std::vector<TensorToWrite> CellOutputs::tensors() const {
  std::vector<TensorToWrite> views;
  views.reserve(results.size());
  for (const Tensor &tensor : results)
    views.push_back({tensor.name, tensor.shape, tensor.data});
  return views;
}

CellInputs minrnn::readCellInputs(const SafetensorsReader &file,
                                  const CellKernels &cell,
                                  bool wantsGradients) {
  const Manifest &manifest = cell.manifest();
  const std::string &state = manifest.states.front();
  checkNames(file, cell, wantsGradients, state);

  CellInputs inputs;
  inputs.wantsGradients = wantsGradients;
  const auto &xShape = shapeOf(file, "x", 3, "[B, T, D]");
  inputs.batch = xShape[0];
  inputs.time = xShape[1];
  inputs.inputs = xShape[2];
  if (manifest.gates.empty())
    throw Error("cell '" + manifest.cell +
                "' has no gate, so that its number of channels is not known");
  inputs.channels =
      shapeOf(file, manifest.gates.front() + ".weight", 2, "[H, D]")[0];

  inputs.x = readFinite(file, "x", xShape);
  for (const std::string &gate : manifest.gates) {
    inputs.weights.push_back(
        readFinite(file, gate + ".weight", {inputs.channels, inputs.inputs}));
    inputs.hasBias.push_back(file.contains(gate + ".bias"));
    inputs.biases.emplace_back();
    if (inputs.hasBias.back())
      inputs.biases.back() =
          readFinite(file, gate + ".bias", {inputs.channels});
  }
  const std::vector<std::int64_t> stateShape = {inputs.batch, inputs.channels};
  inputs.hasInitial = file.contains(state + "0");
  if (inputs.hasInitial) {
    inputs.initial = readFinite(file, state + "0", stateShape);
    if (manifest.scan == "log")
      checkElements(file.path().string() + ": ", state + "0", stateShape,
                    inputs.initial,
                    "an initial state must not be negative in a log-space "
                    "scan; use --scan linear",
                    [](float number) { return number >= 0; });
  }
  if (wantsGradients) {
    inputs.dOutput = readFinite(file, "d" + state,
                                {inputs.batch, inputs.time, inputs.channels});
    inputs.hasDLast = file.contains("d" + state + "_last");
    if (inputs.hasDLast)
      inputs.dLast = readFinite(file, "d" + state + "_last", stateShape);
  }
  return inputs;
}

CellOutputs minrnn::runCell(const CellKernels &cell, const CellInputs &inputs) {
  const std::int64_t batch = inputs.batch;
  const std::int64_t time = inputs.time;
  const std::int64_t channels = inputs.channels;
  const std::string &state = cell.manifest().states.front();
  const SequenceShape shape{batch, time, channels};
  const float *initial = inputs.hasInitial ? inputs.initial.data() : nullptr;
  const auto sequenceCount =
      static_cast<std::size_t>(elementCount({batch, time, channels}, "h"));
  const auto stateCount =
      static_cast<std::size_t>(elementCount({batch, channels}, "h_last"));

  const std::vector<float> preactivations = project(cell, inputs);
  std::vector<float> output(sequenceCount);
  std::vector<float> last(stateCount);
  cell.forward(shape, {.preactivations = preactivations.data(),
                       .initial = initial,
                       .output = output.data(),
                       .last = last.data()});

  CellOutputs outputs;
  if (inputs.wantsGradients) {
    std::vector<float> dPreactivations(preactivations.size());
    std::vector<float> dInitial(inputs.hasInitial ? stateCount : 0);
    cell.backward(shape,
                  {.preactivations = preactivations.data(),
                   .initial = initial,
                   .output = output.data(),
                   .dOutput = inputs.dOutput.data(),
                   .dLast = inputs.hasDLast ? inputs.dLast.data() : nullptr,
                   .dPreactivations = dPreactivations.data(),
                   .dInitial = inputs.hasInitial ? dInitial.data() : nullptr});
    ProjectionGradients gradients =
        projectBackward(cell, inputs, dPreactivations);
    outputs.add("d_x", {batch, time, inputs.inputs}, std::move(gradients.dX));
    const std::vector<std::string> &gates = cell.manifest().gates;
    for (std::size_t gate = 0; gate < gates.size(); ++gate) {
      outputs.add(
          "d_" + gates[gate] + ".weight", {channels, inputs.inputs},
          partOfGate(gradients.dWeight, gate, channels * inputs.inputs));
      if (inputs.hasBias[gate])
        outputs.add("d_" + gates[gate] + ".bias", {channels},
                    partOfGate(gradients.dBias, gate, channels));
    }
    if (inputs.hasInitial)
      outputs.add("d_" + state + "0", {batch, channels}, std::move(dInitial));
  }
  outputs.add(state, {batch, time, channels}, std::move(output));
  outputs.add(state + "_last", {batch, channels}, std::move(last));
  return outputs;
}
