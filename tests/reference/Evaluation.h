//===- Evaluation.h - The work of the reference of any cell -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Behind Equations.h: one call's evaluation, forward in Equations.cpp and back
// in EquationsGradient.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_EVALUATION_H
#define MINRNN_TESTS_REFERENCE_EVALUATION_H

#include "tests/reference/Equations.h"

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace minrnn::reference {

/// A batch row's states, [S, H].
using States = std::vector<Estimate>;

/// A number for each channel, [H].
using Channels = std::vector<Estimate>;

/// A number for each instruction of each channel, [H, instructions].
using StepNumbers = std::vector<std::vector<Estimate>>;

/// The gradient of an instruction's value, as far as it has arrived. What a
/// `select`, a maximum or a minimum does not take is sent nothing, which is
/// not the same as a zero: zero times an infinite slope is no number.
struct Adjoint {
  Estimate total;
  bool hasArrived = false;
};

/// One for each instruction of a channel.
using Adjoints = std::vector<Adjoint>;

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
  Evaluation(const ParsedCell &cell, const Call &call);

  CallResults forward() const;
  CallGradients backward(std::span<const double> dOutput,
                         std::span<const double> dLast) const;

private:
  /// The step that is taken at `position`.
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
  /// The values of all instructions of a step. The products of the states are
  /// read in `recurrent`, those of inner values are written there.
  StepNumbers values(int64_t row, int64_t t, const States &before,
                     Estimates &recurrent, const Arithmetic &arithmetic) const;
  /// That of one instruction in one channel, `values` being those before it.
  Estimate value(int64_t row, int64_t t, int64_t channel,
                 const Instruction &instruction,
                 std::span<const Estimate> values, const States &before,
                 const Estimates &recurrent,
                 const Arithmetic &arithmetic) const;
  /// U_r times `operand`, [H], into its place in `recurrent`.
  void multiply(int64_t row, int64_t t, int64_t r,
                std::span<const Estimate> operand, Estimates &recurrent) const;
  void multiplyStates(int64_t row, int64_t t, const States &before,
                      Estimates &recurrent) const;
  /// Reverse mode through a step: from the gradients of the states after it, in
  /// `states`, to those before it, but for what comes through their products.
  void pullBack(int64_t row, int64_t t, std::span<const double> dOutput,
                const StepNumbers &values, States &states,
                std::vector<Estimate> &dRecurrent,
                CallGradients &gradients) const;
  /// The same through one instruction of one channel, whose adjoint is known.
  void pullBack(int64_t row, int64_t t, int64_t channel, int64_t place,
                std::span<const Estimate> values, Adjoints &adjoints,
                States &states, std::vector<Estimate> &dRecurrent,
                CallGradients &gradients) const;
  /// What the product U_r `operand` passes on to the weights; returns what it
  /// passes on to the operand, [H].
  Channels pullBackProduct(int64_t row, int64_t t, int64_t r,
                           std::span<const Estimate> operand,
                           std::span<const Estimate> dRecurrent,
                           CallGradients &gradients) const;
  void pullBackStates(int64_t row, int64_t t, const States &before,
                      const std::vector<Estimate> &dRecurrent, States &states,
                      CallGradients &gradients) const;
  /// The gradient that a inner value gets through its projections, [H].
  Channels pullBackInner(int64_t row, int64_t t, int64_t inner,
                         const StepNumbers &values,
                         const std::vector<Estimate> &dRecurrent,
                         CallGradients &gradients) const;
  /// One instruction's numbers in all channels.
  static Channels acrossChannels(const StepNumbers &numbers, int64_t place) {
    Channels result;
    result.reserve(numbers.size());
    for (const std::vector<Estimate> &channel : numbers)
      result.push_back(channel[place]);
    return result;
  }
  /// One of `count` states or projections, [count, H].
  std::span<const Estimate> part(std::span<const Estimate> numbers,
                                 int64_t index) const {
    return numbers.subspan(index * channelCount, channelCount);
  }

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
  void accumulate(Adjoint &adjoint, const Estimate &term) const {
    accumulate(adjoint.total, term);
    adjoint.hasArrived = true;
  }
  void accumulate(Estimates &totals, int64_t index,
                  const Estimate &term) const {
    Estimate total = totals.at(index);
    accumulate(total, term);
    totals.set(index, total);
  }

  const ParsedCell &cell;
  const Call &call;
  /// Whatever is rounded as the number it is.
  Arithmetic plain;
  int64_t batchSize, stepCount, channelCount, gateCount, projectionCount,
      innerCount, parameterCount, stateCount;
};

/// Throws std::invalid_argument unless `found` is `expected`, or 0 where `what`
/// may be absent.
void expectSize(std::string_view what, size_t found, int64_t expected,
                bool mayBeEmpty);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_EVALUATION_H
