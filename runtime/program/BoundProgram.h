//===- BoundProgram.h - A procedure for sizes -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_PROGRAM_BOUNDPROGRAM_H
#define MINRNN_RUNTIME_PROGRAM_BOUNDPROGRAM_H

#include "runtime/program/TensorSizes.h"

#include <functional>
#include <variant>

namespace minrnn {

/// A matrix in a tensor of the program.
struct BoundView {
  /// The tensor's place among the program's.
  std::size_t tensor = 0;
  /// Bytes from the tensor's first element to the matrix's, and from those of
  /// one step of time to those of the next, where it is of a step.
  std::int64_t offset = 0;
  std::int64_t bytesOfStep = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  /// Elements from one row to the next.
  std::int64_t stride = 0;
};

struct BoundProduct {
  BoundView result;
  BoundView a;
  BoundView b;
  bool transposeA = false;
  bool transposeB = false;
  bool accumulate = false;
  ElementType aType = ElementType::F32;
  ElementType bType = ElementType::F32;
  ElementType resultType = ElementType::F32;
};

/// result[columns] = the sum of operand[rows, columns] over its rows.
struct BoundSum {
  std::size_t result = 0;
  std::size_t operand = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

struct BoundFill {
  BoundView result;
  std::int64_t bytesOfElement = 0;
};

struct BoundCopy {
  std::size_t result = 0;
  std::size_t operand = 0;
  std::uint64_t bytes = 0;
};

struct BoundLaunch {
  const KernelEntry *entry = nullptr;
  /// For each argument of the entry its tensor; nothing for a number, and for a
  /// tensor that is null.
  std::vector<std::optional<std::size_t>> tensors;
  std::int64_t tileCount = 0;
};

struct BoundOperation;

struct BoundLoop {
  bool isAdjoint = false;
  std::vector<BoundOperation> body;
};

struct BoundOperation {
  std::variant<BoundProduct, BoundSum, BoundFill, BoundCopy, BoundLaunch,
               BoundLoop>
      what;
};

/// The operations of a procedure for sizes. Throws Error where a product is of
/// element types that no device multiplies. `sizes` says which manifest, which
/// must outlive the result.
std::vector<BoundOperation>
bindProcedure(Procedure procedure, const TensorSizes &sizes, bool reverse);

/// Calls `visit` on each tensor that an operation reads or writes, twice where
/// a kernel does both; of a launch, with the argument that it stands for, else
/// with null. Not for loops.
void visitTensors(const BoundOperation &operation,
                  const std::function<void(std::size_t tensor, bool isWritten,
                                           const KernelArgument *)> &visit);

} // namespace minrnn

#endif // MINRNN_RUNTIME_PROGRAM_BOUNDPROGRAM_H
