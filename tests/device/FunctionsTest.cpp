//===- FunctionsTest.cpp - The functions of gates on every device ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions that a cell may call, as they are compiled, held to the bounds
// in specs/numerics.md over all of f32: where the results are normal numbers,
// where they overflow and underflow, and where there is no number.
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Functions.h"
#include "tests/device/CompiledCells.h"
#include "tests/device/OnDevice.h"
#include "tests/reference/Estimate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// Cells of six states, each a function of the one projection.
constexpr const char *cellOfFunctions = R"(
minrnn.cell @functions(%x: !minrnn.input)
    state(%h0: f32, %h1: f32, %h2: f32, %h3: f32, %h4: f32, %h5: f32) {
  %k = minrnn.project %x "k" : f32
  %exp = math.exp %k : f32
  %expm1 = math.expm1 %k : f32
  %sigmoid = minrnn.sigmoid %k : f32
  %positive = minrnn.positive %k : f32
  %softplus = minrnn.softplus %k : f32
  %tanh = math.tanh %k : f32
  minrnn.output %h0 : f32
  minrnn.yield %exp, %expm1, %sigmoid, %positive, %softplus, %tanh
      : f32, f32, f32, f32, f32, f32
}
)";
constexpr const char *cellOfRoots = R"(
minrnn.cell @roots(%x: !minrnn.input)
    state(%h0: f32, %h1: f32, %h2: f32, %h3: f32, %h4: f32, %h5: f32) {
  %k = minrnn.project %x "k" : f32
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %log = math.log %k : f32
  %sqrt = math.sqrt %k : f32
  %reciprocal = arith.divf %one, %k : f32
  %square = arith.mulf %k, %k : f32
  %positive = arith.maximumf %k, %zero : f32
  %abs = math.absf %k : f32
  minrnn.output %h0 : f32
  minrnn.yield %log, %sqrt, %reciprocal, %square, %positive, %abs
      : f32, f32, f32, f32, f32, f32
}
)";

struct Function {
  const char *name;
  double (*exact)(double x);
  /// The largest relative error, in units of 2^-24.
  double bound;
  /// And the absolute one that PTX allows besides.
  double ofPtx = 0;
};

/// In the order of the cells' states.
std::vector<Function> functions() {
  return {{"exp", [](double x) { return std::exp(x); }, 10},
          {"expm1", [](double x) { return std::expm1(x); }, 14},
          {"sigmoid", [](double x) { return reference::sigmoid(x); }, 12},
          {"positive", [](double x) { return reference::positive(x); }, 12},
          {"softplus", [](double x) { return reference::softplus(x); }, 12},
          {"tanh", [](double x) { return std::tanh(x); }, 6}};
}
std::vector<Function> roots() {
  // lg2.approx is off by up to 2^-22 where its result is near 0.
  return {{"log", [](double x) { return std::log(x); }, 7, 0x1p-22},
          {"sqrt", [](double x) { return std::sqrt(x); }, 1},
          {"1/x", [](double x) { return 1 / x; }, 1},
          {"x x", [](double x) { return x * x; }, 1},
          {"max(x, 0)", [](double x) { return std::max(x, 0.0); }, 0},
          {"|x|", [](double x) { return std::abs(x); }, 0}};
}

class FunctionsOnDevice : public OnEveryDevice {
protected:
  /// The functions of all `arguments`, one function after the other.
  std::vector<float> apply(const char *cell,
                           const std::vector<float> &arguments) const {
    const KernelProgram kernels =
        CompiledCell::ofText(device, cell, "functions").load();
    EntryCall call;
    call.shape = {1, 1, static_cast<int64_t>(arguments.size())};
    call.inputs["preactivations"] = arguments;
    return kernels.run(Procedure::Step, call).at("last");
  }

  /// Whether `found` is as near to `exact` as `function` promises: besides its
  /// relative error it may be off by one subnormal number.
  bool holds(const Function &function, double exact, float found) const {
    constexpr double largest = std::numeric_limits<float>::max();
    if (std::isnan(exact))
      return std::isnan(found);
    const double allowed =
        function.bound * reference::unitRoundoff * std::abs(exact) + 0x1p-149 +
        (runsPtx() ? function.ofPtx : 0);
    if (std::isinf(found))
      return (std::isinf(exact) || std::abs(exact) + allowed > largest) &&
             std::signbit(found) == std::signbit(exact);
    // Written so that a NaN does not pass.
    return std::abs(found - exact) <= allowed;
  }

  /// Holds the functions of `cell` to their bounds at all `arguments`.
  void expectBounds(const char *cell, const std::vector<Function> &known,
                    const std::vector<float> &arguments) const {
    const std::vector<float> found = apply(cell, arguments);
    size_t place = 0;
    for (const Function &function : known)
      for (float argument : arguments) {
        const double exact = function.exact(argument);
        ASSERT_TRUE(holds(function, exact, found[place]))
            << function.name << " of " << argument << " is " << found[place]
            << ", not " << exact;
        ++place;
      }
  }
};

TEST_P(FunctionsOnDevice, HoldTheirBounds) {
  std::vector<float> arguments;
  const auto addBoth = [&](double size) {
    arguments.push_back(static_cast<float>(size));
    arguments.push_back(static_cast<float>(-size));
  };
  constexpr int steps = 40000;
  for (int i = 1; i <= steps; ++i)
    addBoth(86.9 * i / steps);
  // Down to 1e-36.
  for (int i = 0; i < 213; ++i)
    addBoth(1e-3 * std::pow(0.7, i));
  const std::vector<float> found = apply(cellOfFunctions, arguments);
  size_t place = 0;
  for (const Function &function : functions()) {
    double worst = 0;
    for (float argument : arguments) {
      const double expected = function.exact(argument);
      const double error = std::abs(found[place] - expected) /
                           std::abs(expected) / reference::unitRoundoff;
      ASSERT_LE(error, function.bound)
          << function.name << " of " << argument << " is " << found[place];
      worst = std::max(worst, error);
      ++place;
    }
    std::cout << "measured: " << device->name() << ", " << function.name
              << ": largest relative error " << worst << " * 2^-24\n";
  }
}

/// At every so many-th number of f32: subnormal ones, infinities and NaN are
/// among them.
TEST_P(FunctionsOnDevice, HoldTheirBoundsOverAllExponents) {
  // An odd distance, so that all bits vary.
  const uint32_t distance = runsPtx() ? 32771 : 4099;
  std::vector<float> arguments;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += distance)
    arguments.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  expectBounds(cellOfFunctions, functions(), arguments);
  expectBounds(cellOfRoots, roots(), arguments);
}

TEST_P(FunctionsOnDevice, HoldTheirBoundsWhereTheyOverflowAndUnderflow) {
  std::vector<float> arguments;
  // In steps of 2^-11 and 2^-15.
  for (int i = -110 * 2048; i < -80 * 2048; ++i)
    arguments.push_back(static_cast<float>(i) / 2048);
  for (int i = 88 * 32768; i < 89 * 32768; ++i)
    arguments.push_back(static_cast<float>(i) / 32768);
  expectBounds(cellOfFunctions, functions(), arguments);
}

/// A NaN stays one, whatever its payload.
TEST_P(FunctionsOnDevice, PassOnEveryNaN) {
  std::vector<float> arguments;
  for (uint32_t payload = 1; payload < uint32_t{1} << 23; payload += 997)
    for (uint32_t sign : {0x7F800000U, 0xFF800000U})
      arguments.push_back(std::bit_cast<float>(sign + payload));
  for (const char *cell : {cellOfFunctions, cellOfRoots}) {
    const std::vector<float> found = apply(cell, arguments);
    for (size_t place = 0; place < found.size(); ++place)
      ASSERT_TRUE(std::isnan(found[place]))
          << "state " << place / arguments.size() << " of a NaN with the bits "
          << std::bit_cast<uint32_t>(arguments[place % arguments.size()])
          << " is " << found[place];
  }
}

TEST_P(FunctionsOnDevice, KnowTheirLimits) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<float> arguments = {
      0,     -0.0F,  INFINITY, -INFINITY, NAN, 3e38F, -3e38F,
      2e38F, -2e38F, 1e4F,     -1e4F,     89,  -110};
  const std::vector<float> found = apply(cellOfFunctions, arguments);
  const std::vector<std::vector<double>> expected = {
      {1, 1, inf, 0, nan, inf, 0, inf, 0, inf, 0, inf, 0},
      {0, 0, inf, -1, nan, inf, -1, inf, -1, inf, -1, inf, -1},
      {0.5, 0.5, 1, 0, nan, 1, 0, 1, 0, 1, 0, 1, 0},
      {0.5, 0.5, inf, 0, nan, 3e38F, 0, 2e38F, 0, 10000.5F, 0, 89.5, 0},
      {0x1.62e43p-1F, 0x1.62e43p-1F, inf, 0, nan, 3e38F, 0, 2e38F, 0, 1e4F, 0,
       89, 0},
      {0, 0, 1, -1, nan, 1, -1, 1, -1, 1, -1, 1, -1}};
  const std::vector<Function> known = functions();
  size_t place = 0;
  for (size_t row = 0; row < expected.size(); ++row)
    for (size_t i = 0; i < arguments.size(); ++i, ++place) {
      const double want = expected[row][i];
      SCOPED_TRACE(testing::Message()
                   << known[row].name << " of " << arguments[i]);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(found[place])) << found[place];
      } else {
        EXPECT_FLOAT_EQ(found[place], static_cast<float>(want));
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Devices, FunctionsOnDevice,
                         testing::ValuesIn(everyDevice()), deviceOf);

} // namespace
