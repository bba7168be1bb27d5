//===- Syntax.h - A PTX module as it is written -----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parser makes of the text, before names are resolved. The views
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

/// The fundamental types of the PTX ISA, and the packed ones of instructions.
enum class Type : uint8_t {
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  F32,
  F64,
};

/// Bytes of a value of this type; a predicate counts as 4, one bit a lane.
constexpr unsigned byteWidth(Type type) {
  switch (type) {
  case Type::B8:
  case Type::U8:
  case Type::S8:
    return 1;
  case Type::B16:
  case Type::U16:
  case Type::S16:
  case Type::F16:
  case Type::BF16:
    return 2;
  case Type::B64:
  case Type::U64:
  case Type::S64:
  case Type::F64:
    return 8;
  case Type::B128:
    return 16;
  default:
    return 4;
  }
}

constexpr bool isSigned(Type type) {
  return type == Type::S8 || type == Type::S16 || type == Type::S32 ||
         type == Type::S64;
}

constexpr bool isFloat(Type type) { return type >= Type::F16; }

/// The type named by a word without its dot ("u32"), if it names one.
std::optional<Type> typeNamed(std::string_view word);
/// The name of a type, with its dot (".u32").
std::string nameOf(Type type);

/// Where a variable lives.
enum class Space : uint8_t { Register, Global, Const, Shared, Local, Param };

/// An operand as written.
struct OperandSyntax {
  enum class Kind {
    Name,    ///< A register, special register, variable, function or label.
    Integer, ///< `integer`.
    Single,  ///< 0f...: the bits of an f32 in `integer`.
    Double,  ///< 0d... or a decimal fraction: the bits of an f64.
    Address, ///< [name + integer], or [integer] when `name` is empty.
    Vector,  ///< {a, b, ...} in `elements`.
    Pair,    ///< a|b in `elements`.
    List,    ///< (a, b, ...) in `elements`: of a call.
  };
  Kind kind = Kind::Name;
  /// Written as !name.
  bool negated = false;
  std::string_view name;
  /// The value; for a name, what is added to it (`symbol+4`).
  uint64_t integer = 0;
  std::vector<OperandSyntax> elements;
};

/// One instruction as written.
struct StatementSyntax {
  uint32_t line = 0;
  /// The innermost scope (index into FunctionSyntax::scopes) it stands in.
  uint32_t scope = 0;
  std::string_view opcode;
  std::string_view guard;
  bool guardNegated = false;
  std::vector<OperandSyntax> operands;
};

/// One element of an initialiser: a number, or the address of a symbol.
struct InitialValue {
  OperandSyntax value;
};

/// A variable, a parameter, or a family of registers (`%r<10>`).
struct VariableSyntax {
  uint32_t line = 0;
  uint32_t scope = 0;
  Space space = Space::Register;
  bool isExtern = false;
  Type type = Type::B32;
  /// .v2 or .v4; 1 otherwise.
  uint32_t vectorWidth = 1;
  uint64_t alignment = 1;
  std::string_view name;
  /// For %r<10>: 10. 0 for a single register or a variable.
  uint32_t family = 0;
  /// Elements of an array; 1 for a scalar; 0 for `[]`.
  uint64_t elements = 1;
  std::vector<InitialValue> initial;

  uint64_t byteSize() const { return elements * vectorWidth * byteWidth(type); }
};

/// A place in the code that branches name.
struct LabelSyntax {
  std::string_view name;
  uint32_t scope = 0;
  uint32_t line = 0;
  /// The statement that follows it.
  uint32_t statement = 0;
};

/// An entry or a device function.
struct FunctionSyntax {
  uint32_t line = 0;
  std::string_view name;
  bool isEntry = false;
  bool isExtern = false;
  bool hasBody = false;
  std::vector<VariableSyntax> results;
  std::vector<VariableSyntax> parameters;
  /// .maxntid and .reqntid; 0 where not given.
  uint32_t maxThreads[3] = {0, 0, 0};
  uint32_t requiredThreads[3] = {0, 0, 0};
  std::vector<VariableSyntax> variables;
  std::vector<StatementSyntax> statements;
  std::vector<LabelSyntax> labels;
  /// The parent of each scope; scope 0 is the body itself.
  std::vector<uint32_t> scopes;
};

/// A whole module.
struct ModuleSyntax {
  std::string_view version;
  std::string_view target;
  std::vector<VariableSyntax> variables;
  std::vector<FunctionSyntax> functions;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_SYNTAX_H
