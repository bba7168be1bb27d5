//===- CellInputs.h - The tensors that a cell runs on -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// By name, for a cell whose output is called `y` and that has a gate `z`, a
// gate `u` of a state, a parameter `p` and a state `h`:
//
//   x [B, T, D]                 the input
//   z.weight [H, D], z.bias [H]
//   u.weight [H, H], u.bias [H]
//   p [H]
//   reset [B, T]                bytes or truth values
//   h0 [B, H]                   the initial state
//   dy [B, T, H], dh_last [B, H]  gradients, where they are wanted
//
// Biases, reset, initial states and gradients of last states are optional.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CELLINPUTS_H
#define MINRNN_RUNTIME_TOOLS_CELLINPUTS_H

#include "minrnn/cell_kernels.h"
#include "minrnn/safetensors.h"
#include "runtime/tools/NonFinite.h"

#include <cstdint>
#include <string>
#include <vector>

namespace minrnn {

/// A learned linear map.
struct GateWeights {
  std::string name;
  /// [H, D], or [H, H] for a gate that projects a state or a value computed
  /// within the step.
  std::vector<float> weight;
  /// [H]; empty: none given.
  std::vector<float> bias;
  bool hasBias = false;
};

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
  /// In the order of the manifest.
  std::vector<GateWeights> gates;
  std::vector<GateWeights> recurrent;
  /// [P, H]
  std::vector<float> parameters;
  /// [B, T]
  std::vector<std::uint8_t> reset;
  bool hasReset = false;
  /// [B, S, H], zero where a state has none; and which states have one.
  std::vector<float> initial;
  std::vector<bool> hasInitial;

  bool wantsGradients = false;
  /// [B, T, H]
  std::vector<float> dOutput;
  /// [B, S, H], zero where a state has none.
  std::vector<float> dLast;
  bool hasDLast = false;
};

/// Reads the inputs of `cell`. Throws Error, naming the tensor, when one is
/// missing, not known, of the wrong shape or dtype, holds a number that is not
/// finite, or is an initial state below zero although the scan is in log space;
/// and when a cell reads its channel of an `x` that has not as many.
CellInputs readCellInputs(const SafetensorsReader &file,
                          const CellKernels &cell, bool wantsGradients,
                          NonFiniteReport &report);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CELLINPUTS_H
