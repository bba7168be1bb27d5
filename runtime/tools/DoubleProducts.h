//===- DoubleProducts.h - Projections rounded once --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The projections of `minrnn run`, and their gradients, formed in double and
// rounded once. Layouts are those of specs/abi.md.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_DOUBLEPRODUCTS_H
#define MINRNN_RUNTIME_TOOLS_DOUBLEPRODUCTS_H

#include "runtime/tools/CellInputs.h"

#include <cstdint>
#include <span>
#include <vector>

namespace minrnn {

/// x W^T + b, [B, T, G, H]. The bias is added here, not in the kernel: what
/// cancels between the two must not be rounded before. A number that
/// is too large for f32 is infinite.
std::vector<float> projectInput(const CellInputs &inputs);

/// The gradients of what `projectInput` read.
struct InputGradients {
  /// [B, T, D]
  std::vector<float> dX;
  /// [G * H, D] and [G * H]
  std::vector<double> dWeight;
  std::vector<double> dBias;
};

/// `dInput`[B, T, D] is what reaches the input beside the projections; may be
/// empty.
InputGradients projectInputBackward(const CellInputs &inputs,
                                    std::span<const float> dPreactivations,
                                    std::span<const float> dInput);

/// The products of the states, and of what is computed within the step, step by
/// step.
class RecurrentProducts {
public:
  /// `inputs` must outlive it. `addsBias`: whether the biases are added here.
  RecurrentProducts(const CellKernels &cell, const CellInputs &inputs,
                    bool addsBias);

  /// recurrent[:, t, r, :] = states[:, state of r, :] U_r^T (+ b_r), for the r
  /// that project a state. A number that is too large for f32 is infinite.
  void forward(std::span<const float> states, std::int64_t t,
               std::span<float> recurrent) const;

  /// recurrent[:, t, r, :] = chained[:, t, value of r, :] U_r^T (+ b_r), for
  /// the r that project a value computed within the step.
  void forwardChained(std::span<const float> chained, std::int64_t t,
                      std::span<float> recurrent) const;

  /// dChained[:, t, c, :] = the sum over the r of value c of
  /// dRecurrent[:, t, r, :] U_r, and adds to the gradients of these weights and
  /// biases.
  void backwardChained(std::span<const float> dRecurrent,
                       std::span<const float> chained, std::int64_t t,
                       std::span<float> dChained);

  /// dStates[:, state of r, :] += dRecurrent[:, t, r, :] U_r, and adds to the
  /// gradients of these weights and biases; `before`[B, S, H] are the states
  /// that the step started from.
  void backward(std::span<const float> dRecurrent, std::int64_t t,
                std::span<const float> before, std::span<float> dStates);

  /// [R, H, H] and [R, H], the sums so far.
  const std::vector<double> &dWeight() const { return weightGradients; }
  const std::vector<double> &dBias() const { return biasGradients; }

private:
  /// What a gate projects: its place along `states`, or along `chained`.
  struct Source {
    bool isChained;
    std::int64_t place;
  };

  /// One gate's part of `forward` and of `forwardChained`; `from`[B, H] is what
  /// it projects.
  void project(std::size_t gate, const std::vector<double> &from,
               std::int64_t t, std::span<float> recurrent) const;
  /// Adds one gate's part to sums[B, H], whose rows are `stride` apart, and to
  /// the gradients of its weight and bias.
  void pullBack(std::size_t gate, std::span<const float> dRecurrent,
                std::int64_t t, const std::vector<double> &from, double *sums,
                std::int64_t stride);
  /// [B, H] of `packed`[B, steps, width, H] at (`step`, `place`).
  std::vector<double> take(std::span<const float> packed, std::int64_t steps,
                           std::int64_t step, std::int64_t width,
                           std::int64_t place) const;

  const CellInputs &inputs;
  bool addsBias;
  std::int64_t stateCount;
  std::int64_t chainedCount;
  std::vector<Source> sourceOfGate;
  /// [H, H] a gate.
  std::vector<std::vector<double>> weights;
  std::vector<double> weightGradients;
  std::vector<double> biasGradients;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_DOUBLEPRODUCTS_H
