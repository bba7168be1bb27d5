//===- cell_kernels.h - A compiled cell, ready to run -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entries of a compiled cell (forward, backward, step and, of one that
// projects what it computes within the step, forward_chained and
// backward_chained) as functions on buffers that the caller owns. Layouts are
// those of specs/abi.md: dense, last axis contiguous. B is the batch, T the
// time steps, H the channels; G, R, P, S, C the cell's gates that project the
// input, gates that project a state or a value computed within the step,
// learned parameters, states, and values computed within the step that are
// projected, in the manifest's order. Any size may be 0.
//
// Arrays of `void` hold elements of `manifest().ioType` (f32, f16 or bf16); the
// others are f32, but for `reset`, which is bytes. What a cell does not have it
// does not read; where it is asked to write an array that it does not have, the
// call throws.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_CELL_KERNELS_H
#define MINRNN_CELL_KERNELS_H

#include "minrnn/device.h"
#include "minrnn/manifest.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace minrnn {

/// The sizes of one call.
struct SequenceShape {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t channels = 0;
};

/// What `forward` reads and writes.
struct ForwardArguments {
  /// [B, T, G, H], io: the projections `W x`, without the bias.
  const void *preactivations = nullptr;
  /// [B, T, H], io, of a cell that reads its channel: the input itself.
  const void *input = nullptr;
  /// [B, T, R, H], where R > 0: the projections of the states and of what is
  /// computed within the step, without bias.
  const float *recurrent = nullptr;
  /// [G, H]; null: no bias.
  const float *bias = nullptr;
  /// [R, H]; null: no bias.
  const float *recurrentBias = nullptr;
  /// [P, H], where P > 0.
  const float *parameters = nullptr;
  /// [B, T]; null: none. Where it is not 0, the step starts from zero states.
  const std::uint8_t *reset = nullptr;
  /// [B, S, H]; null: zero states. Must not be negative in a log-space scan.
  const float *initial = nullptr;
  /// [B, T, H], io: written, the output of every step.
  void *output = nullptr;
  /// [B, T, S, H], io, of a cell that is not plain: written, the states after
  /// every step; null: not wanted. Not of one that recomputes its states.
  void *trajectory = nullptr;
  /// [B, timeTiles(T), S, H], of a cell that recomputes its states: written,
  /// the states that each tile of time starts from.
  float *boundaries = nullptr;
  /// [B, S, H]: written, the states after the last step (the initial ones when
  /// T is 0); null: not wanted. May be the same array as `initial`.
  float *last = nullptr;
  /// From step T - 1 back to step 0.
  bool reverse = false;
  /// The steps of this call, in the order they are walked: `count` of them from
  /// position `first` on; no count: all that are left. Only a cell with R > 0
  /// may be asked for less than the whole sequence.
  std::int64_t first = 0;
  std::optional<std::int64_t> count = std::nullopt;
};

/// What `backward` reads and writes.
struct BackwardArguments {
  /// As given to `forward`.
  const void *preactivations = nullptr;
  const void *input = nullptr;
  const float *recurrent = nullptr;
  const float *bias = nullptr;
  const float *recurrentBias = nullptr;
  const float *parameters = nullptr;
  const std::uint8_t *reset = nullptr;
  const float *initial = nullptr;
  /// [B, T, H], io, of a plain cell, as `forward` wrote it.
  const void *output = nullptr;
  /// [B, T, S, H], io, of a cell that is not plain, as `forward` wrote it.
  const void *trajectory = nullptr;
  /// [B, timeTiles(T), S, H], of a cell that recomputes its states, as
  /// `forward` wrote it; then neither `output` nor `trajectory` is read.
  const float *boundaries = nullptr;
  /// [B, T, H], io: the gradient with respect to `output`.
  const void *dOutput = nullptr;
  /// [B, T, C, H], where C > 0: the gradient that arrives at what is projected,
  /// through its projections.
  const float *dChained = nullptr;
  /// [B, S, H]: the gradient with respect to `last`; null: zero.
  const float *dLast = nullptr;
  /// [B, T, G, H], io: written.
  void *dPreactivations = nullptr;
  /// [B, T, H], io, of a cell that reads its channel: written, without what
  /// comes through the projections; null: not wanted.
  void *dInput = nullptr;
  /// [B, T, R, H], where R > 0: written.
  float *dRecurrent = nullptr;
  /// [B, G, H], [B, R, H], [B, P, H]: written, summed over time only; added to
  /// when `first` is not 0. Null: not wanted.
  float *dBias = nullptr;
  float *dRecurrentBias = nullptr;
  float *dParameters = nullptr;
  /// [B, S, H]: written; null: not wanted. May be the same array as `dLast`.
  float *dInitial = nullptr;
  /// As given to `forward`.
  bool reverse = false;
  /// As in ForwardArguments; position 0 is the step that was walked last.
  std::int64_t first = 0;
  std::optional<std::int64_t> count = std::nullopt;
};

/// What `step` reads and writes.
struct StepArguments {
  /// [B, G, H], io: the projections of this step, without the bias.
  const void *preactivations = nullptr;
  /// [B, H], io, of a cell that reads its channel.
  const void *input = nullptr;
  /// [B, R, H], where R > 0.
  const float *recurrent = nullptr;
  /// As in ForwardArguments.
  const float *bias = nullptr;
  const float *recurrentBias = nullptr;
  const float *parameters = nullptr;
  /// [B]; null: none.
  const std::uint8_t *reset = nullptr;
  /// [B, S, H]; null: zero states.
  const float *previous = nullptr;
  /// [B, H], io, of a cell that is not plain: written.
  void *output = nullptr;
  /// [B, S, H]: written; may be the same array as `previous`.
  float *next = nullptr;
};

/// A compiled cell on a device. Copies share the code. Calls on distinct
/// buffers may run at once from distinct threads.
class CellKernels {
public:
  /// Throws Error when an entry has an argument that this runtime does not
  /// know, lacks one, or has one of another type than specs/abi.md says.
  CellKernels(Manifest manifest, std::shared_ptr<const KernelModule> module);

  const Manifest &manifest() const { return *sharedManifest; }
  std::shared_ptr<Device> device() const { return module->device(); }

  /// G, R, P, S and C.
  std::int64_t gates() const { return count(sharedManifest->gates); }
  std::int64_t recurrent() const { return count(sharedManifest->recurrent); }
  std::int64_t parameters() const { return count(sharedManifest->parameters); }
  std::int64_t states() const { return count(sharedManifest->states); }
  std::int64_t chained() const { return sharedManifest->chained(); }

  /// Whether `backward` computes the states again, and how many tiles of time
  /// `time` steps are then; else 0.
  bool recomputesStates() const { return sharedManifest->recomputesStates(); }
  std::int64_t timeTiles(std::int64_t time) const {
    return sharedManifest->timeTiles(time);
  }

  /// Whether the cell reads its channel of the input: then the input is as wide
  /// as the hidden state.
  bool readsInput() const { return sharedManifest->readsInput(); }

  /// Each of these throws Error, naming the cell, the entry and the argument,
  /// when a size is negative, an array's size does not fit into 63 bits, an
  /// array that is not optional is null although it has elements, an array is
  /// to be written that the cell does not have, or the steps asked for are not
  /// among those of the sequence.
  void forward(const SequenceShape &shape,
               const ForwardArguments &arguments) const;
  void backward(const SequenceShape &shape,
                const BackwardArguments &arguments) const;
  /// `shape.time` is not looked at.
  void step(const SequenceShape &shape, const StepArguments &arguments) const;

  /// Of a cell with C > 0, for the one step at position `first` (specs/abi.md,
  /// "Recurrent projections"); both throw Error as the others do, and where C
  /// is 0. `forwardChained` writes what is projected within the step, in
  /// chained[B, T, C, H]; it is given what `forward` is, and reads of
  /// `recurrent` the projections of the states alone. (Before `step`: T is 1,
  /// and `initial` the previous states.)
  void forwardChained(const SequenceShape &shape, const ForwardArguments &step,
                      float *chained) const;
  /// Writes the gradients of these projections in `step.dRecurrent`, zero for
  /// the others; it is given what `backward` is, which writes all of them.
  void backwardChained(const SequenceShape &shape,
                       const BackwardArguments &step) const;

private:
  struct Call;
  struct Plan;

  template <typename Names>
  static std::int64_t count(const std::vector<Names> &names) {
    return static_cast<std::int64_t>(names.size());
  }
  void launch(const Plan &plan, const Call &call) const;
  /// The steps of a call of one of the entries of cells with C > 0.
  std::int64_t chainedSteps(const std::shared_ptr<const Plan> &plan,
                            const char *name, const SequenceShape &shape,
                            std::int64_t first) const;

  std::shared_ptr<const Manifest> sharedManifest;
  std::shared_ptr<const KernelModule> module;
  /// How each entry's arguments are found among those of a call.
  std::shared_ptr<const Plan> forwardPlan;
  std::shared_ptr<const Plan> backwardPlan;
  std::shared_ptr<const Plan> stepPlan;
  /// Null where C is 0.
  std::shared_ptr<const Plan> forwardChainedPlan;
  std::shared_ptr<const Plan> backwardChainedPlan;
};

} // namespace minrnn

#endif // MINRNN_CELL_KERNELS_H
