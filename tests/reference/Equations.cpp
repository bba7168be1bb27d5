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

/// `total` is what has been added up so far. The first term is not rounded.
void accumulate(Estimate &total, const Estimate &term) {
  bool isFirst = total.magnitude == 0 && total.error == 0;
  total = isFirst ? term : Arithmetic().sum(total, term, /*regroups=*/true);
}

void accumulate(Judged &totals, int64_t index, const Estimate &term) {
  Estimate total = totals.at(index);
  accumulate(total, term);
  totals.set(index, total);
}

/// The sum of products of f32 numbers in any order, of `factors` that are
/// exact.
class DotProduct {
public:
  void add(double factor, const Estimate &number) {
    total.value += factor * number.value;
    total.magnitude += std::abs(factor) * number.magnitude;
    total.error += scaled(factor, number.error);
    ++length;
  }
  Estimate take() const {
    return Arithmetic().rounded(total.value, total.magnitude, total.error,
                                length);
  }

private:
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
    return call.reverse ? T - 1 - position : position;
  }
  bool isReset(int64_t row, int64_t t) const {
    return !call.reset.empty() && call.reset[row * T + t] != 0;
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
    return ((row * T + t) * count + index) * H + channel;
  }
  int64_t perRow(int64_t row, int64_t count, int64_t index,
                 int64_t channel) const {
    return (row * count + index) * H + channel;
  }

  const Program &program;
  const Call &call;
  // The sizes, named as in specs/abi.md.
  int64_t B, T, H, G, R, P, S;
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
    : program(program), call(call), B(call.shape.batch), T(call.shape.time),
      H(call.shape.channels), G(static_cast<int64_t>(program.gates.size())),
      R(static_cast<int64_t>(program.recurrent.size())),
      P(static_cast<int64_t>(program.parameters.size())),
      S(static_cast<int64_t>(program.states.size())) {
  expectSize("preactivations", call.preactivations.size(), B * T * G * H,
             false);
  expectSize("input", call.input.size(), program.readsInput ? B * T * H : 0,
             false);
  expectSize("recurrentWeight", call.recurrentWeight.size(), R * H * H, false);
  expectSize("bias", call.bias.size(), G * H, true);
  expectSize("recurrentBias", call.recurrentBias.size(), R * H, true);
  expectSize("parameters", call.parameters.size(), P * H, false);
  expectSize("reset", call.reset.size(), B * T, true);
  expectSize("initial", call.initial.size(), B * S * H, true);
}

States Evaluation::initialStates(int64_t row) const {
  States states(S * H);
  for (int64_t i = 0; i < S * H && !call.initial.empty(); ++i)
    states[i] = Estimate::exact(call.initial[row * S * H + i]);
  return states;
}

States Evaluation::statesBefore(const CallResults &results, int64_t row,
                                int64_t position) const {
  if (isReset(row, stepAt(position)))
    return States(S * H);
  if (position == 0)
    return initialStates(row);
  States states(S * H);
  int64_t before = perStep(row, stepAt(position - 1), S, 0, 0);
  for (int64_t i = 0; i < S * H; ++i)
    states[i] = results.trajectory.at(before + i);
  return states;
}

void Evaluation::multiplyRecurrent(int64_t row, int64_t t, const States &before,
                                   Judged &recurrent) const {
  if (isReset(row, t))
    return; // as they were made: zero
  for (int64_t r = 0; r < R; ++r)
    for (int64_t to = 0; to < H; ++to) {
      DotProduct product;
      for (int64_t from = 0; from < H; ++from)
        product.add(call.recurrentWeight[(r * H + to) * H + from],
                    before[program.recurrent[r].state * H + from]);
      recurrent.set(perStep(row, t, R, r, to), product.take());
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
      values.push_back(before[i * H + channel]);
      break;
    case Opcode::Gate: {
      double sum = call.preactivations[perStep(row, t, G, i, channel)];
      if (!call.bias.empty())
        sum += call.bias[i * H + channel];
      if (call.roundsPreactivations)
        sum = static_cast<float>(sum);
      values.push_back(Estimate::exact(sum));
      break;
    }
    case Opcode::Recurrent: {
      Estimate product = recurrent.at(perStep(row, t, R, i, channel));
      if (!call.recurrentBias.empty())
        product = Arithmetic().sum(
            product, Estimate::exact(call.recurrentBias[i * H + channel]),
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
      values.push_back(Estimate::exact(call.parameters[i * H + channel]));
      break;
    default:
      values.push_back(valueOf(program, instruction, values, arithmetic));
    }
  }
  return values;
}

CallResults Evaluation::forward() const {
  CallResults results;
  results.output.resize(B * T * H);
  results.trajectory.resize(B * T * S * H);
  results.last.resize(B * S * H);
  results.recurrent.resize(B * T * R * H);
  Arithmetic arithmetic{call.logarithmic};
  for (int64_t row = 0; row < B; ++row) {
    States states = initialStates(row);
    for (int64_t position = 0; position < T; ++position) {
      int64_t t = stepAt(position);
      if (isReset(row, t))
        states.assign(S * H, {});
      multiplyRecurrent(row, t, states, results.recurrent);
      States after(S * H);
      for (int64_t channel = 0; channel < H; ++channel) {
        std::vector<Estimate> all =
            values(row, t, channel, states, results.recurrent, arithmetic);
        results.output.set(perStep(row, t, 1, 0, channel), all[program.output]);
        for (int64_t s = 0; s < S; ++s) {
          after[s * H + channel] = all[program.next[s]];
          results.trajectory.set(perStep(row, t, S, s, channel),
                                 all[program.next[s]]);
        }
      }
      states = after;
    }
    for (int64_t i = 0; i < S * H; ++i)
      results.last.set(row * S * H + i, states[i]);
  }
  return results;
}

void Evaluation::pullBack(int64_t row, int64_t t, int64_t channel,
                          double dOutput, const std::vector<Estimate> &values,
                          States &states, std::vector<Estimate> &dRecurrent,
                          CallGradients &gradients) const {
  std::vector<Estimate> adjoints(values.size());
  accumulate(adjoints[program.output], Estimate::exact(dOutput));
  for (int64_t s = 0; s < S; ++s) {
    accumulate(adjoints[program.next[s]], states[s * H + channel]);
    states[s * H + channel] = {};
  }
  for (size_t place = values.size(); place-- > 0;) {
    const Instruction &instruction = program.instructions[place];
    const Estimate &adjoint = adjoints[place];
    int64_t i = instruction.index;
    switch (instruction.operation) {
    case Opcode::State:
      accumulate(states[i * H + channel], adjoint);
      continue;
    case Opcode::Gate:
      accumulate(gradients.preactivations, perStep(row, t, G, i, channel),
                 adjoint);
      accumulate(gradients.bias, perRow(row, G, i, channel), adjoint);
      continue;
    case Opcode::Recurrent:
      accumulate(dRecurrent[i * H + channel], adjoint);
      accumulate(gradients.recurrentBias, perRow(row, R, i, channel), adjoint);
      continue;
    case Opcode::Read:
      accumulate(gradients.input, perStep(row, t, 1, 0, channel), adjoint);
      continue;
    case Opcode::Parameter:
      accumulate(gradients.parameters, perRow(row, P, i, channel), adjoint);
      continue;
    default:
      break;
    }
    std::vector<Estimate> slopes =
        slopesOf(program, instruction, values, values[place], Arithmetic());
    for (size_t operand = 0; operand < slopes.size(); ++operand)
      accumulate(adjoints[instruction.operands[operand]],
                 Arithmetic().product(adjoint, slopes[operand],
                                      /*regroups=*/true));
  }
}

void Evaluation::pullBackRecurrent(int64_t row, int64_t t, const States &before,
                                   const std::vector<Estimate> &dRecurrent,
                                   States &states,
                                   CallGradients &gradients) const {
  for (int64_t r = 0; r < R; ++r) {
    int64_t state = program.recurrent[r].state;
    for (int64_t to = 0; to < H; ++to) {
      const Estimate &gradient = dRecurrent[r * H + to];
      gradients.recurrent.set(perStep(row, t, R, r, to), gradient);
      for (int64_t from = 0; from < H; ++from)
        accumulate(gradients.recurrentWeight, (r * H + to) * H + from,
                   Arithmetic().product(gradient, before[state * H + from],
                                        /*regroups=*/true));
    }
    for (int64_t from = 0; from < H; ++from) {
      DotProduct product;
      for (int64_t to = 0; to < H; ++to)
        product.add(call.recurrentWeight[(r * H + to) * H + from],
                    dRecurrent[r * H + to]);
      accumulate(states[state * H + from], product.take());
    }
  }
}

CallGradients Evaluation::backward(std::span<const double> dOutput,
                                   std::span<const double> dLast) const {
  expectSize("dOutput", dOutput.size(), B * T * H, false);
  expectSize("dLast", dLast.size(), B * S * H, true);
  CallResults results = forward();
  CallGradients gradients;
  gradients.preactivations.resize(B * T * G * H);
  gradients.input.resize(program.readsInput ? B * T * H : 0);
  gradients.recurrent.resize(B * T * R * H);
  gradients.recurrentWeight.resize(R * H * H);
  gradients.bias.resize(B * G * H);
  gradients.recurrentBias.resize(B * R * H);
  gradients.parameters.resize(B * P * H);
  gradients.initial.resize(B * S * H);
  for (int64_t row = 0; row < B; ++row) {
    States states(S * H); // the gradients of the states
    for (int64_t i = 0; i < S * H && !dLast.empty(); ++i)
      states[i] = Estimate::exact(dLast[row * S * H + i]);
    for (int64_t position = T; position-- > 0;) {
      int64_t t = stepAt(position);
      States before = statesBefore(results, row, position);
      std::vector<Estimate> dRecurrent(R * H);
      for (int64_t channel = 0; channel < H; ++channel)
        pullBack(
            row, t, channel, dOutput[perStep(row, t, 1, 0, channel)],
            values(row, t, channel, before, results.recurrent, Arithmetic()),
            states, dRecurrent, gradients);
      // A step that starts from zero passes nothing on to the one before it.
      if (isReset(row, t))
        states.assign(S * H, {});
      else
        pullBackRecurrent(row, t, before, dRecurrent, states, gradients);
    }
    for (int64_t i = 0; i < S * H; ++i)
      gradients.initial.set(row * S * H + i, states[i]);
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
