//===- FloatArithmetic.cpp - Arithmetic on .f32 and .f64 ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section "Floating Point Instructions" of the PTX ISA. Rounding to nearest is
// what the host does; for the other modes the host is told to round so while
// one instruction runs. This file is compiled with -frounding-math.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/FloatFormats.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/RoundingMode.h"
#include "runtime/emulator/Selection.h"

#include <cmath>
#include <type_traits>

using namespace minrnn;
using namespace minrnn::emulator;

namespace minrnn::emulator {
void selectFloatArithmetic(Selection &selection);
} // namespace minrnn::emulator

namespace {

struct Modifiers {
  Rounding rounding = Rounding::Nearest;
  bool flushes = false;
  bool saturates = false;
};

Modifiers takeModifiers(Selection &selection) {
  Modifiers modifiers;
  int rounding = selection.takeOneOf({"rn", "rz", "rm", "rp"});
  if (rounding >= 0)
    modifiers.rounding = static_cast<Rounding>(rounding);
  modifiers.flushes = selection.take("ftz");
  modifiers.saturates = selection.take("sat");
  return modifiers;
}

/// A function applied with flushed operands and result, as .ftz asks, and with
/// a saturated result, as .sat asks.
template <bool Flush, bool Saturate, typename F> struct Applied {
  template <typename T> T operator()(T a) const { return out(F{}(in(a))); }
  template <typename T> T operator()(T a, T b) const {
    return out(F{}(in(a), in(b)));
  }
  template <typename T> T operator()(T a, T b, T c) const {
    return out(F{}(in(a), in(b), in(c)));
  }
  template <typename T> static T in(T value) {
    if constexpr (Flush && std::is_same_v<T, float>)
      return flush(value);
    return value;
  }
  template <typename T> static T out(T value) {
    value = in(value);
    if constexpr (Saturate)
      return saturate(value);
    return canonical(value);
  }
};

/// Runs a handler while the host rounds as the instruction says.
template <typename Chosen>
void directed(Warp &warp, const Instruction &instruction, uint32_t mask) {
  RoundingScope scope(static_cast<Rounding>(instruction.mode));
  Chosen::narrow(warp, instruction, mask);
}

template <typename F, typename T, typename... Sources>
Handler choose(Instruction &instruction, Rounding rounding) {
  instruction.mode = static_cast<uint8_t>(rounding);
  if (rounding == Rounding::Nearest)
    return lanewise<T, Sources...>(F{});
  return directed<Lanewise<F, T, Sources...>>;
}

template <typename T, typename F, typename... Sources>
void setHandler(Selection &selection, const Modifiers &modifiers) {
  Instruction &instruction = selection.instruction;
  Rounding rounding = modifiers.rounding;
  if (modifiers.flushes && modifiers.saturates)
    instruction.handler =
        choose<Applied<true, true, F>, T, Sources...>(instruction, rounding);
  else if (modifiers.flushes)
    instruction.handler =
        choose<Applied<true, false, F>, T, Sources...>(instruction, rounding);
  else if (modifiers.saturates)
    instruction.handler =
        choose<Applied<false, true, F>, T, Sources...>(instruction, rounding);
  else
    instruction.handler =
        choose<Applied<false, false, F>, T, Sources...>(instruction, rounding);
}

void takeOperands(Selection &selection, Type type, unsigned sources) {
  selection.expectOperands(sources + 1);
  selection.instruction.destination[0] = selection.destination(0, type);
  for (unsigned i = 0; i < sources; ++i)
    selection.instruction.source[i] = selection.source(i + 1, type);
}

template <typename F>
void unary(Selection &selection, Type type, const Modifiers &modifiers, F) {
  takeOperands(selection, type, 1);
  if (type == Type::F32)
    setHandler<float, F, float>(selection, modifiers);
  else if (type == Type::F64)
    setHandler<double, F, double>(selection, modifiers);
  else
    selection.wrongType(type);
}

template <typename F>
void binary(Selection &selection, Type type, const Modifiers &modifiers, F) {
  takeOperands(selection, type, 2);
  if (type == Type::F32)
    setHandler<float, F, float, float>(selection, modifiers);
  else if (type == Type::F64)
    setHandler<double, F, double, double>(selection, modifiers);
  else
    selection.wrongType(type);
}

template <typename F>
void ternary(Selection &selection, Type type, const Modifiers &modifiers, F) {
  takeOperands(selection, type, 3);
  if (type == Type::F32)
    setHandler<float, F, float, float, float>(selection, modifiers);
  else if (type == Type::F64)
    setHandler<double, F, double, double, double>(selection, modifiers);
  else
    selection.wrongType(type);
}

struct Fma {
  float operator()(float a, float b, float c) const {
    return __builtin_fmaf(a, b, c);
  }
  double operator()(double a, double b, double c) const {
    return __builtin_fma(a, b, c);
  }
};

/// min and max ignore a NaN unless both operands are, and order -0 below +0.
template <bool Max> struct Extremum {
  template <typename T> T operator()(T a, T b) const {
    bool first = a < b || (a == b && std::signbit(a));
    T result = first != Max ? a : b;
    result = a != a ? b : result;
    return b != b ? a : result;
  }
};

/// .NaN: a NaN operand makes the result one.
template <bool Max> struct ExtremumOrNaN {
  template <typename T> T operator()(T a, T b) const {
    T result = Extremum<Max>{}(a, b);
    return a != a || b != b ? a + b : result;
  }
};

void selectExtremum(Selection &selection, Type type, bool max) {
  bool propagates = selection.take("NaN");
  if (selection.take("xorsign"))
    selection.unsupported("'.xorsign'");
  Modifiers modifiers = takeModifiers(selection);
  if (max)
    propagates ? binary(selection, type, modifiers, ExtremumOrNaN<true>())
               : binary(selection, type, modifiers, Extremum<true>());
  else
    propagates ? binary(selection, type, modifiers, ExtremumOrNaN<false>())
               : binary(selection, type, modifiers, Extremum<false>());
}

void selectDivide(Selection &selection, Type type) {
  // .approx and .full allow 2 ulp; the exact quotient is within that. For
  // a divisor between 2^126 and 2^128 .approx gives 0, or NaN for an infinite
  // dividend.
  bool approximate = selection.take("approx");
  bool full = !approximate && selection.take("full");
  Modifiers modifiers = takeModifiers(selection);
  if (approximate || full)
    selection.instruction.specialFunctions = 1;
  if (approximate) {
    binary(selection, type, modifiers, [](auto a, auto b) {
      auto size = std::fabs(b);
      bool huge = size > decltype(a)(0x1p126) && !std::isinf(size);
      auto scaled = a * decltype(a)(0);
      return huge ? scaled : a / b;
    });
    return;
  }
  binary(selection, type, modifiers, [](auto a, auto b) { return a / b; });
}

/// Sign changes work on the bits: neg and abs of a NaN stay that NaN's payload
/// on .f64 and the half formats, and the canonical NaN on .f32.
void selectSign(Selection &selection, Type type, bool abs) {
  if (type == Type::F16 || type == Type::BF16) {
    takeOperands(selection, type, 1);
    selection.instruction.handler =
        abs ? lanewise<uint16_t, uint16_t>(
                  [](uint16_t a) { return uint16_t(a & 0x7FFF); })
            : lanewise<uint16_t, uint16_t>(
                  [](uint16_t a) { return uint16_t(a ^ 0x8000); });
    return;
  }
  Modifiers modifiers = takeModifiers(selection);
  if (abs)
    unary(selection, type, modifiers, [](auto a) { return std::fabs(a); });
  else
    unary(selection, type, modifiers, [](auto a) { return -a; });
}

void selectFma(Selection &selection) {
  Type type = selection.takeType();
  Modifiers modifiers = takeModifiers(selection);
  ternary(selection, type, modifiers, Fma());
}

/// copysign d, a, b: the sign of a on the magnitude of b.
void selectCopySign(Selection &selection) {
  Type type = selection.takeType();
  takeOperands(selection, type, 2);
  Instruction &instruction = selection.instruction;
  if (type == Type::F32)
    instruction.handler = lanewise<float, float, float>(
        [](float a, float b) { return std::copysign(b, a); });
  else if (type == Type::F64)
    instruction.handler = lanewise<double, double, double>(
        [](double a, double b) { return std::copysign(b, a); });
  else
    selection.wrongType(type);
}

} // namespace

void minrnn::emulator::selectFloatArithmetic(Selection &selection) {
  Type type = selection.takeType();
  std::string_view base = selection.base();
  if (base == "min" || base == "max")
    return selectExtremum(selection, type, base == "max");
  if (base == "div")
    return selectDivide(selection, type);
  if (base == "abs" || base == "neg")
    return selectSign(selection, type, base == "abs");
  Modifiers modifiers = takeModifiers(selection);
  if (base == "add")
    return binary(selection, type, modifiers,
                  [](auto a, auto b) { return a + b; });
  if (base == "sub")
    return binary(selection, type, modifiers,
                  [](auto a, auto b) { return a - b; });
  if (base == "mul")
    return binary(selection, type, modifiers,
                  [](auto a, auto b) { return a * b; });
  if (base == "mad")
    return ternary(selection, type, modifiers, Fma());
  selection.wrongType(type);
}

void minrnn::emulator::addFloatInstructions(SelectorTable &table) {
  table["fma"] = selectFma;
  table["copysign"] = selectCopySign;
}
