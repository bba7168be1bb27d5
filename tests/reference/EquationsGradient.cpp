//===- EquationsGradient.cpp - Reverse mode through time ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Evaluation.h"
#include "tests/reference/Operations.h"

#include <algorithm>

using namespace minrnn::reference;

/// Whether an operand is taken by one that chooses among its operands, as far
/// as can be told, or by any other instruction.
static bool takes(const Instruction &instruction, const Estimate &slope) {
  switch (instruction.operation) {
  case Opcode::Maximum:
  case Opcode::Minimum:
  case Opcode::Compare:
  case Opcode::Select:
    return slope.value != 0 || slope.error != 0;
  default:
    return true;
  }
}

void Evaluation::pullBack(int64_t row, int64_t t, int64_t channel,
                          int64_t place, std::span<const Estimate> values,
                          Adjoints &adjoints, States &states,
                          std::vector<Estimate> &dRecurrent,
                          CallGradients &gradients) const {
  const Instruction &instruction = cell.instructions[place];
  if (!adjoints[place].hasArrived)
    return;
  const Estimate &adjoint = adjoints[place].total;
  int64_t i = instruction.index;
  switch (instruction.operation) {
  case Opcode::State:
    return accumulate(states[i * channelCount + channel], adjoint);
  case Opcode::Gate:
    accumulate(gradients.preactivations, perStep(row, t, gateCount, i, channel),
               adjoint);
    return accumulate(gradients.bias, perRow(row, gateCount, i, channel),
                      adjoint);
  case Opcode::Recurrent:
    accumulate(dRecurrent[i * channelCount + channel], adjoint);
    return accumulate(gradients.recurrentBias,
                      perRow(row, projectionCount, i, channel), adjoint);
  case Opcode::Read:
    return accumulate(gradients.input, perStep(row, t, 1, 0, channel), adjoint);
  case Opcode::Parameter:
    return accumulate(gradients.parameters,
                      perRow(row, parameterCount, i, channel), adjoint);
  default:
    break;
  }
  std::vector<Estimate> slopes =
      slopesOf(cell, instruction, values, values[place], plain);
  for (size_t operand = 0; operand < slopes.size(); ++operand)
    if (takes(instruction, slopes[operand]))
      accumulate(adjoints[instruction.operands[operand]],
                 plain.product(adjoint, slopes[operand],
                               /*regroups=*/true));
}

void Evaluation::pullBack(int64_t row, int64_t t,
                          std::span<const double> dOutput,
                          const StepNumbers &values, States &states,
                          std::vector<Estimate> &dRecurrent,
                          CallGradients &gradients) const {
  auto count = static_cast<int64_t>(cell.instructions.size());
  std::vector<Adjoints> adjoints(channelCount, Adjoints(count));
  for (int64_t channel = 0; channel < channelCount; ++channel) {
    accumulate(adjoints[channel][cell.output],
               Estimate::exact(dOutput[channel]));
    for (int64_t s = 0; s < stateCount; ++s) {
      Estimate &state = states[s * channelCount + channel];
      accumulate(adjoints[channel][cell.next[s]], state);
      state = {};
    }
  }
  for (int64_t place = count; place-- > 0;) {
    // Whatever projects this value stands behind it, and so is done.
    auto found = std::ranges::find(cell.inner, place);
    if (found != cell.inner.end()) {
      Channels arriving = pullBackInner(row, t, found - cell.inner.begin(),
                                        values, dRecurrent, gradients);
      // A product whose gradient is zero sends nothing back.
      for (int64_t channel = 0; channel < channelCount; ++channel)
        if (arriving[channel].value != 0 || arriving[channel].error != 0)
          accumulate(adjoints[channel][place], arriving[channel]);
    }
    for (int64_t channel = 0; channel < channelCount; ++channel)
      pullBack(row, t, channel, place, values[channel], adjoints[channel],
               states, dRecurrent, gradients);
  }
}

Channels Evaluation::pullBackProduct(int64_t row, int64_t t, int64_t r,
                                     std::span<const Estimate> operand,
                                     std::span<const Estimate> dRecurrent,
                                     CallGradients &gradients) const {
  std::span<const Estimate> dProduct = part(dRecurrent, r);
  for (int64_t to = 0; to < channelCount; ++to) {
    gradients.recurrent.set(perStep(row, t, projectionCount, r, to),
                            dProduct[to]);
    for (int64_t from = 0; from < channelCount; ++from)
      accumulate(gradients.recurrentWeight,
                 (r * channelCount + to) * channelCount + from,
                 plain.product(dProduct[to], operand[from],
                               /*regroups=*/true));
  }
  Channels dOperand;
  for (int64_t from = 0; from < channelCount; ++from) {
    DotProduct product(plain);
    for (int64_t to = 0; to < channelCount; ++to)
      product.add(
          call.recurrentWeight[(r * channelCount + to) * channelCount + from],
          dProduct[to]);
    dOperand.push_back(product.take());
  }
  return dOperand;
}

void Evaluation::pullBackStates(int64_t row, int64_t t, const States &before,
                                const std::vector<Estimate> &dRecurrent,
                                States &states,
                                CallGradients &gradients) const {
  for (int64_t r = 0; r < projectionCount; ++r) {
    int64_t state = cell.recurrent[r].state;
    if (cell.recurrent[r].isInner())
      continue;
    Channels dState =
        pullBackProduct(row, t, r, part(before, state), dRecurrent, gradients);
    for (int64_t from = 0; from < channelCount; ++from)
      accumulate(states[state * channelCount + from], dState[from]);
  }
}

Channels Evaluation::pullBackInner(int64_t row, int64_t t, int64_t inner,
                                   const StepNumbers &values,
                                   const std::vector<Estimate> &dRecurrent,
                                   CallGradients &gradients) const {
  Channels operand = acrossChannels(values, cell.inner[inner]);
  Channels total(channelCount);
  for (int64_t r = 0; r < projectionCount; ++r) {
    if (cell.recurrent[r].inner != inner)
      continue;
    Channels dOperand =
        pullBackProduct(row, t, r, operand, dRecurrent, gradients);
    for (int64_t from = 0; from < channelCount; ++from)
      accumulate(total[from], dOperand[from]);
  }
  for (int64_t from = 0; from < channelCount; ++from)
    gradients.inner.set(perStep(row, t, innerCount, inner, from), total[from]);
  return total;
}

CallGradients Evaluation::backward(std::span<const double> dOutput,
                                   std::span<const double> dLast) const {
  expectSize("dOutput", dOutput.size(), batchSize * stepCount * channelCount,
             false);
  expectSize("dLast", dLast.size(), batchSize * stateCount * channelCount,
             true);
  CallResults results = forward();
  CallGradients gradients;
  gradients.preactivations.resize(batchSize * stepCount * gateCount *
                                  channelCount);
  gradients.input.resize(cell.readsInput ? batchSize * stepCount * channelCount
                                         : 0);
  gradients.recurrent.resize(batchSize * stepCount * projectionCount *
                             channelCount);
  gradients.inner.resize(batchSize * stepCount * innerCount * channelCount);
  gradients.recurrentWeight.resize(projectionCount * channelCount *
                                   channelCount);
  gradients.bias.resize(batchSize * gateCount * channelCount);
  gradients.recurrentBias.resize(batchSize * projectionCount * channelCount);
  gradients.parameters.resize(batchSize * parameterCount * channelCount);
  gradients.initial.resize(batchSize * stateCount * channelCount);
  for (int64_t row = 0; row < batchSize; ++row) {
    States states(stateCount * channelCount); // the gradients of the states
    for (int64_t i = 0; i < stateCount * channelCount && !dLast.empty(); ++i)
      states[i] = Estimate::exact(dLast[row * stateCount * channelCount + i]);
    for (int64_t position = stepCount; position-- > 0;) {
      int64_t t = stepAt(position);
      States before = statesBefore(results, row, position);
      std::vector<Estimate> dRecurrent(projectionCount * channelCount);
      pullBack(row, t, dOutput.subspan(perStep(row, t, 1, 0, 0), channelCount),
               values(row, t, before, results.recurrent, plain), states,
               dRecurrent, gradients);
      // A step that starts from zero passes nothing on to the one before it.
      if (isReset(row, t))
        states.assign(stateCount * channelCount, {});
      else
        pullBackStates(row, t, before, dRecurrent, states, gradients);
    }
    for (int64_t i = 0; i < stateCount * channelCount; ++i)
      gradients.initial.set(row * stateCount * channelCount + i, states[i]);
  }
  return gradients;
}
