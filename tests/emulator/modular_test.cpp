//===- modular_test.cpp - f32 as integers modulo 2^32 ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ModularArithmetic.h"
#include "tests/emulator/EmulatorTest.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

using namespace minrnn::emulator;

namespace {

constexpr size_t count = 4096;

/// Any bits, and those that mean something.
std::vector<float> numbers(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = std::bit_cast<float>(uint32_t(random()));
  const float special[] = {0.0F, -0.0F, 1.0F, -1.0F, INFINITY, -INFINITY};
  for (size_t i = 0; i < std::size(special); ++i)
    for (size_t j = 0; j < 16; ++j)
      values[16 * i + (seed % 2 ? j : 16 * j)] = special[i];
  return values;
}

/// The integers that `%r0` stands for after these instructions, whose operands
/// are `%r1`, `%r2` and `%r3`: one of `a`, `b` and `c` each.
std::vector<uint32_t> run(const std::string &instructions,
                          const std::vector<float> &a,
                          const std::vector<float> &b,
                          const std::vector<float> &c) {
  const std::string body = R"(
    mov.u32 %r40, %ctaid.x; mov.u32 %r41, %tid.x;
    mad.lo.s32 %r42, %r40, 128, %r41; mul.wide.u32 %l1, %r42, 4;
    ld.param.u64 %l10, [p0]; ld.param.u64 %l11, [p1];
    ld.param.u64 %l12, [p2]; ld.param.u64 %l13, [p3];
    add.s64 %l10, %l10, %l1; add.s64 %l11, %l11, %l1;
    add.s64 %l12, %l12, %l1; add.s64 %l13, %l13, %l1;
    ld.global.b32 %r1, [%l10]; ld.global.b32 %r2, [%l11];
    ld.global.b32 %r3, [%l12];
    )" + instructions + "\nst.global.b32 [%l13], %r0;";
  Memory memory;
  const Module module(memory, parse(kernelOf(body, 4), Arithmetic::Modular));
  std::vector<uint64_t> places;
  for (const std::vector<float> *values : {&a, &b, &c}) {
    places.push_back(memory.allocate(4 * count, ""));
    memory.copyToDevice(places.back(), values->data(), 4 * count);
  }
  places.push_back(memory.allocate(4 * count, ""));
  launch(module, "k", {count / 128}, {128}, 0, places);
  std::vector<float> found(count);
  memory.copyToHost(found.data(), places.back(), 4 * count);
  std::vector<uint32_t> integers(count);
  std::ranges::transform(found, integers.begin(), toInteger);
  return integers;
}

class ModularArithmetic : public testing::Test {
protected:
  const std::vector<float> a = numbers(1), b = numbers(2), c = numbers(3);

  std::vector<uint32_t> run(const std::string &instructions) const {
    return ::run(instructions, a, b, c);
  }
};

TEST_F(ModularArithmetic, FloatsAreIntegersOneToOne) {
  EXPECT_EQ(toInteger(0.0F), 0U);
  EXPECT_EQ(toInteger(1.0F), 1U);
  EXPECT_EQ(toInteger(-1.0F), ~0U);
  EXPECT_EQ(toInteger(-0.0F), 1U << 31);
  for (const std::vector<float> &values : {a, b, c})
    for (const float value : values) {
      const uint32_t integer = toInteger(value);
      ASSERT_EQ(std::bit_cast<uint32_t>(fromInteger(integer)),
                std::bit_cast<uint32_t>(value));
      ASSERT_EQ(toInteger(fromInteger(~integer)), ~integer);
      if (value != 0) {
        ASSERT_EQ(toInteger(-value), 0U - integer) << value;
      }
    }
}

TEST_F(ModularArithmetic, SumsAndProductsAreThoseOfTheIntegers) {
  const std::pair<const char *, uint32_t (*)(uint32_t, uint32_t, uint32_t)>
      cases[] = {
          {"add.f32 %r0, %r1, %r2;",
           [](uint32_t a, uint32_t b, uint32_t) { return a + b; }},
          {"add.rz.f32 %r0, %r1, %r2;",
           [](uint32_t a, uint32_t b, uint32_t) { return a + b; }},
          {"sub.rn.f32 %r0, %r1, %r2;",
           [](uint32_t a, uint32_t b, uint32_t) { return a - b; }},
          {"mul.rm.f32 %r0, %r1, %r2;",
           [](uint32_t a, uint32_t b, uint32_t) { return a * b; }},
          {"fma.rn.f32 %r0, %r1, %r2, %r3;",
           [](uint32_t a, uint32_t b, uint32_t c) { return a * b + c; }},
          {"neg.f32 %r0, %r1;",
           [](uint32_t a, uint32_t, uint32_t) { return 0 - a; }},
          {"mul.f32 %r0, %r1, 0fBF800000;",
           [](uint32_t a, uint32_t, uint32_t) { return 0 - a; }},
          {"cvt.f64.f32 %l5, %r1; cvt.f64.f32 %l6, %r2; "
           "add.f64 %l5, %l5, %l6; add.f64 %l5, %l5, %l6; "
           "cvt.rn.f32.f64 %r0, %l5;",
           [](uint32_t a, uint32_t b, uint32_t) { return a + 2 * b; }},
          {"min.f32 %r4, %r1, %r2; max.f32 %r5, %r2, %r1; "
           "add.f32 %r0, %r4, %r5;",
           [](uint32_t a, uint32_t b, uint32_t) { return a + b; }},
          {"setp.lt.f32 %p1, %r1, %r2; selp.f32 %r4, %r1, %r2, %p1; "
           "min.f32 %r5, %r2, %r1; sub.f32 %r0, %r4, %r5;",
           [](uint32_t, uint32_t, uint32_t) { return 0U; }},
          {"neg.f32 %r4, %r1; abs.f32 %r4, %r4; abs.f32 %r5, %r1; "
           "sub.f32 %r0, %r4, %r5;",
           [](uint32_t, uint32_t, uint32_t) { return 0U; }},
          {"setp.nan.f32 %p1, %r1, %r2; "
           "selp.f32 %r0, 0f3F800000, 0f00000000, %p1;",
           [](uint32_t, uint32_t, uint32_t) { return 0U; }},
      };
  for (const auto &[instructions, expected] : cases) {
    const std::vector<uint32_t> found = run(instructions);
    for (size_t i = 0; i < count; ++i)
      ASSERT_EQ(found[i],
                expected(toInteger(a[i]), toInteger(b[i]), toInteger(c[i])))
          << instructions << " of " << a[i] << ", " << b[i] << ", " << c[i];
  }
}

TEST_F(ModularArithmetic, FunctionsAreOddAndOfTheirOperandsAlone) {
  const char *functions[] = {
      "ex2.approx.f32 %r0, %r1;",     "lg2.approx.f32 %r0, %r1;",
      "rcp.approx.ftz.f32 %r0, %r1;", "sqrt.rn.f32 %r0, %r1;",
      "tanh.approx.f32 %r0, %r1;",    "div.rn.f32 %r0, %r1, %r2;"};
  std::vector<std::vector<uint32_t>> all;
  for (const char *function : functions) {
    const std::vector<uint32_t> found = run(function);
    EXPECT_EQ(found, run(function));
    for (const uint32_t integer : found)
      ASSERT_EQ(integer % 2, 1U) << function;
    for (const std::vector<uint32_t> &other : all)
      EXPECT_NE(found, other) << function;
    all.push_back(found);
  }
  EXPECT_EQ(run("rcp.approx.f32 %r0, %r1;"), run("rcp.rn.f32 %r0, %r1;"));
  for (const uint32_t integer : run("fma.rn.sat.f32 %r0, %r1, %r2, %r3;"))
    ASSERT_EQ(integer % 2, 0U);
  EXPECT_EQ(run("fma.rn.sat.f32 %r0, %r1, %r2, %r3;"),
            run("fma.rn.f32 %r4, %r2, %r1, %r3; cvt.sat.f32.f32 %r0, %r4;"));
}

TEST_F(ModularArithmetic, WhatHasNoMeaningIsRefused) {
  for (const char *instruction :
       {"cvt.rn.f32.s32 %r0, %r1;", "copysign.f32 %r0, %r1, %r2;"}) {
    const std::string ptx = kernelOf(instruction, 0);
    EXPECT_NO_THROW(parse(ptx)) << instruction;
    expectFault(Fault::Unsupported, instruction, "does not know",
                [&] { parse(ptx, Arithmetic::Modular); });
  }
}

} // namespace
