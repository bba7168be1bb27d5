//===- KernelProgram.h - Any cell's kernels, on any device ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the program of a compiled cell by the runtime's executor, between the
// product that makes the pre-activations and those that make the gradients of
// input and weight: what the kernels read and write is given and taken as it
// is. Every tensor is an array of its own, between guards; outputs are
// unwritten at first. An element that stays so is an error, as is a number
// written beside an array, and whatever the device objects to.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_KERNELPROGRAM_H
#define MINRNN_TESTS_DEVICE_KERNELPROGRAM_H

#include "minrnn/cell_kernels.h"
#include "tests/reference/InnerValues.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace minrnn::test {

/// Arrays by their names in specs/abi.md.
using NamedArrays = std::map<std::string, std::vector<float>>;

/// What one call is given.
struct EntryCall {
  reference::Shape shape;
  /// What the program reads; an optional tensor that is not here is absent. Of
  /// a half-precision cell, the numbers are rounded on the way in.
  NamedArrays inputs;
  /// The mask [B, T]; empty: absent.
  std::vector<uint8_t> reset;
  bool reverse = false;
  /// Optional outputs that are not wanted.
  std::set<std::string> unwanted;
  /// Outputs that share the array of an input: `last` that of `initial`.
  std::map<std::string, std::string> inPlace;
  /// Whether arrays begin where the device likes them to, not merely where
  /// their elements may.
  bool aligned = false;
};

class KernelProgram {
public:
  /// The sum of two numbers.
  using Add = float (*)(float, float);

  /// Sums over tiles of time, which are the program's, are made by `add`.
  KernelProgram(
      Manifest manifest, std::shared_ptr<const KernelModule> module,
      Add add = [](float x, float y) { return x + y; })
      : cell(std::move(manifest), std::move(module)), add(add) {}

  const Manifest &manifest() const { return cell.manifest(); }
  bool isRecurrent() const { return !manifest().recurrent.empty(); }
  /// What each recurrent projection multiplies.
  std::vector<reference::CompiledProjection> projections() const;

  /// All that the procedure writes, but the gradients of weights.
  NamedArrays run(Procedure procedure, const EntryCall &call) const;
  NamedArrays forward(const EntryCall &call) const {
    return run(Procedure::Forward, call);
  }
  NamedArrays backward(const EntryCall &call) const {
    return run(Procedure::Backward, call);
  }
  /// `output`, `states` and `last` by T calls of `step`, every second one in
  /// place.
  NamedArrays steps(const EntryCall &call) const;
  /// The call of `step` for the step `t` of `whole`, from the states `before`;
  /// none: zero.
  EntryCall stepCall(const EntryCall &whole, int64_t t,
                     const std::vector<float> &before) const;

private:
  class Run;

  CellKernels cell;
  Add add;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_KERNELPROGRAM_H
