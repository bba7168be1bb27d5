//===- RandomCellHostile.cpp - What has gone wrong elsewhere --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/RandomCellBuilder.h"

#include <iterator>

using namespace minrnn::reference;

int RandomCellBuilder::growHostile() {
  switch (below(4)) {
  case 0:
  case 1:
    return growByHand();
  case 2:
    return growHeldBack();
  default:
    return growScaled();
  }
}

int RandomCellBuilder::growByHand() {
  std::span<const FormulaByHand> formulas = formulasByHand();
  const FormulaByHand &formula =
      formulas[below(static_cast<int>(formulas.size()))];
  std::vector<int> operands(static_cast<size_t>(formula.operands));
  for (int &operand : operands)
    operand = pick();
  if (formula.operands == 3) {
    // The third stands for the first: the same projection once more, if there
    // is one.
    operands[2] = operands[0];
    auto &all = cell.operations;
    for (int i = 0; i < std::ssize(all); ++i)
      for (int j = i + 1; j < std::ssize(all); ++j)
        if (all[i].mnemonic == "minrnn.project" && all[i].operands.empty() &&
            all[j].mnemonic == all[i].mnemonic && all[j].operands.empty() &&
            all[j].detail == all[i].detail) {
          operands[0] = cell.states + i;
          operands[2] = cell.states + j;
        }
  }
  double size = ranges[operands[0]].size() + 1;
  Range range{std::max(formula.low, -size), std::min(formula.high, size)};
  int value =
      append({std::string(byHand), operands, std::string(formula.name)}, range);
  return range.size() > largestValue ? tanhOf(value) : value;
}

int RandomCellBuilder::growHeldBack() {
  int x = pick();
  auto compared = [&](const char *predicate, double bound) {
    int limit = constant(bound);
    return append({"arith.cmpf", {x, limit}, predicate, true}, {});
  };
  switch (below(5)) {
  case 0: { // 1 / x, but not at 0
    int one = constant(1);
    int zero = constant(0);
    int size = unary("math.absf", x, {0, ranges[x].size()});
    int limit = constant(1e-3);
    int truth = append({"arith.cmpf", {size, limit}, "olt", true}, {});
    int quotient = append({"arith.divf", {one, x}}, {-1e3, 1e3});
    return tanhOf(select(truth, zero, quotient));
  }
  case 1: { // sqrt x, but not below 0
    int root = unary("math.sqrt", x, {0, std::sqrt(ranges[x].size())});
    int zero = constant(0);
    return select(compared("ogt", 1e-3), root, zero);
  }
  case 2: { // log x, but not at 0 and below
    int logarithm = unary("math.log", x, {-7, 10});
    int one = constant(1);
    return select(compared("ogt", 1e-3), logarithm, one);
  }
  case 3: { // exp x, at most 10
    int exponential = unary("math.exp", x, {0, 10});
    int ten = constant(10);
    return extremum("arith.minimumf", exponential, ten, std::min<double>);
  }
  default: { // Two equal products, whichever is chosen.
    int y = pick();
    int one = multiply(x, y);
    int other = multiply(y, x);
    int value = select(compared("ogt", 0.25), one, other);
    return ranges[value].size() > largestValue ? tanhOf(value) : value;
  }
  }
}

int RandomCellBuilder::growScaled() {
  int x = pick();
  switch (below(4)) {
  case 0: { // exp of exp
    int most = constant(80);
    int exponent = extremum("arith.minimumf", x, most, std::min<double>);
    int exponential = unary("math.exp", exponent, {0, std::exp(80.0)});
    int negated = unary("arith.negf", exponential, {-std::exp(80.0), 0});
    return unary("math.exp", negated, {0, 1});
  }
  case 1: { // a huge factor
    static constexpr double factors[] = {1e8, -1e8, 1e12, -1e12, 1e-12};
    int factor = constant(factors[below(std::size(factors))]);
    int scaled = multiply(pickWithin(0, largestValue), factor);
    return chance(0.5) ? sigmoidOf(scaled) : tanhOf(scaled);
  }
  case 2: { // a product with two users
    int y = pick();
    int product = multiply(x, y);
    int half = constant(0.5);
    int most = extremum("arith.maximumf", product, half, std::max<double>);
    int difference = subtract(most, product);
    return ranges[difference].size() > largestValue ? sigmoidOf(difference)
                                                    : difference;
  }
  default: { // a divisor that can underflow
    int above = pickWithin(-1, 1);
    int below = append({std::string(byHand), {x}, "1 - tanh(x)"}, {0, 2});
    int quotient = append({"arith.divf", {above, below}}, {-1e30, 1e30});
    return tanhOf(quotient);
  }
  }
}
