//===- special_functions_test.cpp - Approximate functions against their bounds
//===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bounds are those of the PTX ISA's sections on ex2, lg2, rcp and rsqrt in
// their approximate forms.
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/EmulatorTest.h"

#include <cmath>
#include <limits>
#include <random>

using namespace minrnn::emulator;

namespace {

const float infinity = std::numeric_limits<float>::infinity();

/// Applies an instruction `op %r0, %r1;` to many values.
std::vector<float> applyTo(const std::string &op, std::vector<float> in) {
  in.resize((in.size() + 127) / 128 * 128, 1.0f);
  Device device(kernelOf(R"(
    mov.u32 %r2, %ctaid.x; mov.u32 %r3, %tid.x; mad.lo.s32 %r4, %r2, 128, %r3;
    mul.wide.u32 %l1, %r4, 4; ld.param.u64 %l2, [p0]; ld.param.u64 %l3, [p1];
    add.s64 %l2, %l2, %l1; add.s64 %l3, %l3, %l1; ld.global.b32 %r1, [%l2];
    )" + op + " %r0, %r1;\nst.global.b32 [%l3], %r0;",
                         2));
  uint64_t from = device.upload(in), to = device.reserve<float>(in.size());
  Statistics statistics =
      device.run("k", {uint32_t(in.size() / 128)}, {128}, {from, to});
  EXPECT_EQ(statistics.specialFunctions, in.size()) << op;
  return device.download<float>(to, in.size());
}

std::vector<float> between(float low, float high) {
  // The same numbers in every run.
  // NOLINTNEXTLINE(bugprone-random-generator-seed)
  std::mt19937 random(7);
  std::uniform_real_distribution<float> values(low, high);
  std::vector<float> result(4096);
  for (float &value : result)
    value = values(random);
  return result;
}

template <typename F>
void expectRelative(const std::string &op, const std::vector<float> &in,
                    double bound, F exact) {
  std::vector<float> out = applyTo(op, in);
  double worst = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    double want = exact(double(in[i]));
    worst = std::max(worst, std::fabs(out[i] - want) / std::fabs(want));
  }
  EXPECT_LE(worst, bound) << op;
  EXPECT_GT(worst, 0) << op << ": results beyond f32 would hide rounding";
}

template <typename F>
void expectAbsolute(const std::string &op, const std::vector<float> &in,
                    double bound, F exact) {
  std::vector<float> out = applyTo(op, in);
  for (size_t i = 0; i < in.size(); ++i)
    EXPECT_NEAR(out[i], exact(double(in[i])), bound) << op << " " << in[i];
}

void expectValues(const std::string &op, const std::vector<float> &in,
                  const std::vector<float> &want) {
  std::vector<float> out = applyTo(op, in);
  for (size_t i = 0; i < in.size(); ++i) {
    if (std::isnan(want[i])) {
      EXPECT_TRUE(std::isnan(out[i])) << op << " " << in[i];
    } else {
      EXPECT_EQ(out[i], want[i]) << op << " " << in[i];
      EXPECT_EQ(std::signbit(out[i]), std::signbit(want[i])) << op << in[i];
    }
  }
}

} // namespace

TEST(SpecialFunctions, WithinTheirBounds) {
  expectRelative("ex2.approx.f32", between(-125, 127), 0x1p-22,
                 [](double x) { return std::exp2(x); });
  expectRelative("ex2.approx.ftz.f32", between(-2, 2), 0x1p-22,
                 [](double x) { return std::exp2(x); });
  expectAbsolute("lg2.approx.f32", between(0.5f, 2), 0x1p-22,
                 [](double x) { return std::log2(x); });
  expectRelative("lg2.approx.ftz.f32", between(3, 1e30f), 0x1p-22,
                 [](double x) { return std::log2(x); });
  expectRelative("rcp.approx.ftz.f32", between(0.001f, 1e6f), 0x1p-23,
                 [](double x) { return 1 / x; });
  expectRelative("rsqrt.approx.f32", between(1e-30f, 1e30f), 0x1p-22,
                 [](double x) { return 1 / std::sqrt(x); });
  expectRelative("sqrt.approx.ftz.f32", between(0, 1e6f), 0x1p-23,
                 [](double x) { return std::sqrt(x); });
}

/// tanh.approx errs by all that the ISA allows, in either direction, and stays
/// within the range of tanh.
TEST(SpecialFunctions, TanhIsAsInexactAsItMayBe) {
  for (float largest : {9.0F, 1e-3F, 1e-30F}) {
    const std::vector<float> in = between(-largest, largest);
    const std::vector<float> out = applyTo("tanh.approx.f32", in);
    double below = 0, above = 0;
    for (size_t i = 0; i < in.size(); ++i) {
      const double want = std::tanh(double(in[i]));
      const double error = (out[i] - want) / want;
      below = std::min(below, error);
      above = std::max(above, error);
      ASSERT_LE(std::fabs(out[i]), 1);
    }
    EXPECT_LE(above, 0x1p-11);
    EXPECT_GE(below, -0x1p-11);
    EXPECT_GT(above, 0x1.ffp-12);
    EXPECT_LT(below, -0x1.ffp-12);
  }
}

TEST(SpecialFunctions, SpecialValues) {
  float tiny = std::numeric_limits<float>::denorm_min();
  expectValues("ex2.approx.f32", {-infinity, infinity, NAN, 0, -0.0f, 3, -126},
               {0, infinity, NAN, 1, 1, 8, 0x1p-126f});
  expectValues("ex2.approx.ftz.f32", {-200, 200, tiny, -130},
               {0, infinity, 1, 0});
  expectValues("ex2.approx.f32", {-130}, {0x1p-130f});
  expectValues("lg2.approx.f32", {0, -0.0f, infinity, -1, NAN, 8, 0x1p-149f},
               {-infinity, -infinity, infinity, NAN, NAN, 3, -149});
  expectValues("lg2.approx.ftz.f32", {tiny}, {-infinity});
  expectValues("rcp.approx.f32", {0, -0.0f, infinity, -infinity, NAN, 4},
               {infinity, -infinity, 0, -0.0f, NAN, 0.25f});
  expectValues("tanh.approx.f32", {0, -0.0f, infinity, -infinity, NAN},
               {0, -0.0f, 1, -1, NAN});
  expectValues("rcp.approx.ftz.f32", {tiny, -tiny}, {infinity, -infinity});
  expectValues("rsqrt.approx.f32", {0, -0.0f, infinity, -1, NAN, 4, 0x1p-148f},
               {infinity, -infinity, 0, NAN, NAN, 0.5f, 0x1p74f});
  expectValues("rsqrt.approx.ftz.f32", {tiny, -tiny}, {infinity, -infinity});
}
