//===- HostCell.h - Any cell, compiled for the host and called --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls the entries of a host object as specs/abi.md says and no other way:
// argument blocks are put together from the manifest, arguments are found by
// their names, the products with the recurrent weights are made between the
// calls. Every array that a kernel writes is full of NaN beforehand, and lies
// between guards.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_E2E_HOSTCELL_H
#define MINRNN_TESTS_E2E_HOSTCELL_H

#include "minrnn/device.h"
#include "tests/reference/Equations.h"
#include "tests/reference/InnerValues.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::e2e {

/// Arrays by their names in specs/abi.md.
using NamedArrays = std::map<std::string, std::vector<float>>;

/// Optional arguments that a call leaves null.
struct Omitted {
  bool trajectory = false;
  bool last = false;
  bool dInput = false;
  bool dSums = false; // d_bias_rows and its like
  bool dInitial = false;
};

/// A cell whose text the compiler refused; the message is the compiler's.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class HostCell {
public:
  /// Throws Refused where the compiler does, and std::runtime_error when it or
  /// its output is at fault.
  HostCell(const std::string &text, bool inLogSpace, bool recompute = false);

  Manifest manifest;
  /// What each recurrent projection multiplies, as the manifest has it.
  std::vector<reference::CompiledProjection> projections;

  // Each throws std::runtime_error when a kernel writes outside its arrays, or
  // the manifest is not as specs/abi.md says for `program`.

  /// The outputs of `forward`: `output`, `states`, `last`; and `recurrent`,
  /// and `inner` where the cell projects what it computes within the step. Of
  /// a plain cell, `states` is `output`. Where states are recomputed,
  /// `checkpoints` in its place.
  NamedArrays forward(const reference::Program &program,
                      const reference::Call &call,
                      const Omitted &omitted = {}) const;
  /// What `backward` writes, `run` being what `forward` returned.
  NamedArrays backward(const reference::Program &program,
                       const reference::Call &call, const NamedArrays &run,
                       const std::vector<float> &dOutput,
                       const std::vector<float> &dLast,
                       const Omitted &omitted = {}) const;
  /// The same as `forward`, by T calls of `step`, every second one in place.
  NamedArrays steps(const reference::Program &program,
                    const reference::Call &call) const;

private:
  class Block;
  struct Sizes;
  /// The numbers of one step in an array whose rows are `stride` apart.
  struct Rows {
    const float *first;
    int64_t stride;
  };

  bool hasArgument(const std::string &entry, const std::string &name) const;
  int64_t stageCount() const;
  /// The products of the states, or of the inner values of a stage, at step t
  /// of recurrent[B, T, R, H].
  void multiply(const Sizes &sizes, bool ofInner, const Rows &operands,
                const std::vector<float> &weight, float *recurrent, int64_t t,
                int64_t stage = 0) const;
  /// Adds to `operands` what arrives at them through their projections.
  void pullBack(const Sizes &sizes, bool ofInner, const float *dRecurrent,
                int64_t t, const std::vector<float> &weight, float *operands,
                int64_t stride, int64_t stage = 0) const;

  std::shared_ptr<const KernelModule> module;
};

} // namespace minrnn::e2e

#endif // MINRNN_TESTS_E2E_HOSTCELL_H
