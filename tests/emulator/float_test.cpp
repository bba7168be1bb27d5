//===- float_test.cpp - Floating-point instructions -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected values follow from IEEE 754 and the tables of the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/SingleInstruction.h"

#include <cmath>
#include <limits>

using namespace minrnn::emulator;

namespace {
const float inf = std::numeric_limits<float>::infinity();
const float tiny = std::numeric_limits<float>::denorm_min();
constexpr uint32_t nan32 = 0x7FFFFFFF;
const double big = 0x1p53;
} // namespace

TEST(Float, ArithmeticRoundsOnce) {
  check({
      {"add.f32 %r0, %r1, %r2;", {f(1), f(0x1p-24f)}, f(1)},
      {"add.f32 %r0, %r1, %r2;", {f(1), f(0x1.8p-24f)}, f(0x1.000002p0f)},
      {"add.rn.f32 %r0, %r1, %r2;", {f(1), f(3)}, f(4)},
      {"sub.f32 %r0, %r1, %r2;", {f(1), f(3)}, f(-2)},
      {"mul.f32 %r0, %r1, %r2;", {f(1.5f), f(-3)}, f(-4.5f)},
      {"fma.rn.f32 %r0, %r1, %r2, %r3;",
       {f(0x1.000002p0f), f(0x1.000002p0f), f(-0x1.000004p0f)},
       f(0x1p-46f)},
      {"div.rn.f32 %r0, %r1, %r2;", {f(1), f(3)}, f(0x1.555556p-2f)},
      {"sqrt.rn.f32 %r0, %r1;", {f(2)}, f(0x1.6a09e6p0f)},
      {"rcp.rn.f32 %r0, %r1;", {f(3)}, f(0x1.555556p-2f)},
      {"add.f64 %l0, %l1, %l2;", {d(big), d(1)}, d(big)},
      {"mul.f64 %l0, %l1, %l2;", {d(0.1), d(3)}, d(0.1 * 3)},
      {"fma.rn.f64 %l0, %l1, %l2, %l3;", {d(2), d(3), d(0.5)}, d(6.5)},
      {"div.rn.f64 %l0, %l1, %l2;", {d(1), d(3)}, d(1.0 / 3)},
      {"sqrt.rn.f64 %l0, %l1;", {d(2)}, d(std::sqrt(2.0))},
      {"add.f32 %r0, %r1, 0f3F800000;", {f(2)}, f(3)},
  });
}

TEST(Float, DirectedRounding) {
  float above = 0x1.000002p0f, below = 0x1.fffffep-1f;
  check({
      {"add.rz.f32 %r0, %r1, %r2;", {f(1), f(0x1p-25f)}, f(1)},
      {"add.rp.f32 %r0, %r1, %r2;", {f(1), f(0x1p-25f)}, f(above)},
      {"add.rm.f32 %r0, %r1, %r2;", {f(1), f(-0x1p-30f)}, f(below)},
      {"add.rz.f32 %r0, %r1, %r2;", {f(1), f(-0x1p-30f)}, f(below)},
      {"add.rp.f32 %r0, %r1, %r2;", {f(1), f(-0x1p-30f)}, f(1)},
      {"mul.rp.f32 %r0, %r1, %r2;", {f(above), f(above)}, f(0x1.000006p0f)},
      {"mul.rz.f32 %r0, %r1, %r2;", {f(above), f(above)}, f(0x1.000004p0f)},
      {"fma.rm.f32 %r0, %r1, %r2, %r3;", {f(1), f(1), f(-0x1p-30f)}, f(below)},
      {"fma.rp.f32 %r0, %r1, %r2, %r3;", {f(1), f(1), f(0x1p-30f)}, f(above)},
      {"fma.rz.f32 %r0, %r1, %r2, %r3;", {f(1), f(1), f(-0x1p-30f)}, f(below)},
      {"div.rp.f32 %r0, %r1, %r2;", {f(1), f(3)}, f(0x1.555556p-2f)},
      {"div.rm.f32 %r0, %r1, %r2;", {f(1), f(3)}, f(0x1.555554p-2f)},
      {"sqrt.rp.f32 %r0, %r1;", {f(2)}, f(0x1.6a09e8p0f)},
      {"rcp.rz.f32 %r0, %r1;", {f(-3)}, f(-0x1.555554p-2f)},
      {"add.rp.f64 %l0, %l1, %l2;", {d(big), d(1)}, d(big + 2)},
      {"fma.rz.f64 %l0, %l1, %l2, %l3;",
       {d(1), d(1), d(-0x1p-60)},
       d(0x1.fffffffffffffp-1)},
  });
}

TEST(Float, Subnormals) {
  check({
      {"add.f32 %r0, %r1, %r2;", {f(tiny), f(tiny)}, f(2 * tiny)},
      {"mul.f32 %r0, %r1, %r2;", {f(0x1p-126f), f(0.5f)}, f(0x1p-127f)},
      {"setp.gt.f32 %p0, %r1, %r2;", {f(tiny), f(0)}, p(true)},
  });
}

TEST(Float, SpecialValues) {
  check({
      {"add.f32 %r0, %r1, %r2;", {f(inf), f(-inf)}, r(nan32)},
      {"mul.f32 %r0, %r1, %r2;", {f(inf), f(0)}, r(nan32)},
      {"add.f32 %r0, %r1, %r2;", {r(0x7FC12345), f(1)}, r(nan32)},
      {"div.rn.f32 %r0, %r1, %r2;", {f(-1), f(0)}, f(-inf)},
      {"sqrt.rn.f32 %r0, %r1;", {f(-1)}, r(nan32)},
      {"min.f32 %r0, %r1, %r2;", {r(nan32), f(2)}, f(2)},
      {"min.f32 %r0, %r1, %r2;", {f(2), r(nan32)}, f(2)},
      {"max.f32 %r0, %r1, %r2;", {r(0x7FC00001), r(0x7FC00002)}, r(nan32)},
      {"min.f32 %r0, %r1, %r2;", {f(0), f(-0.0f)}, f(-0.0f)},
      {"max.f32 %r0, %r1, %r2;", {f(-0.0f), f(0)}, f(0)},
      {"min.f64 %l0, %l1, %l2;", {d(NAN), d(-3)}, d(-3)},
      {"max.f64 %l0, %l1, %l2;", {d(4), d(-3)}, d(4)},
      {"copysign.f32 %r0, %r1, %r2;", {f(-1), f(5)}, f(-5)},
      {"copysign.f64 %l0, %l1, %l2;", {d(1), d(-5)}, d(5)},
      {"abs.f64 %l0, %l1;", {d(-0.0)}, d(0)},
      {"neg.f64 %l0, %l1;", {d(3)}, d(-3)},
  });
}

TEST(Float, ComparisonsOfNumbersAndNaN) {
  struct Row {
    const char *name;
    bool less, equal, greater, nan;
  };
  const Row rows[] = {
      {"eq", false, true, false, false}, {"ne", true, false, true, false},
      {"lt", true, false, false, false}, {"le", true, true, false, false},
      {"gt", false, false, true, false}, {"ge", false, true, true, false},
      {"equ", false, true, false, true}, {"neu", true, false, true, true},
      {"ltu", true, false, false, true}, {"leu", true, true, false, true},
      {"gtu", false, false, true, true}, {"geu", false, true, true, true},
      {"num", true, true, true, false},  {"nan", false, false, false, true},
  };
  for (const Row &row : rows) {
    std::string single =
        "setp." + std::string(row.name) + ".f32 %p0, %r1, %r2;";
    std::string twice = "setp." + std::string(row.name) + ".f64 %p0, %l1, %l2;";
    check({
        {single, {f(1), f(2)}, p(row.less)},
        {single, {f(2), f(2)}, p(row.equal)},
        {single, {f(3), f(2)}, p(row.greater)},
        {single, {r(nan32), f(2)}, p(row.nan)},
        {single, {f(2), r(nan32)}, p(row.nan)},
        {single, {f(0), f(-0.0f)}, p(row.equal)},
        {twice, {d(1), d(2)}, p(row.less)},
        {twice, {d(2), d(2)}, p(row.equal)},
        {twice, {d(3), d(2)}, p(row.greater)},
        {twice, {d(NAN), d(2)}, p(row.nan)},
    });
  }
}

TEST(Comparison, IntegersAndSelection) {
  check({
      {"setp.lt.s32 %p0, %r1, %r2;", {r(uint32_t(-1)), r(1)}, p(true)},
      {"setp.lt.u32 %p0, %r1, %r2;", {r(uint32_t(-1)), r(1)}, p(false)},
      {"setp.eq.b64 %p0, %l1, 5;", {l(5)}, p(true)},
      {"setp.ne.s16 %p0, %h1, %h2;", {h(5), h(6)}, p(true)},
      {"setp.gt.s64 %p0, %l1, -1;", {l(0)}, p(true)},
      {"selp.b32 %r0, %r1, %r2, %p3;", {r(1), r(2), p(true)}, r(1)},
      {"selp.f64 %l0, %l1, %l2, %p3;", {d(1), d(2), p(false)}, d(2)},
      {"selp.b16 %h0, 1, 0, %p1;", {p(true)}, h(1)},
  });
}

TEST(Half, SignsAndComparisons) {
  // 1.0 = 3C00 / 3F80.
  check({
      {"neg.f16 %h0, %h1;", {h(0x3C00)}, h(0xBC00)},
      {"neg.f16 %h0, %h1;", {h(0x7E01)}, h(0xFE01)},
      {"abs.f16 %h0, %h1;", {h(0x8001)}, h(0x0001)},
      {"abs.bf16 %h0, %h1;", {h(0xBF80)}, h(0x3F80)},
      {"setp.lt.f16 %p0, %h1, %h2;", {h(0xBC00), h(0x3C00)}, p(true)},
      {"setp.gtu.bf16 %p0, %h1, %h2;", {h(0x7FFF), h(0x3F80)}, p(true)},
      {"setp.num.f16 %p0, %h1, %h2;", {h(0x7C00), h(0x0001)}, p(true)},
      {"setp.nan.f16 %p0, %h1, %h2;", {h(0x7C01), h(0x3C00)}, p(true)},
  });
}

TEST(Conversion, BetweenIntegers) {
  check({
      {"cvt.s64.s32 %l0, %r1;", {r(uint32_t(-5))}, l(uint64_t(-5))},
      {"cvt.u64.u32 %l0, %r1;", {r(uint32_t(-5))}, l(0xFFFFFFFB)},
      {"cvt.u32.u64 %r0, %l1;", {l(0x1234567890)}, r(0x34567890)},
      {"cvt.u16.u32 %h0, %r1;", {r(0x12345)}, h(0x2345)},
      {"cvt.s32.s16 %r0, %h1;", {h(0x8000)}, r(0xFFFF8000)},
  });
}

TEST(Conversion, ToFloat) {
  check({
      {"cvt.rn.f32.s32 %r0, %r1;", {r(uint32_t(-7))}, f(-7)},
      {"cvt.rn.f32.u32 %r0, %r1;", {r(0xFFFFFFFF)}, f(0x1p32f)},
      {"cvt.rn.f32.s32 %r0, %r1;", {r(16777217)}, f(16777216)},
      {"cvt.rn.f64.s32 %l0, %r1;", {r(uint32_t(-7))}, d(-7)},
      {"cvt.rn.f64.u64 %l0, %l1;", {l(~0ull)}, d(0x1p64)},
      {"cvt.rn.f32.s64 %r0, %l1;", {l(uint64_t(-3))}, f(-3)},
      {"cvt.f64.f32 %l0, %r1;", {f(0.1f)}, d(0.1f)},
      {"cvt.rn.f32.f64 %r0, %l1;", {d(0.1)}, f(0.1f)},
      {"cvt.sat.f32.f32 %r0, %r1;", {f(1.5f)}, f(1)},
      {"cvt.sat.f32.f32 %r0, %r1;", {r(nan32)}, f(0)},
      {"cvt.rni.f32.f32 %r0, %r1;", {f(2.5f)}, f(2)},
      {"cvt.rni.f32.f32 %r0, %r1;", {f(-0.4f)}, f(-0.0f)},
      {"cvt.rmi.f32.f32 %r0, %r1;", {f(-2.5f)}, f(-3)},
      {"cvt.rpi.f32.f32 %r0, %r1;", {f(2.25f)}, f(3)},
  });
}

TEST(Conversion, HalfFormats) {
  check({
      {"cvt.rn.f16.f32 %h0, %r1;", {f(1)}, h(0x3C00)},
      {"cvt.rn.f16.f32 %h0, %r1;", {f(65519)}, h(0x7BFF)},
      {"cvt.rn.f16.f32 %h0, %r1;", {f(65520)}, h(0x7C00)},
      {"cvt.rn.f16.f32 %h0, %r1;", {f(0x1p-25f)}, h(0)},
      {"cvt.rn.f16.f32 %h0, %r1;", {f(0x1.8p-25f)}, h(1)},
      {"cvt.rn.f16.f32 %h0, %r1;", {r(0xFFC00000)}, h(0x7FFF)},
      {"cvt.rn.f16.f32 %h0, %r1;", {f(-inf)}, h(0xFC00)},
      {"cvt.f32.f16 %r0, %h1;", {h(0x0001)}, f(0x1p-24f)},
      {"cvt.f32.f16 %r0, %h1;", {h(0xC100)}, f(-2.5f)},
      {"cvt.rn.bf16.f32 %h0, %r1;", {f(0x1.01p0f)}, h(0x3F80)},
      {"cvt.rn.bf16.f32 %h0, %r1;", {f(0x1.03p0f)}, h(0x3F82)},
      {"cvt.f32.bf16 %r0, %h1;", {h(0x3F81)}, f(0x1.02p0f)},
  });
}
