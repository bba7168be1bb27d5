//===- Syntax.h - Operands and instructions as written ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parser hands to the decoder, before names are resolved. The views
// point into the text, which must outlive them.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_SYNTAX_H
#define MINRNN_RUNTIME_EMULATOR_SYNTAX_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::emulator {

/// The fundamental types of the PTX ISA.
enum class Type : uint8_t {
  Pred,
  B8,
  B16,
  B32,
  B64,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  BF16,
  F32,
  F64,
};

struct TypeInfo {
  std::string_view name;
  uint8_t bytes;
};
/// In the order of `Type`; a predicate has no bytes but one bit a lane.
inline constexpr TypeInfo typeInfos[] = {
    {"pred", 0}, {"b8", 1},  {"b16", 2},  {"b32", 4}, {"b64", 8}, {"u8", 1},
    {"u16", 2},  {"u32", 4}, {"u64", 8},  {"s8", 1},  {"s16", 2}, {"s32", 4},
    {"s64", 8},  {"f16", 2}, {"bf16", 2}, {"f32", 4}, {"f64", 8},
};

constexpr unsigned byteWidth(Type type) {
  return typeInfos[static_cast<unsigned>(type)].bytes;
}
constexpr bool isSigned(Type type) {
  return type >= Type::S8 && type <= Type::S64;
}
constexpr bool isFloat(Type type) { return type >= Type::F16; }

/// The type named by a word without its dot ("u32"), if it names one.
inline std::optional<Type> typeNamed(std::string_view word) {
  for (unsigned i = 0; i < std::size(typeInfos); ++i)
    if (typeInfos[i].name == word)
      return static_cast<Type>(i);
  return std::nullopt;
}
/// The name of a type, with its dot (".u32").
inline std::string nameOf(Type type) {
  return "." + std::string(typeInfos[static_cast<unsigned>(type)].name);
}

/// Where a variable lives.
enum class Space : uint8_t { Register, Global, Shared, Param };

struct Operand {
  enum class Kind {
    Name,    ///< A register, special register, variable or label.
    Integer, ///< `integer`.
    Single,  ///< 0f...: the bits of an f32 in `integer`.
    Double,  ///< 0d...: the bits of an f64.
    Address, ///< [name + integer], or [integer] when `name` is empty.
    Vector,  ///< {a, b, ...} in `elements`.
    Pair,    ///< a|b in `elements`.
  };
  Kind kind = Kind::Name;
  /// Written as !name.
  bool negated = false;
  std::string_view name;
  /// The value; for a name, what is added to it (`symbol+4`).
  uint64_t integer = 0;
  std::vector<Operand> elements;
};

/// One instruction.
struct Statement {
  uint32_t line = 0;
  std::string_view opcode;
  std::string_view guard;
  bool guardNegated = false;
  std::vector<Operand> operands;
};

/// A variable, a parameter, or a family of registers (`%r<10>`).
struct Variable {
  uint32_t line = 0;
  Space space = Space::Register;
  bool isExtern = false;
  Type type = Type::B32;
  uint64_t alignment = 1;
  std::string_view name;
  /// For %r<10>: 10.
  std::optional<uint32_t> family;
  /// Elements of an array; 1 for a scalar; 0 for `[]`.
  uint64_t elements = 1;

  uint64_t byteSize() const { return elements * byteWidth(type); }
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_SYNTAX_H
