//===- Executor.h - Runs a procedure on a device ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_PROGRAM_EXECUTOR_H
#define MINRNN_RUNTIME_PROGRAM_EXECUTOR_H

#include "minrnn/cell_kernels.h"
#include "runtime/program/BoundProgram.h"

namespace minrnn {

/// One call of a procedure on the device of a cell.
struct ProcedureCall {
  const CellKernels &cell;
  const TensorSizes &sizes;
  bool reverse = false;
  Precision precision = Precision::Ieee;
  /// Where each tensor of the program begins; 0 for one that is absent.
  std::span<const std::uint64_t> addresses;
};

/// The arguments of a launch on `count` steps from the position `first` on, in
/// the entry's order. Throws Error where there is a number that is not known.
std::vector<std::uint64_t> argumentBlock(const BoundLaunch &op,
                                         const ProcedureCall &call,
                                         std::int64_t first,
                                         std::int64_t count);

/// Queues the operations, which are live ones.
void execute(const std::vector<BoundOperation> &operations,
             const ProcedureCall &call);

} // namespace minrnn

#endif // MINRNN_RUNTIME_PROGRAM_EXECUTOR_H
