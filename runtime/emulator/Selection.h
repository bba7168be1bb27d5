//===- Selection.h - Chooses the handler of an instruction ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An instruction that is a function of each lane's operands is a row of the
// table of opcodes (see Opcodes.h), found by its whole name. Of the others,
// one `Selection` decodes one statement: a selector takes the modifiers it
// knows and the operands it needs, and sets the handler. What nobody took is
// an error, so that no modifier is ever ignored in silence. Internal to the
// emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_SELECTION_H
#define MINRNN_RUNTIME_EMULATOR_SELECTION_H

#include "runtime/emulator/Decoder.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::emulator {

class Selection {
public:
  Selection(EntryDecoder &decoder, const Statement &statement,
            Instruction &instruction);

  Instruction &instruction;
  EntryDecoder &decoder;
  const Statement &statement;

  //===--- Modifiers ------------------------------------------------------===//

  std::string_view base() const { return words.front(); }
  /// Takes a modifier wherever it stands; false when it is not there.
  bool take(std::string_view modifier);
  /// Takes the first of these that is there and returns its position in the
  /// list, or -1.
  int takeOneOf(std::initializer_list<std::string_view> modifiers);
  /// Takes the first modifier that names a type; an error if there is none.
  Type takeType();

  //===--- Operands -------------------------------------------------------===//

  void expectOperands(size_t count);
  /// The place of an operand read, or written, as `type`; its register must
  /// have the type's width.
  Slot source(const Operand &operand, Type type);
  Slot destination(const Operand &operand, Type type);
  /// Sets source or destination `position` of the instruction to operand
  /// `index` of the statement.
  void setSource(unsigned position, size_t index, Type type);
  void setDestination(unsigned position, size_t index, Type type);
  /// Bytes of the register an operand names; 0 for what is no register.
  unsigned registerWidth(const Operand &operand);

  //===--- Errors ---------------------------------------------------------===//

  [[noreturn]] void fail(const std::string &message,
                         Fault fault = Fault::Syntax) const {
    decoder.fail(message, fault);
  }
  /// An error for operand types that the instruction does not have.
  [[noreturn]] void wrongType(Type type) const;
  /// All modifiers are taken, or else an error.
  void finish() const;

private:
  std::vector<std::string_view> words;
};

/// Decodes a statement.
void select(EntryDecoder &decoder, const Statement &statement,
            Instruction &instruction);

// The selectors, by the base names of their instructions.
void selectLoad(Selection &selection);
void selectStore(Selection &selection);
void selectMove(Selection &selection);
void selectConvertAddress(Selection &selection);
void selectAtomic(Selection &selection);
void selectShuffle(Selection &selection);
void selectVote(Selection &selection);
void selectBarrier(Selection &selection);
void selectFence(Selection &selection);
void selectBranch(Selection &selection);
void selectExit(Selection &selection);
void selectTrap(Selection &selection);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_SELECTION_H
