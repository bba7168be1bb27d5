//===- RandomCell.h - Cells that nobody would write -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Well-formed cells and calls of them, each from a seed. They are tame: ranges
// are tracked while a cell is built, so that states stay within
// `largestState`, nothing overflows, and nothing is divided by what may be
// zero; a difference from the reference is then a fault and not an accident.
// About half are affine by construction: coefficient and offset are made of
// values that are free of the states.
//
// Hostile ones are not so tame inside: what overflows there is held back or
// squashed before it reaches a state, or is skipped where the bound of its
// rounding errors is infinite.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_RANDOMCELL_H
#define MINRNN_TESTS_REFERENCE_RANDOMCELL_H

#include "tests/reference/CallSamples.h"
#include "tests/reference/RandomCellByHand.h"

#include <cstdint>
#include <string>
#include <vector>

namespace minrnn::reference {

/// An operation of a random cell. A value is named by a number: first the
/// states, then the operations' results in their order.
struct RandomOperation {
  std::string mnemonic;
  std::vector<int> operands = {};
  /// What stands behind the mnemonic: a name, a predicate, a constant; for
  /// `minrnn.affine` the intervals.
  std::string detail = {};
  /// Whether it computes a truth value.
  bool isTruth = false;
};

struct RandomCell {
  int states = 1;
  std::vector<RandomOperation> operations;
  /// The next values of the states.
  std::vector<int> next;
  /// The value of `minrnn.output`; -1: there is none.
  int output = -1;
  /// Every next state is affine in that state, by construction.
  bool isAffine = false;
  /// Affine, with a coefficient and an offset that are not negative.
  bool isNonNegative = false;

  /// Drawn to go wrong: with formulas written by hand, with values that a
  /// select holds back, with huge factors. It is called with extreme numbers.
  bool isHostile = false;

  /// The cell as MLIR, named @random.
  std::string text(Spelling spelling = Spelling::AsWritten) const;
  bool isTruth(int value) const {
    return value >= states && operations[value - states].isTruth;
  }
};

/// How a cell is called.
struct RandomRun {
  Shape shape;
  CallOptions options;
  /// Whether there is a gradient of the last states.
  bool dLast = true;
  /// Of the numbers.
  uint64_t seed = 0;
};

/// What random cells may have.
struct RandomCellOptions {
  /// Projections of values that are computed within the step. Of the cells
  /// that are not affine by construction some then have one or two.
  bool inner = false;
  /// What has gone wrong elsewhere. Of three cells one is then hostile.
  bool hostile = false;
};

RandomCell randomCell(uint64_t seed, const RandomCellOptions &options = {});
RandomRun randomRun(uint64_t seed);

/// The two together, in a form to print.
std::string describe(const RandomRun &run);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_RANDOMCELL_H
