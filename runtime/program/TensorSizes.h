//===- TensorSizes.h - How large the tensors of a layer are -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_PROGRAM_TENSORSIZES_H
#define MINRNN_RUNTIME_PROGRAM_TENSORSIZES_H

#include "minrnn/layer.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace minrnn {

/// The sizes of the axes of a cell's tensors in one procedure.
class TensorSizes {
public:
  /// Throws Error when a size is negative, when a tensor does not fit into
  /// memory, or when a cell that reads its channel has `inputs` other than
  /// `channels`. The manifest must outlive it.
  TensorSizes(const Manifest &manifest, const LayerSizes &sizes,
              Procedure procedure);

  const Manifest &manifest() const { return *own; }
  std::int64_t of(Axis axis) const;
  std::vector<std::int64_t> shape(const ProgramTensor &tensor) const;
  std::int64_t elements(const ProgramTensor &tensor) const;
  std::uint64_t bytes(const ProgramTensor &tensor) const;

  /// What a tensor of numbers holds, and the bytes of an element of any.
  ElementType numbers(const ProgramTensor &tensor) const;
  std::int64_t bytesOfElement(const ProgramTensor &tensor) const;

  /// The place of a tensor among the program's; there must be one.
  std::size_t place(std::string_view tensor) const;
  const ProgramTensor &tensor(std::size_t place) const {
    return own->program.tensors[place];
  }
  std::size_t count() const { return own->program.tensors.size(); }

private:
  const Manifest *own;
  LayerSizes sizes;
  /// The procedure's entry, whose tiles of time are those of the tensors.
  const KernelEntry *entry;
};

/// How an error of a procedure begins: `cell 'mingru', forward: `.
std::string placeOf(const Manifest &manifest, Procedure procedure);

} // namespace minrnn

#endif // MINRNN_RUNTIME_PROGRAM_TENSORSIZES_H
