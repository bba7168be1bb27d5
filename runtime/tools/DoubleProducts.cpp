//===- DoubleProducts.cpp - Projections rounded once ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/DoubleProducts.h"

#include "specs/contract/ElementCount.h"
#include "runtime/device/HostProduct.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// Rows that are converted to double at a time.
constexpr std::int64_t chunkRows = 4096;

std::vector<double> toDoubles(std::span<const float> numbers) {
  return {numbers.begin(), numbers.end()};
}

/// All gates' weights as one matrix [G * H, D].
std::vector<double> packedWeights(const CellInputs &inputs) {
  std::vector<double> packed;
  for (const GateWeights &gate : inputs.gates)
    packed.insert(packed.end(), gate.weight.begin(), gate.weight.end());
  return packed;
}

/// All gates' biases as [G * H], zero where there is none.
std::vector<double> packedBiases(const CellInputs &inputs) {
  std::vector<double> packed;
  for (const GateWeights &gate : inputs.gates) {
    packed.insert(packed.end(), gate.bias.begin(), gate.bias.end());
    if (gate.bias.empty())
      packed.resize(packed.size() + static_cast<std::size_t>(inputs.channels));
  }
  return packed;
}

/// Sizes that all parts of a run share: rows B * T, columns G * H.
struct Sizes {
  std::int64_t rows;
  std::int64_t columns;
};

Sizes sizesOf(const CellInputs &inputs) {
  const auto gates = static_cast<std::int64_t>(inputs.gates.size());
  elementCount({inputs.batch, inputs.time, inputs.inputs}, "x");
  elementCount({inputs.batch, inputs.time, gates, inputs.channels},
               "the pre-activations");
  return {inputs.batch * inputs.time, gates * inputs.channels};
}

} // namespace

std::vector<float> minrnn::projectInput(const CellInputs &inputs) {
  const auto [rows, columns] = sizesOf(inputs);
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
                 columns, false);
    float *target = result.data() + begin * columns;
    for (std::int64_t row = 0; row < count; ++row)
      for (std::int64_t j = 0; j < columns; ++j)
        target[row * columns + j] = static_cast<float>(
            sums[static_cast<std::size_t>(row * columns + j)] +
            bias[static_cast<std::size_t>(j)]);
  }
  return result;
}

InputGradients
minrnn::projectInputBackward(const CellInputs &inputs,
                             std::span<const float> dPreactivations,
                             std::span<const float> dInput) {
  const auto [rows, columns] = sizesOf(inputs);
  const std::vector<double> weight = packedWeights(inputs);
  InputGradients gradients;
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
    if (dInput.empty())
      dx.assign(static_cast<std::size_t>(count * inputs.inputs), 0.0);
    else
      dx = toDoubles(
          dInput.subspan(static_cast<std::size_t>(begin * inputs.inputs),
                         static_cast<std::size_t>(count * inputs.inputs)));
    gemm<double>(count, inputs.inputs, columns, {dGates.data(), columns},
                 {weight.data(), inputs.inputs}, dx.data(), inputs.inputs,
                 true);
    std::copy(dx.begin(), dx.end(),
              gradients.dX.begin() + begin * inputs.inputs);
    gemm<double>(columns, inputs.inputs, count,
                 {dGates.data(), columns, Transpose::Yes},
                 {x.data(), inputs.inputs}, gradients.dWeight.data(),
                 inputs.inputs, true);
    for (std::int64_t row = 0; row < count; ++row)
      for (std::int64_t j = 0; j < columns; ++j)
        gradients.dBias[static_cast<std::size_t>(j)] +=
            dGates[static_cast<std::size_t>(row * columns + j)];
  }
  return gradients;
}

RecurrentProducts::RecurrentProducts(const CellKernels &cell,
                                     const CellInputs &inputs, bool addsBias)
    : inputs(inputs), addsBias(addsBias), stateCount(cell.states()),
      chainedCount(cell.chained()) {
  for (const RecurrentProjection &projection : cell.manifest().recurrent)
    sourceOfGate.push_back(
        projection.chained
            ? Source{true, *projection.chained}
            : Source{false, cell.manifest().stateIndex(projection.state)});
  for (const GateWeights &gate : inputs.recurrent)
    weights.push_back(toDoubles(gate.weight));
  weightGradients.resize(static_cast<std::size_t>(
      elementCount({cell.recurrent(), inputs.channels, inputs.channels},
                   "the weights of the recurrent gates")));
  biasGradients.resize(
      static_cast<std::size_t>(cell.recurrent() * inputs.channels));
}

std::vector<double> RecurrentProducts::take(std::span<const float> packed,
                                            std::int64_t steps,
                                            std::int64_t step,
                                            std::int64_t width,
                                            std::int64_t place) const {
  const std::int64_t h = inputs.channels;
  std::vector<double> taken;
  taken.reserve(static_cast<std::size_t>(inputs.batch * h));
  for (std::int64_t row = 0; row < inputs.batch; ++row) {
    const float *begin =
        packed.data() + ((row * steps + step) * width + place) * h;
    taken.insert(taken.end(), begin, begin + h);
  }
  return taken;
}

void RecurrentProducts::project(std::size_t gate,
                                const std::vector<double> &from, std::int64_t t,
                                std::span<float> recurrent) const {
  const std::int64_t h = inputs.channels;
  const auto gates = static_cast<std::int64_t>(weights.size());
  std::vector<double> sums(static_cast<std::size_t>(inputs.batch * h));
  gemm<double>(inputs.batch, h, h, {from.data(), h},
               {weights[gate].data(), h, Transpose::Yes}, sums.data(), h,
               false);
  const GateWeights &given = inputs.recurrent[gate];
  if (addsBias && given.hasBias)
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] += given.bias[i % static_cast<std::size_t>(h)];
  const std::vector<float> rounded(sums.begin(), sums.end());
  for (std::int64_t row = 0; row < inputs.batch; ++row)
    std::copy_n(rounded.begin() + row * h, h,
                recurrent.begin() + ((row * inputs.time + t) * gates +
                                     static_cast<std::int64_t>(gate)) *
                                        h);
}

void RecurrentProducts::forward(std::span<const float> states, std::int64_t t,
                                std::span<float> recurrent) const {
  for (std::size_t gate = 0; gate < weights.size(); ++gate)
    if (!sourceOfGate[gate].isChained)
      project(gate, take(states, 1, 0, stateCount, sourceOfGate[gate].place), t,
              recurrent);
}

void RecurrentProducts::forwardChained(std::span<const float> chained,
                                       std::int64_t t,
                                       std::span<float> recurrent) const {
  for (std::size_t gate = 0; gate < weights.size(); ++gate)
    if (sourceOfGate[gate].isChained)
      project(
          gate,
          take(chained, inputs.time, t, chainedCount, sourceOfGate[gate].place),
          t, recurrent);
}

void RecurrentProducts::pullBack(std::size_t gate,
                                 std::span<const float> dRecurrent,
                                 std::int64_t t,
                                 const std::vector<double> &from, double *sums,
                                 std::int64_t stride) {
  const std::int64_t h = inputs.channels;
  const auto r = static_cast<std::int64_t>(gate);
  const std::vector<double> dGate = take(
      dRecurrent, inputs.time, t, static_cast<std::int64_t>(weights.size()), r);
  gemm<double>(inputs.batch, h, h, {dGate.data(), h}, {weights[gate].data(), h},
               sums, stride, true);
  gemm<double>(h, h, inputs.batch, {dGate.data(), h, Transpose::Yes},
               {from.data(), h}, weightGradients.data() + r * h * h, h, true);
  for (std::size_t i = 0; i < dGate.size(); ++i)
    biasGradients[gate * static_cast<std::size_t>(h) +
                  i % static_cast<std::size_t>(h)] += dGate[i];
}

void RecurrentProducts::backwardChained(std::span<const float> dRecurrent,
                                        std::span<const float> chained,
                                        std::int64_t t,
                                        std::span<float> dChained) {
  const std::int64_t h = inputs.channels;
  const std::int64_t width = chainedCount * h;
  std::vector<double> sums(static_cast<std::size_t>(inputs.batch * width));
  for (std::size_t gate = 0; gate < weights.size(); ++gate) {
    const auto &[isChained, value] = sourceOfGate[gate];
    if (isChained)
      pullBack(gate, dRecurrent, t,
               take(chained, inputs.time, t, chainedCount, value),
               sums.data() + value * h, width);
  }
  for (std::int64_t row = 0; row < inputs.batch; ++row)
    std::copy_n(sums.begin() + row * width, width,
                dChained.begin() + (row * inputs.time + t) * width);
}

void RecurrentProducts::backward(std::span<const float> dRecurrent,
                                 std::int64_t t, std::span<const float> before,
                                 std::span<float> dStates) {
  const std::int64_t h = inputs.channels;
  std::vector<double> sums = toDoubles(dStates);
  for (std::size_t gate = 0; gate < weights.size(); ++gate) {
    const auto &[isChained, state] = sourceOfGate[gate];
    if (!isChained)
      pullBack(gate, dRecurrent, t, take(before, 1, 0, stateCount, state),
               sums.data() + state * h, stateCount * h);
  }
  std::copy(sums.begin(), sums.end(), dStates.begin());
}
