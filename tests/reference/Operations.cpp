//===- Operations.cpp - The value and the slopes of an operation ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Operations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

using namespace minrnn::reference;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// One operation on its operands' values.
class Evaluator {
public:
  Evaluator(const ParsedCell &cell, const Instruction &instruction,
            std::span<const Estimate> values, const Arithmetic &arithmetic)
      : cell(cell), instruction(instruction), values(values),
        arithmetic(arithmetic), regroups(instruction.regroups) {}

  Estimate value() const;
  std::vector<Estimate> slopes(const Estimate &result) const;

private:
  const Estimate &operand(int index) const {
    return values[instruction.operands[index]];
  }
  bool operandRegroups(int index) const {
    return cell.instructions[instruction.operands[index]].regroups;
  }
  /// One minus the operand.
  Estimate complement(int index) const;
  Estimate select() const;
  Estimate lerp() const;
  /// The slopes of the larger (smaller) of two operands: one and zero, either
  /// way round where they are equal as far as one can tell.
  std::vector<Estimate> extremumSlopes(bool isMaximum) const;
  bool isConstant(int index) const {
    const Instruction &of = cell.instructions[instruction.operands[index]];
    return of.operation == Opcode::Constant || of.isFolded;
  }

  const ParsedCell &cell;
  const Instruction &instruction;
  std::span<const Estimate> values;
  const Arithmetic &arithmetic;
  bool regroups;
};

} // namespace

Estimate Evaluator::complement(int index) const {
  const Instruction &from = cell.instructions[instruction.operands[index]];
  if (from.calls("math.tanh")) {
    // 1 - tanh(k) = 2 sigmoid(-2 k)
    const Estimate &k = values[from.operands[0]];
    return arithmetic.function(k, 2 * sigmoid(-2 * k.value),
                               4 * sigmoidSlope(2 * k.value),
                               {0, 2 * fastSigmoid.absolute});
  }
  if (!from.calls("minrnn.sigmoid"))
    return arithmetic.difference(Estimate::exact(1), operand(index),
                                 from.regroups);
  // 1 - sigmoid(k) cancels; sigmoid(-k) does not.
  const Estimate &k = values[from.operands[0]];
  return arithmetic.function(k, sigmoid(-k.value), sigmoidSlope(k.value),
                             fastSigmoid);
}

Estimate Evaluator::select() const {
  bool first = operand(0).value != 0;
  Estimate chosen = operand(first ? 1 : 2);
  // An undecided condition may have chosen the other number; beyond that
  // nothing can be said by slopes.
  if (operand(0).error != 0)
    chosen.error = operand(1).value == operand(2).value
                       ? std::max(operand(1).error, operand(2).error)
                       : infinity;
  return chosen;
}

Estimate Evaluator::lerp() const {
  const Estimate &from = operand(0);
  const Estimate &to = operand(1);
  const Estimate &weight = operand(2);
  double keep = complement(2).value;
  double take = weight.value;
  // An error of the weight moves both factors, in opposite directions; their
  // roundings (a sigmoid's, the product's and the sum's) know nothing of each
  // other.
  double terms =
      std::abs(keep) * (regroups ? from.magnitude : std::abs(from.value)) +
      std::abs(take) * (regroups ? to.magnitude : std::abs(to.value));
  double moved = weight.error;
  const Instruction &maker = cell.instructions[instruction.operands[2]];
  if (maker.calls("minrnn.sigmoid")) {
    const Estimate &k = values[maker.operands[0]];
    moved = scaled(sigmoidSlope(k.value), k.error);
    if (arithmetic.precision.isFast)
      moved += fastSigmoid.absolute;
  }
  // Either factor may underflow, and what it scales is not always small.
  double flushed = arithmetic.precision.underflow *
                   (std::abs(from.value) + std::abs(to.value));
  double inherited = scaled(keep, from.error) + scaled(take, to.error) +
                     scaled(to.value - from.value, moved) + flushed;
  Estimate result = arithmetic.rounded(keep * from.value + take * to.value,
                                       terms, inherited, 6);
  if (!regroups)
    result.magnitude = std::abs(result.value);
  return result;
}

Estimate Evaluator::value() const {
  double x = instruction.operands.empty() ? 0 : operand(0).value;
  switch (instruction.operation) {
  case Opcode::State:
  case Opcode::Gate:
  case Opcode::Recurrent:
  case Opcode::Read:
  case Opcode::Parameter:
    break;
  case Opcode::Constant:
    return Estimate::exact(instruction.constant);
  case Opcode::Add:
    return arithmetic.sum(operand(0), operand(1), regroups);
  case Opcode::Subtract:
    return arithmetic.difference(operand(0), operand(1), regroups);
  case Opcode::Multiply:
    return arithmetic.product(operand(0), operand(1), regroups);
  case Opcode::Divide:
    return arithmetic.quotient(operand(0), operand(1), regroups);
  case Opcode::Negate:
    return negated(operand(0));
  case Opcode::Maximum:
  case Opcode::Minimum: {
    bool isMaximum = instruction.operation == Opcode::Maximum;
    double y = operand(1).value;
    // -0 lies below +0.
    bool isLess = x < y || (x == y && std::signbit(x) && !std::signbit(y));
    bool isMore = x > y || (x == y && !std::signbit(x) && std::signbit(y));
    Estimate result = operand((isMaximum ? isLess : isMore) ? 1 : 0);
    result.magnitude = std::abs(result.value);
    if (isUndecided(operand(0), operand(1)))
      result.error = std::max(operand(0).error, operand(1).error);
    return result;
  }
  case Opcode::Compare: {
    double y = operand(1).value;
    bool undecided = isUndecided(operand(0), operand(1));
    double truth = instruction.predicate.holds(x, y) ? 1 : 0;
    return {truth, truth, undecided ? infinity : 0};
  }
  case Opcode::Select:
    return select();
  case Opcode::Absolute:
    return {std::abs(x), std::abs(x), operand(0).error};
  case Opcode::Call:
    return arithmetic.function(operand(0), instruction.function->value(x),
                               instruction.function->slope(x),
                               instruction.function->fast);
  case Opcode::Lerp:
    return lerp();
  case Opcode::LogAddExp2: {
    double y = operand(1).value;
    double share = x == y ? 0.5 : sigmoid((x - y) * std::numbers::ln2);
    double value = logAddExp2(x, y);
    // The larger operand and the logarithm are added: where they cancel, the
    // sum keeps their errors.
    double terms = std::max(std::abs(x), std::abs(y)) + 1;
    double inherited =
        scaled(share, operand(0).error) + scaled(1 - share, operand(1).error);
    return arithmetic.rounded(
        value, std::abs(value),
        inherited + arithmetic.precision.unitRoundoff * terms, 4);
  }
  case Opcode::Affine:
    return arithmetic.sum(arithmetic.product(operand(0), operand(1), regroups),
                          operand(2), regroups);
  }
  throw std::invalid_argument("a leaf has no value of its own");
}

std::vector<Estimate> Evaluator::extremumSlopes(bool isMaximum) const {
  double x = operand(0).value;
  double y = operand(1).value;
  bool firstWins = isMaximum ? x > y : x < y;
  bool unclear = isUndecided(operand(0), operand(1));
  if (x == y) {
    firstWins = isConstant(0) || !isConstant(1);
    // (max(x, y) and max(y, x) are one value to the compiler.)
    unclear |= isConstant(0) == isConstant(1);
  }
  // Of two names for one number it does not matter.
  if (instruction.operands[0] == instruction.operands[1])
    unclear = false;
  Estimate one = Estimate::exact(1);
  Estimate zero = Estimate::exact(0);
  one.error = zero.error = unclear ? 1 : 0;
  if (firstWins)
    return {one, zero};
  return {zero, one};
}

std::vector<Estimate> Evaluator::slopes(const Estimate &result) const {
  const Estimate one = Estimate::exact(1);
  const Estimate zero = Estimate::exact(0);
  double x = instruction.operands.empty() ? 0 : operand(0).value;
  switch (instruction.operation) {
  case Opcode::State:
  case Opcode::Gate:
  case Opcode::Recurrent:
  case Opcode::Read:
  case Opcode::Parameter:
  case Opcode::Constant:
    return {};
  case Opcode::Add:
    return {one, one};
  case Opcode::Subtract:
    return {one, negated(one)};
  case Opcode::Multiply:
    return {operand(1), operand(0)};
  case Opcode::Divide:
    return {arithmetic.quotient(one, operand(1), false),
            negated(arithmetic.quotient(result, operand(1), true))};
  case Opcode::Negate:
    return {negated(one)};
  case Opcode::Maximum:
    return extremumSlopes(/*isMaximum=*/true);
  case Opcode::Minimum:
    return extremumSlopes(/*isMaximum=*/false);
  case Opcode::Compare:
    return {zero, zero};
  case Opcode::Select: {
    Estimate first = Estimate::exact(x != 0 ? 1 : 0);
    Estimate second = Estimate::exact(x != 0 ? 0 : 1);
    first.error = second.error = operand(0).error != 0 ? 1 : 0;
    return {zero, first, second};
  }
  case Opcode::Absolute: {
    Estimate sign = Estimate::exact(x == 0 ? 0 : x > 0 ? 1 : -1);
    sign.error = isUndecided(operand(0), zero) ? 2 : 0;
    return {sign};
  }
  case Opcode::Call: {
    const Function &function = *instruction.function;
    Estimate slope =
        function.jump != 0 && x >= 0
            ? one
            : arithmetic.function(operand(0), function.slope(x),
                                  function.bend(x), function.fastSlope);
    if (function.jump != 0 && isUndecided(operand(0), zero))
      slope.error = function.jump;
    return {slope};
  }
  case Opcode::Lerp:
    return {complement(2), operand(2),
            arithmetic.difference(operand(1), operand(0),
                                  operandRegroups(0) || operandRegroups(1))};
  case Opcode::LogAddExp2: {
    // 2^x / (2^x + 2^y), the sigmoid of (x - y) ln 2.
    Estimate distance = arithmetic.difference(operand(0), operand(1), false);
    distance.error *= std::numbers::ln2;
    double argument = distance.value * std::numbers::ln2;
    auto share = [&](double at) {
      return arithmetic.function(distance, sigmoid(at), sigmoidSlope(at));
    };
    // The product with ln 2 is rounded too.
    distance.error += arithmetic.precision.unitRoundoff * std::abs(argument);
    return {share(argument), share(-argument)};
  }
  case Opcode::Affine:
    return {operand(1), operand(0), one};
  }
  throw std::invalid_argument("unknown operation");
}

Estimate minrnn::reference::valueOf(const ParsedCell &cell,
                                    const Instruction &instruction,
                                    std::span<const Estimate> values,
                                    const Arithmetic &arithmetic) {
  return Evaluator(cell, instruction, values, arithmetic).value();
}

std::vector<Estimate> minrnn::reference::slopesOf(
    const ParsedCell &cell, const Instruction &instruction,
    std::span<const Estimate> values, const Estimate &result,
    const Arithmetic &arithmetic) {
  return Evaluator(cell, instruction, values, arithmetic).slopes(result);
}
