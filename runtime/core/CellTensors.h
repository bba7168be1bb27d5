//===- CellTensors.h - A cell's tensors in files ----------------*- C++ -*-===//
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

#ifndef MINRNN_RUNTIME_CORE_CELLTENSORS_H
#define MINRNN_RUNTIME_CORE_CELLTENSORS_H

#include "minrnn/layer.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// A place along the middle axis of packed[rows, places, n].
struct PackedPlace {
  std::int64_t rows;
  std::int64_t places;
  std::int64_t place;
};

/// Copies part[rows, n] to its place in `packed`, which becomes as long.
void putPlace(std::span<const float> part, const PackedPlace &at,
              std::vector<float> &packed);
/// The same part of `packed`.
std::vector<float> takePlace(std::span<const float> packed,
                             const PackedPlace &at);

/// One tensor of a file: one of the layer's, or one place along its packed axis
/// (a gate, a parameter, a state).
struct CellTensor {
  /// `tensor` is the name of the layer's.
  CellTensor(const Manifest &manifest, const LayerSizes &sizes,
             std::string name, std::string_view tensor, std::size_t place = 0);

  /// Its numbers go to their place in those of the layer's tensor; and back.
  void put(std::span<const float> part, std::vector<float> &packed) const {
    putPlace(part, packedPlace(), packed);
  }
  std::vector<float> take(std::span<const float> packed) const {
    return takePlace(packed, packedPlace());
  }

  std::string name;
  /// The layer's tensor, as the contract has it.
  const ProgramTensor *tensor;
  /// The place along the packed axis, and how many there are.
  std::int64_t place = 0;
  std::int64_t places = 1;
  /// Without the packed axis, which stands before the axis `packedAt`.
  std::vector<std::int64_t> shape;
  std::size_t packedAt = 0;

private:
  PackedPlace packedPlace() const;
};

/// What a cell reads and writes: inputs and parameters, gradients that come in,
/// then what is saved of the states, and outputs.
std::vector<CellTensor> cellTensors(const Manifest &manifest,
                                    const LayerSizes &sizes);

/// What each step computes, in that order: projections, what is projected
/// within the step, states (those beside the output where `keepsStates`), the
/// output.
std::vector<CellTensor> stepTensors(const Manifest &manifest,
                                    const LayerSizes &sizes, bool keepsStates);

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_CELLTENSORS_H
