//===- Comparison.cpp - Comparison and selection instructions -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section "Comparison and Selection Instructions" of the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/HalfFormats.h"
#include "runtime/emulator/FloatFormats.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Selection.h"

#include <array>

using namespace minrnn;
using namespace minrnn::emulator;

namespace {

/// As in the names of the comparisons.
constexpr std::array<std::string_view, 18> comparisonNames{
    "eq", "ne",  "lt",  "le",  "gt",  "ge",  "lo",  "ls",  "hi",
    "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

struct Plain {
  template <typename T> T operator()(T value) const { return value; }
};
struct Flushed {
  float operator()(float value) const { return flush(value); }
};
template <typename Format> struct Decoded {
  float operator()(uint16_t bits) const { return valueOf<Format>(bits); }
};

template <typename T, typename Load, typename F>
uint32_t compareLanes(const void *left, const void *right) {
  const T *a = static_cast<const T *>(left);
  const T *b = static_cast<const T *>(right);
  alignas(32) uint8_t flags[warpSize];
  for (unsigned i = 0; i < warpSize; ++i)
    flags[i] = F{}(Load{}(a[i]), Load{}(b[i]));
  return packFlags(flags);
}

template <typename T, typename Load, typename F> Compare make(F) {
  return compareLanes<T, Load, F>;
}

template <typename T, typename Load> Compare ordered(unsigned comparison) {
  switch (comparison) {
  case 0:
    return make<T, Load>([](auto a, auto b) { return a == b; });
  case 1: // Of numbers: false when either is NaN.
    return make<T, Load>([](auto a, auto b) { return a < b || a > b; });
  case 2:
  case 6:
    return make<T, Load>([](auto a, auto b) { return a < b; });
  case 3:
  case 7:
    return make<T, Load>([](auto a, auto b) { return a <= b; });
  case 4:
  case 8:
    return make<T, Load>([](auto a, auto b) { return a > b; });
  default:
    return make<T, Load>([](auto a, auto b) { return a >= b; });
  }
}

/// True also when either operand is NaN.
template <typename T, typename Load> Compare unordered(unsigned comparison) {
  switch (comparison) {
  case 10:
    return make<T, Load>([](auto a, auto b) { return !(a < b || a > b); });
  case 11:
    return make<T, Load>([](auto a, auto b) { return !(a == b); });
  case 12:
    return make<T, Load>([](auto a, auto b) { return !(a >= b); });
  case 13:
    return make<T, Load>([](auto a, auto b) { return !(a > b); });
  case 14:
    return make<T, Load>([](auto a, auto b) { return !(a <= b); });
  case 15:
    return make<T, Load>([](auto a, auto b) { return !(a < b); });
  case 16:
    return make<T, Load>([](auto a, auto b) { return a == a && b == b; });
  default:
    return make<T, Load>([](auto a, auto b) { return a != a || b != b; });
  }
}

template <typename T, typename Load = Plain>
Compare comparisonOf(unsigned comparison) {
  return comparison < 10 ? ordered<T, Load>(comparison)
                         : unordered<T, Load>(comparison);
}

Compare chooseComparison(Selection &selection, Type type, unsigned comparison,
                         bool flushes) {
  bool unsignedOnly = comparison >= 6 && comparison < 10;
  if ((!isFloat(type) && comparison >= 10) ||
      ((isFloat(type) || isSigned(type)) && unsignedOnly))
    selection.fail("comparison '." + std::string(comparisonNames[comparison]) +
                   "' does not work on operands of type " + nameOf(type));
  switch (type) {
  case Type::B16:
  case Type::U16:
    return comparisonOf<uint16_t>(comparison);
  case Type::B32:
  case Type::U32:
    return comparisonOf<uint32_t>(comparison);
  case Type::B64:
  case Type::U64:
    return comparisonOf<uint64_t>(comparison);
  case Type::S16:
    return comparisonOf<int16_t>(comparison);
  case Type::S32:
    return comparisonOf<int32_t>(comparison);
  case Type::S64:
    return comparisonOf<int64_t>(comparison);
  case Type::F32:
    return flushes ? comparisonOf<float, Flushed>(comparison)
                   : comparisonOf<float>(comparison);
  case Type::F64:
    return comparisonOf<double>(comparison);
  case Type::F16:
    return comparisonOf<uint16_t, Decoded<Half>>(comparison);
  case Type::BF16:
    return comparisonOf<uint16_t, Decoded<BFloat>>(comparison);
  default:
    selection.wrongType(type);
  }
}

enum Combination : uint8_t { None, And, Or, Xor };

uint32_t combine(Warp &warp, const Instruction &instruction, uint32_t result) {
  switch (instruction.mode) {
  case And:
    return result & predicateSource(warp, instruction, 2);
  case Or:
    return result | predicateSource(warp, instruction, 2);
  case Xor:
    return result ^ predicateSource(warp, instruction, 2);
  default:
    return result;
  }
}

/// setp p|q: q is the comparison's negation, combined in the same way.
void executeSetPredicate(Warp &warp, const Instruction &instruction,
                         uint32_t mask) {
  uint32_t result =
      instruction.compare(warp.lanes<std::byte>(instruction.source[0]),
                          warp.lanes<std::byte>(instruction.source[1]));
  uint32_t first = combine(warp, instruction, result);
  uint32_t second = 0;
  if (instruction.destination[1] != noSlot)
    second = combine(warp, instruction, ~result);
  storePredicate(warp, instruction.destination[0], first, mask);
  if (instruction.destination[1] != noSlot)
    storePredicate(warp, instruction.destination[1], second, mask);
}

void takeComparison(Selection &selection, Type &type, size_t operands) {
  int comparison = -1;
  for (size_t i = 0; i < comparisonNames.size() && comparison < 0; ++i)
    if (selection.take(comparisonNames[i]))
      comparison = i;
  if (comparison < 0)
    selection.fail("expected a comparison such as .lt");
  Instruction &instruction = selection.instruction;
  instruction.mode = selection.takeOneOf({"and", "or", "xor"}) + 1;
  bool flushes = selection.take("ftz");
  type = selection.takeType();
  instruction.compare = chooseComparison(selection, type, comparison, flushes);
  bool combines = instruction.mode != None;
  selection.expectOperands(operands + combines);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, type);
  if (combines)
    selection.predicateSource(2, selection.operand(3));
}

void selectSetPredicate(Selection &selection) {
  Type type;
  takeComparison(selection, type, 3);
  Instruction &instruction = selection.instruction;
  const OperandSyntax &to = selection.operand(0);
  if (to.kind == OperandSyntax::Kind::Pair) {
    instruction.destination[0] =
        selection.destination(to.elements[0], Type::Pred);
    instruction.destination[1] =
        selection.destination(to.elements[1], Type::Pred);
  } else {
    instruction.destination[0] = selection.destination(to, Type::Pred);
  }
  instruction.handler = executeSetPredicate;
}

template <typename T>
void executeSelect(Warp &warp, const Instruction &instruction, uint32_t mask) {
  const T *a = warp.lanes<T>(instruction.source[0]);
  const T *b = warp.lanes<T>(instruction.source[1]);
  uint32_t choice = predicateSource(warp, instruction, 2);
  alignas(64) T values[warpSize];
  for (unsigned i = 0; i < warpSize; ++i)
    values[i] = choice >> i & 1 ? a[i] : b[i];
  storeLanes(warp, instruction.destination[0], values, mask);
}

void selectSelect(Selection &selection) {
  Type type = selection.takeType();
  selection.expectOperands(4);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, type);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, type);
  selection.predicateSource(2, selection.operand(3));
  switch (byteWidth(type)) {
  case 2:
    instruction.handler = executeSelect<uint16_t>;
    break;
  case 4:
    instruction.handler = executeSelect<uint32_t>;
    break;
  case 8:
    instruction.handler = executeSelect<uint64_t>;
    break;
  default:
    selection.wrongType(type);
  }
}

} // namespace

void minrnn::emulator::addComparisonInstructions(SelectorTable &table) {
  table["setp"] = selectSetPredicate;
  table["selp"] = selectSelect;
}
