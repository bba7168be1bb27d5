//===- RecurrentProducts.h - The products that a caller forms ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// specs/abi.md, "Recurrent projections": the products of one step, between the
// calls of a cell's entries. Each sum is formed in double and rounded once.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_RECURRENTPRODUCTS_H
#define MINRNN_TESTS_REFERENCE_RECURRENTPRODUCTS_H

#include "tests/reference/InnerValues.h"

#include <cstdint>
#include <span>

namespace minrnn::reference {

/// One step of an array [B, T, count, H]: row b begins at `first` + b `stride`.
template <typename Number> struct StepRows {
  Number *first;
  int64_t stride;
};

/// Which products: B, H, the projections, and of these the ones of states or
/// the ones of values computed within the step.
struct StepProducts {
  int64_t batch;
  int64_t channels;
  std::span<const CompiledProjection> projections;
  bool ofInner;
  /// Of inner values, the ones of this stage.
  int64_t stage = 0;

  /// gates[b, r, :] = U_r operands[b, place of r, :], for weight[R, H, H].
  template <typename Number>
  void multiply(const Number *weight, const StepRows<const Number> &operands,
                const StepRows<Number> &gates) const {
    forEach([&](int64_t row, int64_t r, int64_t place) {
      for (int64_t to = 0; to < channels; ++to) {
        double sum = 0;
        for (int64_t from = 0; from < channels; ++from)
          sum +=
              static_cast<double>(
                  weight[(r * channels + to) * channels + from]) *
              operands.first[row * operands.stride + place * channels + from];
        gates.first[row * gates.stride + r * channels + to] =
            static_cast<Number>(sum);
      }
    });
  }

  /// operands[b, place of r, :] += gates[b, r, :] U_r.
  template <typename Number>
  void pullBack(const Number *weight, const StepRows<const Number> &gates,
                const StepRows<Number> &operands) const {
    forEach([&](int64_t row, int64_t r, int64_t place) {
      for (int64_t from = 0; from < channels; ++from) {
        Number &target =
            operands.first[row * operands.stride + place * channels + from];
        double sum = target;
        for (int64_t to = 0; to < channels; ++to)
          sum += static_cast<double>(
                     gates.first[row * gates.stride + r * channels + to]) *
                 weight[(r * channels + to) * channels + from];
        target = static_cast<Number>(sum);
      }
    });
  }

private:
  template <typename Visit> void forEach(const Visit &visit) const {
    for (int64_t row = 0; row < batch; ++row)
      for (size_t r = 0; r < projections.size(); ++r)
        if (projections[r].isInner == ofInner && projections[r].stage == stage)
          visit(row, static_cast<int64_t>(r), projections[r].place);
  }
};

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_RECURRENTPRODUCTS_H
