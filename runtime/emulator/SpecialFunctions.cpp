//===- SpecialFunctions.cpp - Approximate functions, and roots and reciprocals
//===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The approximate functions are computed with the host's library, whose errors
// of about one unit in the last place lie within those that section "Floating
// Point Instructions" of the PTX ISA allows. Special values are as its tables
// have them.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/FloatFormats.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/RoundingMode.h"
#include "runtime/emulator/Selection.h"

#include <cmath>

using namespace minrnn;
using namespace minrnn::emulator;

namespace {

template <bool Flush, typename F> struct Applied {
  float operator()(float a) const {
    float value = canonical(F{}(Flush ? flush(a) : a));
    return Flush ? flush(value) : value;
  }
  double operator()(double a) const { return F{}(a); }
};

template <typename F>
void directed(Warp &warp, const Instruction &instruction, uint32_t mask) {
  RoundingScope scope(static_cast<Rounding>(instruction.mode));
  F::narrow(warp, instruction, mask);
}

template <typename F>
void chooseUnary(Selection &selection, Type type, bool flushes,
                 Rounding rounding, F) {
  selection.expectOperands(2);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, type);
  instruction.source[0] = selection.source(1, type);
  instruction.mode = static_cast<uint8_t>(rounding);
  using Flushing = Applied<true, F>;
  using Keeping = Applied<false, F>;
  if (rounding != Rounding::Nearest) {
    if (type == Type::F64)
      instruction.handler = directed<Lanewise<Keeping, double, double>>;
    else if (flushes)
      instruction.handler = directed<Lanewise<Flushing, float, float>>;
    else
      instruction.handler = directed<Lanewise<Keeping, float, float>>;
    return;
  }
  if (type == Type::F64)
    instruction.handler = lanewise<double, double>(Keeping());
  else if (flushes)
    instruction.handler = lanewise<float, float>(Flushing());
  else
    instruction.handler = lanewise<float, float>(Keeping());
}

struct Modifiers {
  bool approximate = false;
  bool flushes = false;
  Rounding rounding = Rounding::Nearest;
  Type type = Type::F32;
};

Modifiers takeModifiers(Selection &selection) {
  Modifiers modifiers;
  modifiers.approximate = selection.take("approx");
  int rounding = selection.takeOneOf({"rn", "rz", "rm", "rp"});
  if (rounding >= 0)
    modifiers.rounding = static_cast<Rounding>(rounding);
  modifiers.flushes = selection.take("ftz");
  modifiers.type = selection.takeType();
  if (modifiers.type != Type::F32 && modifiers.type != Type::F64)
    selection.wrongType(modifiers.type);
  if (modifiers.approximate)
    selection.instruction.specialFunctions = 1;
  return modifiers;
}

void selectReciprocal(Selection &selection) {
  Modifiers m = takeModifiers(selection);
  chooseUnary(selection, m.type, m.flushes, m.rounding,
              [](auto a) { return decltype(a)(1) / a; });
}

void selectSquareRoot(Selection &selection) {
  Modifiers m = takeModifiers(selection);
  chooseUnary(selection, m.type, m.flushes, m.rounding,
              [](auto a) { return std::sqrt(a); });
}

/// ex2 and lg2.
template <typename F> void selectFunction(Selection &selection, F f) {
  Modifiers m = takeModifiers(selection);
  if (!m.approximate)
    selection.fail("expected .approx");
  if (m.type != Type::F32)
    selection.wrongType(m.type);
  chooseUnary(selection, m.type, m.flushes, Rounding::Nearest, f);
}

} // namespace

void minrnn::emulator::addSpecialFunctionInstructions(SelectorTable &table) {
  table["rcp"] = selectReciprocal;
  table["sqrt"] = selectSquareRoot;
  table["ex2"] = [](Selection &selection) {
    selectFunction(selection,
                   [](auto a) { return decltype(a)(std::exp2(float(a))); });
  };
  table["lg2"] = [](Selection &selection) {
    selectFunction(selection,
                   [](auto a) { return decltype(a)(std::log2(float(a))); });
  };
}
