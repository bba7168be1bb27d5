//===- ModularOpcodes.cpp - f32 as integers modulo 2^32 -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ModularArithmetic.h says what the rows mean, and why.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ModularArithmetic.h"
#include "runtime/emulator/Opcodes.h"

#include <algorithm>

using namespace minrnn;
using namespace minrnn::emulator;

namespace {

enum class OpaqueFunction : uint32_t {
  Quotient = 1,
  Root,
  Reciprocal,
  Power,
  Logarithm,
  Saturation,
  NearestIntegral,
  IntegralTowardsZero,
  IntegralBelow,
  IntegralAbove,
  HyperbolicTangent,
};

/// Scatters an integer over all others, one to one.
uint32_t scatter(uint32_t x) {
  x = (x ^ x >> 16) * 0x85EBCA6B;
  x = (x ^ x >> 13) * 0xC2B2AE35;
  return x ^ x >> 16;
}

/// A number that only the function and the operand determine; odd.
template <OpaqueFunction F> uint32_t opaque(uint32_t x) {
  return scatter(x + uint32_t(F) * 0x9E3779B9) | 1;
}

/// The same, but even.
uint32_t saturated(uint32_t x) {
  return opaque<OpaqueFunction::Saturation>(x) - 1;
}

/// An integral number modulo 2^32; 0 for what is beyond 2^62.
uint32_t lowBits(double a) {
  const bool isInRange = a > -0x1p62 && a < 0x1p62;
  return uint32_t(int64_t(isInRange ? a : 0.0));
}

/// `F` on the integers that its operands stand for.
template <typename F> struct OnIntegers {
  template <typename... T> float operator()(T... values) const {
    return fromInteger(F{}(toInteger(values)...));
  }
};

/// Adds a row for `name`.f32 of so many operands.
template <typename... Sources, typename F>
void add(OpcodeTable &table, const std::string &name, F) {
  table.add<float, Sources...>(name + ".f32", OnIntegers<F>());
}

/// The same in every rounding mode.
template <typename... Sources, typename F>
void addRounded(OpcodeTable &table, const std::string &name, F f) {
  for (const char *mode : {"", ".rn", ".rz", ".rm", ".rp"})
    add<Sources...>(table, name + mode, f);
}

} // namespace

void OpcodeTable::makeModular() {
  using U = uint32_t;
  const auto computesWithSingles = [](const auto &row) {
    const auto &[name, opcode] = row;
    const bool hasSingles = opcode.result == Type::F32 ||
                            std::ranges::count(opcode.sources, Type::F32) != 0;
    const bool isOfBits =
        name.starts_with("selp") || name.ends_with("f16.f32") ||
        name.ends_with("f32.f16") || name.ends_with("f32.bf16");
    return hasSingles && !isOfBits;
  };
  std::erase_if(rows, computesWithSingles);

  addRounded<float, float>(*this, "add", [](U a, U b) { return a + b; });
  addRounded<float, float>(*this, "sub", [](U a, U b) { return a - b; });
  addRounded<float, float>(*this, "mul", [](U a, U b) { return a * b; });
  addRounded<float, float, float>(*this, "fma",
                                  [](U a, U b, U c) { return a * b + c; });
  ::add<float>(*this, "neg", [](U a) { return 0 - a; });
  ::add<float>(*this, "abs", [](U a) { return int32_t(a) < 0 ? 0 - a : a; });
  ::add<float, float>(*this, "min",
                      [](U a, U b) { return int32_t(a) < int32_t(b) ? a : b; });
  ::add<float, float>(*this, "max",
                      [](U a, U b) { return int32_t(a) > int32_t(b) ? a : b; });
  addComparisonsOf<float>(*this, ".f32",
                          [](float a) { return int32_t(toInteger(a)); });

  addRounded<float, float>(*this, "div", [](U a, U b) {
    return opaque<OpaqueFunction::Quotient>(scatter(a) + b);
  });
  addRounded<float>(*this, "sqrt",
                    [](U a) { return opaque<OpaqueFunction::Root>(a); });
  addRounded<float>(*this, "rcp",
                    [](U a) { return opaque<OpaqueFunction::Reciprocal>(a); });
  const auto addUnary = [&]<OpaqueFunction Kind>(const std::string &name) {
    ::add<float>(*this, name, [](U a) { return opaque<Kind>(a); });
  };
  for (const char *mode : {".approx", ".approx.ftz"}) {
    addUnary.operator()<OpaqueFunction::Power>(std::string("ex2") + mode);
    addUnary.operator()<OpaqueFunction::Logarithm>(std::string("lg2") + mode);
    addUnary.operator()<OpaqueFunction::Reciprocal>(std::string("rcp") + mode);
    addUnary.operator()<OpaqueFunction::Root>(std::string("sqrt") + mode);
  }
  addUnary.operator()<OpaqueFunction::HyperbolicTangent>("tanh.approx");
  addUnary.operator()<OpaqueFunction::NearestIntegral>("cvt.rni.f32");
  addUnary.operator()<OpaqueFunction::IntegralTowardsZero>("cvt.rzi.f32");
  addUnary.operator()<OpaqueFunction::IntegralBelow>("cvt.rmi.f32");
  addUnary.operator()<OpaqueFunction::IntegralAbove>("cvt.rpi.f32");
  add<double, float>("cvt.f64.f32",
                     [](float a) { return double(int32_t(toInteger(a))); });
  add<float, double>("cvt.rn.f32.f64",
                     [](double a) { return fromInteger(lowBits(a)); });
  ::add<float>(*this, "cvt.sat.f32", [](U a) { return saturated(a); });
  ::add<float, float, float>(
      *this, "fma.rn.sat", [](U a, U b, U c) { return saturated(a * b + c); });
}
