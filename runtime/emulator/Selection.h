//===- Selection.h - Chooses the handler of an instruction ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One `Selection` decodes one statement: a selector takes the modifiers it
// knows and the operands it needs, and sets the handler. What nobody took is
// an error, so that no modifier is ever ignored in silence. Internal to the
// emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_SELECTION_H
#define MINRNN_RUNTIME_EMULATOR_SELECTION_H

#include "runtime/emulator/Error.h"
#include "runtime/emulator/Instruction.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace minrnn::emulator {

class EntryDecoder;
struct Symbol;

class Selection {
public:
  Selection(EntryDecoder &decoder, const StatementSyntax &statement,
            Instruction &instruction);

  Instruction &instruction;

  //===--- Modifiers ------------------------------------------------------===//

  std::string_view base() const { return words.front(); }
  /// Takes a modifier wherever it stands; false when it is not there.
  bool take(std::string_view modifier);
  /// Takes the first of these that is there and returns its position in the
  /// list, or -1.
  int takeOneOf(std::initializer_list<std::string_view> modifiers);
  /// Takes the first modifier that names a type; an error if there is none.
  Type takeType();
  bool hasType() const;

  //===--- Operands -------------------------------------------------------===//

  size_t operandCount() const { return statement.operands.size(); }
  const OperandSyntax &operand(size_t index);
  /// An error unless there are between `least` and `most` operands.
  void expectOperands(size_t least, size_t most);
  void expectOperands(size_t count) { expectOperands(count, count); }

  /// The place of an operand read, or written, as `type`; its register must
  /// have the type's width.
  Slot source(const OperandSyntax &operand, Type type);
  Slot destination(const OperandSyntax &operand, Type type);
  Slot source(size_t index, Type type) { return source(operand(index), type); }
  Slot destination(size_t index, Type type) {
    return destination(operand(index), type);
  }
  /// Sets source `position` of the instruction to a predicate operand, with
  /// its negation.
  void predicateSource(unsigned position, const OperandSyntax &operand);
  /// The place of a constant, the same in every lane.
  Slot constant(uint64_t bits, unsigned width);
  /// Bytes of the register an operand names; 0 for what is no register.
  unsigned registerWidth(const OperandSyntax &operand);
  /// What the name in an operand stands for.
  std::optional<Symbol> symbol(const OperandSyntax &operand);
  uint32_t scope() const { return statement.scope; }
  uint32_t line() const { return statement.line; }
  /// An integer known when the program is parsed.
  uint64_t integer(const OperandSyntax &operand);

  EntryDecoder &decoder;

  [[noreturn]] void fail(const std::string &message,
                         Fault fault = Fault::Syntax) const;
  [[noreturn]] void unsupported(const std::string &what) const;
  /// An error for operand types that the instruction does not have.
  [[noreturn]] void wrongType(Type type) const;

  /// All modifiers and operands are taken, or else an error.
  void finish();

private:
  const StatementSyntax &statement;
  std::vector<std::string_view> words;
  std::vector<bool> taken;
};

/// Decodes the statements of one kind of instruction.
using Selector = void (*)(Selection &);
using SelectorTable = std::unordered_map<std::string_view, Selector>;

// Each adds the instructions of one file.
void addIntegerInstructions(SelectorTable &table);
void addBitInstructions(SelectorTable &table);
void addFloatInstructions(SelectorTable &table);
void addComparisonInstructions(SelectorTable &table);
void addConversionInstructions(SelectorTable &table);
void addMoveInstructions(SelectorTable &table);
void addSpecialFunctionInstructions(SelectorTable &table);
void addMemoryInstructions(SelectorTable &table);
void addAtomicInstructions(SelectorTable &table);
void addWarpInstructions(SelectorTable &table);
void addBarrierInstructions(SelectorTable &table);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_SELECTION_H
