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

#include "tests/device/CompiledCells.h"
#include "tests/device/FunctionCases.h"
#include "tests/device/OnDevice.h"

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

class FunctionsOnDevice : public OnEveryDevice {
protected:
  /// The functions of all `arguments`, one function after the other.
  std::vector<float> apply(const std::vector<FunctionCase> &functions,
                           const std::vector<float> &arguments) const {
    const KernelProgram kernels =
        CompiledCell::ofText(device, cellOf(functions), "functions").load();
    EntryCall call;
    call.shape = {1, 1, static_cast<int64_t>(arguments.size())};
    call.inputs["preactivations"] = arguments;
    return kernels.run(Procedure::Step, call).at("last");
  }

  /// Holds functions to their bounds at all `arguments`.
  void expectBounds(const std::vector<FunctionCase> &known,
                    const std::vector<float> &arguments) const {
    const std::vector<float> found = apply(known, arguments);
    size_t place = 0;
    for (const FunctionCase &function : known)
      for (float argument : arguments) {
        const double exact = function.exact(argument);
        ASSERT_TRUE(function.holds(exact, found[place], runsPtx()))
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
  const std::vector<float> found = apply(gateFunctions(), arguments);
  size_t place = 0;
  for (const FunctionCase &function : gateFunctions()) {
    double worst = 0;
    for (float argument : arguments) {
      const double expected = function.exact(argument);
      const double error = std::abs(found[place] - expected) /
                           std::abs(expected) / reference::unitRoundoff;
      ASSERT_LE(error, runsPtx() ? function.bound : function.ofHost)
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
  expectBounds(gateFunctions(), arguments);
  expectBounds(otherFunctions(), arguments);
}

TEST_P(FunctionsOnDevice, HoldTheirBoundsWhereTheyOverflowAndUnderflow) {
  std::vector<float> arguments;
  // In steps of 2^-11 and 2^-15.
  for (int i = -110 * 2048; i < -80 * 2048; ++i)
    arguments.push_back(static_cast<float>(i) / 2048);
  for (int i = 88 * 32768; i < 89 * 32768; ++i)
    arguments.push_back(static_cast<float>(i) / 32768);
  expectBounds(gateFunctions(), arguments);
}

/// A NaN stays one, whatever its payload.
TEST_P(FunctionsOnDevice, PassOnEveryNaN) {
  std::vector<float> arguments;
  for (uint32_t payload = 1; payload < uint32_t{1} << 23; payload += 997)
    for (uint32_t sign : {0x7F800000U, 0xFF800000U})
      arguments.push_back(std::bit_cast<float>(sign + payload));
  for (const auto &functions : {gateFunctions(), otherFunctions()}) {
    const std::vector<float> found = apply(functions, arguments);
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
  const std::vector<float> found = apply(gateFunctions(), arguments);
  const std::vector<std::vector<double>> expected = {
      {1, 1, inf, 0, nan, inf, 0, inf, 0, inf, 0, inf, 0},
      {0, 0, inf, -1, nan, inf, -1, inf, -1, inf, -1, inf, -1},
      {0.5, 0.5, 1, 0, nan, 1, 0, 1, 0, 1, 0, 1, 0},
      {0.5, 0.5, inf, 0, nan, 3e38F, 0, 2e38F, 0, 10000.5F, 0, 89.5, 0},
      {0x1.62e43p-1F, 0x1.62e43p-1F, inf, 0, nan, 3e38F, 0, 2e38F, 0, 1e4F, 0,
       89, 0},
      {0, 0, 1, -1, nan, 1, -1, 1, -1, 1, -1, 1, -1}};
  const std::vector<FunctionCase> known = gateFunctions();
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
