//===- RandomCellByHand.cpp - Formulas as people write them ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/RandomCellByHand.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

using namespace minrnn::reference;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

using Lines = std::vector<std::string_view>;

std::vector<FormulaByHand> makeFormulas() {
  const Lines sigmoidOfX = {"r = minrnn.sigmoid $x"};
  const Lines tanhOfX = {"r = math.tanh $x"};
  const Lines softplusOfX = {"r = minrnn.softplus $x"};
  const Lines ratioOfSigmoids = {
      "f = minrnn.sigmoid $x", "i = minrnn.sigmoid $y", "s = arith.addf $f, $i",
      "r = arith.divf $f, $s"};
  const Lines ratioOfExponentials = {"f = math.exp $x", "i = math.exp $y",
                                     "s = arith.addf $f, $i",
                                     "r = arith.divf $f, $s"};

  return {
      {"1 / (1 + exp(-x))",
       1,
       0,
       1,
       {"one = arith.constant 1.0", "n = arith.negf $x", "e = math.exp $n",
        "d = arith.addf $one, $e", "r = arith.divf $one, $d"},
       sigmoidOfX},
      {"exp(x) / (exp(x) + 1)",
       1,
       0,
       1,
       {"one = arith.constant 1.0", "e = math.exp $x",
        "d = arith.addf $e, $one", "r = arith.divf $e, $d"},
       sigmoidOfX},
      {"3 / (3 + 3 exp(-x))",
       1,
       0,
       1,
       {"c = arith.constant 3.0", "m = arith.constant -1.0",
        "n = arith.mulf $x, $m", "e = math.exp $n", "g = arith.mulf $e, $c",
        "d = arith.addf $c, $g", "r = arith.divf $c, $d"},
       sigmoidOfX},
      {"(1 + tanh(x / 2)) / 2",
       1,
       0,
       1,
       {"one = arith.constant 1.0", "two = arith.constant 2.0",
        "h = arith.divf $x, $two", "t = math.tanh $h",
        "s = arith.addf $one, $t", "r = arith.divf $s, $two"},
       sigmoidOfX},
      {"1 - 1 / (1 + exp(-x))",
       1,
       0,
       1,
       {"one = arith.constant 1.0", "n = arith.negf $x", "e = math.exp $n",
        "d = arith.addf $one, $e", "s = arith.divf $one, $d",
        "r = arith.subf $one, $s"},
       {"n = arith.negf $x", "r = minrnn.sigmoid $n"}},
      {"(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
       1,
       -1,
       1,
       {"n = arith.negf $x", "e = math.exp $x", "f = math.exp $n",
        "a = arith.subf $e, $f", "b = arith.addf $e, $f",
        "r = arith.divf $a, $b"},
       tanhOfX},
      {"(1 - exp(-2x)) / (1 + exp(-2x))",
       1,
       -1,
       1,
       {"one = arith.constant 1.0", "m = arith.constant -2.0",
        "n = arith.mulf $m, $x", "e = math.exp $n", "a = arith.subf $one, $e",
        "b = arith.addf $one, $e", "r = arith.divf $a, $b"},
       tanhOfX},
      {"expm1(2x) / (expm1(2x) + 2)",
       1,
       -1,
       1,
       {"two = arith.constant 2.0", "n = arith.mulf $two, $x",
        "e = math.expm1 $n", "b = arith.addf $e, $two",
        "r = arith.divf $e, $b"},
       tanhOfX},
      {"2 sigmoid(2x) - 1",
       1,
       -1,
       1,
       {"one = arith.constant 1.0", "two = arith.constant 2.0",
        "n = arith.mulf $two, $x", "s = minrnn.sigmoid $n",
        "t = arith.mulf $s, $two", "r = arith.subf $t, $one"},
       tanhOfX},
      {"1 - 2 / (1 + exp(2x))",
       1,
       -1,
       1,
       {"one = arith.constant 1.0", "two = arith.constant 2.0",
        "n = arith.mulf $two, $x", "e = math.exp $n", "d = arith.addf $one, $e",
        "q = arith.divf $two, $d", "r = arith.subf $one, $q"},
       tanhOfX},
      {"1 - tanh(x)",
       1,
       0,
       2,
       {"one = arith.constant 1.0", "t = math.tanh $x",
        "r = arith.subf $one, $t"},
       {"two = arith.constant 2.0", "m = arith.constant -2.0",
        "n = arith.mulf $x, $m", "s = minrnn.sigmoid $n",
        "r = arith.mulf $s, $two"}},
      {"log(1 + exp(x))",
       1,
       0,
       infinity,
       {"one = arith.constant 1.0", "e = math.exp $x",
        "d = arith.addf $one, $e", "r = math.log $d"},
       softplusOfX},
      {"log(1 + exp(-|x|)) + max(x, 0)",
       1,
       0,
       infinity,
       {"one = arith.constant 1.0", "zero = arith.constant 0.0",
        "a = math.absf $x", "n = arith.negf $a", "e = math.exp $n",
        "d = arith.addf $e, $one", "l = math.log $d",
        "m = arith.maximumf $x, $zero", "r = arith.addf $l, $m"},
       softplusOfX},
      {"log(sigmoid(x))",
       1,
       -infinity,
       0,
       {"s = minrnn.sigmoid $x", "r = math.log $s"},
       {"n = arith.negf $x", "p = minrnn.softplus $n", "r = arith.negf $p"}},
      {"exp(-softplus(x))",
       1,
       0,
       1,
       {"p = minrnn.softplus $x", "n = arith.negf $p", "r = math.exp $n"},
       {"n = arith.negf $x", "r = minrnn.sigmoid $n"}},
      {"f / (f + i), of sigmoids", 2, 0, 1, ratioOfSigmoids, ratioOfSigmoids},
      {"f / (i + f), with f twice",
       3,
       0,
       1,
       {"f = minrnn.sigmoid $x", "g = minrnn.sigmoid $z",
        "i = minrnn.sigmoid $y", "s = arith.addf $i, $g",
        "r = arith.divf $f, $s"},
       ratioOfSigmoids},
      {"softmax of two", 2, 0, 1, ratioOfExponentials, ratioOfExponentials},
      {"softmax of two, less the maximum",
       2,
       0,
       1,
       {"m = arith.maximumf $x, $y", "a = arith.subf $x, $m",
        "b = arith.subf $y, $m", "f = math.exp $a", "i = math.exp $b",
        "s = arith.addf $f, $i", "r = arith.divf $f, $s"},
       ratioOfExponentials},
      {"select(x >= 0, 1 / (1 + exp(-x)), exp(x) / (1 + exp(x)))",
       1,
       0,
       1,
       {"one = arith.constant 1.0", "zero = arith.constant 0.0",
        "n = arith.negf $x", "e = math.exp $n", "d = arith.addf $one, $e",
        "p = arith.divf $one, $d", "f = math.exp $x", "g = arith.addf $one, $f",
        "q = arith.divf $f, $g", "c = arith.cmpf oge, $x, $zero",
        "r = arith.select $c, $p, $q"},
       sigmoidOfX},
  };
}

} // namespace

std::span<const FormulaByHand> minrnn::reference::formulasByHand() {
  static const std::vector<FormulaByHand> all = makeFormulas();
  return all;
}

const FormulaByHand &minrnn::reference::formulaByHand(std::string_view name) {
  std::span<const FormulaByHand> all = formulasByHand();
  auto found = std::ranges::find(all, name, &FormulaByHand::name);
  if (found == all.end())
    throw std::invalid_argument("no formula '" + std::string(name) + "'");
  return *found;
}

std::string
minrnn::reference::textOf(const FormulaByHand &formula, Spelling spelling,
                          const std::string &result,
                          const std::vector<std::string> &operands) {
  auto nameOf = [&](std::string_view name) {
    if (name == "r")
      return result;
    size_t place = std::string_view("xyz").find(name);
    return place < operands.size() ? operands[place]
                                   : result + "_" + std::string(name);
  };
  std::string text;
  for (std::string_view line :
       spelling == Spelling::AsWritten ? formula.written : formula.stable) {
    size_t equals = line.find(' ');
    text += "  " + nameOf(line.substr(0, equals));
    line.remove_prefix(equals);
    for (size_t dollar = line.find('$'); dollar != std::string_view::npos;
         dollar = line.find('$')) {
      text += line.substr(0, dollar);
      line.remove_prefix(dollar + 1);
      size_t length = std::min(line.find_first_of(", "), line.size());
      text += nameOf(line.substr(0, length));
      line.remove_prefix(length);
    }
    text += line;
    text += " : f32\n";
  }
  return text;
}
