//===- HostileNumbersTest.cpp - Zeros, infinities, the ends of f32 --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cells at inputs where a kernel can be silently wrong, or a NaN where plain
// f32 is finite: what is expected is worked out by hand, on every device, and
// in both scan domains where the cell has both.
//
//===----------------------------------------------------------------------===//

#include "tests/device/CompiledCells.h"
#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

using compiler::ScanDomain;
using Numbers = std::vector<float>;

/// What h' = 0.5 h makes of 1.
constexpr std::initializer_list<float> halved = {0.5F, 0.25F, 0.125F};

/// Whether a cell can be scanned in log space.
enum class LogSpace { Takes, Refuses };

/// A cell of one state, %h, and two projections, %u and %k. `next` computes the
/// next state, %n.
std::string cellOf(const std::string &next) {
  return R"(minrnn.cell @hostile(%x: !minrnn.input) state(%h: f32) {
  %u = minrnn.project %x "u" : f32
  %k = minrnn.project %x "k" : f32
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
)" + next +
         "\n  minrnn.yield %n : f32\n}\n";
}

/// The same with h' = 0.5 h + b, where `offset` computes %b.
std::string halving(const std::string &offset) {
  return cellOf(offset + R"(
  %kept = arith.mulf %half, %h : f32
  %n = arith.addf %kept, %b : f32)");
}

/// Two numbers, or two NaN, of which zeros have a sign.
void expectNumber(float found, float expected, double tolerance) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(found)) << found;
  } else if (std::isinf(expected) || expected == 0) {
    EXPECT_EQ(std::bit_cast<uint32_t>(found), std::bit_cast<uint32_t>(expected))
        << found << ", expected " << expected;
  } else {
    EXPECT_NEAR(found, expected, tolerance * std::abs(expected));
  }
}

class HostileNumbers : public OnEveryDevice {
protected:
  /// The cell's kernels; none where log space does not take it.
  std::optional<KernelProgram> kernelsOf(const std::string &text,
                                         ScanDomain scan) const {
    try {
      return CompiledCell::ofText(device, text, "hostile", {.scan = scan})
          .load();
    } catch (const Refused &refusal) {
      EXPECT_NE(std::string(refusal.what()).find("scan in log space"),
                std::string::npos)
          << refusal.what();
      return std::nullopt;
    }
  }

  /// The states after each of `steps` steps, u and k being the same in all.
  static Numbers statesOf(const KernelProgram &kernels, float u, float k,
                          float initial, int64_t steps) {
    EntryCall call;
    call.shape = {1, steps, 1};
    for (int64_t step = 0; step < steps; ++step)
      for (float value : {u, k})
        call.inputs["preactivations"].push_back(value);
    // (With none, -0 would become +0.)
    call.inputs["bias"] = {-0.0F, -0.0F};
    call.inputs["initial"] = {initial};
    return kernels.forward(call).at("output");
  }

  /// What is expected of a cell at some u, k and initial state: its first
  /// states.
  struct Sample {
    float u;
    float k;
    float initial;
    Numbers expected;
  };

  /// Holds a cell to the samples, in both domains where log space takes it; as
  /// many steps follow as make a tile and more.
  void expectStates(const std::string &text, const std::vector<Sample> &samples,
                    LogSpace logSpace = LogSpace::Takes,
                    double tolerance = 1e-5) const {
    for (ScanDomain scan : {ScanDomain::Linear, ScanDomain::Log}) {
      const bool isLog = scan == ScanDomain::Log;
      const std::optional<KernelProgram> kernels = kernelsOf(text, scan);
      ASSERT_EQ(kernels.has_value(), !isLog || logSpace == LogSpace::Takes)
          << text;
      if (!kernels)
        return;
      for (const Sample &sample : samples) {
        SCOPED_TRACE(testing::Message()
                     << (isLog ? "log" : "linear") << ", u = " << sample.u
                     << ", k = " << sample.k << "\n"
                     << text);
        const Numbers found =
            statesOf(*kernels, sample.u, sample.k, sample.initial, 70);
        for (size_t step = 0; step < sample.expected.size(); ++step)
          expectNumber(found[step], sample.expected[step], tolerance);
        // What is a number at first stays one.
        if (std::isfinite(sample.expected.back())) {
          EXPECT_TRUE(std::isfinite(found.back())) << found.back();
        }
      }
    }
  }
};

TEST_P(HostileNumbers, AQuotientByZeroShows) {
  // tanh(exp k) is proven positive, and 0 in f32 at k = -200.
  expectStates(halving(R"(
  %p = arith.maximumf %u, %zero : f32
  %e = math.exp %k : f32
  %d = math.tanh %e : f32
  %b = arith.divf %p, %d : f32)"),
               {{-1, -200, 1, {nan, nan, nan}},
                // (In log space a NaN from the second step on: infinite numbers
                // have no difference.)
                {1, -200, 1, {infinity}},
                {-1, 0, 1, halved}});
  // Above and below the same.
  expectStates(
      halving(R"(
  %e = math.exp %k : f32
  %d = math.tanh %e : f32
  %f = math.exp %u : f32
  %p = math.tanh %f : f32
  %b = arith.divf %p, %d : f32)"),
      {{-200, -200, 1, {nan, nan, nan}}, {0, 0, 1, {1.5F, 1.75F, 1.875F}}});
  // A product with a zero is one.
  expectStates(halving(R"(
  %p = arith.maximumf %u, %zero : f32
  %e = math.exp %k : f32
  %t = math.tanh %e : f32
  %d = arith.mulf %t, %e : f32
  %b = arith.divf %p, %d : f32)"),
               {{-1, -200, 1, {nan, nan, nan}}});
}

TEST_P(HostileNumbers, AQuotientOfTwoThatUnderflowIsFinite) {
  // In log space, where both have their logarithms in closed form.
  const std::optional<KernelProgram> kernels = kernelsOf(halving(R"(
  %p = minrnn.sigmoid %u : f32
  %e = math.exp %k : f32
  %b = arith.divf %p, %e : f32)"),
                                                         ScanDomain::Log);
  ASSERT_TRUE(kernels);
  const Numbers found = statesOf(*kernels, -200, -200, 1, 2);
  expectNumber(found[0], 1.5F, 1e-5);
  expectNumber(found[1], 1.75F, 1e-5);
}

TEST_P(HostileNumbers, WhatUnderflowsIsZeroInLogSpace) {
  // exp, sigmoid, softplus and positive of -infinity, and of what overflows
  // once its logarithm is taken.
  for (const char *function :
       {"math.exp", "minrnn.sigmoid", "minrnn.softplus", "minrnn.positive"}) {
    expectStates(halving(std::string(R"(
  %e = math.exp %u : f32
  %m = arith.negf %e : f32
  %b = )") + function + " %m : f32"),
                 {{100, 0, 1, halved}, {88.5F, 0, 1, halved}});
    // As both addends.
    expectStates(halving(std::string(R"(
  %e = math.exp %u : f32
  %m = arith.negf %e : f32
  %f = math.exp %k : f32
  %w = arith.negf %f : f32
  %p = )") + function + R"( %m : f32
  %q = minrnn.sigmoid %w : f32
  %b = arith.addf %p, %q : f32)"),
                 {{100, 100, 1, halved}, {100, -100, 1, {1, 1, 1}}});
  }
  // As the coefficient.
  expectStates(cellOf(R"(
  %e = math.exp %k : f32
  %d = arith.mulf %u, %e : f32
  %m = arith.negf %d : f32
  %a = math.exp %m : f32
  %kept = arith.mulf %a, %h : f32
  %n = arith.addf %kept, %a : f32)"),
               {{1e4F, 85, 1, {0, 0, 0}}, {0, 0, 1, {2, 3, 4}}});
  // At an ordinary input.
  expectStates(halving(R"(
  %p = arith.maximumf %u, %zero : f32
  %l = math.log %p : f32
  %b = math.exp %l : f32)"),
               {{0, 0, 1, halved},
                {-1, 0, 1, halved},
                {2, 0, 1, {2.5F, 3.25F, 3.625F}}});
  // Of a number that is divided by the sum of two infinite ones.
  expectStates(halving(R"(
  %e = math.exp %u : f32
  %f = math.exp %e : f32
  %g = math.exp %k : f32
  %w = math.exp %g : f32
  %s = arith.addf %f, %w : f32
  %b = arith.divf %one, %s : f32)"),
               {{100, 100, 1, halved}, {100, 0, 1, halved}});
}

TEST_P(HostileNumbers, GatesThatUnderflowKeepTheirRatio) {
  expectStates(R"(
minrnn.cell @three(%x: !minrnn.input) state(%h: f32) {
  %kf = minrnn.project %x "f" : f32
  %ki = minrnn.project %x "i" : f32
  %ko = arith.constant -1.0e4 : f32
  %f = minrnn.sigmoid %kf : f32
  %i = minrnn.sigmoid %ki : f32
  %o = minrnn.sigmoid %ko : f32
  %fi = arith.addf %f, %i : f32
  %s = arith.addf %fi, %o : f32
  %a = arith.divf %f, %s : f32
  %b = arith.divf %i, %s : f32
  %kept = arith.mulf %a, %h : f32
  %n = arith.addf %kept, %b : f32
  minrnn.yield %n : f32
})",
               {{-88.6F, -80, 100, {1.0182231F}}});
  expectStates(halving(R"(
  %limit = arith.constant -100.0 : f32
  %s = minrnn.sigmoid %u : f32
  %l = math.log %s : f32
  %b = arith.maximumf %l, %limit : f32)"),
               {{-87.2F, 0, 0, {-87.2F}}}, LogSpace::Refuses, 1e-6);
  expectStates(halving(R"(
  %s = minrnn.sigmoid %u : f32
  %b = math.sqrt %s : f32)"),
               {{-88.6F, 0, 0, {5.764409e-20F}}});
}

TEST_P(HostileNumbers, TheLargestStateAndTheSmallestStay) {
  std::vector<Sample> samples;
  for (float state : {3.4e38F, 3.38e38F, 1e-38F, 1e-39F, 1e-42F, 0.0F})
    samples.push_back({0, 0, state, {state, state, state}});
  // (1e-42 has ten bits.)
  expectStates(cellOf(R"(
  %m = arith.maximumf %u, %zero : f32
  %n = arith.addf %h, %m : f32)"),
               samples, LogSpace::Takes, 1e-3);
}

TEST_P(HostileNumbers, AProductThatIsUsedTwiceIsOneNumber) {
  expectStates(halving(R"(
  %scale = arith.constant 1.0e8 : f32
  %m = arith.mulf %u, %k : f32
  %w = arith.mulf %k, %u : f32
  %d = arith.subf %m, %w : f32
  %b = arith.mulf %scale, %d : f32)"),
               {{1.3F, 1.3F, 1, halved}}, LogSpace::Refuses);
  expectStates(halving(R"(
  %m = arith.mulf %u, %k : f32
  %p = arith.maximumf %m, %half : f32
  %d = arith.subf %p, %m : f32
  %b = math.sqrt %d : f32)"),
               {{1.3F, 1.3F, 1, halved}});
  // Nor is it another one where its negation is used twice.
  expectStates(halving(R"(
  %limit = arith.constant -5.0 : f32
  %m = arith.mulf %u, %k : f32
  %w = arith.negf %m : f32
  %p = arith.maximumf %w, %limit : f32
  %d = arith.subf %p, %w : f32
  %b = math.sqrt %d : f32)"),
               {{1.3F, 1.3F, 1, halved}});
}

TEST_P(HostileNumbers, ZerosHaveASign) {
  // The sign of an extremum is that of its reciprocal.
  const auto expectReciprocals = [&](const std::string &extremum,
                                     const std::vector<Sample> &samples) {
    expectStates(halving("  %z = arith." + extremum +
                         " : f32\n  %b = arith.divf %one, %z : f32"),
                 samples, LogSpace::Refuses);
  };
  expectReciprocals("maximumf %u, %k", {{0.0F, -0.0F, 1, {infinity}},
                                        {-0.0F, 0.0F, 1, {infinity}},
                                        {0.0F, 0.0F, 1, {infinity}},
                                        {-0.0F, -0.0F, 1, {-infinity}}});
  expectReciprocals("minimumf %u, %k", {{0.0F, -0.0F, 1, {-infinity}},
                                        {-0.0F, 0.0F, 1, {-infinity}},
                                        {0.0F, 0.0F, 1, {infinity}},
                                        {-0.0F, -0.0F, 1, {-infinity}}});
  // With a constant.
  expectReciprocals("minimumf %u, %zero",
                    {{0.0F, 1, 1, {infinity}}, {-0.0F, 1, 1, {-infinity}}});
  expectReciprocals("minimumf %zero, %u",
                    {{0.0F, 1, 1, {infinity}}, {-0.0F, 1, 1, {-infinity}}});
  for (const char *extremum :
       {"maximumf %u, %k", "maximumf %k, %u", "minimumf %u, %k",
        "minimumf %k, %u", "minimumf %u, %one"})
    expectStates(halving(std::string("  %b = arith.") + extremum + " : f32"),
                 {{nan, 1, 1, {nan}}}, LogSpace::Refuses);
  expectStates(halving("  %b = arith.maximumf %u, %one : f32"),
               {{nan, 1, 1, {nan}}});
}

TEST_P(HostileNumbers, ASoftplusThatIsScaledUpKeepsItsTail) {
  expectStates(halving(R"(
  %scale = arith.constant -1.0e12 : f32
  %s = minrnn.softplus %u : f32
  %m = arith.mulf %s, %scale : f32
  %b = minrnn.sigmoid %m : f32)"),
               {{-23.517F, 0, 0, {2.65787e-27F}}}, LogSpace::Takes, 3e-5);
  // Doubled thirty times, by differences.
  std::string doubled = "  %s0 = minrnn.softplus %u : f32\n";
  for (int i = 0; i < 30; ++i) {
    const std::string from = "%s" + std::to_string(i);
    const std::string negated = "%n" + std::to_string(i);
    doubled.append("  ").append(negated);
    doubled.append(" = arith.subf %zero, ").append(from);
    doubled.append(" : f32\n  %s").append(std::to_string(i + 1));
    doubled.append(" = arith.subf ").append(from);
    doubled.append(", ").append(negated).append(" : f32\n");
  }
  // 2^30 softplus(-17) is 44.452242.
  expectStates(halving(doubled + R"(
  %m = arith.negf %s30 : f32
  %b = minrnn.sigmoid %m : f32)"),
               {{-17, 0, 0, {4.9503585e-20F}}}, LogSpace::Takes, 3e-5);
}

/// Every parallel cell, with no step: the states leave as they entered.
TEST_P(HostileNumbers, NoStepLeavesTheStatesAsTheyAre) {
  const Numbers values = {0.1F,   1e-39F, 3.4e38F, 0.0F,  -0.0F,
                          1e-45F, -0.7F,  1.0F,    1e-30F};
  const auto bits = [](const Numbers &numbers) {
    std::vector<uint32_t> words;
    for (float number : numbers)
      words.push_back(std::bit_cast<uint32_t>(number));
    return words;
  };
  const auto expectUnchanged = [&](const std::string &cell, ScanDomain scan,
                                   const char *ioType) {
    SCOPED_TRACE(cell + ", " + ioType);
    const KernelProgram kernels =
        CompiledCell(device, cell, {.scan = scan, .ioType = ioType}).load();
    if (kernels.isRecurrent())
      return;
    const Manifest &manifest = kernels.manifest();
    for (bool isReverse : {false, true}) {
      EntryCall call;
      call.shape = {1, 0, static_cast<int64_t>(values.size())};
      call.reverse = isReverse;
      for (const char *empty : {"preactivations", "input"})
        call.inputs[empty] = {};
      call.inputs["parameters"] =
          Numbers(values.size() * manifest.parameters.size());
      Numbers &initial = call.inputs["initial"];
      for (size_t state = 0; state < manifest.states.size(); ++state)
        initial.insert(initial.end(), values.begin(), values.end());
      EXPECT_EQ(bits(kernels.forward(call).at("last")), bits(initial));
    }
  };
  int inLogSpace = 0;
  for (const std::string &cell : allCellNames()) {
    expectUnchanged(cell, ScanDomain::Linear, "f32");
    try {
      expectUnchanged(cell, ScanDomain::Log, "f32");
      ++inLogSpace;
    } catch (const Refused &) {
      continue;
    }
  }
  EXPECT_GE(inLogSpace, 3);
  for (const char *ioType : {"f16", "bf16"})
    expectUnchanged("mingru", ScanDomain::Log, ioType);
}

INSTANTIATE_TEST_SUITE_P(Devices, HostileNumbers,
                         testing::ValuesIn(everyDevice()), deviceOf);

} // namespace
