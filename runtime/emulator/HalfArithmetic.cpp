//===- HalfArithmetic.cpp - Arithmetic on .f16 and .bf16 ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section "Half Precision Floating Point Instructions" of the PTX ISA. Values
// are taken to double, where products are exact and sums are rounded to odd,
// so that the one rounding to the format is the right one.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/HalfFormats.h"
#include "runtime/emulator/FloatFormats.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Selection.h"

#include <cmath>

using namespace minrnn;
using namespace minrnn::emulator;

namespace minrnn::emulator {
void selectHalfArithmetic(Selection &selection);
} // namespace minrnn::emulator

namespace {

/// The value, .ftz applied: subnormal operands and results become zero.
template <typename Format> double load(uint16_t bits, bool flushes) {
  constexpr uint16_t exponent = ((1 << Format::exponentBits) - 1)
                                << Format::mantissaBits;
  if (flushes && !(bits & exponent))
    bits &= 0x8000;
  return valueOf<Format>(bits);
}

template <typename Format>
uint16_t store(double value, bool flushes, bool saturates) {
  if (saturates)
    value = saturate(value);
  uint16_t bits = roundTo<Format>(value, Rounding::Nearest);
  constexpr uint16_t exponent = ((1 << Format::exponentBits) - 1)
                                << Format::mantissaBits;
  if (flushes && !(bits & exponent))
    bits &= 0x8000;
  return bits;
}

double extremum(double a, double b, bool max) {
  if (std::isnan(a))
    return b;
  if (std::isnan(b))
    return a;
  bool first = a < b || (a == b && std::signbit(a));
  return first != max ? a : b;
}

enum class Operator : uint8_t {
  Add,
  Sub,
  Mul,
  Fma,
  FmaRelu,
  Min,
  Max,
  MinNaN,
  MaxNaN,
  Abs,
  Neg,
};

template <typename Format>
uint16_t apply(Operator op, uint16_t a16, uint16_t b16, uint16_t c16,
               bool flushes, bool saturates) {
  // Signs are changed on the bits, so that NaN and subnormals stay.
  if (op == Operator::Neg || op == Operator::Abs) {
    uint16_t bits = op == Operator::Neg ? a16 ^ 0x8000 : a16 & 0x7FFF;
    return flushes ? store<Format>(load<Format>(bits, true), true, false)
                   : bits;
  }
  double a = load<Format>(a16, flushes), b = load<Format>(b16, flushes);
  double result = 0;
  switch (op) {
  case Operator::Add:
    result = addToOdd(a, b);
    break;
  case Operator::Sub:
    result = addToOdd(a, -b);
    break;
  case Operator::Mul:
    result = a * b;
    break;
  case Operator::Fma:
  case Operator::FmaRelu:
    result = addToOdd(a * b, load<Format>(c16, flushes));
    if (op == Operator::FmaRelu && result < 0)
      result = 0;
    break;
  case Operator::Min:
  case Operator::Max:
    result = extremum(a, b, op == Operator::Max);
    break;
  case Operator::MinNaN:
  case Operator::MaxNaN:
    result = std::isnan(a) || std::isnan(b)
                 ? NAN
                 : extremum(a, b, op == Operator::MaxNaN);
    break;
  default:
    break;
  }
  return store<Format>(result, flushes, saturates);
}

/// Bits of `mode`: the operator in the low five, then .ftz and .sat.
constexpr uint8_t flushBit = 32, saturateBit = 64;

/// Lanes hold one value, or two of 16 bits side by side.
template <typename Format, unsigned Values>
void execute(Warp &warp, const Instruction &instruction, uint32_t mask) {
  auto op = static_cast<Operator>(instruction.mode & 31);
  bool flushes = instruction.mode & flushBit;
  bool saturates = instruction.mode & saturateBit;
  const uint16_t *a = warp.lanes<uint16_t>(instruction.source[0]);
  const uint16_t *b = instruction.source[1] == noSlot
                          ? a
                          : warp.lanes<uint16_t>(instruction.source[1]);
  const uint16_t *c = instruction.source[2] == noSlot
                          ? a
                          : warp.lanes<uint16_t>(instruction.source[2]);
  uint16_t *to = warp.lanes<uint16_t>(instruction.destination[0]);
  for (unsigned i = 0; i < warpSize * Values; ++i)
    if (mask >> (i / Values) & 1)
      to[i] = apply<Format>(op, a[i], b[i], c[i], flushes, saturates);
}

} // namespace

void minrnn::emulator::selectHalfArithmetic(Selection &selection) {
  Type type = selection.takeType();
  std::string_view base = selection.base();
  selection.take("rn");
  uint8_t mode = 0;
  if (selection.take("ftz"))
    mode |= flushBit;
  if (selection.take("sat"))
    mode |= saturateBit;
  bool propagates = selection.take("NaN");
  bool relu = selection.take("relu");
  unsigned sources = 2;
  Operator op;
  if (base == "add") {
    op = Operator::Add;
  } else if (base == "sub") {
    op = Operator::Sub;
  } else if (base == "mul") {
    op = Operator::Mul;
  } else if (base == "fma") {
    op = relu ? Operator::FmaRelu : Operator::Fma;
    sources = 3;
  } else if (base == "min") {
    op = propagates ? Operator::MinNaN : Operator::Min;
  } else if (base == "max") {
    op = propagates ? Operator::MaxNaN : Operator::Max;
  } else if (base == "abs") {
    op = Operator::Abs;
    sources = 1;
  } else if (base == "neg") {
    op = Operator::Neg;
    sources = 1;
  } else {
    selection.wrongType(type);
  }
  if ((relu && base != "fma") || (propagates && base != "min" && base != "max"))
    selection.unsupported("this modifier on '" + std::string(base) + "'");
  selection.expectOperands(sources + 1);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, type);
  for (unsigned i = 0; i < sources; ++i)
    instruction.source[i] = selection.source(i + 1, type);
  instruction.mode = mode | static_cast<uint8_t>(op);
  switch (type) {
  case Type::F16:
    instruction.handler = execute<Half, 1>;
    break;
  case Type::F16x2:
    instruction.handler = execute<Half, 2>;
    break;
  case Type::BF16:
    instruction.handler = execute<BFloat, 1>;
    break;
  case Type::BF16x2:
    instruction.handler = execute<BFloat, 2>;
    break;
  default:
    selection.wrongType(type);
  }
}
