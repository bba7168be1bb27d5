//===- CellRun.h - One run of a cell, as exact as f32 allows ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `minrnn run` computes. The projections, and the sums over batch and time
// of the gradients, are formed in double and rounded once, so that the cell's
// kernels see the pre-activations of the equations and not the rounding of a
// matrix product.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CELLRUN_H
#define MINRNN_RUNTIME_TOOLS_CELLRUN_H

#include "minrnn/cell_kernels.h"
#include "minrnn/safetensors.h"

#include <cstdint>
#include <string>
#include <vector>

namespace minrnn {

/// The tensors of one run. An optional one that was not given is empty, and its
/// flag false.
struct CellInputs {
  /// B, T, D, H.
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t inputs = 0;
  std::int64_t channels = 0;

  /// [B, T, D]
  std::vector<float> x;
  /// A [H, D] and a [H] for each gate, in the order of the manifest.
  std::vector<std::vector<float>> weights;
  std::vector<std::vector<float>> biases;
  std::vector<bool> hasBias;
  /// [B, H]
  std::vector<float> initial;
  bool hasInitial = false;

  bool wantsGradients = false;
  /// [B, T, H] and [B, H]
  std::vector<float> dOutput;
  std::vector<float> dLast;
  bool hasDLast = false;
};

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

/// Reads the inputs of `cell`; their names follow from its gates and its state.
/// Throws Error, naming the tensor, when one is missing, not known, of the
/// wrong shape or dtype, holds a number that is not finite, or is an initial
/// state below zero although the scan is in log space.
CellInputs readCellInputs(const SafetensorsReader &file,
                          const CellKernels &cell, bool wantsGradients);

/// Runs forward, and backward where gradients are wanted. Throws Error when a
/// pre-activation or a result is too large for f32.
CellOutputs runCell(const CellKernels &cell, const CellInputs &inputs);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CELLRUN_H
