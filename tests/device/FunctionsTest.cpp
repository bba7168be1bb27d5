//===- FunctionsTest.cpp - The functions of gates on every device ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions that a cell may call, as they are compiled, over all arguments
// whose results are normal numbers, held to the bounds in specs/numerics.md;
// and at the arguments where they overflow, underflow, or know no number.
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Functions.h"
#include "tests/device/CompiledCells.h"
#include "tests/device/OnDevice.h"
#include "tests/reference/Estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <limits>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

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

struct Function {
  const char *name;
  double (*exact)(double x);
  /// The largest relative error, in units of 2^-24.
  double bound;
};

/// In the order of the cell's states.
std::vector<Function> functions() {
  return {{"exp", [](double x) { return std::exp(x); }, 10},
          {"expm1", [](double x) { return std::expm1(x); }, 14},
          {"sigmoid", [](double x) { return reference::sigmoid(x); }, 12},
          {"positive", [](double x) { return reference::positive(x); }, 12},
          {"softplus", [](double x) { return reference::softplus(x); }, 12},
          {"tanh", [](double x) { return std::tanh(x); }, 6}};
}

class FunctionsOnDevice : public OnEveryDevice {
protected:
  /// The functions of all `arguments`, one function after the other.
  std::vector<float> apply(const std::vector<float> &arguments) const {
    const KernelProgram kernels =
        CompiledCell::ofText(device, cellOfFunctions, "functions").load();
    EntryCall call;
    call.shape = {1, 1, static_cast<int64_t>(arguments.size())};
    call.inputs["preactivations"] = arguments;
    return kernels.run("step", call).at("next");
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
  const std::vector<float> found = apply(arguments);
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
    std::cout << "figure: " << device->name() << ", " << function.name
              << ": largest relative error " << worst << " * 2^-24\n";
  }
}

TEST_P(FunctionsOnDevice, KnowTheirLimits) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<float> arguments = {
      0,     -0.0F,  INFINITY, -INFINITY, NAN, 3e38F, -3e38F,
      2e38F, -2e38F, 1e4F,     -1e4F,     89,  -110};
  const std::vector<float> found = apply(arguments);
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
                         testing::ValuesIn(deviceNames()), deviceOf);

} // namespace
