//===- Liveness.h - What of a procedure is wanted ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_PROGRAM_LIVENESS_H
#define MINRNN_RUNTIME_PROGRAM_LIVENESS_H

#include "runtime/program/BoundProgram.h"

namespace minrnn {

/// The part of a procedure that a call runs.
struct LiveProgram {
  std::vector<BoundOperation> operations;
  /// Which tensors are there, by their places. Of the layer's own: which need
  /// memory.
  std::vector<bool> present;
};

/// Leaves out the operations of `all` whose results nobody has: neither the
/// caller, who gave the tensors `given`, nor an operation that is left. Where
/// `keepsSaved`, a later call has what is saved. A product or a copy of a
/// tensor that is absent becomes a fill; a launch is given null for one.
/// Throws Error when a tensor is needed that was not given.
LiveProgram findLive(Procedure procedure, const TensorSizes &sizes,
                     const std::vector<BoundOperation> &all,
                     const std::vector<bool> &given, bool keepsSaved);

/// Whether the caller gives the tensor.
inline bool isOfCaller(const ProgramTensor &tensor) {
  return tensor.role != Role::Saved && tensor.role != Role::Scratch;
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_PROGRAM_LIVENESS_H
