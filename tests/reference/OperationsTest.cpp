//===- OperationsTest.cpp - Each rule of the reference, by hand -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Operations.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

using namespace minrnn::reference;

namespace {

const double ln2 = std::log(2.0);
const double ln3 = std::log(3.0);
constexpr double infinity = std::numeric_limits<double>::infinity();

/// An opcode, or the function of a call.
struct Operation {
  Operation(Opcode opcode) : opcode(opcode) {}
  Operation(const char *function)
      : opcode(Opcode::Call), function(findFunction(function)) {}
  auto operator<=>(const Operation &) const = default;

  Opcode opcode;
  const Function *function = nullptr;
};

struct Case {
  Operation operation;
  std::vector<double> operands;
  double value;
  std::vector<double> slopes;
};

/// An operation on leaves.
struct Applied {
  ParsedCell cell;
  std::vector<Estimate> operands;

  Applied(Operation operation, std::vector<Estimate> values)
      : operands(std::move(values)) {
    Instruction instruction{.operation = operation.opcode,
                            .function = operation.function};
    for (size_t i = 0; i < operands.size(); ++i) {
      cell.instructions.push_back({.operation = Opcode::Parameter});
      instruction.operands.push_back(static_cast<int>(i));
    }
    cell.instructions.push_back(instruction);
  }
  Instruction &instruction() { return cell.instructions.back(); }
  Estimate value(Arithmetic arithmetic = {}) {
    return valueOf(cell, instruction(), operands, arithmetic);
  }
  std::vector<Estimate> slopes() {
    return slopesOf(cell, instruction(), operands, value(), {});
  }
};

Applied applied(Operation operation, const std::vector<double> &values) {
  std::vector<Estimate> operands;
  operands.reserve(values.size());
  for (double value : values)
    operands.push_back(Estimate::exact(value));
  return {operation, operands};
}

/// Built when called: a failure to do so can then be caught.
std::vector<Case> cases() {
  return {
      {Opcode::Add, {2, 3}, 5, {1, 1}},
      {Opcode::Subtract, {2, 3}, -1, {1, -1}},
      {Opcode::Multiply, {2, 3}, 6, {3, 2}},
      {Opcode::Divide, {2, 4}, 0.5, {0.25, -0.125}},
      {Opcode::Negate, {2}, -2, {-1}},
      {Opcode::Maximum, {2, 3}, 3, {0, 1}},
      {Opcode::Maximum, {3, 2}, 3, {1, 0}},
      {Opcode::Maximum, {2, 2}, 2, {1, 0}},
      {Opcode::Minimum, {2, 3}, 2, {1, 0}},
      {Opcode::Minimum, {3, 2}, 2, {0, 1}},
      {Opcode::Minimum, {2, 2}, 2, {1, 0}},
      {Opcode::Select, {1, 5, 7}, 5, {0, 1, 0}},
      {Opcode::Select, {0, 5, 7}, 7, {0, 0, 1}},
      {"math.exp", {ln2}, 2, {2}},
      {"math.expm1", {ln2}, 1, {2}},
      {"math.expm1", {1e-20}, 1e-20, {1}},
      {"math.log", {2}, ln2, {0.5}},
      {"math.tanh", {ln3 / 2}, 0.5, {0.75}},
      {"math.tanh", {0}, 0, {1}},
      {"math.sqrt", {4}, 2, {0.25}},
      {Opcode::Absolute, {-3}, 3, {-1}},
      {Opcode::Absolute, {0}, 0, {0}},
      {"minrnn.sigmoid", {ln3}, 0.75, {0.1875}},
      {"minrnn.sigmoid", {-ln3}, 0.25, {0.1875}},
      {"minrnn.positive", {2}, 2.5, {1}},
      {"minrnn.positive", {0}, 0.5, {1}},
      {"minrnn.positive", {-ln3}, 0.25, {0.1875}},
      {"minrnn.softplus", {ln3}, 2 * ln2, {0.75}},
      {"minrnn.softplus", {-800}, 0, {0}},
      {"minrnn.softplus", {800}, 800, {1}},
      {Opcode::Lerp, {2, 6, 0.25}, 3, {0.75, 0.25, 4}},
      {Opcode::LogAddExp2, {2, 2}, 3, {0.5, 0.5}},
      {Opcode::LogAddExp2, {3, 1}, std::log2(10.0), {0.8, 0.2}},
      {Opcode::Affine, {2, 3, 4}, 10, {3, 2, 1}},
  };
}

} // namespace

TEST(Operations, HaveTheValuesAndSlopesWorkedOutByHand) {
  std::set<Operation> seen;
  for (const Case &expected : cases()) {
    const auto &[opcode, function] = expected.operation;
    SCOPED_TRACE(testing::Message()
                 << (function ? function->operation : "opcode ")
                 << static_cast<int>(opcode));
    seen.insert(expected.operation);
    Applied found = applied(expected.operation, expected.operands);
    EXPECT_NEAR(found.value().value, expected.value,
                1e-15 * std::abs(expected.value));
    std::vector<Estimate> slopes = found.slopes();
    ASSERT_EQ(slopes.size(), expected.slopes.size());
    for (size_t i = 0; i < slopes.size(); ++i)
      EXPECT_NEAR(slopes[i].value, expected.slopes[i], 1e-15) << i;
  }
  // All but the leaves and Compare, which has a test of its own.
  EXPECT_EQ(seen.size(), static_cast<size_t>(Opcode::Affine) -
                             static_cast<size_t>(Opcode::Constant) - 1 +
                             std::size(functions));
}

TEST(Operations, AddEqualInfinitiesOfLogarithms) {
  for (double x : {infinity, -infinity})
    EXPECT_EQ(applied(Opcode::LogAddExp2, {x, x}).value().value, x);
  EXPECT_EQ(applied(Opcode::LogAddExp2, {infinity, -infinity}).value().value,
            infinity);
}

TEST(Operations, CompareByEveryOutcome) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  for (int bits = 0; bits < 16; ++bits) {
    Predicate predicate{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                        (bits & 8) != 0};
    auto holds = [&](double x, double y) {
      Applied compare = applied(Opcode::Compare, {x, y});
      compare.instruction().predicate = predicate;
      EXPECT_EQ(compare.slopes()[0].value, 0);
      EXPECT_EQ(compare.slopes()[1].value, 0);
      return compare.value().value == 1;
    };
    EXPECT_EQ(holds(1, 2), predicate.less);
    EXPECT_EQ(holds(2, 2), predicate.equal);
    EXPECT_EQ(holds(3, 2), predicate.greater);
    EXPECT_EQ(holds(nan, 2), predicate.unordered);
  }
}

/// lerp(x, 0, sigmoid(k)) of exact numbers.
static Estimate lerpBySigmoid(double x, double k) {
  ParsedCell cell;
  cell.instructions = {
      {.operation = Opcode::Parameter},
      {.operation = Opcode::Parameter},
      {.operation = Opcode::Parameter},
      {.operation = Opcode::Call,
       .operands = {2},
       .function = findFunction("minrnn.sigmoid")},
      {.operation = Opcode::Lerp, .operands = {0, 1, 3}},
  };
  std::vector<Estimate> values = {Estimate::exact(x), Estimate::exact(0),
                                  Estimate::exact(k)};
  values.push_back(valueOf(cell, cell.instructions[3], values, {}));
  return valueOf(cell, cell.instructions[4], values, {});
}

TEST(Operations, TheSlopesOfLerpDoNotCancelWhereItsWeightSaturates) {
  Estimate result = lerpBySigmoid(3, 50);
  double keep = std::exp(-50.0); // to 1e-21 of it
  EXPECT_NEAR(result.value, 3 * keep, 1e-14 * keep);
  EXPECT_LT(result.error, 20 * unitRoundoff * 3 * keep);
}

TEST(Estimates, OfALerpAllowForAFactorThatUnderflows) {
  // 1 - sigmoid(88) = 6e-39 has fewer bits than a normal number; 80 times that
  // is one.
  double value = 80 * std::exp(-88.0);
  Estimate result = lerpBySigmoid(80, 88);
  EXPECT_GT(result.value, 0x1p-126);
  EXPECT_GE(result.error, 80 * singlePrecision.underflow);
  EXPECT_LT(result.error,
            82 * singlePrecision.underflow + 20 * unitRoundoff * value);
}

TEST(Operations, ExtremaOrderZeros) {
  for (double zero : {0.0, -0.0}) {
    EXPECT_FALSE(
        std::signbit(applied(Opcode::Maximum, {zero, -zero}).value().value));
    EXPECT_TRUE(
        std::signbit(applied(Opcode::Minimum, {zero, -zero}).value().value));
    EXPECT_EQ(
        std::signbit(applied(Opcode::Maximum, {zero, zero}).value().value),
        std::signbit(zero));
  }
}

TEST(Estimates, OfASumKeepTheErrorsOfItsTerms) {
  Arithmetic arithmetic;
  Estimate x{1, 1, 1e-3};
  Estimate y{-1 + 1e-6, 1, 2e-3};
  Estimate sum = arithmetic.sum(x, y, false);
  EXPECT_NEAR(sum.error, 3e-3, 1e-9);
  EXPECT_NEAR(sum.magnitude, 1e-6, 1e-12);
  EXPECT_NEAR(arithmetic.sum(x, y, true).magnitude, 2, 1e-5);
}

TEST(Estimates, OfAProductOfZerosKeepWhatTheErrorsMakeOfIt) {
  Applied product(Opcode::Multiply, {{0, 0, 1e-3}, {0, 0, 1e-4}});
  EXPECT_NEAR(product.value().error, 1e-7, 1e-12);
  // What a factor of zero hides does not show.
  Applied hidden(Opcode::Multiply, {{0, 0, 1e-3}, {0, 0, infinity}});
  EXPECT_LT(hidden.value().error, 1e-30);
}

TEST(Estimates, OfExactNumbersHaveOneRounding) {
  Arithmetic arithmetic;
  Estimate x = Estimate::exact(3);
  Estimate y = Estimate::exact(5);
  EXPECT_DOUBLE_EQ(arithmetic.product(x, y, false).error, 15 * unitRoundoff);
  EXPECT_DOUBLE_EQ(arithmetic.sum(x, y, false).error, 8 * unitRoundoff);
  EXPECT_DOUBLE_EQ(arithmetic.quotient(x, y, false).error, 0.6 * unitRoundoff);
  // In log space, the logarithm's: log2 1024 = 10.
  EXPECT_DOUBLE_EQ(Arithmetic{true}
                       .product(Estimate::exact(32), Estimate::exact(32), false)
                       .error,
                   11 * 1024 * unitRoundoff);
}

TEST(Estimates, PropagateThroughSlopes) {
  // tanh of a large number forgets its operand's error; exp multiplies it.
  Estimate x{20, 20, 1e-3};
  EXPECT_LT((Applied("math.tanh", {x}).value().error), 5 * unitRoundoff);
  EXPECT_NEAR((Applied("math.exp", {x}).value().error), 1e-3 * std::exp(20.0),
              1e-2 * 1e-3 * std::exp(20.0));
  // A slope has an error too: (x^2)'' = 2.
  Estimate square{3, 3, 1e-3};
  EXPECT_DOUBLE_EQ(
      Applied(Opcode::Multiply, {square, square}).slopes()[0].error, 1e-3);
}

TEST(Estimates, PropagateAsDifferencesSay) {
  // The error of a value is its slope times the operand's, and the error of a
  // slope that slope's own slope times it: here by differences.
  constexpr double error = 1e-3;
  constexpr double distance = 1e-4;
  for (const Case &known : cases()) {
    bool isSmooth =
        known.operation.opcode != Opcode::Maximum &&
        known.operation.opcode != Opcode::Minimum &&
        known.operation.opcode != Opcode::Select &&
        (known.operation.opcode != Opcode::Absolute && known.operands[0] != 0);
    if (!isSmooth)
      continue;
    for (size_t moved = 0; moved < known.operands.size(); ++moved) {
      SCOPED_TRACE(testing::Message()
                   << "opcode " << static_cast<int>(known.operation.opcode)
                   << " at " << known.operands[0] << ", operand " << moved);
      Applied uncertain = applied(known.operation, known.operands);
      uncertain.operands[moved].error = error;
      EXPECT_NEAR(uncertain.value().error,
                  error * std::abs(known.slopes[moved]),
                  2e-5 * error + 20 * unitRoundoff * std::abs(known.value));
      std::vector<double> above = known.operands;
      std::vector<double> below = known.operands;
      above[moved] += distance;
      below[moved] -= distance;
      std::vector<Estimate> high = applied(known.operation, above).slopes();
      std::vector<Estimate> low = applied(known.operation, below).slopes();
      std::vector<Estimate> slopes = uncertain.slopes();
      for (size_t i = 0; i < slopes.size(); ++i) {
        double bend = (high[i].value - low[i].value) / (2 * distance);
        EXPECT_NEAR(slopes[i].error, error * std::abs(bend), 1e-5) << i;
      }
    }
  }
}

TEST(Estimates, OfASelectThatIsUndecidedAreInfinite) {
  Estimate near{1, 1, 1e-6};
  Estimate truth =
      Applied(Opcode::Compare, {near, Estimate::exact(1 + 1e-6)}).value();
  EXPECT_EQ(truth.error, infinity);
  EXPECT_EQ(
      (Applied(Opcode::Select, {truth, Estimate::exact(2), Estimate::exact(3)})
           .value()
           .error),
      infinity);
  // Of equal numbers, too, where the other one is undecided.
  for (bool otherIsFirst : {false, true}) {
    Estimate sure = Estimate::exact(truth.value);
    auto operands = otherIsFirst ? std::vector{truth, truth, sure}
                                 : std::vector{truth, sure, truth};
    EXPECT_EQ((Applied(Opcode::Select, operands).value().error), infinity);
  }
  EXPECT_EQ(
      (Applied(Opcode::Select, {truth, Estimate::exact(2), Estimate::exact(2)})
           .value()
           .error),
      0);
  // Exact numbers are compared as they are.
  EXPECT_EQ((Applied(Opcode::Compare, {Estimate::exact(1), Estimate::exact(1)})
                 .value()
                 .error),
            0);
}

TEST(Estimates, AtAKinkAdmitBothSlopes) {
  Estimate near{1e-9, 1e-9, 1e-8};
  EXPECT_EQ((Applied(Opcode::Absolute, {near}).slopes()[0].error), 2);
  EXPECT_EQ((Applied("minrnn.positive", {near}).slopes()[0].error), 0.75);
  Estimate zero = Estimate::exact(0);
  EXPECT_EQ((Applied(Opcode::Maximum, {near, zero}).slopes()[0].error), 1);
  EXPECT_EQ((Applied(Opcode::Absolute, {zero}).slopes()[0].error), 0);
}

TEST(Operations, LetAConstantWinATie) {
  Estimate zero = Estimate::exact(0);
  for (Opcode opcode : {Opcode::Maximum, Opcode::Minimum})
    for (int constant : {0, 1}) {
      Applied relu(opcode, {zero, zero});
      relu.cell.instructions[constant].operation = Opcode::Constant;
      std::vector<Estimate> slopes = relu.slopes();
      EXPECT_EQ(slopes[constant].value, 1);
      EXPECT_EQ(slopes[1 - constant].value, 0);
      EXPECT_EQ(slopes[0].error, 0);
      EXPECT_EQ(slopes[1].error, 0);
    }
}

TEST(Estimates, OfWhatOverflowsAreInfinite) {
  EXPECT_EQ(applied("math.exp", {89}).value().error, infinity);
  EXPECT_LT(applied("math.exp", {88}).value().error, infinity);
  // Even times zero, which single precision makes a NaN of.
  EXPECT_EQ(applied(Opcode::Multiply, {0, 1e39}).value().error, infinity);
}
