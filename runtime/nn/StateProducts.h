//===- StateProducts.h - The matrix products of the states ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_STATEPRODUCTS_H
#define MINRNN_RUNTIME_NN_STATEPRODUCTS_H

#include "minrnn/recurrent.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace minrnn {

/// The products of a cell that projects its states (specs/abi.md, "Recurrent
/// projections"): gates that follow one another and project the same state
/// share one. Refers to the weights it was made with.
class StateProducts {
public:
  /// weight[R, H, H]. Throws Error when an array is too large for memory.
  StateProducts(const CellKernels &cell, const RecurrentShape &shape,
                const float *weight);

  /// recurrent[:, t, r, :] = states[:, state of r, :] U_r^T, of
  /// recurrent[B, T, R, H] and states[B, S, H].
  void forward(const float *states, float *recurrent, std::int64_t t) const;

  /// dStates[:, state of r, :] += dRecurrent[:, t, r, :] U_r.
  void backward(const float *dRecurrent, std::int64_t t, float *dStates) const;

  /// dWeight[R, H, H] = dRecurrent^T (the states each step started from), which
  /// are initial[B, S, H] (null: zero) at the step that was walked first, and
  /// else those of trajectory[B, T, S, H] one step before. Leaves zeros in
  /// dRecurrent at the step that was walked first.
  void gradients(float *dRecurrent, const float *initial,
                 const float *trajectory, bool reverse, float *dWeight) const;

private:
  /// Gates [begin, begin + count) of R, which project `state`.
  struct Group {
    std::int64_t state;
    std::int64_t begin;
    std::int64_t count;
  };

  std::vector<Group> groups;
  std::shared_ptr<Device> device;
  RecurrentShape shape;
  const float *weight;
  /// R H and S H: the numbers of one step.
  std::int64_t gateWidth;
  std::int64_t stateWidth;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_NN_STATEPRODUCTS_H
