//===- FunctionSweepTest.cpp - The functions of gates, everywhere ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function that a cell may call, as it is compiled, of every one of the
// 2^32 numbers of f32, on the host and on a GPU where there is one. What
// specs/numerics.md says of them is measured here. Some minutes; FunctionsTest
// takes samples.
//
//===----------------------------------------------------------------------===//

#include "tests/device/CompiledCells.h"
#include "tests/device/FunctionCases.h"
#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

std::vector<FunctionCase> allFunctions() {
  std::vector<FunctionCase> all = gateFunctions();
  for (const FunctionCase &function : otherFunctions())
    all.push_back(function);
  return all;
}

/// The number of these bits. Four NaNs, which may become the one that stands
/// for what nothing wrote, give way to others.
float numberOf(uint32_t bits) {
  constexpr uint32_t signAndQuiet = 0x80400000;
  return std::bit_cast<float>(bits - ((bits | signAndQuiet) == ~0U ? 1U : 0U));
}

/// What was seen of a function.
struct Errors {
  /// The largest relative error where the result is a normal number, in units
  /// of 2^-24, and the argument.
  double largest = 0;
  float argument = 0;
  /// Numbers beyond their bound, and one of them.
  int64_t wrong = 0;
  float wrongArgument = 0;
  float wrongResult = 0;

  void add(const FunctionCase &function, float argument, float found,
           bool runsPtx) {
    // (With a bias of +0, which it has where it has none, -0 is +0.)
    const double exact = function.exact(argument + 0.0F);
    if (!function.holds(exact, found, runsPtx)) {
      ++wrong;
      wrongArgument = argument;
      wrongResult = found;
      return;
    }
    const double size = std::abs(exact);
    if (size < std::numeric_limits<float>::min() ||
        !(size <= std::numeric_limits<float>::max()))
      return;
    // What the absolute bound allows is not counted.
    const double error = std::abs(found - exact) - function.absolute -
                         (runsPtx ? function.ofPtx : 0);
    if (error > largest * size) {
      largest = error / size;
      this->argument = argument;
    }
  }

  void add(const Errors &other) {
    if (other.largest > largest) {
      largest = other.largest;
      argument = other.argument;
    }
    if (other.wrong > 0) {
      wrong += other.wrong;
      wrongArgument = other.wrongArgument;
      wrongResult = other.wrongResult;
    }
  }
};

class FunctionSweep
    : public OnDevice,
      public testing::WithParamInterface<std::tuple<std::string, size_t>> {
protected:
  void SetUp() override { open(std::get<0>(GetParam())); }

  /// The errors at so many numbers, from one's bits on.
  static Errors errorsOf(const FunctionCase &function,
                         const KernelProgram &kernels, uint64_t first,
                         int64_t count, bool runsPtx) {
    EntryCall call;
    call.shape = {1, 1, count};
    std::vector<float> &arguments = call.inputs["preactivations"];
    arguments.resize(static_cast<size_t>(count));
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < count; ++i)
      arguments[i] =
          numberOf(static_cast<uint32_t>(first) + static_cast<uint32_t>(i));
    call.unwanted = {"last"};
    const NamedArrays results = kernels.run(Procedure::Step, call);
    const std::vector<float> &found = results.at("output");
    Errors all;
#pragma omp parallel
    {
      Errors own;
#pragma omp for schedule(static)
      for (int64_t i = 0; i < count; ++i)
        own.add(function, arguments[i], found[i], runsPtx);
#pragma omp critical
      all.add(own);
    }
    return all;
  }
};

TEST_P(FunctionSweep, HoldsItsBoundAtEveryNumber) {
  const FunctionCase function = allFunctions().at(std::get<1>(GetParam()));
  const KernelProgram kernels =
      CompiledCell::ofText(device, cellOf({&function, 1}), function.name)
          .load();
  constexpr uint64_t numbers = uint64_t{1} << 32;
  constexpr int64_t count = int64_t{1} << 22;
  Errors errors;
  // (The NaNs first.)
  for (uint64_t first = numbers; first > 0;)
    errors.add(errorsOf(function, kernels, first -= count, count, runsPtx()));
  EXPECT_EQ(errors.wrong, 0)
      << function.name << " of " << std::hexfloat << errors.wrongArgument
      << " is " << errors.wrongResult << ", not "
      << function.exact(errors.wrongArgument);
  std::cout << "measured: " << device->name() << ", " << function.name
            << ": largest relative error "
            << errors.largest / reference::unitRoundoff << " * 2^-24, at "
            << std::hexfloat << errors.argument << std::defaultfloat << ", "
            << errors.argument << "\n";
}

/// All but the emulator, which would take half an hour for each function.
std::vector<std::string> fastDevices() {
  std::vector<std::string> names = everyDevice();
  std::erase(names, "emulator");
  return names;
}

std::string
nameOf(const testing::TestParamInfo<FunctionSweep::ParamType> &info) {
  std::string name = std::get<0>(info.param) + "_";
  for (const char letter :
       std::string(allFunctions()[std::get<1>(info.param)].name))
    name += std::isalnum(static_cast<unsigned char>(letter)) ? letter : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Devices, FunctionSweep,
    testing::Combine(testing::ValuesIn(fastDevices()),
                     testing::Range(size_t{0}, allFunctions().size())),
    nameOf);

} // namespace
