//===- Operations.h - The value and the slopes of an operation --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each operation of the cell language by its definition, in forms that are
// stable in double precision, and its partial derivatives. At a kink: |x| has
// the slope 0 at 0, g(x) the slope of the branch x >= 0, and of two equal
// operands a constant is the larger one, and the smaller one, or else the
// first.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_OPERATIONS_H
#define MINRNN_TESTS_REFERENCE_OPERATIONS_H

#include "tests/reference/Estimate.h"
#include "tests/reference/ParsedCell.h"

#include <span>
#include <vector>

namespace minrnn::reference {

/// The value of an instruction that is no leaf but for a constant.
/// `values` are those of the instructions before it.
Estimate valueOf(const ParsedCell &cell, const Instruction &instruction,
                 std::span<const Estimate> values,
                 const Arithmetic &arithmetic);

/// The derivatives of its value, `result`, by each of its operands. Those of a
/// comparison, and of a `select` by its condition, are zero.
std::vector<Estimate> slopesOf(const ParsedCell &cell,
                               const Instruction &instruction,
                               std::span<const Estimate> values,
                               const Estimate &result,
                               const Arithmetic &arithmetic);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_OPERATIONS_H
