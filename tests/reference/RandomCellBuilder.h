//===- RandomCellBuilder.h - How a random cell is drawn ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_RANDOMCELLBUILDER_H
#define MINRNN_TESTS_REFERENCE_RANDOMCELLBUILDER_H

#include "tests/reference/Functions.h"
#include "tests/reference/RandomCell.h"
#include "tests/reference/Samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace minrnn::reference {

/// Nothing grows beyond this.
inline constexpr double largestValue = 1e4;

struct Range {
  double low = 0;
  double high = 0;

  double size() const { return std::max(std::abs(low), std::abs(high)); }
  bool within(double from, double to) const {
    return low >= from && high <= to;
  }
};

/// The smallest range that holds every f(x, y) at the corners.
inline Range corners(const Range &x, const Range &y,
                     const std::function<double(double, double)> &f) {
  std::array<double, 4> all = {f(x.low, y.low), f(x.low, y.high),
                               f(x.high, y.low), f(x.high, y.high)};
  auto [low, high] = std::minmax_element(all.begin(), all.end());
  return {*low, *high};
}

inline Range increasing(const Range &x, double (*f)(double)) {
  return {f(x.low), f(x.high)};
}

inline std::string number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.6e", value);
  return text.data();
}

class RandomCellBuilder {
public:
  /// `mayChain` says whether the cell, unless affine, projects what it computes
  /// within the step.
  RandomCellBuilder(uint64_t seed, bool mayChain, bool isHostile)
      : random(seed), mayChain(mayChain) {
    cell.isHostile = isHostile;
  }

  RandomCell build();

private:
  int below(int count) {
    return static_cast<int>(random.next() % static_cast<uint64_t>(count));
  }
  bool chance(double probability) { return random.uniform() < probability; }

  int append(RandomOperation operation, const Range &range) {
    cell.operations.push_back(std::move(operation));
    ranges.push_back(range);
    return static_cast<int>(ranges.size()) - 1;
  }
  int unary(const char *mnemonic, int x, const Range &range) {
    return append({mnemonic, {x}}, range);
  }
  int constant(double value) {
    return append({"arith.constant", {}, number(value)}, {value, value});
  }
  int sigmoidOf(int x) {
    return unary("minrnn.sigmoid", x, increasing(ranges[x], sigmoid));
  }
  int tanhOf(int x) {
    return unary("math.tanh", x, increasing(ranges[x], std::tanh));
  }
  int add(int x, int y) {
    return append({"arith.addf", {x, y}}, {ranges[x].low + ranges[y].low,
                                           ranges[x].high + ranges[y].high});
  }
  int subtract(int x, int y) {
    return append({"arith.subf", {x, y}}, {ranges[x].low - ranges[y].high,
                                           ranges[x].high - ranges[y].low});
  }
  int multiply(int x, int y) {
    return append({"arith.mulf", {x, y}},
                  corners(ranges[x], ranges[y], std::multiplies<>()));
  }
  int divide(int x, int y) {
    return append({"arith.divf", {x, y}},
                  corners(ranges[x], ranges[y], std::divides<>()));
  }
  int lerp(int from, int to, int weight) {
    // By its formula, which holds outside [0, 1] too.
    Range keep{1 - ranges[weight].high, 1 - ranges[weight].low};
    Range range;
    if (ranges[weight].within(0, 1)) {
      range = {std::min(ranges[from].low, ranges[to].low),
               std::max(ranges[from].high, ranges[to].high)};
    } else {
      Range kept = corners(keep, ranges[from], std::multiplies<>());
      Range taken = corners(ranges[weight], ranges[to], std::multiplies<>());
      range = {kept.low + taken.low, kept.high + taken.high};
    }
    return append({"minrnn.lerp", {from, to, weight}}, range);
  }
  int extremum(const char *mnemonic, int x, int y,
               const double &(*choose)(const double &, const double &)) {
    return append({mnemonic, {x, y}}, {choose(ranges[x].low, ranges[y].low),
                                       choose(ranges[x].high, ranges[y].high)});
  }
  int select(int condition, int x, int y) {
    return append({"arith.select", {condition, x, y}},
                  {std::min(ranges[x].low, ranges[y].low),
                   std::max(ranges[x].high, ranges[y].high)});
  }
  int condition();

  /// One of the values that may be computed with.
  int pick();
  /// One of them, squashed if none that was tried lies within the range.
  int pickWithin(double low, double high);
  /// One that is at least a half.
  int pickAwayFromZero();
  void leaf(RandomOperation operation, const Range &range) {
    pool.push_back(append(std::move(operation), range));
  }
  void makeLeaves();
  /// One or two projections of values that there are, and are no states; and a
  /// chain of projections behind one of them.
  void makeInner();
  int innerValue();
  /// One more operation on values that there are.
  void grow();
  int growUnary();
  int growBinary();
  /// One of the operations of a hostile cell; in RandomCellHostile.cpp.
  int growHostile();
  int growByHand();
  int growHeldBack();
  int growScaled();
  int affineNext(int state);
  /// A few operations on `state` that keep it affine.
  int affineChain(int state);
  int nextOf(int state);

  Random random;
  bool mayChain;
  RandomCell cell;
  std::vector<Range> ranges;
  /// The values that may be computed with.
  std::vector<int> pool;
};

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_RANDOMCELLBUILDER_H
