//===- RunCase.cpp - Files for `minrnn run`, judged -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/RunCase.h"

#include "tests/device/CompiledCells.h"
#include "tests/reference/HalfStorage.h"

#include <cmath>

using namespace minrnn;
using namespace minrnn::test;
using reference::Judged;

static constexpr std::int64_t batch = RunCase::batch;
static constexpr std::int64_t channels = RunCase::channels;

RunCase::RunCase(const std::string &cell)
    : program(reference::parseProgramFile(cellFile(cell))),
      outputName(program.hasSeparateOutput ? "y" : program.states[0]) {
  std::uint64_t seed = 1;
  tensors.put("x", {batch, time, channels}, seed++);
  for (const std::string &gate : gateNames()) {
    tensors.put(gate + ".weight", {channels, channels}, seed++, 0.5);
    // One gate without a bias.
    if (seed % 7 != 0)
      tensors.put(gate + ".bias", {channels}, seed++, 0.5);
  }
  for (const std::string &parameter : program.parameters)
    tensors.put(parameter, {channels}, seed++, 0.5);
  for (const std::string &state : program.states) {
    tensors.put(state + "0", {batch, channels}, seed++);
    // In log space a state must not be negative.
    for (double &number : tensors[state + "0"])
      number = std::abs(number);
  }
}

void RunCase::addGradients() {
  tensors.put("d" + outputName, {batch, time, channels}, 71);
  for (const std::string &state : program.states)
    tensors.put("d" + state + "_last", {batch, channels}, 72);
}

void RunCase::addReset() {
  tensors.resetShape = {batch, time};
  tensors.reset = std::string(batch * time, '\0');
  for (const std::size_t place : {0, 4, 10, 11, 17})
    tensors.reset[place] = '\3';
}

std::vector<std::string> RunCase::gateNames() const {
  std::vector<std::string> names = program.gates;
  for (const reference::RecurrentProjection &gate : program.recurrent)
    names.push_back(gate.name);
  return names;
}

Numbers RunCase::numbers(const std::string &name, std::int64_t count) const {
  auto found = tensors.byName.find(name);
  return found == tensors.byName.end()
             ? Numbers(static_cast<std::size_t>(count))
             : found->second.values;
}

Numbers RunCase::storedNumbers(const std::string &name,
                               const std::string &ioType) const {
  Numbers stored = numbers(name);
  for (double &number : stored)
    number = reference::roundedTo(ioType, static_cast<float>(number));
  return stored;
}

Numbers RunCase::packedStates(const std::string &before,
                              const std::string &after) const {
  Numbers packed;
  for (std::int64_t row = 0; row < batch; ++row)
    for (const std::string &state : program.states) {
      const Numbers one = numbers(
          std::string(before).append(state).append(after), batch * channels);
      packed.insert(packed.end(), one.begin() + row * channels,
                    one.begin() + (row + 1) * channels);
    }
  return packed;
}

reference::Call RunCase::callOf(bool reverse, bool logarithmic,
                                const std::string &ioType) const {
  reference::Call call;
  call.shape = {batch, time, channels};
  call.reverse = reverse;
  call.logarithmic = logarithmic;
  const Numbers x = storedNumbers("x", ioType);
  for (std::int64_t step = 0; step < batch * time; ++step)
    for (const std::string &gate : program.gates) {
      const Numbers weight = storedNumbers(gate + ".weight", ioType);
      for (std::int64_t h = 0; h < channels; ++h) {
        double sum = 0;
        for (std::int64_t d = 0; d < channels; ++d)
          sum += x[step * channels + d] * weight[h * channels + d];
        call.preactivations.push_back(
            reference::roundedTo(ioType, static_cast<float>(sum)));
      }
    }
  for (const std::string &gate : program.gates) {
    const Numbers bias = numbers(gate + ".bias", channels);
    call.bias.insert(call.bias.end(), bias.begin(), bias.end());
  }
  if (program.readsInput)
    call.input = x;
  for (const reference::RecurrentProjection &gate : program.recurrent) {
    const Numbers weight = numbers(gate.name + ".weight");
    call.recurrentWeight.insert(call.recurrentWeight.end(), weight.begin(),
                                weight.end());
    const Numbers bias = numbers(gate.name + ".bias", channels);
    call.recurrentBias.insert(call.recurrentBias.end(), bias.begin(),
                              bias.end());
  }
  for (const std::string &parameter : program.parameters) {
    const Numbers values = numbers(parameter);
    call.parameters.insert(call.parameters.end(), values.begin(), values.end());
  }
  call.reset.assign(tensors.reset.begin(), tensors.reset.end());
  call.initial = packedStates("", "0");
  return call;
}

/// Adds `factor` times a number that is off by as much as `from[index]`.
static void addScaled(Judged &to, std::int64_t place, const Judged &from,
                      std::int64_t index, double factor = 1) {
  to.value[place] += factor * from.value[index];
  to.magnitude[place] += std::abs(factor) * from.magnitude[index];
  to.error[place] += reference::scaled(std::abs(factor), from.error[index]);
}

/// Of rows[n, width], the columns of one part among `parts`.
static Judged partOf(const Judged &rows, std::int64_t parts, std::int64_t part,
                     std::int64_t width) {
  Judged taken;
  const auto count = static_cast<std::int64_t>(rows.value.size()) / parts;
  taken.resize(count);
  for (std::int64_t i = 0; i < count; ++i)
    addScaled(taken, i, rows, (i / width * parts + part) * width + i % width);
  return taken;
}

/// The sum of rows[batch, parts, channels] over the batch, one part of it.
static Judged sumOverBatch(const Judged &rows, std::int64_t parts,
                           std::int64_t part) {
  Judged sum;
  sum.resize(channels);
  for (std::int64_t row = 0; row < batch; ++row)
    for (std::int64_t h = 0; h < channels; ++h)
      addScaled(sum, h, rows, (row * parts + part) * channels + h);
  return sum;
}

JudgedTensors RunCase::judge(bool reverse, bool logarithmic,
                             const std::string &ioType) {
  const reference::Call call = callOf(reverse, logarithmic, ioType);
  const reference::CallResults results = reference::evaluate(program, call);
  JudgedTensors judged;
  judged[outputName] = results.output;
  const auto states = static_cast<std::int64_t>(program.states.size());
  for (std::int64_t s = 0; s < states; ++s) {
    const std::string &state = program.states[static_cast<std::size_t>(s)];
    judged.try_emplace(state, partOf(results.states, states, s, channels));
    judged[state + "_last"] = partOf(results.last, states, s, channels);
  }
  if (tensors.byName.contains("d" + outputName))
    judgeGradients(judged, call, ioType);
  return judged;
}

void RunCase::judgeGradients(JudgedTensors &judged, const reference::Call &call,
                             const std::string &ioType) const {
  Numbers dOutput = numbers("d" + outputName);
  const reference::CallGradients gradients = reference::differentiate(
      program, call, dOutput, packedStates("d", "_last"));
  const auto gates = static_cast<std::int64_t>(program.gates.size());
  const auto projections = static_cast<std::int64_t>(program.recurrent.size());
  const auto parameters = static_cast<std::int64_t>(program.parameters.size());
  const auto states = static_cast<std::int64_t>(program.states.size());
  const Numbers x = storedNumbers("x", ioType);
  Judged &dX = judged["d_x"];
  dX.resize(batch * time * channels);
  if (program.readsInput)
    for (std::int64_t i = 0; i < batch * time * channels; ++i)
      addScaled(dX, i, gradients.input, i);
  for (std::int64_t g = 0; g < gates; ++g) {
    const std::string &gate = program.gates[static_cast<std::size_t>(g)];
    const Numbers weight = storedNumbers(gate + ".weight", ioType);
    Judged dWeight;
    dWeight.resize(channels * channels);
    Judged dBias;
    dBias.resize(channels);
    for (std::int64_t step = 0; step < batch * time; ++step)
      for (std::int64_t h = 0; h < channels; ++h) {
        const std::int64_t from = (step * gates + g) * channels + h;
        addScaled(dBias, h, gradients.preactivations, from);
        for (std::int64_t d = 0; d < channels; ++d) {
          addScaled(dX, step * channels + d, gradients.preactivations, from,
                    weight[h * channels + d]);
          addScaled(dWeight, h * channels + d, gradients.preactivations, from,
                    x[step * channels + d]);
        }
      }
    judged["d_" + gate + ".weight"] = dWeight;
    if (tensors.byName.contains(gate + ".bias"))
      judged["d_" + gate + ".bias"] = dBias;
  }
  for (std::int64_t r = 0; r < projections; ++r) {
    const std::string &gate =
        program.recurrent[static_cast<std::size_t>(r)].name;
    Judged &dWeight = judged["d_" + gate + ".weight"];
    dWeight.resize(channels * channels);
    for (std::int64_t i = 0; i < channels * channels; ++i)
      addScaled(dWeight, i, gradients.recurrentWeight,
                r * channels * channels + i);
    if (tensors.byName.contains(gate + ".bias"))
      judged["d_" + gate + ".bias"] =
          sumOverBatch(gradients.recurrentBias, projections, r);
  }
  for (std::int64_t p = 0; p < parameters; ++p)
    judged["d_" + program.parameters[static_cast<std::size_t>(p)]] =
        sumOverBatch(gradients.parameters, parameters, p);
  for (std::int64_t s = 0; s < states; ++s)
    judged["d_" + program.states[static_cast<std::size_t>(s)] + "0"] =
        partOf(gradients.initial, states, s, channels);
}
