//===- ModularWalk.h - The serial walk in exact arithmetic ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a sequence must give, bit for bit, on an emulator whose f32 are integers
// modulo 2^32 (see runtime/emulator/ModularArithmetic.h). Kernels say what each
// single step does, all steps in one call, as rows of a batch; the walk along
// time is plain C++:
//
// - Forward, a step is affine in each state, h' = a h + b. The step from 0
// gives
//   b, that from 1 gives a + b.
// - Backward, the gradient of the state before a step is affine in that of the
//   state behind it. Two calls give slope and offset likewise, and a third one
//   all gradients of each step. What has no axis of time is a sum over it.
//
// So the walk shares with a schedule the code of a single step and nothing
// else.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_MODULARWALK_H
#define MINRNN_TESTS_DEVICE_MODULARWALK_H

#include "tests/device/KernelProgram.h"

#include <cstdint>
#include <vector>

namespace minrnn::test {

class ModularWalk {
public:
  /// `kernels`, which run in modular arithmetic, must outlive it. Their cell is
  /// parallel, with states that read no other, or sequential with one state.
  ModularWalk(const KernelProgram &kernels, const EntryCall &call);

  /// `output`, `states` (also where the output is the one state) and `last`.
  NamedArrays forward() const;
  /// All that `backward` writes.
  NamedArrays backward() const;

  /// What the state of each step is made of, [B, T, S, H]: slope * before +
  /// offset.
  struct Maps {
    std::vector<uint32_t> slopes;
    std::vector<uint32_t> offsets;
  };
  /// Of the states, from those before each step; for parallel cells.
  Maps stateMaps() const;
  /// Of their gradients, from those behind each step.
  Maps gradientMaps() const;

private:
  bool isParallel() const { return kernels.manifest().kind == "parallel"; }
  /// The position in time of the step that is taken as number `index`.
  int64_t positionOf(int64_t index) const {
    return call.reverse ? call.shape.time - 1 - index : index;
  }
  /// The states after each step as integers, [B, T, S, H], and before it.
  std::vector<uint32_t> statesAfter() const;
  std::vector<float> statesBefore(const std::vector<uint32_t> &after) const;
  /// The call of `backward` for all steps as rows, without what comes from
  /// behind.
  EntryCall backwardRows() const;
  /// [B, T, ...] to [B, ...].
  std::vector<float> sumOverTime(const std::vector<float> &values) const;

  const KernelProgram &kernels;
  const EntryCall &call;
  /// The call with all steps of all rows as rows of a batch, of one step each,
  /// from states that are zero.
  EntryCall rows;
  int64_t states;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_MODULARWALK_H
