//===- FloatOpcodes.cpp - Floating-point numbers, lane by lane ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section "Floating Point Instructions" of the PTX ISA, and cvt. Rounding to
// nearest is what the host does; for the other modes the host is told to round
// so while one instruction runs. This file is compiled with -frounding-math.
//
// The approximate functions are computed with the host's library, whose errors
// of about one unit in the last place lie within those that the ISA allows; but
// tanh.approx, whose 2^-11 is no detail, errs by as much. Special values are as
// its tables have them.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/HalfFormats.h"
#include "runtime/emulator/Opcodes.h"

#include <bit>
#include <cfenv>
#include <cmath>

using namespace minrnn;
using namespace minrnn::emulator;

namespace {

/// .ftz: subnormal numbers become zero of the same sign.
float flush(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  bool subnormal = (bits & 0x7F800000) == 0;
  return std::bit_cast<float>(subnormal ? bits & 0x80000000 : bits);
}

/// Operations on .f32 that result in NaN give the canonical one, 0x7FFFFFFF.
float canonical(float value) {
  return value != value ? std::bit_cast<float>(0x7FFFFFFFu) : value;
}
double canonical(double value) { return value; }

template <typename F> struct Canonical {
  template <typename... T> auto operator()(T... values) const {
    return canonical(F{}(values...));
  }
};

/// Runs a handler while the host rounds as `mode` says.
template <typename Lanes>
void directed(Warp &warp, const Instruction &instruction, uint32_t mask) {
  static constexpr int modes[] = {FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  int before = std::fegetround();
  std::fesetround(modes[instruction.mode]);
  Lanes::narrow(warp, instruction, mask);
  std::fesetround(before);
}

/// Adds a function of so many `T`, rounded in every mode; the plain name rounds
/// to nearest.
template <typename T, typename... Sources, typename F>
void addRounded(OpcodeTable &table, const std::string &base,
                const std::string &type, F) {
  table.add<T, Sources...>(base + type, Canonical<F>());
  table.add<T, Sources...>(base + ".rn" + type, Canonical<F>());
  uint8_t mode = 0;
  for (const char *suffix : {".rz", ".rm", ".rp"}) {
    std::string name = base;
    name.append(suffix).append(type);
    table.set<T, Sources...>(
        name, directed<Lanewise<Canonical<F>, T, Sources...>>, mode++);
  }
}

/// Adds an approximate function, with and without .ftz.
template <typename F>
void addApproximate(OpcodeTable &table, const std::string &base, F) {
  table.add<float, float>(base + ".approx.f32", Canonical<F>());
  table.add<float, float>(base + ".approx.ftz.f32", [](float a) {
    return flush(canonical(F{}(flush(a))));
  });
}

/// min and max ignore a NaN unless both operands are, and order -0 below +0.
template <bool Max> struct Extremum {
  template <typename T> T operator()(T a, T b) const {
    bool first = a < b || (a == b && std::signbit(a));
    T result = first != Max ? a : b;
    result = a != a ? b : result;
    return b != b ? a : result;
  }
};

struct Fma {
  float operator()(float a, float b, float c) const {
    return __builtin_fmaf(a, b, c);
  }
  double operator()(double a, double b, double c) const {
    return __builtin_fma(a, b, c);
  }
};

/// .sat: clamped to [0, 1], NaN to 0.
float saturate(float value) {
  float low = value > 0 ? value : 0;
  return low < 1 ? low : 1;
}

/// tanh.approx: off by what the ISA allows, 2^-11 of the result, upwards or
/// downwards as the bits of the operand happen to be; but not beyond 1, which
/// is tanh of infinity.
float approximateTanh(float a) {
  if (a != a || std::isinf(a))
    return canonical(std::tanh(a));
  // So much less that rounding adds nothing to it.
  constexpr double largest = 0x1p-11 - 0x1p-24;
  const uint32_t scattered = std::bit_cast<uint32_t>(a) * 0x9E3779B9U;
  const double exact = std::tanh(double(a));
  const double error = (scattered >> 31) != 0 ? largest : -largest;
  const double found = exact * (1 + error);
  return float(std::fabs(found) < 1 ? found : std::copysign(1.0, exact));
}

/// To the nearest integral value, half to even, whatever the host's mode.
float roundEven(float value) {
  float low = std::floor(value), rest = value - low;
  if (rest > 0.5F || (rest == 0.5F && std::fmod(low, 2.0F) != 0))
    low += 1;
  return std::copysign(low, value);
}

template <typename Format>
void addHalf(OpcodeTable &table, const std::string &type) {
  table.add<uint16_t, float>("cvt.rn" + type + ".f32",
                             [](float a) { return roundTo<Format>(a); });
  table.add<float, uint16_t>("cvt.f32" + type, [](uint16_t bits) {
    return canonical(float(valueOf<Format>(bits)));
  });
  table.add<uint16_t, uint16_t>(
      "abs" + type, [](uint16_t a) { return uint16_t(a & 0x7FFF); });
  table.add<uint16_t, uint16_t>(
      "neg" + type, [](uint16_t a) { return uint16_t(a ^ 0x8000); });
}

} // namespace

void OpcodeTable::addFloats() {
  forFloats([&](auto zero, const std::string &type) {
    using T = decltype(zero);
    addRounded<T, T, T>(*this, "add", type, [](T a, T b) { return a + b; });
    addRounded<T, T, T>(*this, "sub", type, [](T a, T b) { return a - b; });
    addRounded<T, T, T>(*this, "mul", type, [](T a, T b) { return a * b; });
    addRounded<T, T, T>(*this, "div", type, [](T a, T b) { return a / b; });
    addRounded<T, T, T, T>(*this, "fma", type, Fma());
    addRounded<T, T>(*this, "sqrt", type, [](T a) { return std::sqrt(a); });
    addRounded<T, T>(*this, "rcp", type, [](T a) { return 1 / a; });
    add<T, T, T>("min" + type, Canonical<Extremum<false>>());
    add<T, T, T>("max" + type, Canonical<Extremum<true>>());
    add<T, T>("neg" + type, [](T a) { return canonical(-a); });
    add<T, T>("abs" + type, [](T a) { return canonical(std::fabs(a)); });
    // The sign of a on the magnitude of b.
    add<T, T, T>("copysign" + type,
                 [](T a, T b) { return std::copysign(b, a); });
  });
  add<float, float, float, float>(
      "fma.rn.sat.f32",
      [](float a, float b, float c) { return saturate(Fma()(a, b, c)); });
  addApproximate(*this, "ex2", [](float a) { return std::exp2(a); });
  addApproximate(*this, "lg2", [](float a) { return std::log2(a); });
  addApproximate(*this, "rcp", [](float a) { return 1 / a; });
  addApproximate(*this, "rsqrt", [](float a) { return 1 / std::sqrt(a); });
  addApproximate(*this, "sqrt", [](float a) { return std::sqrt(a); });
  add<float, float>("tanh.approx.f32",
                    [](float a) { return approximateTanh(a); });
  add<double, double>("rcp.approx.ftz.f64", [](double a) { return 1 / a; });
}

void OpcodeTable::addConversions() {
  forIntegers([&](auto from, const std::string &fromType) {
    using From = decltype(from);
    forIntegers([&](auto to, const std::string &toType) {
      using To = decltype(to);
      add<To, From>("cvt" + toType + fromType, [](From a) { return To(a); });
    });
    forFloats([&](auto to, const std::string &toType) {
      using To = decltype(to);
      add<To, From>("cvt.rn" + toType + fromType, [](From a) { return To(a); });
    });
  });
  add<double, float>("cvt.f64.f32", [](float a) { return double(a); });
  add<float, double>("cvt.rn.f32.f64",
                     [](double a) { return canonical(float(a)); });
  add<float, float>("cvt.sat.f32.f32", [](float a) { return saturate(a); });
  auto addIntegral = [&](const char *name, auto round) {
    add<float, float>("cvt." + std::string(name) + ".f32.f32",
                      Canonical<decltype(round)>());
  };
  addIntegral("rni", [](float a) { return roundEven(a); });
  addIntegral("rzi", [](float a) { return std::trunc(a); });
  addIntegral("rmi", [](float a) { return std::floor(a); });
  addIntegral("rpi", [](float a) { return std::ceil(a); });
  addHalf<Half>(*this, ".f16");
  addHalf<BFloat>(*this, ".bf16");
}
