//===- recurrent.h - A recurrent layer of a compiled cell -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One packed projection of the input onto all gates, then the compiled cell,
// on buffers that the caller owns, in the memory of the device that the cell
// was compiled for. A cell with recurrent projections is walked through time:
// one product and one call a step, and one more of each where it projects what
// it computes within the step.
//
// All arrays are dense f32 (a cell of another io type is refused), last axis
// contiguous; `reset` is bytes. B is the batch, T the time steps, D the width
// of the input, H the channels; G, R, P, S, C the cell's gates that project the
// input, gates that project a state or a value computed within the step,
// parameters, states and values computed within the step that are projected.
// Results do not change from run to run with the same number of threads.
//
// Every function takes the layers' context of the cell's device; without them,
// the cell is to be on the host. Work is queued on the device's current stream.
//
// Every function throws Error when the cell is not compiled for the device of
// the context or not for f32, a size is negative or too large for memory or for
// the BLAS library, an array that is needed is null, or a cell that reads its
// channel is given an input that is not as wide as its hidden state.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RECURRENT_H
#define MINRNN_RECURRENT_H

#include "minrnn/cell_kernels.h"
#include "minrnn/layers.h"

#include <cstdint>

namespace minrnn {

/// B, T, D and H.
struct RecurrentShape {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t inputs = 0;
  std::int64_t channels = 0;

  SequenceShape sequence() const { return {batch, time, channels}; }
};

struct RecurrentForwardArguments {
  /// [B, T, D]
  const float *input = nullptr;
  /// [G, H, D]: the gates' weights, in the order of the cell's manifest.
  const float *weight = nullptr;
  /// [G, H]; null: no bias.
  const float *bias = nullptr;
  /// [R, H, H], where R > 0: the weights of the gates that project a state or
  /// a value computed within the step.
  const float *recurrentWeight = nullptr;
  /// [R, H]; null: no bias.
  const float *recurrentBias = nullptr;
  /// [P, H], where P > 0.
  const float *parameters = nullptr;
  /// [B, T]; null: none. Where it is not 0, the step starts from zero states.
  const std::uint8_t *reset = nullptr;
  /// [B, S, H]; null: zero states.
  const float *initial = nullptr;
  /// [B, T, G, H]: written; the backward reads it.
  float *preactivations = nullptr;
  /// [B, T, R, H], where R > 0: written; the backward reads it.
  float *recurrent = nullptr;
  /// [B, T, C, H], where C > 0: written, what the cell projects of what it
  /// computes within the step; the backward reads it.
  float *chained = nullptr;
  /// [B, T, H]: written.
  float *output = nullptr;
  /// [B, T, S, H], of a cell that is not plain: written, the states after every
  /// step; the backward reads it. Null: not wanted.
  float *trajectory = nullptr;
  /// [B, cell.timeTiles(T), S, H], of a cell that recomputes its states:
  /// written; the backward reads it, and needs no trajectory.
  float *boundaries = nullptr;
  /// [B, S, H]: written, the states after the last step. Null: not wanted; not
  /// where R > 0, whose walk works in it. May be the same array as `initial`.
  float *last = nullptr;
  /// From step T - 1 back to step 0.
  bool reverse = false;
};

struct RecurrentBackwardArguments {
  /// As given to, or written by, `recurrentForward`.
  const float *input = nullptr;
  const float *weight = nullptr;
  const float *bias = nullptr;
  const float *recurrentWeight = nullptr;
  const float *recurrentBias = nullptr;
  const float *parameters = nullptr;
  const std::uint8_t *reset = nullptr;
  const float *initial = nullptr;
  const float *preactivations = nullptr;
  const float *recurrent = nullptr;
  const float *chained = nullptr;
  /// Needed for a plain cell, unless it recomputes its states.
  const float *output = nullptr;
  /// Needed for a cell that is not plain, unless it recomputes its states.
  const float *trajectory = nullptr;
  /// Needed for a cell that recomputes its states.
  const float *boundaries = nullptr;
  /// [B, T, H]: the gradient with respect to `output`.
  const float *dOutput = nullptr;
  /// [B, S, H]: the gradient with respect to `last`; null: zero.
  const float *dLast = nullptr;
  /// [B, T, G, H]: written.
  float *dPreactivations = nullptr;
  /// [B, T, R, H], where R > 0, and [B, T, C, H], where C > 0: room to work in,
  /// without a result.
  float *dRecurrent = nullptr;
  float *dChained = nullptr;
  /// [B, G, H], [B, R, H], [B, P, H]: room for the gradients of each batch row;
  /// each may be null when the gradient summed from it is.
  float *dBiasOfRows = nullptr;
  float *dRecurrentBiasOfRows = nullptr;
  float *dParametersOfRows = nullptr;
  /// [B, T, D]: written; null: not wanted.
  float *dInput = nullptr;
  /// [G, H, D]: written.
  float *dWeight = nullptr;
  /// [G, H]: written, summed over batch and time; null: not wanted.
  float *dBias = nullptr;
  /// [R, H, H], where R > 0: written.
  float *dRecurrentWeight = nullptr;
  /// [R, H] and [P, H]: written, summed over batch and time; null: not wanted.
  float *dRecurrentBias = nullptr;
  float *dParameters = nullptr;
  /// [B, S, H]: written. Null: not wanted; not where R > 0, whose walk works in
  /// it. May be the same array as `dLast`.
  float *dInitial = nullptr;
  /// As given to `recurrentForward`.
  bool reverse = false;
};

/// preactivations = input weight^T by one matrix product, without the bias,
/// which the cell's kernel adds; then the cell's `forward`, at once or, where
/// the cell has recurrent projections, step by step.
void recurrentForward(const CellKernels &cell, const RecurrentShape &shape,
                      const RecurrentForwardArguments &arguments);
void recurrentForward(const LayerContext &context, const CellKernels &cell,
                      const RecurrentShape &shape,
                      const RecurrentForwardArguments &arguments);

/// The gradients of every input of `recurrentForward`.
void recurrentBackward(const CellKernels &cell, const RecurrentShape &shape,
                       const RecurrentBackwardArguments &arguments);
void recurrentBackward(const LayerContext &context, const CellKernels &cell,
                       const RecurrentShape &shape,
                       const RecurrentBackwardArguments &arguments);

struct RecurrentStepArguments {
  /// [B, D]
  const float *input = nullptr;
  /// As in RecurrentForwardArguments.
  const float *weight = nullptr;
  const float *bias = nullptr;
  const float *recurrentWeight = nullptr;
  const float *recurrentBias = nullptr;
  const float *parameters = nullptr;
  /// [B]; null: none.
  const std::uint8_t *reset = nullptr;
  /// [B, G, H], [B, R, H] and [B, C, H]: room to work in.
  float *preactivations = nullptr;
  float *recurrent = nullptr;
  float *chained = nullptr;
  /// [B, S, H]: read and written.
  float *state = nullptr;
  /// [B, H]: written. Null: not wanted, for a plain cell, whose output is its
  /// state.
  float *output = nullptr;
};

/// One time step: `shape.time` is not looked at.
void recurrentStep(const CellKernels &cell, const RecurrentShape &shape,
                   const RecurrentStepArguments &arguments);
void recurrentStep(const LayerContext &context, const CellKernels &cell,
                   const RecurrentShape &shape,
                   const RecurrentStepArguments &arguments);

//===----------------------------------------------------------------------===//
// A learned initial state: the same for every row of the batch
//===----------------------------------------------------------------------===//

/// initial[B, S, H] = learned[S, H] in every row: what `recurrentForward` and
/// `recurrentBackward` take.
void learnedInitialForward(const CellKernels &cell, const RecurrentShape &shape,
                           const float *learned, float *initial);
void learnedInitialForward(const LayerContext &context, const CellKernels &cell,
                           const RecurrentShape &shape, const float *learned,
                           float *initial);

/// dLearned[S, H] = the sum of the rows of dInitial[B, S, H].
void learnedInitialBackward(const CellKernels &cell,
                            const RecurrentShape &shape, const float *dInitial,
                            float *dLearned);
void learnedInitialBackward(const LayerContext &context,
                            const CellKernels &cell,
                            const RecurrentShape &shape, const float *dInitial,
                            float *dLearned);

//===----------------------------------------------------------------------===//
// Both directions: one layer from step 0 on, another back from step T - 1
//===----------------------------------------------------------------------===//

/// output[B, T, 2 H]: the output of `onward`, then that of `back`, side by side
/// at every step. Each half has weights and buffers of its own, its `output`
/// among them; their `reverse` is not looked at.
void bidirectionalForward(const CellKernels &cell, const RecurrentShape &shape,
                          const RecurrentForwardArguments &onward,
                          const RecurrentForwardArguments &back, float *output);
void bidirectionalForward(const LayerContext &context, const CellKernels &cell,
                          const RecurrentShape &shape,
                          const RecurrentForwardArguments &onward,
                          const RecurrentForwardArguments &back, float *output);

/// The gradients of both halves from dOutput[B, T, 2 H]. Their `dOutput` and
/// `reverse` are not looked at; `dOutputOfHalf`[B, T, H] is room to work in.
/// The gradient of the input, the sum of both, is left in `onward.dInput`, and
/// `back.dInput` is room; null, both of them: not wanted.
void bidirectionalBackward(const CellKernels &cell, const RecurrentShape &shape,
                           const RecurrentBackwardArguments &onward,
                           const RecurrentBackwardArguments &back,
                           const float *dOutput, float *dOutputOfHalf);
void bidirectionalBackward(const LayerContext &context, const CellKernels &cell,
                           const RecurrentShape &shape,
                           const RecurrentBackwardArguments &onward,
                           const RecurrentBackwardArguments &back,
                           const float *dOutput, float *dOutputOfHalf);

} // namespace minrnn

#endif // MINRNN_RECURRENT_H
