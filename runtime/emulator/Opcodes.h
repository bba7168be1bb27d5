//===- Opcodes.h - Instructions that work lane by lane ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table of instructions whose result is a function of the operands of the
// same lane. A row is a name with all its modifiers, C++ types for the operands
// (`bool` for a predicate) and a function. Internal to the emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_OPCODES_H
#define MINRNN_RUNTIME_EMULATOR_OPCODES_H

#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Program.h"
#include "runtime/emulator/Syntax.h"

#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace minrnn::emulator {

struct Opcode {
  Handler handler = nullptr;
  Type result = Type::B32;
  std::vector<Type> sources;
  /// For the handler.
  uint8_t mode = 0;
  /// Special function operations of each thread.
  uint8_t specialFunctions = 0;
};

template <typename T> constexpr Type typeOf() {
  if constexpr (std::is_same_v<T, bool>)
    return Type::Pred;
  else if constexpr (std::is_same_v<T, float>)
    return Type::F32;
  else if constexpr (std::is_same_v<T, double>)
    return Type::F64;
  else
    return sizeof(T) == 2 ? Type::B16 : sizeof(T) == 4 ? Type::B32 : Type::B64;
}

class OpcodeTable {
public:
  explicit OpcodeTable(Arithmetic arithmetic);

  /// Null when there is no such row.
  const Opcode *find(std::string_view name) const;
  /// What no row with this name's first word has, "modifier '.woolly'"; where
  /// each is somewhere, all of them; empty when no row has that word.
  std::string firstUnknown(std::string_view name) const;

  /// Adds a row that computes `F{}(source 0, source 1, ...)`.
  template <typename Result, typename... Sources, typename F>
  void add(const std::string &name, F) {
    set<Result, Sources...>(name, lanewise<Result, Sources...>(F{}));
  }
  template <typename Result, typename... Sources>
  void set(const std::string &name, Handler handler, uint8_t mode = 0) {
    uint8_t special = name.find(".approx") != std::string::npos;
    rows[name] = {
        handler, typeOf<Result>(), {typeOf<Sources>()...}, mode, special};
  }

private:
  void addIntegers();
  void addFloats();
  void addConversions();
  void addComparisons();
  /// Gives every row that computes with .f32 its meaning in the ring; one that
  /// has none is taken away.
  void makeModular();

  std::unordered_map<std::string, Opcode> rows;
};

/// The one table of that arithmetic.
const OpcodeTable &opcodesOf(Arithmetic arithmetic);

/// setp on values of type `T` that `Load` makes numbers of. A comparison of
/// floating-point numbers also has the forms that say what becomes of a NaN.
template <typename T, typename Load>
void addComparisonsOf(OpcodeTable &table, const std::string &type, Load) {
  auto add = [&](const char *name, auto compare) {
    using F = decltype(compare);
    table.add<bool, T, T>("setp." + std::string(name) + type,
                          [](T a, T b) { return F{}(Load{}(a), Load{}(b)); });
  };
  add("eq", [](auto a, auto b) { return a == b; });
  add("lt", [](auto a, auto b) { return a < b; });
  add("le", [](auto a, auto b) { return a <= b; });
  add("gt", [](auto a, auto b) { return a > b; });
  add("ge", [](auto a, auto b) { return a >= b; });
  // Of numbers: false when either is NaN.
  add("ne", [](auto a, auto b) { return a < b || a > b; });
  if constexpr (!std::is_same_v<decltype(Load{}(T())), T> ||
                std::is_floating_point_v<T>) {
    // True also when either is NaN.
    add("equ", [](auto a, auto b) { return !(a < b || a > b); });
    add("neu", [](auto a, auto b) { return !(a == b); });
    add("ltu", [](auto a, auto b) { return !(a >= b); });
    add("leu", [](auto a, auto b) { return !(a > b); });
    add("gtu", [](auto a, auto b) { return !(a <= b); });
    add("geu", [](auto a, auto b) { return !(a < b); });
    add("num", [](auto a, auto b) { return a == a && b == b; });
    add("nan", [](auto a, auto b) { return a != a || b != b; });
  }
}

/// Calls `f` with a value of the C++ type of each integer type, and its name.
template <typename F> void forIntegers(F f) {
  f(uint16_t(), ".u16"), f(uint32_t(), ".u32"), f(uint64_t(), ".u64");
  f(int16_t(), ".s16"), f(int32_t(), ".s32"), f(int64_t(), ".s64");
}
template <typename F> void forBits(F f) {
  f(uint16_t(), ".b16"), f(uint32_t(), ".b32"), f(uint64_t(), ".b64");
}
template <typename F> void forFloats(F f) {
  f(float(), ".f32"), f(double(), ".f64");
}

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_OPCODES_H
