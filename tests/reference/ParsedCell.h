//===- ParsedCell.h - A cell's text as a straight line of code -*- C++ -*-===//
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the reference makes of a cell's MLIR text: a list of operations
// whose operands are earlier ones. Of the project only the dialect takes part,
// as the parser.
//
// Some formulas are taken in another form of the same number, since as written
// they fail even in double: 1 - sigmoid(k) and 1 - tanh(k) cancel, x / (x + y)
// and x / y are 0 / 0 where two sigmoids or exponentials underflow, and sqrt(x)
// is 0 where one does.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_PARSEDCELL_H
#define MINRNN_TESTS_REFERENCE_PARSEDCELL_H

#include "tests/reference/Functions.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace minrnn::reference {

enum class Opcode {
  // Leaves; `index` says which one.
  State,
  Gate,      // the projection of the input, with its bias
  Recurrent, // a projection of ParsedCell::recurrent, with its bias
  Read,
  Parameter,
  Constant, // `constant`; a truth value is 0 or 1
  Add,
  Subtract,
  Multiply,
  Divide,
  Negate,
  Maximum,
  Minimum,
  Compare,
  Select,
  Absolute,
  Lerp,
  LogAddExp2,
  Affine,
  /// A function of one operand, `function`.
  Call,
};

/// The outcomes of a comparison for which it is true.
struct Predicate {
  bool less = false;
  bool equal = false;
  bool greater = false;
  bool unordered = false;

  /// Whether the comparison is true of two numbers.
  bool holds(double x, double y) const;
};

/// The predicate that MLIR's `arith.cmpf` calls by the number `predicate`.
Predicate predicateOf(int64_t predicate);

struct Instruction {
  Opcode operation = Opcode::Constant;
  /// Places in ParsedCell::instructions, all before this one.
  std::vector<int> operands = {};
  int index = 0;
  double constant = 0;
  const Function *function = nullptr;
  Predicate predicate = {};
  /// Computed of constants alone: the compiler does so, in single precision.
  bool isFolded = false;
  /// Affine in the states and not free of them: may be multiplied out.
  bool regroups = false;

  /// Whether it calls `operation`, and not of constants.
  bool calls(std::string_view operation) const {
    return !isFolded && function && function->operation == operation;
  }
};

/// A projection of a state, or of a value computed within the step: then the
/// step's other channels must have come as far before any can go on.
struct ParsedProjection {
  std::string name;
  /// The state that is projected; -1: none.
  int state = -1;
  /// The place in ParsedCell::inner of the value that is projected; -1: none.
  int inner = -1;

  bool isInner() const { return inner >= 0; }
};

struct ParsedCell {
  std::string name;
  std::vector<std::string> states;
  /// Names, each once, in the order of their first use.
  std::vector<std::string> gates;
  std::vector<ParsedProjection> recurrent;
  /// The instructions whose values are projected, each once, in the order of
  /// their first projection. One may depend on the projection of another.
  std::vector<int> inner;
  std::vector<std::string> parameters;
  /// A projection has no operands here: it reads what all channels computed.
  std::vector<Instruction> instructions;
  /// The instruction that makes the next value of each state.
  std::vector<int> next;
  /// The instruction that makes the output.
  int output = 0;
  bool hasSeparateOutput = false;
  /// Whether a `minrnn.read` occurs.
  bool readsInput = false;

  /// One state, which is the output.
  bool isPlain() const { return states.size() == 1 && !hasSeparateOutput; }
};

/// Parses a text that holds one cell. Throws std::invalid_argument, with what
/// the dialect says, when it is wrong.
ParsedCell parseCell(std::string_view text);

/// The same in a context that has the dialect, for whoever parses many.
ParsedCell parseCell(std::string_view text, mlir::MLIRContext &context);

/// The same for a file.
ParsedCell parseCellFile(const std::string &path);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_PARSEDCELL_H
