//===- Equations.cpp - The judge of any cell ------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Equations.h"

#include "tests/reference/Operations.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace minrnn::reference;

void Judged::resize(int64_t size) {
  value.resize(size);
  magnitude.resize(size);
  error.resize(size);
}

Estimate Judged::at(int64_t index) const {
  return {value[index], magnitude[index], error[index]};
}

void Judged::set(int64_t index, const Estimate &estimate) {
  value[index] = estimate.value;
  magnitude[index] = estimate.magnitude;
  error[index] = estimate.error;
}

namespace {

/// A batch row's states, [S, H].
using States = std::vector<Estimate>;

/// The sum of products of f32 numbers in any order, of `factors` that are
/// exact.
class DotProduct {
public:
  explicit DotProduct(const Arithmetic &arithmetic) : arithmetic(arithmetic) {}
  void add(double factor, const Estimate &number) {
    total.value += factor * number.value;
    total.magnitude += std::abs(factor) * number.magnitude;
    total.error += scaled(factor, number.error);
    ++length;
  }
  Estimate take() const {
    return arithmetic.rounded(total.value, total.magnitude, total.error,
                              length);
  }

private:
  const Arithmetic &arithmetic;
  Estimate total;
  int length = 0;
};

class Evaluation {
public:
  Evaluation(const Program &program, const Call &call);

  CallResults forward() const;
  CallGradients backward(std::span<const double> dOutput,
                         std::span<const double> dLast) const;

private:
  /// The step that is walked at `position`.
  int64_t stepAt(int64_t position) const {
    return call.reverse ? stepCount - 1 - position : position;
  }
  bool isReset(int64_t row, int64_t t) const {
    return !call.reset.empty() && call.reset[row * stepCount + t] != 0;
  }
  States initialStates(int64_t row) const;
  /// The states that step t of a row starts from.
  States statesBefore(const CallResults &results, int64_t row,
                      int64_t position) const;
  /// The values of all instructions for one channel of a step.
  std::vector<Estimate> values(int64_t row, int64_t t, int64_t channel,
                               const States &before, const Judged &recurrent,
                               const Arithmetic &arithmetic) const;
  void multiplyRecurrent(int64_t row, int64_t t, const States &before,
                         Judged &recurrent) const;
  /// Reverse mode through one channel of a step: from the gradients of the
  /// states after it, in `states`, to those before it.
  void pullBack(int64_t row, int64_t t, int64_t channel, double dOutput,
                const std::vector<Estimate> &values, States &states,
                std::vector<Estimate> &dRecurrent,
                CallGradients &gradients) const;
  /// What the recurrent products pass on to the states and the weights.
  void pullBackRecurrent(int64_t row, int64_t t, const States &before,
                         const std::vector<Estimate> &dRecurrent,
                         States &states, CallGradients &gradients) const;

  int64_t perStep(int64_t row, int64_t t, int64_t count, int64_t index,
                  int64_t channel) const {
    return ((row * stepCount + t) * count + index) * channelCount + channel;
  }
  int64_t perRow(int64_t row, int64_t count, int64_t index,
                 int64_t channel) const {
    return (row * count + index) * channelCount + channel;
  }

  /// `total` is what has been added up so far. The first term is not rounded.
  void accumulate(Estimate &total, const Estimate &term) const {
    bool isFirst = total.magnitude == 0 && total.error == 0;
    total = isFirst ? term : plain.sum(total, term, /*regroups=*/true);
  }
  void accumulate(Judged &totals, int64_t index, const Estimate &term) const {
    Estimate total = totals.at(index);
    accumulate(total, term);
    totals.set(index, total);
  }

  const Program &program;
  const Call &call;
  /// Whatever is rounded as the number it is.
  Arithmetic plain;
  int64_t batchSize, stepCount, channelCount, gateCount, projectionCount,
      parameterCount, stateCount;
};

} // namespace

static void expectSize(std::string_view what, size_t found, int64_t expected,
                       bool mayBeEmpty) {
  if (found == static_cast<size_t>(expected) || (mayBeEmpty && found == 0))
    return;
  throw std::invalid_argument(std::string(what) + " holds " +
                              std::to_string(found) + " numbers, expected " +
                              std::to_string(expected));
}

Evaluation::Evaluation(const Program &program, const Call &call)
    : program(program), call(call), plain{false, call.precision},
      batchSize(call.shape.batch), stepCount(call.shape.time),
      channelCount(call.shape.channels),
      gateCount(static_cast<int64_t>(program.gates.size())),
      projectionCount(static_cast<int64_t>(program.recurrent.size())),
      parameterCount(static_cast<int64_t>(program.parameters.size())),
      stateCount(static_cast<int64_t>(program.states.size())) {
  expectSize("preactivations", call.preactivations.size(),
             batchSize * stepCount * gateCount * channelCount, false);
  expectSize("input", call.input.size(),
             program.readsInput ? batchSize * stepCount * channelCount : 0,
             false);
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
    states[i] = results.trajectory.at(before + i);
  return states;
}

void Evaluation::multiplyRecurrent(int64_t row, int64_t t, const States &before,
                                   Judged &recurrent) const {
  if (isReset(row, t))
    return; // as they were made: zero
  for (int64_t r = 0; r < projectionCount; ++r)
    for (int64_t to = 0; to < channelCount; ++to) {
      DotProduct product(plain);
      for (int64_t from = 0; from < channelCount; ++from)
        product.add(
            call.recurrentWeight[(r * channelCount + to) * channelCount + from],
            before[program.recurrent[r].state * channelCount + from]);
      recurrent.set(perStep(row, t, projectionCount, r, to), product.take());
    }
}

std::vector<Estimate> Evaluation::values(int64_t row, int64_t t,
                                         int64_t channel, const States &before,
                                         const Judged &recurrent,
                                         const Arithmetic &arithmetic) const {
  std::vector<Estimate> values;
  values.reserve(program.instructions.size());
  for (const Instruction &instruction : program.instructions) {
    int64_t i = instruction.index;
    switch (instruction.operation) {
    case Opcode::State:
      values.push_back(before[i * channelCount + channel]);
      break;
    case Opcode::Gate: {
      double sum = call.preactivations[perStep(row, t, gateCount, i, channel)];
      if (!call.bias.empty())
        sum += call.bias[i * channelCount + channel];
      if (call.roundsPreactivations)
        sum = static_cast<float>(sum);
      values.push_back(Estimate::exact(sum));
      break;
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
      values.push_back(product);
      break;
    }
    case Opcode::Read:
      values.push_back(
          Estimate::exact(call.input[perStep(row, t, 1, 0, channel)]));
      break;
    case Opcode::Parameter:
      values.push_back(
          Estimate::exact(call.parameters[i * channelCount + channel]));
      break;
    default:
      values.push_back(valueOf(program, instruction, values, arithmetic));
    }
  }
  return values;
}

CallResults Evaluation::forward() const {
  CallResults results;
  results.output.resize(batchSize * stepCount * channelCount);
  results.trajectory.resize(batchSize * stepCount * stateCount * channelCount);
  results.last.resize(batchSize * stateCount * channelCount);
  results.recurrent.resize(batchSize * stepCount * projectionCount *
                           channelCount);
  Arithmetic arithmetic{call.logarithmic, call.precision};
  for (int64_t row = 0; row < batchSize; ++row) {
    States states = initialStates(row);
    for (int64_t position = 0; position < stepCount; ++position) {
      int64_t t = stepAt(position);
      if (isReset(row, t))
        states.assign(stateCount * channelCount, {});
      multiplyRecurrent(row, t, states, results.recurrent);
      States after(stateCount * channelCount);
      for (int64_t channel = 0; channel < channelCount; ++channel) {
        std::vector<Estimate> all =
            values(row, t, channel, states, results.recurrent, arithmetic);
        for (int64_t s = 0; s < stateCount; ++s) {
          // Even a number that nothing was done to has been a logarithm; also
          // where the output is that very number.
          Estimate &next = all[program.next[s]];
          if (call.logarithmic && next.error == 0 && next.value != 0)
            next = arithmetic.function(next, next.value, 1);
          after[s * channelCount + channel] = next;
          results.trajectory.set(perStep(row, t, stateCount, s, channel), next);
        }
        results.output.set(perStep(row, t, 1, 0, channel), all[program.output]);
      }
      states = after;
    }
    for (int64_t i = 0; i < stateCount * channelCount; ++i)
      results.last.set(row * stateCount * channelCount + i, states[i]);
  }
  return results;
}

void Evaluation::pullBack(int64_t row, int64_t t, int64_t channel,
                          double dOutput, const std::vector<Estimate> &values,
                          States &states, std::vector<Estimate> &dRecurrent,
                          CallGradients &gradients) const {
  std::vector<Estimate> adjoints(values.size());
  accumulate(adjoints[program.output], Estimate::exact(dOutput));
  for (int64_t s = 0; s < stateCount; ++s) {
    accumulate(adjoints[program.next[s]], states[s * channelCount + channel]);
    states[s * channelCount + channel] = {};
  }
  for (size_t place = values.size(); place-- > 0;) {
    const Instruction &instruction = program.instructions[place];
    const Estimate &adjoint = adjoints[place];
    int64_t i = instruction.index;
    switch (instruction.operation) {
    case Opcode::State:
      accumulate(states[i * channelCount + channel], adjoint);
      continue;
    case Opcode::Gate:
      accumulate(gradients.preactivations,
                 perStep(row, t, gateCount, i, channel), adjoint);
      accumulate(gradients.bias, perRow(row, gateCount, i, channel), adjoint);
      continue;
    case Opcode::Recurrent:
      accumulate(dRecurrent[i * channelCount + channel], adjoint);
      accumulate(gradients.recurrentBias,
                 perRow(row, projectionCount, i, channel), adjoint);
      continue;
    case Opcode::Read:
      accumulate(gradients.input, perStep(row, t, 1, 0, channel), adjoint);
      continue;
    case Opcode::Parameter:
      accumulate(gradients.parameters, perRow(row, parameterCount, i, channel),
                 adjoint);
      continue;
    default:
      break;
    }
    std::vector<Estimate> slopes =
        slopesOf(program, instruction, values, values[place], plain);
    for (size_t operand = 0; operand < slopes.size(); ++operand)
      accumulate(adjoints[instruction.operands[operand]],
                 plain.product(adjoint, slopes[operand],
                               /*regroups=*/true));
  }
}

void Evaluation::pullBackRecurrent(int64_t row, int64_t t, const States &before,
                                   const std::vector<Estimate> &dRecurrent,
                                   States &states,
                                   CallGradients &gradients) const {
  for (int64_t r = 0; r < projectionCount; ++r) {
    int64_t state = program.recurrent[r].state;
    for (int64_t to = 0; to < channelCount; ++to) {
      const Estimate &gradient = dRecurrent[r * channelCount + to];
      gradients.recurrent.set(perStep(row, t, projectionCount, r, to),
                              gradient);
      for (int64_t from = 0; from < channelCount; ++from)
        accumulate(gradients.recurrentWeight,
                   (r * channelCount + to) * channelCount + from,
                   plain.product(gradient, before[state * channelCount + from],
                                 /*regroups=*/true));
    }
    for (int64_t from = 0; from < channelCount; ++from) {
      DotProduct product(plain);
      for (int64_t to = 0; to < channelCount; ++to)
        product.add(
            call.recurrentWeight[(r * channelCount + to) * channelCount + from],
            dRecurrent[r * channelCount + to]);
      accumulate(states[state * channelCount + from], product.take());
    }
  }
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
  gradients.input.resize(
      program.readsInput ? batchSize * stepCount * channelCount : 0);
  gradients.recurrent.resize(batchSize * stepCount * projectionCount *
                             channelCount);
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
      for (int64_t channel = 0; channel < channelCount; ++channel)
        pullBack(row, t, channel, dOutput[perStep(row, t, 1, 0, channel)],
                 values(row, t, channel, before, results.recurrent, plain),
                 states, dRecurrent, gradients);
      // A step that starts from zero passes nothing on to the one before it.
      if (isReset(row, t))
        states.assign(stateCount * channelCount, {});
      else
        pullBackRecurrent(row, t, before, dRecurrent, states, gradients);
    }
    for (int64_t i = 0; i < stateCount * channelCount; ++i)
      gradients.initial.set(row * stateCount * channelCount + i, states[i]);
  }
  return gradients;
}

CallResults minrnn::reference::evaluate(const Program &program,
                                        const Call &call) {
  return Evaluation(program, call).forward();
}

CallGradients minrnn::reference::differentiate(const Program &program,
                                               const Call &call,
                                               std::span<const double> dOutput,
                                               std::span<const double> dLast) {
  return Evaluation(program, call).backward(dOutput, dLast);
}
