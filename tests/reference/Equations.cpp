//===- Equations.cpp - The reference of any cell --------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Equations.h"

#include "tests/reference/Evaluation.h"
#include "tests/reference/Operations.h"

#include <cmath>
#include <stdexcept>
#include <string>

using namespace minrnn::reference;

void Estimates::resize(int64_t size) {
  value.resize(size);
  magnitude.resize(size);
  error.resize(size);
}

Estimate Estimates::at(int64_t index) const {
  return {value[index], magnitude[index], error[index]};
}

void Estimates::set(int64_t index, const Estimate &estimate) {
  value[index] = estimate.value;
  magnitude[index] = estimate.magnitude;
  error[index] = estimate.error;
}

void minrnn::reference::expectSize(std::string_view what, size_t found,
                                   int64_t expected, bool mayBeEmpty) {
  if (found == static_cast<size_t>(expected) || (mayBeEmpty && found == 0))
    return;
  throw std::invalid_argument(std::string(what) + " holds " +
                              std::to_string(found) + " numbers, expected " +
                              std::to_string(expected));
}

Evaluation::Evaluation(const ParsedCell &cell, const Call &call)
    : cell(cell), call(call), plain{false, call.precision},
      batchSize(call.shape.batch), stepCount(call.shape.time),
      channelCount(call.shape.channels),
      gateCount(static_cast<int64_t>(cell.gates.size())),
      projectionCount(static_cast<int64_t>(cell.recurrent.size())),
      innerCount(static_cast<int64_t>(cell.inner.size())),
      parameterCount(static_cast<int64_t>(cell.parameters.size())),
      stateCount(static_cast<int64_t>(cell.states.size())) {
  expectSize("preactivations", call.preactivations.size(),
             batchSize * stepCount * gateCount * channelCount, false);
  expectSize("input", call.input.size(),
             cell.readsInput ? batchSize * stepCount * channelCount : 0, false);
  expectSize("recurrentWeight", call.recurrentWeight.size(),
             projectionCount * channelCount * channelCount, false);
  expectSize("bias", call.bias.size(), gateCount * channelCount, true);
  expectSize("recurrentBias", call.recurrentBias.size(),
             projectionCount * channelCount, true);
  expectSize("parameters", call.parameters.size(),
             parameterCount * channelCount, false);
  expectSize("reset", call.reset.size(), batchSize * stepCount, true);
  expectSize("initial", call.initial.size(),
             batchSize * stateCount * channelCount, true);
}

States Evaluation::initialStates(int64_t row) const {
  States states(stateCount * channelCount);
  if (call.initial.empty())
    return states;
  Arithmetic arithmetic{call.logarithmic, call.precision};
  for (int64_t i = 0; i < stateCount * channelCount; ++i) {
    double value = call.initial[row * stateCount * channelCount + i];
    states[i] = Estimate::exact(value);
    if (call.logarithmic) // there and back: 2^(log2 h)
      states[i] = arithmetic.function(states[i], value, 1);
  }
  return states;
}

States Evaluation::statesBefore(const CallResults &results, int64_t row,
                                int64_t position) const {
  if (isReset(row, stepAt(position)))
    return States(stateCount * channelCount);
  if (position == 0)
    return initialStates(row);
  States states(stateCount * channelCount);
  int64_t before = perStep(row, stepAt(position - 1), stateCount, 0, 0);
  for (int64_t i = 0; i < stateCount * channelCount; ++i)
    states[i] = results.states.at(before + i);
  return states;
}

void Evaluation::multiply(int64_t row, int64_t t, int64_t r,
                          std::span<const Estimate> operand,
                          Estimates &recurrent) const {
  for (int64_t to = 0; to < channelCount; ++to) {
    DotProduct product(plain);
    for (int64_t from = 0; from < channelCount; ++from)
      product.add(
          call.recurrentWeight[(r * channelCount + to) * channelCount + from],
          operand[from]);
    recurrent.set(perStep(row, t, projectionCount, r, to), product.take());
  }
}

void Evaluation::multiplyStates(int64_t row, int64_t t, const States &before,
                                Estimates &recurrent) const {
  if (isReset(row, t))
    return; // as they were made: zero
  for (int64_t r = 0; r < projectionCount; ++r)
    if (!cell.recurrent[r].isInner())
      multiply(row, t, r, part(before, cell.recurrent[r].state), recurrent);
}

Estimate Evaluation::value(int64_t row, int64_t t, int64_t channel,
                           const Instruction &instruction,
                           std::span<const Estimate> values,
                           const States &before, const Estimates &recurrent,
                           const Arithmetic &arithmetic) const {
  int64_t i = instruction.index;
  switch (instruction.operation) {
  case Opcode::State:
    return before[i * channelCount + channel];
  case Opcode::Gate: {
    double sum = call.preactivations[perStep(row, t, gateCount, i, channel)];
    if (!call.bias.empty())
      sum += call.bias[i * channelCount + channel];
    if (call.roundsPreactivations)
      sum = static_cast<float>(sum);
    return Estimate::exact(sum);
  }
  case Opcode::Recurrent: {
    Estimate product =
        recurrent.at(perStep(row, t, projectionCount, i, channel));
    if (!call.recurrentBias.empty())
      product = plain.sum(
          product,
          Estimate::exact(call.recurrentBias[i * channelCount + channel]),
          /*regroups=*/false);
    product.magnitude = std::abs(product.value);
    return product;
  }
  case Opcode::Read:
    return Estimate::exact(call.input[perStep(row, t, 1, 0, channel)]);
  case Opcode::Parameter:
    return Estimate::exact(call.parameters[i * channelCount + channel]);
  default:
    return valueOf(cell, instruction, values, arithmetic);
  }
}

StepNumbers Evaluation::values(int64_t row, int64_t t, const States &before,
                               Estimates &recurrent,
                               const Arithmetic &arithmetic) const {
  StepNumbers values(channelCount);
  for (std::vector<Estimate> &channel : values)
    channel.reserve(cell.instructions.size());
  for (const Instruction &instruction : cell.instructions) {
    if (instruction.operation == Opcode::Recurrent) {
      int64_t r = instruction.index;
      if (int inner = cell.recurrent[r].inner; inner >= 0)
        multiply(row, t, r, acrossChannels(values, cell.inner[inner]),
                 recurrent);
    }
    for (int64_t channel = 0; channel < channelCount; ++channel)
      values[channel].push_back(value(row, t, channel, instruction,
                                      values[channel], before, recurrent,
                                      arithmetic));
  }
  return values;
}

CallResults Evaluation::forward() const {
  CallResults results;
  results.output.resize(batchSize * stepCount * channelCount);
  results.states.resize(batchSize * stepCount * stateCount * channelCount);
  results.last.resize(batchSize * stateCount * channelCount);
  results.recurrent.resize(batchSize * stepCount * projectionCount *
                           channelCount);
  results.inner.resize(batchSize * stepCount * innerCount * channelCount);
  Arithmetic arithmetic{call.logarithmic, call.precision};
  for (int64_t row = 0; row < batchSize; ++row) {
    States states = initialStates(row);
    for (int64_t position = 0; position < stepCount; ++position) {
      int64_t t = stepAt(position);
      if (isReset(row, t))
        states.assign(stateCount * channelCount, {});
      multiplyStates(row, t, states, results.recurrent);
      States after(stateCount * channelCount);
      StepNumbers numbers =
          values(row, t, states, results.recurrent, arithmetic);
      for (int64_t channel = 0; channel < channelCount; ++channel) {
        std::vector<Estimate> &all = numbers[channel];
        for (int64_t c = 0; c < innerCount; ++c)
          results.inner.set(perStep(row, t, innerCount, c, channel),
                            all[cell.inner[c]]);
        for (int64_t s = 0; s < stateCount; ++s) {
          // Even a number that nothing was done to has been a logarithm; also
          // where the output is that very number.
          Estimate &next = all[cell.next[s]];
          if (call.logarithmic && next.error == 0 && next.value != 0)
            next = arithmetic.function(next, next.value, 1);
          after[s * channelCount + channel] = next;
          results.states.set(perStep(row, t, stateCount, s, channel), next);
        }
        results.output.set(perStep(row, t, 1, 0, channel), all[cell.output]);
      }
      states = after;
    }
    for (int64_t i = 0; i < stateCount * channelCount; ++i)
      results.last.set(row * stateCount * channelCount + i, states[i]);
  }
  return results;
}

CallResults minrnn::reference::evaluate(const ParsedCell &cell,
                                        const Call &call) {
  return Evaluation(cell, call).forward();
}

CallGradients minrnn::reference::differentiate(const ParsedCell &cell,
                                               const Call &call,
                                               std::span<const double> dOutput,
                                               std::span<const double> dLast) {
  return Evaluation(cell, call).backward(dOutput, dLast);
}
