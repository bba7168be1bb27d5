//===- CellRun.h - One run of a cell, as exact as f32 allows ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `minrnn run` computes: a layer whose products are summed in double and
// rounded once, so that the cell's kernels see the projections of the equations
// and not the rounding of a matrix product.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CELLRUN_H
#define MINRNN_RUNTIME_TOOLS_CELLRUN_H

#include "runtime/tools/CellInputs.h"
#include "runtime/tools/NonFinite.h"

#include <cstdint>
#include <string>
#include <vector>

namespace minrnn {

/// The results, by the names they have in the file.
class CellOutputs {
public:
  void add(std::string name, std::vector<std::int64_t> shape,
           std::vector<float> data);

  /// Views of all results, in the order they were added.
  std::vector<TensorToWrite> tensors() const;

private:
  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<float> data;
  };
  std::vector<Tensor> results;
};

struct RunModes {
  /// From the last step to the first.
  bool reverse = false;
  /// By one call of the layer's `step` for every step; gradients by one of
  /// `backward` for each, which computes the step again.
  bool bySteps = false;
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
