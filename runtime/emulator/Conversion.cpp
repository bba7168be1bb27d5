//===- Conversion.cpp - Conversions between types -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cvt. Common conversions have vector code; all others go through one function
// of a lane's bits. This file is compiled with -frounding-math.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/HalfFormats.h"
#include "runtime/emulator/FloatFormats.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/RoundingMode.h"
#include "runtime/emulator/Selection.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace minrnn;
using namespace minrnn::emulator;

namespace {

struct Conversion {
  Type to = Type::B32, from = Type::B32;
  uint8_t toWidth = 4, fromWidth = 4;
  Rounding rounding = Rounding::Nearest;
  /// Rounds to an integral value (rni, rzi, rmi, rpi).
  bool integral = false;
  bool flushes = false;
  bool saturates = false;
  bool relu = false;
};

//===----------------------------------------------------------------------===//
// One lane
//===----------------------------------------------------------------------===//

double roundIntegral(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  default: {
    // Half to even, whatever the host's rounding mode.
    double low = std::floor(value), rest = value - low;
    if (rest > 0.5 || (rest == 0.5 && std::fmod(low, 2.0) != 0))
      low += 1;
    return std::copysign(low, value);
  }
  }
}

uint64_t maskOf(Type type) {
  unsigned bits = 8 * byteWidth(type);
  return bits >= 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
}

int64_t signExtend(uint64_t bits, Type type) {
  unsigned unused = 64 - 8 * byteWidth(type);
  return int64_t(bits << unused) >> unused;
}

/// Saturates, as the ISA has it for every conversion to an integer. A NaN gives
/// 0, except from .f64 or to 64 bits: there the highest bit alone.
uint64_t toInteger(double value, Type to, bool fromDouble) {
  unsigned bits = 8 * byteWidth(to);
  if (std::isnan(value))
    return fromDouble || bits == 64 ? uint64_t(1) << (bits - 1) : 0;
  if (isSigned(to)) {
    double limit = std::ldexp(1.0, int(bits) - 1);
    if (value >= limit)
      return (uint64_t(1) << (bits - 1)) - 1;
    if (value < -limit)
      return uint64_t(1) << (bits - 1);
    return uint64_t(int64_t(value));
  }
  if (value <= 0)
    return 0;
  return value >= std::ldexp(1.0, int(bits)) ? maskOf(to) : uint64_t(value);
}

double floatValue(uint64_t bits, Type from, bool flushes) {
  switch (from) {
  case Type::F16:
    return valueOf<Half>(bits);
  case Type::BF16:
    return valueOf<BFloat>(bits);
  case Type::F32: {
    auto value = std::bit_cast<float>(uint32_t(bits));
    return flushes ? flush(value) : value;
  }
  default:
    return std::bit_cast<double>(bits);
  }
}

/// The host's rounding mode applies where the value needs rounding to .f32.
uint64_t floatBits(double value, Type to, const Conversion &how) {
  if (how.saturates)
    value = saturate(value);
  if (how.relu && !(value > 0))
    value = std::isnan(value) ? value : 0;
  switch (to) {
  case Type::F16:
    return roundTo<Half>(value, how.rounding);
  case Type::BF16:
    return roundTo<BFloat>(value, how.rounding);
  case Type::F32: {
    float narrow = canonical(static_cast<float>(value));
    return std::bit_cast<uint32_t>(how.flushes ? flush(narrow) : narrow);
  }
  default:
    return std::bit_cast<uint64_t>(value);
  }
}

uint64_t integerToFloat(uint64_t bits, const Conversion &how) {
  bool negative = isSigned(how.from) && signExtend(bits, how.from) < 0;
  auto convert = [&](auto zero) {
    using T = decltype(zero);
    return isSigned(how.from) ? static_cast<T>(signExtend(bits, how.from))
                              : static_cast<T>(bits);
  };
  if (how.to == Type::F32)
    return floatBits(convert(float()), how.to, how);
  if (how.to == Type::F64)
    return floatBits(convert(double()), how.to, how);
  // Two parts that are exact in double, joined with rounding to odd.
  uint64_t magnitude = negative ? -uint64_t(signExtend(bits, how.from)) : bits;
  double value = addToOdd(std::ldexp(double(magnitude >> 32), 32),
                          double(magnitude & 0xFFFFFFFF));
  return floatBits(negative ? -value : value, how.to, how);
}

uint64_t integerToInteger(uint64_t bits, const Conversion &how) {
  if (!how.saturates)
    return isSigned(how.from) ? uint64_t(signExtend(bits, how.from)) : bits;
  unsigned width = 8 * byteWidth(how.to);
  bool toSigned = isSigned(how.to);
  uint64_t highest = toSigned ? maskOf(how.to) >> 1 : maskOf(how.to);
  if (!isSigned(how.from))
    return std::min(bits, highest);
  int64_t value = signExtend(bits, how.from);
  if (value < 0)
    return toSigned
               ? uint64_t(std::max(value, -(int64_t(1) << (width - 2)) * 2))
               : 0;
  return std::min(uint64_t(value), highest);
}

/// Converts the low bits of a register; the result fills the register it goes
/// to, extended as its type has it.
uint64_t convertBits(uint64_t bits, const Conversion &how) {
  bits &= maskOf(how.from);
  uint64_t result;
  if (!isFloat(how.from)) {
    result = isFloat(how.to) ? integerToFloat(bits, how)
                             : integerToInteger(bits, how);
  } else {
    double value = floatValue(bits, how.from, how.flushes);
    if (how.integral)
      value = roundIntegral(value, how.rounding);
    result = isFloat(how.to) ? floatBits(value, how.to, how)
                             : toInteger(value, how.to, how.from == Type::F64);
  }
  result &= maskOf(how.to);
  return isSigned(how.to) ? uint64_t(signExtend(result, how.to)) : result;
}

//===----------------------------------------------------------------------===//
// Handlers
//===----------------------------------------------------------------------===//

/// A Conversion in 64 bits of `immediate`.
int64_t pack(const Conversion &c) {
  uint64_t flags = c.integral | c.flushes << 1 | c.saturates << 2 | c.relu << 3;
  return int64_t(uint64_t(c.to) | uint64_t(c.from) << 8 |
                 uint64_t(c.toWidth) << 16 | uint64_t(c.fromWidth) << 24 |
                 uint64_t(c.rounding) << 32 | flags << 40);
}

Conversion unpack(int64_t packed) {
  auto byte = [&](unsigned i) { return uint8_t(uint64_t(packed) >> (8 * i)); };
  Conversion c;
  c.to = static_cast<Type>(byte(0));
  c.from = static_cast<Type>(byte(1));
  c.toWidth = byte(2);
  c.fromWidth = byte(3);
  c.rounding = static_cast<Rounding>(byte(4));
  c.integral = byte(5) & 1;
  c.flushes = byte(5) & 2;
  c.saturates = byte(5) & 4;
  c.relu = byte(5) & 8;
  return c;
}

void executeConversion(Warp &warp, const Instruction &instruction,
                       uint32_t mask) {
  Conversion how = unpack(instruction.immediate);
  RoundingScope scope(how.integral ? Rounding::Nearest : how.rounding);
  const std::byte *from = warp.lanes<std::byte>(instruction.source[0]);
  std::byte *to = warp.lanes<std::byte>(instruction.destination[0]);
  uint64_t results[warpSize];
  for (unsigned i = 0; i < warpSize; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, from + size_t(i) * how.fromWidth, how.fromWidth);
    results[i] = mask >> i & 1 ? convertBits(bits, how) : 0;
  }
  for (unsigned i = 0; i < warpSize; ++i)
    if (mask >> i & 1)
      std::memcpy(to + size_t(i) * how.toWidth, &results[i], how.toWidth);
}

/// cvt.f16x2.f32 d, a, b: a goes to the upper half.
void executePairConversion(Warp &warp, const Instruction &instruction,
                           uint32_t mask) {
  Conversion how = unpack(instruction.immediate);
  const uint32_t *a = warp.lanes<uint32_t>(instruction.source[0]);
  const uint32_t *b = warp.lanes<uint32_t>(instruction.source[1]);
  uint32_t results[warpSize];
  for (unsigned i = 0; i < warpSize; ++i)
    results[i] = uint32_t(convertBits(a[i], how)) << 16 |
                 uint32_t(convertBits(b[i], how));
  storeLanes(warp, instruction.destination[0], results, mask);
}

template <typename F> void withInteger(Type type, F f) {
  // Each branch calls another `f`. NOLINTBEGIN(bugprone-branch-clone)
  switch (type) {
  case Type::U16:
    return f(uint16_t());
  case Type::U32:
    return f(uint32_t());
  case Type::U64:
    return f(uint64_t());
  case Type::S16:
    return f(int16_t());
  case Type::S32:
    return f(int32_t());
  case Type::S64:
    return f(int64_t());
  default:
    return;
  }
  // NOLINTEND(bugprone-branch-clone)
}

/// Vector code, where there is some.
Handler fastConversion(const Conversion &how) {
  if (how.toWidth != byteWidth(how.to) || how.relu ||
      how.fromWidth != byteWidth(how.from))
    return nullptr;
  Handler handler = nullptr;
  bool nearest = how.rounding == Rounding::Nearest;
  if (!isFloat(how.to) && !isFloat(how.from) && !how.saturates) {
    withInteger(how.from, [&](auto from) {
      withInteger(how.to, [&](auto to) {
        using From = decltype(from);
        using To = decltype(to);
        handler = lanewise<To, From>([](From a) { return To(a); });
      });
    });
  } else if (!isFloat(how.from) && nearest && !how.saturates) {
    withInteger(how.from, [&](auto from) {
      using From = decltype(from);
      if (how.to == Type::F32)
        handler = lanewise<float, From>([](From a) { return float(a); });
      else if (how.to == Type::F64)
        handler = lanewise<double, From>([](From a) { return double(a); });
    });
  } else if (how.from == Type::F32 && how.to == Type::F32 && !how.integral) {
    if (how.saturates)
      handler =
          how.flushes
              ? lanewise<float, float>(
                    [](float a) { return flush(saturate(flush(a))); })
              : lanewise<float, float>([](float a) { return saturate(a); });
    else if (how.flushes)
      handler = lanewise<float, float>([](float a) { return flush(a); });
  } else if (how.from == Type::F32 && how.to == Type::F64 && !how.integral &&
             !how.saturates && !how.flushes) {
    handler = lanewise<double, float>([](float a) { return double(a); });
  } else if (how.from == Type::F64 && how.to == Type::F32 && nearest &&
             !how.integral && !how.saturates && !how.flushes) {
    handler =
        lanewise<float, double>([](double a) { return canonical(float(a)); });
  }
  return handler;
}

/// Takes the modifiers; returns whether a rounding of floats was among them.
bool takeRounding(Selection &selection, Conversion &how) {
  int integral = selection.takeOneOf({"rni", "rzi", "rmi", "rpi"});
  int rounding = selection.takeOneOf({"rn", "rz", "rm", "rp", "rna"});
  if (integral >= 0 && rounding >= 0)
    selection.fail("expected one rounding modifier, found two");
  how.integral = integral >= 0;
  if (integral >= 0 || rounding >= 0)
    how.rounding = static_cast<Rounding>(std::max(integral, rounding));
  how.flushes = selection.take("ftz");
  how.saturates = selection.take("sat");
  how.relu = selection.take("relu");
  return rounding >= 0;
}

void checkRounding(Selection &selection, const Conversion &how,
                   bool isRounding) {
  bool floatToInteger = isFloat(how.from) && !isFloat(how.to);
  bool integerToFloat = !isFloat(how.from) && isFloat(how.to);
  bool narrows = isFloat(how.from) && isFloat(how.to) &&
                 byteWidth(how.to) < byteWidth(how.from);
  if (floatToInteger && !how.integral)
    selection.fail("expected .rni, .rzi, .rmi or .rpi");
  if ((integerToFloat || narrows) && !isRounding)
    selection.fail("expected a rounding modifier such as .rn");
}

void selectConversion(Selection &selection) {
  Conversion how;
  bool isRounding = takeRounding(selection, how);
  Instruction &instruction = selection.instruction;
  how.to = selection.takeType();
  how.from = selection.takeType();
  if (how.to == Type::F16x2 || how.to == Type::BF16x2) {
    if (how.from != Type::F32)
      selection.wrongType(how.from);
    selection.expectOperands(3);
    instruction.destination[0] = selection.destination(0, how.to);
    instruction.source[0] = selection.source(1, how.from);
    instruction.source[1] = selection.source(2, how.from);
    how.to = how.to == Type::F16x2 ? Type::F16 : Type::BF16;
    instruction.immediate = pack(how);
    instruction.handler = executePairConversion;
    return;
  }
  checkRounding(selection, how, isRounding);
  for (Type type : {how.to, how.from})
    if (type == Type::Pred || type == Type::B128 || type == Type::F16x2 ||
        type == Type::BF16x2)
      selection.wrongType(type);
  selection.expectOperands(2);
  // Registers may be wider than integer types.
  auto widthOf = [&](const OperandSyntax &operand, Type type) {
    unsigned width = selection.registerWidth(operand);
    bool mayBeWider = !isFloat(type) || byteWidth(type) == 2;
    return mayBeWider && width > byteWidth(type) ? width : byteWidth(type);
  };
  auto bits = [](unsigned width) {
    return width == 8   ? Type::B64
           : width == 4 ? Type::B32
           : width == 2 ? Type::B16
                        : Type::B8;
  };
  how.toWidth = widthOf(selection.operand(0), how.to);
  how.fromWidth = widthOf(selection.operand(1), how.from);
  instruction.destination[0] = selection.destination(0, bits(how.toWidth));
  instruction.source[0] = selection.source(1, bits(how.fromWidth));
  instruction.immediate = pack(how);
  Handler fast = fastConversion(how);
  instruction.handler = fast ? fast : executeConversion;
}

} // namespace

void minrnn::emulator::addConversionInstructions(SelectorTable &table) {
  table["cvt"] = selectConversion;
}
