//===- RandomCell.cpp - Cells that nobody would write ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/RandomCell.h"

#include "tests/reference/RandomCellBuilder.h"

#include <cmath>
#include <iterator>

using namespace minrnn::reference;

namespace {

/// The most operations of a cell.
constexpr size_t largestCell = 25;

/// Of the cells that are not affine by construction, one in so many projects
/// what it computes within the step, if any may.
constexpr uint64_t innerShare = 8;

/// Of the cells one in so many is hostile, if any may be.
constexpr uint64_t hostileShare = 3;

/// A projection of numbers that are no larger than states.
constexpr Range productOfStates = {-60, 60};

} // namespace

int RandomCellBuilder::pick() {
  // Rather a late one, so that results are used.
  auto size = static_cast<int>(pool.size());
  if (chance(0.5))
    return pool[size - 1 - below(std::min(size, 4))];
  return pool[below(size)];
}

int RandomCellBuilder::pickWithin(double low, double high) {
  for (int tries = 0; tries < 6; ++tries) {
    int value = pick();
    if (ranges[value].within(low, high))
      return value;
  }
  int squashed =
      low < -1e-9 && chance(0.5) ? tanhOf(pick()) : sigmoidOf(pick());
  double scale = std::min(1.0, low < -1e-9 ? std::min(-low, high) : high);
  return scale == 1 ? squashed : multiply(squashed, constant(scale));
}

int RandomCellBuilder::pickAwayFromZero() {
  int value = pickWithin(0, largestValue / 2);
  return add(value, constant(0.5 + 0.25 * below(4)));
}

int RandomCellBuilder::condition() {
  static constexpr const char *predicates[] = {
      "oeq", "ogt", "oge", "olt", "ole", "one", "ord",  "ueq",
      "ugt", "uge", "ult", "ule", "une", "uno", "true", "false"};
  int x = pick();
  int y = chance(0.5) ? pick() : constant(0.25 * (below(9) - 4));
  const char *predicate = predicates[chance(0.8) ? 1 + below(4) : below(16)];
  int truth = append({"arith.cmpf", {x, y}, predicate, true}, {});
  if (chance(0.1)) {
    int other = append(
        {"arith.constant", {}, chance(0.5) ? "true" : "false", true}, {});
    truth = append({"arith.select", {truth, other, truth}, {}, true}, {});
  }
  return truth;
}

void RandomCellBuilder::makeLeaves() {
  double size = cell.isHostile ? extremePreactivation : largestPreactivation;
  Range gate{-size, size};
  int gates = 1 + below(3);
  for (int g = 0; g < gates; ++g)
    leaf({"minrnn.project", {}, "g" + std::to_string(g)}, gate);
  if (chance(cell.isHostile ? 0.5 : 0.1)) // the same gate once more
    leaf({"minrnn.project", {}, "g0"}, gate);
  int parameters = chance(0.4) ? 1 + below(2) : 0;
  for (int p = 0; p < parameters; ++p)
    leaf({"minrnn.parameter", {}, "p" + std::to_string(p)},
         {-largestParameter, largestParameter});
  if (chance(0.3))
    leaf({"minrnn.read"}, {-largestInput, largestInput});
  if (cell.isAffine)
    return;
  for (int state = 0; state < cell.states; ++state)
    pool.push_back(state);
  int projections = chance(0.5) ? 1 + below(3) : 0;
  for (int r = 0; r < projections; ++r)
    leaf({"minrnn.project", {below(cell.states)}, "u" + std::to_string(r)},
         productOfStates);
}

int RandomCellBuilder::innerValue() {
  if (chance(0.5)) { // as in GRU and MGU
    int gate = pickWithin(0, 1);
    return multiply(gate, below(cell.states));
  }
  int value = pickWithin(-largestState, largestState);
  return value < cell.states ? tanhOf(value) : value;
}

void RandomCellBuilder::makeInner() {
  std::vector<int> values(1 + below(2));
  for (int &value : values)
    value = innerValue();
  if (chance(0.3)) // two projections of one value
    values.back() = values.front();
  for (size_t c = 0; c < values.size(); ++c)
    leaf({"minrnn.project", {values[c]}, "v" + std::to_string(c)},
         productOfStates);
  if (chance(0.2)) // the same projection once more
    leaf({"minrnn.project", {values[0]}, "v0"}, productOfStates);
  // Values that depend on the projections so far, up to three behind one
  // another.
  int stages = chance(0.5) ? 2 + below(2) : 1;
  for (int stage = 1; stage < stages; ++stage) {
    int last = pool.back();
    int dependent = chance(0.5) ? tanhOf(last)
                                : multiply(sigmoidOf(last), below(cell.states));
    leaf({"minrnn.project",
          {dependent},
          "v" + std::to_string(static_cast<int>(values.size()) + stage - 1)},
         productOfStates);
  }
  if (chance(0.3)) // behind these in their order
    leaf({"minrnn.project", {below(cell.states)}, "w"}, productOfStates);
}

int RandomCellBuilder::growUnary() {
  switch (below(11)) {
  case 0:
    return sigmoidOf(pick());
  case 1:
    return tanhOf(pick());
  case 2: {
    int x = pick();
    return unary("minrnn.positive", x, increasing(ranges[x], positive));
  }
  case 3: {
    int x = pick();
    return unary("minrnn.softplus", x, increasing(ranges[x], softplus));
  }
  case 4:
  case 5: {
    bool minusOne = chance(0.5);
    int x = pickWithin(-largestValue, 5);
    return unary(minusOne ? "math.expm1" : "math.exp", x,
                 minusOne ? increasing(ranges[x], std::expm1)
                          : increasing(ranges[x], std::exp));
  }
  case 6: {
    int x = pickAwayFromZero();
    return unary("math.log", x, increasing(ranges[x], std::log));
  }
  case 7: {
    int x = pickAwayFromZero();
    return unary("math.sqrt", x, increasing(ranges[x], std::sqrt));
  }
  case 8: {
    int x = pick();
    bool holdsZero = ranges[x].low < 0 && ranges[x].high > 0;
    double smaller =
        std::min(std::abs(ranges[x].low), std::abs(ranges[x].high));
    return unary("math.absf", x, {holdsZero ? 0 : smaller, ranges[x].size()});
  }
  case 9: {
    int x = pick();
    return unary("arith.negf", x, {-ranges[x].high, -ranges[x].low});
  }
  default: {
    static constexpr double numbers[] = {0, 0.5, 1, 2, -1, 0.25, -0.5, 3};
    return constant(numbers[below(std::size(numbers))]);
  }
  }
}

int RandomCellBuilder::growBinary() {
  // Each draw in a statement of its own: the order in which arguments are
  // evaluated is the C++ compiler's to choose.
  int x = pick();
  int y = pick();
  switch (below(10)) {
  case 0:
    return add(x, y);
  case 1:
    return subtract(x, y);
  case 2:
  case 3:
    return multiply(x, pickWithin(-2, 2));
  case 4:
    return divide(x, pickAwayFromZero());
  case 5:
    return extremum("arith.maximumf", x, y, std::max<double>);
  case 6:
    return extremum("arith.minimumf", x, y, std::min<double>);
  case 7:
    return lerp(x, y, chance(0.7) ? pickWithin(0, 1) : pickWithin(-1, 2));
  case 8: {
    x = pickWithin(-100, 100);
    y = pickWithin(-100, 100);
    return append({"minrnn.logaddexp2", {x, y}},
                  {std::max(ranges[x].low, ranges[y].low),
                   std::max(ranges[x].high, ranges[y].high) + 1});
  }
  default:
    return select(condition(), x, y);
  }
}

void RandomCellBuilder::grow() {
  if (cell.isHostile && chance(0.5)) {
    pool.push_back(growHostile());
    return;
  }
  int value = chance(0.5) ? growUnary() : growBinary();
  if (ranges[value].size() > largestValue)
    value = tanhOf(value);
  pool.push_back(value);
}

int RandomCellBuilder::affineChain(int state) {
  double low = cell.isNonNegative ? 0 : -2;
  auto divisor = [&] { return pickAwayFromZero(); };
  // A coefficient's range is not tracked: the bound of the state is, and it is
  // scaled down at the end.
  int value = state;
  int length = 1 + below(4);
  for (int step = 0; step < length; ++step)
    switch (below(cell.isNonNegative ? 6 : 9)) {
    case 0:
    case 1:
      value = multiply(value, pickWithin(low, 2));
      break;
    case 2:
      value = add(pickWithin(low, 4), value);
      break;
    case 3:
      value = divide(value, divisor());
      break;
    case 4: {
      int other = chance(0.5) ? state : pickWithin(low, 4);
      int weight = pickWithin(0, 1);
      value =
          chance(0.5) ? lerp(value, other, weight) : lerp(other, value, weight);
      break;
    }
    case 5: {
      int truth = condition();
      int other = chance(0.5) ? state : pickWithin(low, 4);
      value = select(truth, value, other);
      break;
    }
    case 6:
      value = subtract(value, pickWithin(low, 4));
      break;
    case 7:
      value = subtract(pickWithin(low, 4), value);
      break;
    default:
      value =
          unary("arith.negf", value, {-ranges[value].high, -ranges[value].low});
    }
  return value;
}

int RandomCellBuilder::affineNext(int state) {
  double low = cell.isNonNegative ? 0 : -largestState;
  if (chance(0.35)) {
    int to = pickWithin(low, largestState);
    return lerp(state, to, pickWithin(0, 1));
  }
  if (chance(0.15)) {
    int scale = constant(0.875);
    int a = multiply(pickWithin(cell.isNonNegative ? 0 : -1, 1), scale);
    int b = pickWithin(cell.isNonNegative ? 0 : -0.5, 0.5);
    const char *ranges = cell.isNonNegative ? "[0.0, 1.0], [0.0, 1.0]"
                                            : "[-1.0, 1.0], [-1.0, 1.0]";
    return append({"minrnn.affine", {a, state, b}, ranges},
                  {-largestState, largestState});
  }
  int value = affineChain(state);
  // In units of what a state may be; the coefficient is smaller than that.
  double excess = ranges[value].size() / (0.95 * largestState);
  if (excess <= 1)
    return value;
  return multiply(value, constant(1 / excess));
}

int RandomCellBuilder::nextOf(int state) {
  int value = pick();
  switch (below(6)) {
  case 0:
    return tanhOf(value);
  case 1:
    return lerp(state, pickWithin(-largestState, largestState),
                pickWithin(0, 1));
  case 2: {
    int low = constant(-2);
    int high = constant(2);
    int below = extremum("arith.minimumf", value, high, std::min<double>);
    return extremum("arith.maximumf", below, low, std::max<double>);
  }
  case 3: {
    int gate = pickWithin(0, 1);
    int keep = multiply(gate, constant(0.75));
    int kept = multiply(keep, state);
    return add(kept, pickWithin(-1, 1));
  }
  case 4: {
    int candidate = tanhOf(value);
    return lerp(candidate, state, pickWithin(0, 1));
  }
  default:
    return pickWithin(-largestState, largestState);
  }
}

RandomCell RandomCellBuilder::build() {
  double kind = random.uniform();
  cell.isAffine = kind < 0.5;
  cell.isNonNegative = kind < 0.25;
  double count = random.uniform();
  cell.states = count < 0.6 ? 1 : count < 0.85 ? 2 : 3;
  Range state{cell.isNonNegative ? 0 : -largestState, largestState};
  ranges.assign(cell.states, state);
  makeLeaves();
  int growth = below(9) + (cell.isHostile ? 2 : 0);
  for (int grown = 0; grown < growth / 2; ++grown)
    grow();
  if (mayChain && !cell.isAffine)
    makeInner();
  for (int grown = growth / 2; grown < growth; ++grown)
    grow();
  for (int s = 0; s < cell.states; ++s)
    cell.next.push_back(cell.isAffine ? affineNext(s) : nextOf(s));
  if (chance(0.4)) {
    // An output may be anything, of the states before and after.
    for (int s = 0; s < cell.states; ++s) {
      pool.push_back(s);
      pool.push_back(cell.next[s]);
    }
    for (int growth = below(5); growth > 0; --growth)
      grow();
    cell.output = pool.back();
  }
  return cell;
}

RandomCell minrnn::reference::randomCell(uint64_t seed,
                                         const RandomCellOptions &options) {
  // Drawn apart, so that the other cells are the same with the option and
  // without.
  bool mayChain =
      options.inner && Random(seed ^ 0x6368).next() % innerShare == 0;
  bool isHostile =
      options.hostile && Random(seed ^ 0x686f7374).next() % hostileShare == 0;
  // The few that grew too large to be read are drawn anew.
  RandomCell cell;
  do {
    cell = RandomCellBuilder(seed, mayChain, isHostile).build();
    seed = Random(seed).next();
  } while (cell.operations.size() > largestCell);
  return cell;
}

RandomRun minrnn::reference::randomRun(uint64_t seed) {
  // Not the numbers that the cell of this seed was made of.
  Random random(~seed);
  auto below = [&](uint64_t count) {
    return static_cast<int64_t>(random.next() % count);
  };
  static constexpr int64_t edges[] = {0, 1, 2, 31, 32, 33, 63, 64, 65};
  static constexpr int64_t widths[] = {1, 3, 5, 7, 8, 9, 15, 17, 33};
  RandomRun run;
  run.shape.batch = 1 + below(3);
  run.shape.time = below(2) == 0 ? edges[below(std::size(edges))] : below(71);
  run.shape.channels = widths[below(std::size(widths))];
  run.options.reverse = below(3) == 0;
  run.options.bias = below(2) == 0;
  run.options.recurrentBias = below(2) == 0;
  run.options.reset = below(2) == 0;
  run.options.initial = below(3) != 0;
  run.options.hostile = below(4) == 0;
  run.dLast = below(2) == 0;
  run.seed = random.next();
  return run;
}
