//===- Opcodes.cpp - Integers, bits and predicates, lane by lane ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections "Integer Arithmetic Instructions", "Logic and Shift Instructions"
// and "Comparison and Selection Instructions" of the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Opcodes.h"

#include "runtime/core/HalfFormats.h"

#include <algorithm>
#include <bit>

using namespace minrnn;
using namespace minrnn::emulator;

OpcodeTable::OpcodeTable(Arithmetic arithmetic) {
  addIntegers();
  addFloats();
  addConversions();
  addComparisons();
  if (arithmetic == Arithmetic::Modular)
    makeModular();
}

const OpcodeTable &minrnn::emulator::opcodesOf(Arithmetic arithmetic) {
  static const OpcodeTable ieee(Arithmetic::Ieee);
  static const OpcodeTable modular(Arithmetic::Modular);
  return arithmetic == Arithmetic::Modular ? modular : ieee;
}

const Opcode *OpcodeTable::find(std::string_view name) const {
  auto found = rows.find(std::string(name));
  return found == rows.end() ? nullptr : &found->second;
}

std::string OpcodeTable::firstUnknown(std::string_view name) const {
  size_t dot = std::min(name.find('.'), name.size());
  std::string base(name.substr(0, dot));
  std::string all;
  for (const auto &[row, opcode] : rows)
    if (row.starts_with(base + "."))
      all += row + ".";
  if (all.empty())
    return {};
  while (dot < name.size()) {
    size_t end = std::min(name.find('.', dot + 1), name.size());
    std::string word(name.substr(dot, end - dot));
    if (all.find(word + ".") == std::string::npos)
      return "modifier '" + word + "'";
    dot = end;
  }
  return "modifiers '" + std::string(name.substr(base.size())) + "'";
}

//===----------------------------------------------------------------------===//
// Integers and bits
//===----------------------------------------------------------------------===//

/// Division by zero is unspecified; the hardware gives all ones, and as the
/// remainder the dividend.
template <typename T> static T quotient(T a, T b) {
  if (b == 0)
    return T(~T(0));
  if (std::is_signed_v<T> && b == T(-1))
    return T(-std::make_unsigned_t<T>(a));
  return T(a / b);
}
template <typename T> static T remainder(T a, T b) {
  if (b == 0)
    return a;
  if (std::is_signed_v<T> && b == T(-1))
    return 0;
  return T(a % b);
}

template <typename T> static T reverseBits(T a) {
  T result = 0;
  for (unsigned i = 0; i < 8 * sizeof(T); ++i)
    result |= (a >> i & 1) << (8 * sizeof(T) - 1 - i);
  return result;
}

/// The lowest `length` bits.
template <typename T> static T lowBits(uint32_t length) {
  return length >= 8 * sizeof(T) ? ~T(0) : (T(1) << length) - 1;
}

/// bfe: `length` bits from `position`, both modulo 256; of a signed type,
/// extended by the highest bit that there is of them.
template <typename T>
static T extractField(T a, uint32_t position, uint32_t length) {
  position = uint8_t(position);
  length = uint8_t(length);
  constexpr uint32_t bits = 8 * sizeof(T);
  if (length == 0)
    return 0;
  using U = std::make_unsigned_t<T>;
  U field = position < bits ? U(a) >> position : 0;
  field &= lowBits<U>(length);
  uint32_t last = std::min(position + length - 1, bits - 1);
  bool isNegative = std::is_signed_v<T> && (U(a) >> last & 1);
  return isNegative
             ? T(field | ~lowBits<U>(std::min(
                             length, last + 1 - std::min(position, last + 1))))
             : T(field);
}

/// bfi: b with `length` bits of a from `position` on.
template <typename T>
static T insertField(T a, T b, uint32_t position, uint32_t length) {
  position &= 0xFF;
  if (position >= 8 * sizeof(T))
    return b;
  T field = lowBits<T>(length & 0xFF) << position;
  return (b & ~field) | ((a << position) & field);
}

void OpcodeTable::addIntegers() {
  forIntegers([&](auto zero, const std::string &type) {
    using T = decltype(zero);
    // Wide enough for C++ not to compute in int, where overflow is undefined.
    using U = decltype(std::make_unsigned_t<T>() + 0U);
    add<T, T, T>("add" + type, [](T a, T b) { return T(U(a) + U(b)); });
    add<T, T, T>("sub" + type, [](T a, T b) { return T(U(a) - U(b)); });
    add<T, T, T>("mul.lo" + type, [](T a, T b) { return T(U(a) * U(b)); });
    add<T, T, T, T>("mad.lo" + type,
                    [](T a, T b, T c) { return T(U(a) * U(b) + U(c)); });
    add<T, T, T>("div" + type, [](T a, T b) { return quotient(a, b); });
    add<T, T, T>("rem" + type, [](T a, T b) { return remainder(a, b); });
    add<T, T, T>("min" + type, [](T a, T b) { return a < b ? a : b; });
    add<T, T, T>("max" + type, [](T a, T b) { return a > b ? a : b; });
    add<T, T, uint32_t>("shr" + type, [](T a, uint32_t n) {
      return n < 8 * sizeof(T) ? T(a >> n) : a < 0 ? T(-1) : T(0);
    });
    if constexpr (std::is_signed_v<T>) {
      add<T, T>("neg" + type, [](T a) { return T(-U(a)); });
      add<T, T>("abs" + type, [](T a) { return a < 0 ? T(-U(a)) : a; });
    }
    if constexpr (sizeof(T) == 4) {
      using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
      add<T, T, T>("mul.hi" + type,
                   [](T a, T b) { return T(Wide(a) * Wide(b) >> 32); });
      add<Wide, T, T>("mul.wide" + type,
                      [](T a, T b) { return Wide(a) * Wide(b); });
    }
    if constexpr (sizeof(T) == 8) {
      using Wide =
          std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
      add<T, T, T>("mul.hi" + type,
                   [](T a, T b) { return T(Wide(a) * Wide(b) >> 64); });
    }
  });
  forBits([&](auto zero, const std::string &type) {
    using T = decltype(zero);
    add<T, T, T>("and" + type, [](T a, T b) { return T(a & b); });
    add<T, T, T>("or" + type, [](T a, T b) { return T(a | b); });
    add<T, T, T>("xor" + type, [](T a, T b) { return T(a ^ b); });
    add<T, T>("not" + type, [](T a) { return T(~a); });
    add<T, T, uint32_t>("shl" + type, [](T a, uint32_t n) {
      return n < 8 * sizeof(T) ? T(uint64_t(a) << n) : T(0);
    });
    add<T, T>("brev" + type, [](T a) { return reverseBits(a); });
    if constexpr (sizeof(T) > 2)
      add<T, T, T, uint32_t, uint32_t>("bfi" + type,
                                       [](T a, T b, uint32_t p, uint32_t n) {
                                         return insertField(a, b, p, n);
                                       });
  });
  using U32 = uint32_t;
  auto addExtract = [&](auto zero, const char *name) {
    using T = decltype(zero);
    add<T, T, U32, U32>(name, [](T a, U32 position, U32 length) {
      return extractField(a, position, length);
    });
  };
  addExtract(uint32_t(), "bfe.u32");
  addExtract(int32_t(), "bfe.s32");
  addExtract(int64_t(), "bfe.s64");
  add<U32, U32>("bfind.shiftamt.u32",
                [](U32 a) { return a ? U32(std::countl_zero(a)) : ~0U; });
  add<bool, bool, bool>("and.pred", [](U32 a, U32 b) { return a & b; });
  add<bool, bool, bool>("or.pred", [](U32 a, U32 b) { return a | b; });
  add<bool, bool, bool>("xor.pred", [](U32 a, U32 b) { return a ^ b; });
  add<bool, bool>("not.pred", [](U32 a) { return ~a; });
  add<bool, bool>("mov.pred", [](U32 a) { return a; });
}

//===----------------------------------------------------------------------===//
// Comparison and selection
//===----------------------------------------------------------------------===//

void OpcodeTable::addComparisons() {
  auto compareAndSelect = [&](auto zero, const std::string &type) {
    using T = decltype(zero);
    addComparisonsOf<T>(*this, type, [](T a) { return a; });
    set<T, T, T, bool>("selp" + type, selectLanes<T>);
  };
  forIntegers(compareAndSelect);
  forBits(compareAndSelect);
  forFloats(compareAndSelect);
  addComparisonsOf<uint16_t>(
      *this, ".f16", [](uint16_t bits) { return float(valueOf<Half>(bits)); });
  addComparisonsOf<uint16_t>(*this, ".bf16", [](uint16_t bits) {
    return float(valueOf<BFloat>(bits));
  });
}
