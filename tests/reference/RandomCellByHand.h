//===- RandomCellByHand.h - Formulas as people write them -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas that overflow or cancel as they are written, beside a form of the
// same number that does not. A random cell is compiled as written and compared
// by the other form: so the compiler must know what is meant.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_RANDOMCELLBYHAND_H
#define MINRNN_TESTS_REFERENCE_RANDOMCELLBYHAND_H

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::reference {

/// The mnemonic of a RandomOperation that is such a formula; its detail is the
/// formula's name.
inline constexpr std::string_view byHand = "by hand";

/// Which form of a cell's formulas is meant.
enum class Spelling { AsWritten, Stable };

struct FormulaByHand {
  std::string_view name;
  /// Of how many values it is; `x`, `y` and `z` in its lines.
  int operands;
  /// Where its values lie. Where `low` is `high`, wherever `stable` goes.
  double low, high;
  /// Lines "NAME = OPERATION", without the type. $NAME is a value; the
  /// formula's own is r.
  std::vector<std::string_view> written, stable;
};

std::span<const FormulaByHand> formulasByHand();

/// The formula of this name; throws std::invalid_argument if there is none.
const FormulaByHand &formulaByHand(std::string_view name);

/// The lines of MLIR that compute `result` of `operands`.
std::string textOf(const FormulaByHand &formula, Spelling spelling,
                   const std::string &result,
                   const std::vector<std::string> &operands);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_RANDOMCELLBYHAND_H
