//===- CellRunState.h - One run of a cell and its buffers -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CELLRUNSTATE_H
#define MINRNN_RUNTIME_TOOLS_CELLRUNSTATE_H

#include "minrnn/device_array.h"
#include "specs/contract/ElementCount.h"
#include "runtime/tools/CellArray.h"
#include "runtime/tools/CellRun.h"
#include "runtime/tools/DoubleProducts.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace minrnn {

inline std::vector<float> zeros(std::initializer_list<std::int64_t> sizes,
                                const char *what) {
  return std::vector<float>(
      static_cast<std::size_t>(elementCount(sizes, what)));
}

/// Where an f32 array begins on the device.
inline float *floats(CellArray &array) {
  return static_cast<float *>(array.data());
}

/// One run: buffers that forward fills and backward reads.
class CellRun {
public:
  /// `allowsNonFinite`: numbers too large for the io type become infinite.
  CellRun(const CellKernels &cell, const CellInputs &given,
          const RunModes &modes, bool allowsNonFinite);

  void forward();
  void forwardBySteps();
  void addGradients(CellOutputs &outputs);
  void addResults(CellOutputs &outputs);

  /// Says which number of forward is the first in time that is not finite, and
  /// which operation gave it where `report` can tell. Empty: all are finite.
  std::string describeNonFinite(const NonFiniteReport &report) const;
  /// The same of the gradients among `outputs`.
  std::string describeNonFiniteGradient(const CellOutputs &outputs) const;

private:
  struct TimedPart;
  /// What each step computes, in that order.
  std::vector<TimedPart> timedParts() const;
  /// What one channel's step at position `p` starts from.
  StepValues valuesOf(std::int64_t p, std::int64_t row,
                      std::int64_t channel) const;
  std::string nonFiniteAt(std::int64_t p, const TimedPart &part,
                          const NonFiniteReport &report) const;
  /// Whether the states of every step are at hand after forward.
  bool keepsStates() const { return modes.bySteps || !cell.recomputesStates(); }

  CellArray make(ElementType type, const char *name,
                 std::vector<float> values) const {
    return {cell, type, name, std::move(values), allowsNonFinite};
  }
  /// Elements of the states of one (batch row, step).
  std::int64_t stateWidth() const { return cell.states() * inputs.channels; }

  std::vector<float> packedRecurrentBiases() const;
  /// Puts the initial states, or zeros, where a walk through time works: in the
  /// last ones.
  void startStates();
  /// The products of what is computed within the step at position `call.first`,
  /// between those of the states and the step itself.
  void projectChained(const ForwardArguments &call,
                      const RecurrentProducts &products);
  /// The gradients of the recurrent gates and of the parameters.
  void addRecurrentGradients(CellOutputs &outputs,
                             const RecurrentProducts &sums,
                             const std::vector<float> &dBiasOfRows) const;
  /// The states that the step of position `p` starts from.
  std::vector<float> statesBefore(std::int64_t p) const;
  /// One state of packed[B, n, S, H], n rows of the batch's each.
  std::vector<float> takeState(const std::vector<float> &packed,
                               std::size_t state) const;
  /// Copies step `t` of array[B, T, n], every batch row's, to or from the
  /// device.
  void stepToDevice(CellArray &array, std::int64_t t) const;
  void stepToHost(CellArray &array, std::int64_t t) const;
  template <typename Copy>
  void eachRowOf(const CellArray &array, std::int64_t t,
                 const Copy &copy) const;

  /// The place in time of position `p` of the walk.
  std::int64_t stepAt(std::int64_t p) const {
    return modes.reverse ? inputs.time - 1 - p : p;
  }
  bool isRecurrent() const { return !manifest.recurrent.empty(); }

  const CellKernels &cell;
  const Manifest &manifest;
  CellInputs inputs;
  RunModes modes;
  bool allowsNonFinite;
  ElementType ioType;
  CellArray preactivations;
  CellArray x;
  CellArray recurrent;
  CellArray chained;
  CellArray recurrentBias;
  CellArray parameters;
  DeviceArray<std::uint8_t> reset;
  CellArray initial;
  CellArray output;
  CellArray trajectory;
  CellArray boundaries;
  CellArray last;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CELLRUNSTATE_H
