//===- CellRun.h - One run of a cell, as exact as f32 allows ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `minrnn run` computes: a layer whose products are summed in double and
// rounded once, unless others are asked for, so that the cell's kernels see the
// projections of the equations and not the rounding of a matrix product.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CELLRUN_H
#define MINRNN_RUNTIME_TOOLS_CELLRUN_H

#include "runtime/tools/CellInputs.h"
#include "runtime/tools/NonFinite.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace minrnn {

/// A result, by the name it has in the file.
struct CellOutput {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> data;

  operator TensorToWrite() const { return {name, shape, data}; }
};
using CellOutputs = std::vector<CellOutput>;

struct RunModes {
  /// From the last step to the first.
  bool reverse = false;
  /// By one call of the layer's `step` for every step; gradients by one of
  /// `backward` for each, which computes the step again.
  bool bySteps = false;
  /// How products are formed.
  Precision precision = Precision::Double;
};

/// One run: what forward leaves for backward and for those who ask where a
/// number began.
class CellRun {
public:
  /// `allowsNonFinite`: numbers too large for the io type become infinite.
  CellRun(const CellKernels &cell, const CellInputs &inputs,
          const RunModes &modes, bool allowsNonFinite);

  void forward();
  void addGradients(CellOutputs &outputs);
  void addResults(CellOutputs &outputs) const;

  /// Says which number of forward is the first in time that is not finite, and
  /// which operation gave it where `report` can tell. Empty: all are finite.
  std::string describeNonFinite(const NonFiniteReport &report) const;
  /// The same of the gradients among `outputs`.
  std::string describeNonFiniteGradient(const CellOutputs &outputs) const;

private:
  std::vector<CellTensor> stepParts() const {
    return stepTensors(manifest, sizes, values.contains("states"));
  }
  /// Whether a reset makes it zero, so that the kernel does not read it.
  bool isZeroAtReset(const CellTensor &part) const;
  /// The number of a part [B, T, H] at (row, step) `position`.
  float at(const CellTensor &part, std::int64_t position,
           std::int64_t channel) const;
  bool isReset(std::int64_t position) const;
  /// What one channel's step at position `p` starts from.
  StepValues valuesOf(std::int64_t p, std::int64_t row,
                      std::int64_t channel) const;
  std::string nonFiniteAt(std::int64_t p, const CellTensor &part,
                          const NonFiniteReport &report) const;

  /// A layer for `time` steps with the parameters of the run, and room for its
  /// results.
  FloatLayer layerOf(std::int64_t time, bool reverse, bool training) const;
  /// Sets a tensor, and throws Error where a number is too large for its type
  /// and that is not allowed.
  void set(FloatLayer &layer, const std::string &name,
           std::span<const float> numbers) const;
  /// Gives a layer of one step what comes in at step `t`.
  void setStep(FloatLayer &layer, std::int64_t t) const;
  void forwardBySteps();
  LayerNumbers backward();
  /// By single steps from the last one, each of which computes again what it
  /// needs.
  LayerNumbers backwardBySteps() const;

  /// Numbers of an array of the run, by the layer's name; none where there is
  /// no such array.
  std::span<const float> numbersOf(std::string_view name) const;
  std::int64_t stateCount() const { return manifest.size(Axis::States); }
  /// The states that the step of position `p` starts from.
  std::vector<float> statesAt(std::int64_t p) const;
  /// Step `t` of sequence[B, T, n], every batch row's; and back.
  std::vector<float> ofStep(std::span<const float> sequence,
                            std::int64_t t) const {
    return takePlace(sequence, {sizes.batch, sizes.time, t});
  }
  void toStep(std::span<const float> step, std::int64_t t,
              std::vector<float> &sequence) const {
    putPlace(step, {sizes.batch, sizes.time, t}, sequence);
  }

  /// The step of position `p` in the order of the run.
  std::int64_t stepAt(std::int64_t p) const {
    return modes.reverse ? sizes.time - 1 - p : p;
  }

  const CellKernels &cell;
  const Manifest &manifest;
  const CellInputs &inputs;
  LayerSizes sizes;
  RunModes modes;
  bool allowsNonFinite;
  /// The layer of a run that is not by steps.
  std::optional<FloatLayer> whole;
  /// What forward was given and left, as specs/abi.md has it and rounded to its
  /// type.
  LayerNumbers values;
  /// Of a run by steps, by position: [B, S, H].
  std::vector<std::vector<float>> statesBefore;
};

/// Runs forward, and backward where gradients are wanted, on the cell's device.
/// Gives the output [B, T, H] by its name, each
/// state [B, T, H] by its name where it is not the output and is kept,
/// `<state>_last` [B, H], and `d_<name>` of every input that was given. To
/// `report` it adds the first projection or result in time that is not finite,
/// else the first gradient in backward's order; and throws Error, where such
/// numbers are not allowed, when an array is too large for the cell's io type.
CellOutputs runCell(const CellKernels &cell, const CellInputs &inputs,
                    const RunModes &modes, NonFiniteReport &report);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CELLRUN_H
