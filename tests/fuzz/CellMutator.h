//===- CellMutator.h - One cell's text into another's -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_FUZZ_CELL_MUTATOR_H
#define MINRNN_TESTS_FUZZ_CELL_MUTATOR_H

#include <string>
#include <string_view>

namespace minrnn::fuzz {

/// Makes one to four small changes to the text of a cell, by its lines and
/// tokens: another operand, another operation, an equation more. Most texts
/// that come out parse if the one that goes in does.
std::string mutateCell(std::string_view text, unsigned seed);

} // namespace minrnn::fuzz

#endif // MINRNN_TESTS_FUZZ_CELL_MUTATOR_H
