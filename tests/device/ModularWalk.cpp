//===- ModularWalk.cpp - The serial walk in exact arithmetic --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/ModularWalk.h"

#include "runtime/emulator/ModularArithmetic.h"

#include <algorithm>
#include <functional>

using namespace minrnn;
using namespace minrnn::test;
using emulator::fromInteger;
using emulator::toInteger;

static std::vector<uint32_t> toIntegers(const std::vector<float> &numbers) {
  std::vector<uint32_t> integers(numbers.size());
  std::ranges::transform(numbers, integers.begin(), toInteger);
  return integers;
}

static std::vector<float> toFloats(const std::vector<uint32_t> &integers) {
  std::vector<float> numbers(integers.size());
  std::ranges::transform(integers, numbers.begin(), fromInteger);
  return numbers;
}

ModularWalk::ModularWalk(const KernelProgram &kernels, const EntryCall &call)
    : kernels(kernels), call(call), rows(call),
      states(kernels.manifest().size(Axis::States)) {
  // The tensors with an axis of time lie in memory as they are.
  rows.shape = {call.shape.batch * call.shape.time, 1, call.shape.channels};
  rows.reverse = false;
  rows.inputs.erase("initial");
  rows.inputs.erase("d_last");
}

/// The map of which the values at 0 and at 1 are these.
static ModularWalk::Maps mapsOf(const std::vector<float> &atZero,
                                const std::vector<float> &atOne) {
  ModularWalk::Maps maps{toIntegers(atOne), toIntegers(atZero)};
  std::ranges::transform(maps.slopes, maps.offsets, maps.slopes.begin(),
                         std::minus());
  return maps;
}

ModularWalk::Maps ModularWalk::stateMaps() const {
  const std::vector<float> atZero =
      kernels.run(Procedure::Step, rows).at("last");
  EntryCall fromOne = rows;
  fromOne.inputs["initial"] = std::vector<float>(atZero.size(), 1.0F);
  return mapsOf(atZero, kernels.run(Procedure::Step, fromOne).at("last"));
}

ModularWalk::Maps ModularWalk::gradientMaps() const {
  EntryCall step = backwardRows();
  const std::vector<float> atZero = kernels.backward(step).at("d_initial");
  step.inputs["d_last"] = std::vector<float>(atZero.size(), 1.0F);
  return mapsOf(atZero, kernels.backward(step).at("d_initial"));
}

EntryCall ModularWalk::backwardRows() const {
  const std::vector<uint32_t> after = statesAfter();
  EntryCall step = rows;
  step.inputs["initial"] = statesBefore(after);
  step.inputs["states"] = toFloats(after);
  step.inputs["output"] = kernels.run(Procedure::Step, step).at("output");
  return step;
}

std::vector<uint32_t> ModularWalk::statesAfter() const {
  const auto &[batch, time, channels] = call.shape;
  if (!isParallel())
    return toIntegers(kernels.steps(call).at("states"));
  const Maps maps = stateMaps();
  std::vector<uint32_t> after(maps.slopes.size());
  const int64_t width = states * channels;
  for (int64_t row = 0; row < batch; ++row)
    for (int64_t i = 0; i < width; ++i) {
      uint32_t state = 0;
      if (auto initial = call.inputs.find("initial");
          initial != call.inputs.end())
        state = toInteger(initial->second[row * width + i]);
      for (int64_t index = 0; index < time; ++index) {
        const int64_t place = (row * time + positionOf(index)) * width + i;
        state = maps.offsets[place] + maps.slopes[place] * state;
        after[place] = state;
      }
    }
  return after;
}

std::vector<float>
ModularWalk::statesBefore(const std::vector<uint32_t> &after) const {
  const auto &[batch, time, channels] = call.shape;
  const int64_t width = states * channels;
  std::vector<float> before(after.size(), 0.0F);
  for (int64_t row = 0; row < batch; ++row)
    for (int64_t index = 0; index < time; ++index)
      for (int64_t i = 0; i < width; ++i) {
        float &state = before[(row * time + positionOf(index)) * width + i];
        if (index > 0)
          state = fromInteger(
              after[(row * time + positionOf(index - 1)) * width + i]);
        else if (auto initial = call.inputs.find("initial");
                 initial != call.inputs.end())
          state = initial->second[row * width + i];
      }
  return before;
}

NamedArrays ModularWalk::forward() const {
  const auto &[batch, time, channels] = call.shape;
  const std::vector<uint32_t> after = statesAfter();
  EntryCall from = rows;
  from.inputs["initial"] = statesBefore(after);
  NamedArrays results;
  results["output"] = kernels.run(Procedure::Step, from).at("output");
  results["states"] = toFloats(after);
  std::vector<float> &last = results["last"];
  const int64_t width = states * channels;
  for (int64_t row = 0; row < batch; ++row) {
    const auto end =
        results["states"].begin() + (row * time + positionOf(time - 1)) * width;
    last.insert(last.end(), end, end + width);
  }
  return results;
}

NamedArrays ModularWalk::backward() const {
  const auto &[batch, time, channels] = call.shape;
  const Maps maps = gradientMaps();
  // What arrives at each step from the one behind it.
  std::vector<uint32_t> arriving(maps.slopes.size());
  const int64_t width = states * channels;
  std::vector<uint32_t> carried(static_cast<size_t>(batch * width));
  if (auto dLast = call.inputs.find("d_last"); dLast != call.inputs.end())
    carried = toIntegers(dLast->second);
  for (int64_t row = 0; row < batch; ++row)
    for (int64_t i = 0; i < width; ++i)
      for (int64_t index = time - 1; index >= 0; --index) {
        uint32_t &carry = carried[row * width + i];
        const int64_t place = (row * time + positionOf(index)) * width + i;
        arriving[place] = carry;
        carry = maps.offsets[place] + maps.slopes[place] * carry;
      }
  EntryCall step = backwardRows();
  step.inputs["d_last"] = toFloats(arriving);
  NamedArrays results = kernels.backward(step);
  results["d_initial"] = toFloats(carried);
  for (auto &[name, values] : results)
    if (name != "d_initial" &&
        !kernels.manifest().program.find(name)->has(Axis::Time))
      values = sumOverTime(values);
  return results;
}

std::vector<float>
ModularWalk::sumOverTime(const std::vector<float> &values) const {
  const auto &[batch, time, channels] = call.shape;
  const int64_t width = std::ssize(values) / (batch * time);
  std::vector<uint32_t> sums(static_cast<size_t>(batch * width));
  for (int64_t row = 0; row < batch; ++row)
    for (int64_t t = 0; t < time; ++t)
      for (int64_t i = 0; i < width; ++i)
        sums[row * width + i] +=
            toInteger(values[(row * time + t) * width + i]);
  return toFloats(sums);
}
