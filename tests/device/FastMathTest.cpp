//===- FastMathTest.cpp - Approximate instructions within their bounds ----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What --math=fast makes of functions and of cells, held to the bounds in
// specs/numerics.md, "Fast math". The emulator's tanh.approx errs by all that
// the PTX ISA allows.
//
//===----------------------------------------------------------------------===//

#include "tests/device/CellCases.h"
#include "tests/device/CompiledCells.h"
#include "tests/device/FunctionCases.h"
#include "tests/device/OnDevice.h"
#include "tests/reference/HalfStorage.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;
using namespace minrnn::reference;
using compiler::Math;
using compiler::ScanDomain;

namespace {

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// The largest errors, relative in units of 2^-24 and absolute. What is
/// subnormal may be zero, below zero too.
std::vector<FunctionCase> fastFunctions() {
  static constexpr double least = 0x1p-126;
  const auto of = [](const char *name, const char *operation,
                     double (*exact)(double), double relative,
                     double absolute) {
    return FunctionCase{name, operation, exact, relative, 0, absolute};
  };
  return {of(
              "exp", "math.exp %k", [](double x) { return std::exp(x); }, 78,
              least),
          of(
              "expm1", "math.expm1 %k", [](double x) { return std::expm1(x); },
              80, least),
          // Beside tanh.approx, the rounding of a number of at most 1.
          of(
              "sigmoid", "minrnn.sigmoid %k",
              [](double x) { return reference::sigmoid(x); }, 0, 0x1.001p-12),
          of(
              "positive", "minrnn.positive %k",
              [](double x) { return reference::positive(x); }, 2, 0x1.001p-12),
          of(
              "softplus", "minrnn.softplus %k",
              [](double x) { return reference::softplus(x); }, 1040, least),
          of(
              "tanh", "math.tanh %k", [](double x) { return std::tanh(x); },
              8192, 0),
          of(
              "log", "math.log %k", [](double x) { return std::log(x); }, 7,
              0x1p-22),
          of(
              "sqrt", "math.sqrt %k",
              [](double x) { return std::abs(x) < least ? 0 : std::sqrt(x); },
              2, 0x1p-63),
          // The power that is zero for being subnormal, times log2 e.
          of(
              "log2(1 + 2^x)", "minrnn.logaddexp2 %k, %zero",
              [](double x) { return reference::logAddExp2(x, 0); }, 970,
              0x1.72p-126)};
}

class FastMathOfFunctions : public OnEveryDevice {
protected:
  /// The functions of all `arguments`, one function after the other. These come
  /// by way of the bias, and the results as the last states, both in f32.
  std::vector<float> apply(const std::vector<FunctionCase> &functions,
                           const std::vector<float> &arguments) const {
    const KernelProgram kernels =
        CompiledCell::ofText(device, cellOf(functions), "functions",
                             {.ioType = "bf16", .math = Math::Fast})
            .load();
    EntryCall call;
    call.shape = {1, 1, static_cast<int64_t>(arguments.size())};
    call.inputs["preactivations"] = std::vector<float>(arguments.size());
    call.inputs["bias"] = arguments;
    return kernels.run(Procedure::Step, call).at("last");
  }
};

TEST_P(FastMathOfFunctions, HoldTheirBounds) {
  std::vector<float> arguments;
  constexpr int steps = 10000;
  for (int i = -steps; i <= steps; ++i)
    arguments.push_back(static_cast<float>(90.0 * i / steps));
  // All exponents; an odd distance, so that all bits vary.
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 98317)
    arguments.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  const std::vector<FunctionCase> functions = fastFunctions();
  const std::vector<float> found = apply(functions, arguments);
  size_t place = 0;
  for (const FunctionCase &function : functions) {
    double relative = 0;
    double absolute = 0;
    for (float argument : arguments) {
      // (The pre-activation that the bias is added to makes +0 of -0.)
      const double exact = function.exact(argument + 0.0F);
      const float result = found[place++];
      ASSERT_TRUE(function.holds(exact, result, /*runsPtx=*/true))
          << function.name << " of " << argument << " is " << result << ", not "
          << exact;
      const double error = std::abs(result - exact);
      if (!(error <= std::numeric_limits<float>::max()))
        continue;
      absolute = std::max(absolute, std::abs(argument) <= 10 ? error : 0);
      // What the absolute bound allows is not counted.
      if (std::abs(exact) >= std::numeric_limits<float>::min())
        relative =
            std::max(relative, (error - function.absolute) / std::abs(exact));
    }
    std::cout << "measured: " << device->name() << ", fast " << function.name
              << ": largest relative error " << relative / unitRoundoff
              << " * 2^-24; within +-10 absolute " << absolute << "\n";
  }
}

/// Quotients of normal numbers; what is beyond them is infinite, or zero.
TEST_P(FastMathOfFunctions, QuotientsHoldTheirBound) {
  const std::vector<FunctionCase> inverse = {
      {"1/x", "arith.divf %one, %k", [](double x) { return 1 / x; }, 4, 0}};
  std::vector<float> arguments;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 98317) {
    const float argument = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::abs(argument) >= 0x1p-126F && std::abs(argument) <= 0x1p126F)
      arguments.push_back(argument);
  }
  for (float limit : {0.0F, INFINITY, -INFINITY, NAN})
    arguments.push_back(limit);
  const std::vector<float> found = apply(inverse, arguments);
  for (size_t i = 0; i < arguments.size(); ++i)
    ASSERT_TRUE(inverse[0].holds(1 / double(arguments[i]), found[i], true))
        << "1 / " << arguments[i] << " is " << found[i];
}

/// No function leaves its range, and a NaN stays one: what a compiler has
/// proven of a cell rests on it.
TEST_P(FastMathOfFunctions, KeepTheirRanges) {
  std::vector<float> arguments = {NAN,   INFINITY, -INFINITY, 3e38F, -3e38F, 0,
                                  -0.0F, 1e-40F,   -1e-40F,   20,    -20};
  for (int i = -2000; i <= 2000; ++i)
    arguments.push_back(static_cast<float>(i) / 64);
  const std::vector<FunctionCase> functions = fastFunctions();
  const std::vector<float> found = apply(functions, arguments);
  const auto of = [&](const std::string &name, size_t argument) {
    for (size_t i = 0; i < functions.size(); ++i)
      if (functions[i].name == name)
        return found[i * arguments.size() + argument];
    ADD_FAILURE() << name;
    return 0.0F;
  };
  for (const FunctionCase &function : functions)
    EXPECT_TRUE(std::isnan(of(function.name, 0))) << function.name;
  for (size_t i = 1; i < arguments.size(); ++i) {
    SCOPED_TRACE(arguments[i]);
    ASSERT_GE(of("sigmoid", i), 0);
    ASSERT_LE(of("sigmoid", i), 1);
    ASSERT_LE(std::abs(of("tanh", i)), 1);
    ASSERT_GE(of("positive", i), 0);
    ASSERT_GE(of("softplus", i), 0);
  }
  EXPECT_EQ(of("sigmoid", 1), 1);
  EXPECT_EQ(of("sigmoid", 2), 0);
  EXPECT_EQ(of("positive", 1), INFINITY);
  EXPECT_EQ(of("positive", 2), 0);
  EXPECT_EQ(of("tanh", 1), 1);
  EXPECT_EQ(of("tanh", 2), -1);
  EXPECT_EQ(of("softplus", 1), INFINITY);
  EXPECT_EQ(of("exp", 1), INFINITY);
  EXPECT_EQ(of("exp", 2), 0);
}

INSTANTIATE_TEST_SUITE_P(Devices, FastMathOfFunctions,
                         testing::ValuesIn(devicesOfPtx()), deviceOf);

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

/// What rounding to an io type takes: a part of the number, or half of the
/// smallest one.
struct Rounding {
  double unit;
  double least;

  double of(double value) const { return unit * std::abs(value) + least; }
};

Rounding roundingOf(const std::string &ioType) {
  return ioType == "f16" ? Rounding{0x1p-11, 0x1p-25}
                         : Rounding{0x1p-8, 0x1p-134};
}

bool isStoredAsIo(const std::string &name) {
  return name == "output" || name == "states" || name == "d_preactivations";
}

/// The Euclidean norm of an error as a part of that of the result.
class NormOfError {
public:
  void add(double found, double exact) {
    error += (found - exact) * (found - exact);
    result += exact * exact;
  }
  double relative() const { return result > 0 ? std::sqrt(error / result) : 0; }

private:
  double error = 0;
  double result = 0;
};

/// Errors against the reference, and the largest share of a bound.
struct Measured {
  NormOfError output;
  NormOfError gradient;
  double share = 0;

  void add(const std::string &name, const std::vector<float> &found,
           const std::vector<double> &exact) {
    if (name != "output" && name != "d_preactivations")
      return;
    for (size_t i = 0; i < found.size(); ++i)
      (name == "output" ? output : gradient).add(found[i], exact[i]);
  }
};

class FastMathOfCells : public OnDevice,
                        public testing::WithParamInterface<
                            std::tuple<std::string, std::string, std::string>> {
protected:
  void SetUp() override {
    open(std::get<0>(GetParam()));
    if (IsSkipped() || HasFatalFailure())
      return;
    name = std::get<1>(GetParam());
    ioType = std::get<2>(GetParam());
    cell = parseCellFile(cellFile(name));
  }

  CompiledCell compile(ScanDomain scan, Math math) const {
    return {device, name, {.scan = scan, .ioType = ioType, .math = math}};
  }

  /// `found` lies within the bounds of `expected` of `wanted`; where it is
  /// stored, `roundings` of that are granted besides.
  void expectWithin(const std::string &array, const std::vector<float> &found,
                    const std::vector<double> &wanted,
                    const Estimates &expected, int roundings,
                    Measured &measured) const {
    const Rounding rounding = roundingOf(ioType);
    ASSERT_EQ(found.size(), wanted.size()) << array;
    for (size_t i = 0; i < found.size(); ++i) {
      double allowed = safety * expected.error[i];
      ASSERT_TRUE(std::isfinite(allowed)) << array << "[" << i << "]";
      if (isStoredAsIo(array))
        allowed += roundings * rounding.of(wanted[i]);
      const double error = std::abs(found[i] - wanted[i]);
      // Written so that a NaN does not pass.
      ASSERT_TRUE(error <= allowed)
          << array << "[" << i << "]: found " << found[i] << ", expected "
          << wanted[i] << " +- " << allowed;
      if (error > 0)
        measured.share = std::max(measured.share, error / allowed);
    }
  }

  /// One call of forward and backward. Outputs are held to the reference. So
  /// are gradients by way of those of precise math, which go back from the very
  /// states that were stored.
  void expectAgrees(const KernelProgram &fast, const KernelProgram &precise,
                    const Setting &setting, uint64_t seed, Measured &ofFast,
                    Measured &ofPrecise) const {
    Case sample = makeCase(cell, precise, setting, seed);
    for (std::vector<double> *values :
         {&sample.call.preactivations, &sample.dOutput})
      for (double &value : *values)
        value = roundedTo(ioType, static_cast<float>(value));
    sample.call.precision = fastPrecision;
    const CallResults results = evaluate(cell, sample.call);
    const CallGradients gradients =
        differentiate(cell, sample.call, sample.dOutput, sample.dLast);
    const std::map<std::string, const Estimates *> expected = {
        {"output", &results.output},
        {"states", &results.states},
        {"last", &results.last},
        {"d_preactivations", &gradients.preactivations},
        {"d_bias_rows", &gradients.bias},
        {"d_initial", &gradients.initial}};

    EntryCall call = callOf(cell, sample);
    const NamedArrays forward = fast.forward(call);
    const NamedArrays preciseForward = precise.forward(call);
    for (const auto &[array, found] : forward)
      if (auto known = expected.find(array); known != expected.end()) {
        const Estimates &exact = *known->second;
        expectWithin(array, found, exact.value, exact, 1, ofFast);
        ofFast.add(array, found, exact.value);
        ofPrecise.add(array, preciseForward.at(array), exact.value);
      }
    if (HasFailure())
      return;
    addSaved(call, preciseForward);
    const NamedArrays backward = fast.backward(call);
    const NamedArrays preciseBackward = precise.backward(call);
    for (const auto &[array, found] : backward)
      if (auto known = expected.find(array); known != expected.end()) {
        const std::vector<float> &wanted = preciseBackward.at(array);
        expectWithin(array, found, {wanted.begin(), wanted.end()},
                     *known->second, 2, ofFast);
        ofFast.add(array, found, known->second->value);
        ofPrecise.add(array, wanted, known->second->value);
      }
  }

  std::string name;
  std::string ioType;
  reference::ParsedCell cell;
};

TEST_P(FastMathOfCells, HoldTheirBounds) {
  for (ScanDomain scan : {ScanDomain::Linear, ScanDomain::Log}) {
    std::optional<CompiledCell> fast;
    try {
      fast = compile(scan, Math::Fast);
    } catch (const Refused &) {
      // Not every cell has log space.
      ASSERT_EQ(scan, ScanDomain::Log);
      continue;
    }
    EXPECT_NE(fast->code().find("tanh.approx.f32"), std::string::npos);
    const CompiledCell precise = compile(scan, Math::Precise);
    EXPECT_EQ(precise.code().find("tanh.approx.f32"), std::string::npos);
    EXPECT_EQ(fast->load().manifest().math, Math::Fast);
    Measured ofFast;
    Measured ofPrecise;
    uint64_t turn = 0;
    constexpr int64_t times[] = {1, 65, 130};
    for (Setting setting : settings(precise.load(), times)) {
      ++turn;
      // (What overflows f16 says nothing.)
      setting.options.hostile &= ioType == "bf16";
      SCOPED_TRACE(describe(setting));
      expectAgrees(fast->load(turn), precise.load(turn), setting, 10 * turn,
                   ofFast, ofPrecise);
      if (HasFailure())
        return;
    }
    std::cout << "measured: " << device->name() << ", " << name << ", "
              << ioType << ", "
              << (scan == ScanDomain::Linear ? "linear" : "log")
              << ": norm of the error, precise and fast: output "
              << ofPrecise.output.relative() << " " << ofFast.output.relative()
              << ", gradient " << ofPrecise.gradient.relative() << " "
              << ofFast.gradient.relative() << "; largest part of a bound "
              << ofFast.share << "\n";
  }
}

std::string fastMathCaseName(
    const testing::TestParamInfo<FastMathOfCells::ParamType> &info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param) + "_" +
         std::get<2>(info.param);
}

INSTANTIATE_TEST_SUITE_P(Devices, FastMathOfCells,
                         testing::Combine(testing::ValuesIn(devicesOfPtx()),
                                          testing::Values("mingru", "minlstm",
                                                          "qrnn", "lstm"),
                                          testing::Values("f16", "bf16")),
                         fastMathCaseName);

} // namespace
