//===- CellRunState.h - The state of a run of a cell ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CELLRUNSTATE_H
#define MINRNN_RUNTIME_TOOLS_CELLRUNSTATE_H

#include "runtime/tools/CellRun.h"
#include "runtime/tools/LayerRun.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace minrnn {

/// One run: what forward leaves for backward and for those who ask where a
/// number began.
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
  /// The gradients, in f64 where they are sums over time.
  struct Gradients;

  /// What each step computes, in that order.
  std::vector<TimedPart> timedParts() const;
  /// What one channel's step at position `p` starts from.
  StepValues valuesOf(std::int64_t p, std::int64_t row,
                      std::int64_t channel) const;
  std::string nonFiniteAt(std::int64_t p, const TimedPart &part,
                          const NonFiniteReport &report) const;

  /// A layer for `time` steps with the parameters of the run, and room for its
  /// results.
  LayerRun layerOf(std::int64_t time, bool reverse, bool training) const;
  /// Gives a layer of one step what comes in at step `t`.
  void setStep(LayerRun &layer, std::int64_t t) const;
  Gradients backward();
  /// By single steps from the last one, each of which computes again what it
  /// needs.
  Gradients backwardBySteps() const;

  /// Elements of the states of one (batch row, step).
  std::int64_t stateWidth() const {
    return manifest.size(Axis::States) * inputs.channels;
  }
  /// One state of packed[B, n, S, H], n rows of the batch's each.
  std::vector<float> takeState(const std::vector<float> &packed,
                               std::size_t state) const;
  /// The states that the step of position `p` starts from.
  std::vector<float> statesAt(std::int64_t p) const;
  /// Step `t` of sequence[B, T, n], every batch row's; and back.
  template <typename Number>
  std::vector<Number> ofStep(const std::vector<Number> &sequence,
                             std::int64_t t) const {
    std::vector<Number> step;
    eachRowOf(sequence.size(), t,
              [&](std::ptrdiff_t first, std::ptrdiff_t count) {
                step.insert(step.end(), sequence.begin() + first,
                            sequence.begin() + first + count);
              });
    return step;
  }
  void toStep(const std::vector<float> &step, std::int64_t t,
              std::vector<float> &sequence) const;
  template <typename Copy>
  void eachRowOf(std::size_t size, std::int64_t t, const Copy &copy) const {
    const std::int64_t positions = inputs.batch * inputs.time;
    if (positions == 0)
      return;
    const auto width =
        static_cast<std::ptrdiff_t>(size / static_cast<std::size_t>(positions));
    for (std::int64_t row = 0; row < inputs.batch; ++row)
      copy((row * inputs.time + t) * width, width);
  }

  /// The place in time of position `p` of the walk.
  std::int64_t stepAt(std::int64_t p) const {
    return modes.reverse ? inputs.time - 1 - p : p;
  }

  const CellKernels &cell;
  const Manifest &manifest;
  CellInputs inputs;
  RunModes modes;
  bool allowsNonFinite;
  /// [G, H] and [R, H]; empty: none.
  std::vector<float> bias;
  std::vector<float> recurrentBias;
  /// The layer of a run that is not by steps.
  std::optional<LayerRun> whole;
  /// As specs/abi.md has them; empty where the cell or the layer has none. `x`
  /// of a cell that reads its channel.
  std::vector<float> preactivations;
  std::vector<float> recurrent;
  std::vector<float> inner;
  std::vector<float> states;
  std::vector<float> output;
  std::vector<float> last;
  std::vector<float> x;
  /// Of a run by steps, by position: [B, S, H] in f32.
  std::vector<std::vector<float>> statesBefore;
};

/// Rounds numbers as a sequence of this type stores them.
void roundTo(const std::string &ioType, std::vector<float> &numbers);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CELLRUNSTATE_H
