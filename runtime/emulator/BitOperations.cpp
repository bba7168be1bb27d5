//===- BitOperations.cpp - Logic, shift and bit field instructions --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections "Logic and Shift Instructions" and, for the bit fields, "Integer
// Arithmetic Instructions" of the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Selection.h"

#include <algorithm>
#include <bit>
#include <type_traits>

using namespace minrnn::emulator;

namespace {

void takeOperands(Selection &selection, Type type, unsigned sources) {
  selection.expectOperands(sources + 1);
  selection.instruction.destination[0] = selection.destination(0, type);
  for (unsigned i = 0; i < sources; ++i)
    selection.instruction.source[i] = selection.source(i + 1, type);
}

template <typename F> void withBits(Selection &selection, Type type, F f) {
  // Each branch calls another `f`. NOLINTBEGIN(bugprone-branch-clone)
  switch (byteWidth(type)) {
  case 2:
    return f(uint16_t());
  case 4:
    return f(uint32_t());
  case 8:
    return f(uint64_t());
  default:
    selection.wrongType(type);
  }
  // NOLINTEND(bugprone-branch-clone)
}

template <typename F>
void withUnsigned32Or64(Selection &selection, Type type, F f) {
  if (byteWidth(type) == 4)
    return f(uint32_t());
  if (byteWidth(type) == 8)
    return f(uint64_t());
  selection.wrongType(type);
}

//===----------------------------------------------------------------------===//
// Predicates
//===----------------------------------------------------------------------===//

template <typename F>
void predicateBinary(Warp &warp, const Instruction &instruction,
                     uint32_t mask) {
  uint32_t result = F{}(predicateSource(warp, instruction, 0),
                        predicateSource(warp, instruction, 1));
  storePredicate(warp, instruction.destination[0], result, mask);
}

template <typename F> Handler ofPredicates(F) { return predicateBinary<F>; }

void predicateNot(Warp &warp, const Instruction &instruction, uint32_t mask) {
  storePredicate(warp, instruction.destination[0],
                 ~predicateSource(warp, instruction, 0), mask);
}

void selectLogic(Selection &selection) {
  std::string_view base = selection.base();
  Type type = selection.takeType();
  Instruction &instruction = selection.instruction;
  auto both = [&](auto f) {
    if (type == Type::Pred) {
      selection.expectOperands(3);
      instruction.destination[0] = selection.destination(0, type);
      selection.predicateSource(0, selection.operand(1));
      selection.predicateSource(1, selection.operand(2));
      instruction.handler = ofPredicates(f);
      return;
    }
    takeOperands(selection, type, 2);
    withBits(selection, type, [&](auto zero) {
      using T = decltype(zero);
      instruction.handler =
          lanewise<T, T, T>([](T a, T b) { return T(decltype(f){}(a, b)); });
    });
  };
  if (base == "and")
    both([](auto a, auto b) { return a & b; });
  else if (base == "or")
    both([](auto a, auto b) { return a | b; });
  else
    both([](auto a, auto b) { return a ^ b; });
}

void selectNot(Selection &selection) {
  Type type = selection.takeType();
  Instruction &instruction = selection.instruction;
  if (type == Type::Pred) {
    selection.expectOperands(2);
    instruction.destination[0] = selection.destination(0, type);
    selection.predicateSource(0, selection.operand(1));
    instruction.handler = predicateNot;
    return;
  }
  takeOperands(selection, type, 1);
  withBits(selection, type, [&](auto zero) {
    using T = decltype(zero);
    instruction.handler = lanewise<T, T>([](T a) { return T(~a); });
  });
}

//===----------------------------------------------------------------------===//
// Shifts
//===----------------------------------------------------------------------===//

/// Amounts of the width and beyond shift everything out.
template <typename T> T shiftLeft(T a, uint32_t n) {
  return n < 8 * sizeof(T) ? T(std::make_unsigned_t<T>(a) << n) : T(0);
}
template <typename T> T shiftRight(T a, uint32_t n) {
  if (n < 8 * sizeof(T))
    return T(a >> n);
  return a < 0 ? T(-1) : T(0);
}

void selectShift(Selection &selection) {
  bool left = selection.base() == "shl";
  Type type = selection.takeType();
  selection.expectOperands(3);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, type);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, Type::U32);
  withBits(selection, type, [&](auto zero) {
    using T = decltype(zero);
    using S = std::make_signed_t<T>;
    if (left)
      instruction.handler = lanewise<T, T, uint32_t>(
          [](T a, uint32_t n) { return shiftLeft(a, n); });
    else if (isSigned(type))
      instruction.handler = lanewise<S, S, uint32_t>(
          [](S a, uint32_t n) { return shiftRight(a, n); });
    else
      instruction.handler = lanewise<T, T, uint32_t>(
          [](T a, uint32_t n) { return shiftRight(a, n); });
  });
}

//===----------------------------------------------------------------------===//
// Bit fields
//===----------------------------------------------------------------------===//

template <typename T> T reverseBits(T a) {
  T result = 0;
  for (unsigned i = 0; i < 8 * sizeof(T); ++i)
    result |= (a >> i & 1) << (8 * sizeof(T) - 1 - i);
  return result;
}

void selectReverse(Selection &selection) {
  Type type = selection.takeType();
  takeOperands(selection, type, 1);
  withUnsigned32Or64(selection, type, [&](auto zero) {
    using T = decltype(zero);
    selection.instruction.handler =
        lanewise<T, T>([](T a) { return reverseBits(a); });
  });
}

/// The highest bit that differs from the sign; -1 when there is none.
template <typename T, bool Amount> uint32_t highestBit(T a) {
  using U = std::make_unsigned_t<T>;
  U bits = a < 0 ? U(~U(a)) : U(a);
  if (!bits)
    return ~0u;
  unsigned zeros = std::countl_zero(bits);
  return Amount ? zeros : 8 * sizeof(T) - 1 - zeros;
}

void selectFindHighest(Selection &selection) {
  bool amount = selection.take("shiftamt");
  Type type = selection.takeType();
  selection.expectOperands(2);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, Type::B32);
  instruction.source[0] = selection.source(1, type);
  withUnsigned32Or64(selection, type, [&](auto zero) {
    auto choose = [&](auto sample) {
      using T = decltype(sample);
      instruction.handler = amount ? lanewise<uint32_t, T>([](T a) {
        return highestBit<T, true>(a);
      })
                                   : lanewise<uint32_t, T>([](T a) {
                                       return highestBit<T, false>(a);
                                     });
    };
    if (isSigned(type))
      choose(std::make_signed_t<decltype(zero)>());
    else
      choose(zero);
  });
}

/// bfe: `length` bits from `position`, extended by the field's highest bit, or
/// by the operand's where the field reaches beyond it.
template <typename T> T extractField(T a, uint32_t position, uint32_t length) {
  using U = std::make_unsigned_t<T>;
  constexpr unsigned width = 8 * sizeof(T);
  position &= 0xFF;
  length &= 0xFF;
  unsigned signBit = std::min(position + length - 1, width - 1);
  bool negative = std::is_signed_v<T> && length && (U(a) >> signBit & 1);
  U field = position < width ? U(a) >> position : 0;
  unsigned kept = position < width ? std::min(length, width - position) : 0;
  U low = kept >= width ? ~U(0) : (U(1) << kept) - 1;
  field &= low;
  return T(negative ? field | ~low : field);
}

void selectExtract(Selection &selection) {
  Type type = selection.takeType();
  selection.expectOperands(4);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, type);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, Type::U32);
  instruction.source[2] = selection.source(3, Type::U32);
  withUnsigned32Or64(selection, type, [&](auto zero) {
    auto choose = [&](auto sample) {
      using T = decltype(sample);
      instruction.handler = lanewise<T, T, uint32_t, uint32_t>(
          [](T a, uint32_t p, uint32_t l) { return extractField(a, p, l); });
    };
    if (isSigned(type))
      choose(std::make_signed_t<decltype(zero)>());
    else
      choose(zero);
  });
}

template <typename T>
T insertField(T a, T b, uint32_t position, uint32_t length) {
  constexpr unsigned width = 8 * sizeof(T);
  position &= 0xFF;
  length &= 0xFF;
  if (position >= width || !length)
    return b;
  T low = length >= width ? ~T(0) : (T(1) << length) - 1;
  T field = low << position;
  return (b & ~field) | ((a << position) & field);
}

void selectInsert(Selection &selection) {
  Type type = selection.takeType();
  selection.expectOperands(5);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, type);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, type);
  instruction.source[2] = selection.source(3, Type::U32);
  instruction.source[3] = selection.source(4, Type::U32);
  withUnsigned32Or64(selection, type, [&](auto zero) {
    using T = decltype(zero);
    instruction.handler = lanewise<T, T, T, uint32_t, uint32_t>(
        [](T a, T b, uint32_t p, uint32_t l) {
          return insertField(a, b, p, l);
        });
  });
}

} // namespace

void minrnn::emulator::addBitInstructions(SelectorTable &table) {
  table["and"] = table["or"] = table["xor"] = selectLogic;
  table["not"] = selectNot;
  table["shl"] = table["shr"] = selectShift;
  table["brev"] = selectReverse;
  table["bfind"] = selectFindHighest;
  table["bfe"] = selectExtract;
  table["bfi"] = selectInsert;
}
