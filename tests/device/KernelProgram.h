//===- KernelProgram.h - Any cell's kernels, on any device ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls the entries of a compiled cell by its manifest alone: every array by
// its name in specs/abi.md, every size from the shape. Every array is one of
// its own, between guards; outputs are unwritten at first. An element that
// stays so is an error, as is a number written beside an array, and whatever
// the device objects to.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_KERNELPROGRAM_H
#define MINRNN_TESTS_DEVICE_KERNELPROGRAM_H

#include "minrnn/device.h"
#include "tests/reference/Cells.h"
#include "tests/reference/RecurrentProducts.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::test {

/// Arrays by their names in specs/abi.md.
using NamedArrays = std::map<std::string, std::vector<float>>;

/// What one call is given.
struct EntryCall {
  reference::Shape shape;
  /// What the entry reads; an optional array that is not here is null. Of a
  /// half-precision cell, the numbers are rounded on the way in.
  NamedArrays inputs;
  /// The mask [B, T]; empty: null.
  std::vector<uint8_t> reset;
  bool reverse = false;
  /// Optional outputs that are not wanted.
  std::set<std::string> unwanted;
  /// Outputs that share the array of an input: `last` that of `initial`.
  std::map<std::string, std::string> inPlace;
  /// Whether arrays begin where the device likes them to, not merely where
  /// their elements may.
  bool aligned = false;
  /// Of cells with recurrent projections: U, [R, H, H].
  std::vector<float> recurrentWeights;
};

class KernelProgram {
public:
  KernelProgram(Manifest manifest, std::shared_ptr<const KernelModule> module);

  const Manifest &manifest() const { return own; }
  bool isRecurrent() const { return !own.recurrent.empty(); }
  /// What each recurrent projection multiplies.
  const std::vector<reference::CompiledProjection> &projections() const {
    return projected;
  }

  /// One launch of `entry`. Gives its outputs.
  NamedArrays run(std::string_view entry, const EntryCall &call) const;

  /// `forward` and `backward` of a cell with recurrent projections: one launch
  /// a step, of a cell with chained projections two, the products between them
  /// formed here in double and rounded once. `forward` gives `recurrent` and
  /// `inner` besides its outputs, `backward` also `d_inner`.
  NamedArrays forwardInSteps(const EntryCall &call) const;
  NamedArrays backwardInSteps(const EntryCall &call) const;

  /// Whichever of `run` and the above the cell asks for.
  NamedArrays forward(const EntryCall &call) const {
    return isRecurrent() ? forwardInSteps(call) : run("forward", call);
  }
  NamedArrays backward(const EntryCall &call) const {
    return isRecurrent() ? backwardInSteps(call) : run("backward", call);
  }

private:
  class Call;

  int64_t sizeOf(Axis axis, const reference::Shape &shape) const;

  int64_t stageCount() const;
  /// The products at step t, of the states or of what is computed within it.
  void multiply(Call &current, const EntryCall &call, int64_t t, bool ofInner,
                int64_t stage = 0) const;
  /// Adds to operands[count, H] of one row what arrives at them through their
  /// projections.
  void pullBack(const Call &current, const EntryCall &call, int64_t t,
                int64_t row, bool ofInner, float *operands,
                int64_t stage = 0) const;

  Manifest own;
  std::shared_ptr<const KernelModule> module;
  std::vector<reference::CompiledProjection> projected;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_KERNELPROGRAM_H
