//===- cell_kernels.h - A compiled cell, ready to run -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The three entries of a compiled cell (forward, backward, step) as functions
// on buffers that the caller owns. Layouts are those of specs/abi.md: dense
// f32, last axis contiguous; B is the batch, T the time steps, G the gates of
// the manifest, H the channels. Any size may be 0.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_CELL_KERNELS_H
#define MINRNN_CELL_KERNELS_H

#include "minrnn/device.h"
#include "minrnn/manifest.h"

#include <cstdint>
#include <memory>

namespace minrnn {

/// The sizes of one call.
struct SequenceShape {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t channels = 0;
};

/// What `forward` reads and writes.
struct ForwardArguments {
  /// [B, T, G, H]: the projections `W x`, without the bias.
  const float *preactivations = nullptr;
  /// [G, H]; null: no bias.
  const float *bias = nullptr;
  /// [B, H]; null: a zero state. Must not be negative in a log-space scan.
  const float *initial = nullptr;
  /// [B, T, H]: written, the hidden state after every step.
  float *output = nullptr;
  /// [B, H]: written, the state after the last step (the initial one when T is
  /// 0); null: not wanted.
  float *last = nullptr;
};

/// What `backward` reads and writes.
struct BackwardArguments {
  /// As given to `forward`.
  const float *preactivations = nullptr;
  const float *bias = nullptr;
  const float *initial = nullptr;
  /// [B, T, H], as `forward` wrote it.
  const float *output = nullptr;
  /// [B, T, H]: the gradient with respect to `output`.
  const float *dOutput = nullptr;
  /// [B, H]: the gradient with respect to `last`; null: zero.
  const float *dLast = nullptr;
  /// [B, T, G, H]: written.
  float *dPreactivations = nullptr;
  /// [B, G, H]: written, summed over time only; null: not wanted.
  float *dBias = nullptr;
  /// [B, H]: written; null: not wanted.
  float *dInitial = nullptr;
};

/// What `step` reads and writes.
struct StepArguments {
  /// [B, G, H]: the projections of this step, without the bias.
  const float *preactivations = nullptr;
  /// [G, H]; null: no bias.
  const float *bias = nullptr;
  /// [B, H]; null: a zero state.
  const float *previous = nullptr;
  /// [B, H]: written; may be the same array as `previous`.
  float *next = nullptr;
};

/// A compiled cell on a device. Copies share the code. Calls on distinct
/// buffers may run at once from distinct threads.
class CellKernels {
public:
  /// Throws Error when the manifest is not of a parallel cell with one state
  /// in f32, or an entry has an argument that this runtime does not know.
  CellKernels(Manifest manifest, std::shared_ptr<const KernelModule> module);

  const Manifest &manifest() const { return *sharedManifest; }
  Device &device() const { return module->device(); }

  /// G, the number of gates.
  std::int64_t gates() const {
    return static_cast<std::int64_t>(sharedManifest->gates.size());
  }

  /// Each of these throws Error, naming the entry and the argument, when a
  /// size is negative, an array's size does not fit into 63 bits, or an array
  /// that is not optional is null although it has elements.
  void forward(const SequenceShape &shape,
               const ForwardArguments &arguments) const;
  void backward(const SequenceShape &shape,
                const BackwardArguments &arguments) const;
  /// `shape.time` is not looked at.
  void step(const SequenceShape &shape, const StepArguments &arguments) const;

private:
  std::shared_ptr<const Manifest> sharedManifest;
  std::shared_ptr<const KernelModule> module;
};

} // namespace minrnn

#endif // MINRNN_CELL_KERNELS_H
