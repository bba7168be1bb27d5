//===- StepProducts.h - The matrix products of a step -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_STEPPRODUCTS_H
#define MINRNN_RUNTIME_NN_STEPPRODUCTS_H

#include "minrnn/recurrent.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace minrnn {

/// What a walk through time has kept of what its gates project.
struct ProjectedSteps {
  /// [B, S, H]: the states that the walk started from; null: zero.
  const float *initial = nullptr;
  /// [B, T, S, H]: the states after every step.
  const float *trajectory = nullptr;
  /// [B, T, C, H], where C > 0.
  const float *chained = nullptr;
  /// Whether the walk went from step T - 1 back to step 0.
  bool reverse = false;
};

/// The products of a cell that projects its states or what it computes within
/// the step (specs/abi.md, "Recurrent projections"): gates that follow one
/// another and project the same share one. Refers to the weights it was made
/// with.
class StepProducts {
public:
  /// weight[R, H, H]. Throws Error when an array is too large for memory.
  StepProducts(const CellKernels &cell, const RecurrentShape &shape,
               const float *weight);

  /// recurrent[:, t, r, :] = states[:, state of r, :] U_r^T, of
  /// recurrent[B, T, R, H] and states[B, S, H]; for the r that project a state.
  void forward(const float *states, float *recurrent, std::int64_t t) const;

  /// recurrent[:, t, r, :] = chained[:, t, value of r, :] U_r^T, of
  /// chained[B, T, C, H]; for the r that project a value computed within the
  /// step.
  void forwardChained(const float *chained, float *recurrent,
                      std::int64_t t) const;

  /// dStates[:, state of r, :] += dRecurrent[:, t, r, :] U_r.
  void backward(const float *dRecurrent, std::int64_t t, float *dStates) const;

  /// dChained[:, t, c, :] = the sum over the r of value c of
  /// dRecurrent[:, t, r, :] U_r.
  void backwardChained(const float *dRecurrent, std::int64_t t,
                       float *dChained) const;

  /// dWeight[R, H, H] = dRecurrent^T (what each step projected): of a state,
  /// the one that the step started from. Leaves zeros in dRecurrent at the step
  /// that was walked first.
  void gradients(float *dRecurrent, const ProjectedSteps &steps,
                 float *dWeight) const;

private:
  /// Gates [begin, begin + count) of R, which project the state, or the value
  /// computed within the step, at `source` along its axis.
  struct Group {
    std::int64_t source;
    std::int64_t begin;
    std::int64_t count;
  };

  /// gates[:, r, :] = from[:, source of r, :] U_r^T, for the r of `groups`;
  /// `from` and `gates` begin at the step.
  void project(const std::vector<Group> &groups,
               const MatrixOperand<float> &from, float *gates) const;
  /// Rows of what gates project, at one step.
  struct MatrixTarget {
    float *data;
    std::int64_t stride;
  };
  /// to[:, source of `group`, :] = or += the sum over its r of
  /// dGates[:, r, :] U_r; `dGates` and `to` begin at the step.
  void pullBack(const Group &group, const float *dGates, const MatrixTarget &to,
                bool accumulate) const;
  static void addGate(std::vector<Group> &groups, std::int64_t source,
                      std::int64_t gate);
  void stateGradients(float *dRecurrent, const ProjectedSteps &steps,
                      float *dWeight) const;

  std::vector<Group> stateGroups;
  std::vector<Group> chainedGroups;
  std::shared_ptr<Device> device;
  RecurrentShape shape;
  const float *weight;
  /// R H, S H and C H: the numbers of one step.
  std::int64_t gateWidth;
  std::int64_t stateWidth;
  std::int64_t chainedWidth;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_NN_STEPPRODUCTS_H
