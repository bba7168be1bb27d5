//===- RegionCode.h - A region of scalars, run in double --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_SCAN_REGIONCODE_H
#define MINRNN_TESTS_SCAN_REGIONCODE_H

#include "tests/reference/ParsedCell.h"

#include "mlir/IR/Region.h"
#include "llvm/ADT/DenseMap.h"

#include <span>
#include <vector>

namespace minrnn::scan {

/// The one block of a region of scalars, such as those of a scan, as a straight
/// line of code on numbered places. A truth value is 0 or 1. The f32 numbers
/// nearest log2 e and ln 2, by which the compiler changes bases, stand for
/// these: single precision's business is not that of the scan level.
class RegionCode {
public:
  /// Throws std::runtime_error at an operation that it does not know.
  explicit RegionCode(mlir::Region &region);

  /// Runs it on `arguments`, as many as the region has. What is returned holds
  /// what the region yields, until the next call.
  std::span<const double> run(std::span<const double> arguments);

  size_t argumentCount() const { return arguments; }

private:
  enum class Kind {
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    Maximum,
    Minimum,
    Compare,
    Select,
    And,
    Or,
    ExclusiveOr,
    Exp2,
    Log2,
    Absolute,
    Lerp,
    LogAddExp2,
    Call,
  };
  struct Instruction {
    Kind kind;
    int x, y, z;
    reference::Predicate predicate;
    const reference::Function *function;
  };

  void append(mlir::Operation &op, llvm::DenseMap<mlir::Value, int> &places);
  double evaluate(const Instruction &instruction) const;

  size_t arguments;
  /// The arguments, then the constants, then the instructions' results.
  std::vector<double> values;
  std::vector<Instruction> instructions;
  std::vector<int> yieldedPlaces;
  std::vector<double> yielded;
};

} // namespace minrnn::scan

#endif // MINRNN_TESTS_SCAN_REGIONCODE_H
