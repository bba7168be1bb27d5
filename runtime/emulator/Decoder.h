//===- Decoder.h - From statements to executable form -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_DECODER_H
#define MINRNN_RUNTIME_EMULATOR_DECODER_H

#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/Syntax.h"

#include <map>
#include <optional>
#include <vector>

namespace minrnn::emulator {

class OpcodeTable;

/// A register, or a variable, that a name stands for.
struct Symbol {
  Space space = Space::Register;
  /// A slot, or an offset in shared memory or in the launch's parameters.
  uint64_t offset = 0;
  /// 0 for a predicate.
  uint64_t bytes = 0;
  /// In the launch's own shared memory, which begins where the entry's ends.
  bool isDynamic = false;
};

using ModuleVariables = std::map<std::string_view, Variable>;

/// The decoder of one entry: gives registers and variables their places and
/// finds what names stand for. `line` is that of the entry.
class EntryDecoder {
public:
  EntryDecoder(std::string_view text, const ModuleVariables &moduleVariables,
               const OpcodeTable &opcodes, uint32_t line)
      : opcodes(opcodes), text(text), moduleVariables(moduleVariables),
        line(line) {}

  //===--- For the parser -------------------------------------------------===//

  void declareParameter(const Variable &parameter);
  void openScope() { scopes.emplace_back(); }
  void closeScope();
  void declare(const Variable &variable);
  /// Makes `name` another name of `symbol`, in the last scope.
  void bind(std::string_view name, const Symbol &symbol) {
    scopes.back().symbols[name] = symbol;
  }
  void label(std::string_view name);
  void decode(const Statement &statement);
  /// Closes the last scope, at this line; `image` is then complete.
  void finish(uint32_t endLine);

  //===--- For selections -------------------------------------------------===//

  /// What a name stands for at this place, if anything.
  std::optional<Symbol> lookUp(std::string_view name);
  /// The place of a special register of 32 bits; noSlot if it is none.
  Slot specialRegister(std::string_view name);
  /// The place of a constant of `width` bytes, the same in every lane.
  Slot constant(uint64_t bits, unsigned width);
  Slot predicateConstant(bool value) {
    return constant(value ? allLanes : 0, 4);
  }
  /// A constant that is the address of a shared variable plus `addend`.
  Slot sharedAddress(const Symbol &symbol, uint64_t addend, unsigned width);
  /// A register that nothing reads; `width` is 0 for a predicate.
  Slot sink(unsigned width);
  /// Makes the instruction that is being decoded branch to a label.
  void branchTo(std::string_view label);
  /// An `Error` at the statement that is being decoded.
  [[noreturn]] void fail(const std::string &message,
                         Fault fault = Fault::Syntax) const;

  EntryImage image;
  const OpcodeTable &opcodes;

private:
  struct Branch {
    uint32_t pc;
    uint32_t line;
    std::string_view label;
  };
  struct Scope {
    std::map<std::string_view, Symbol> symbols;
    std::map<std::string_view, Variable> registers;
    std::map<std::string_view, uint32_t> labels;
    /// To labels that this scope has not yet.
    std::vector<Branch> branches;
  };
  struct DynamicAddress {
    size_t offset;
    unsigned width;
  };

  Symbol placeShared(const Variable &variable);
  Symbol placeRegister(const Variable &variable);
  Slot newRegister(unsigned width);
  Slot newConstant(uint64_t bits, unsigned width);

  std::string_view text;
  const ModuleVariables &moduleVariables;
  uint32_t line;
  std::map<std::string_view, Symbol> globals;
  std::vector<Scope> scopes;
  std::map<std::pair<uint64_t, unsigned>, Slot> constants;
  std::vector<DynamicAddress> dynamicAddresses;
  uint64_t dynamicAlignment = 1;
  std::map<std::string_view, Slot> specialSlots;
  std::map<unsigned, Slot> sinks;
  uint32_t predicateSlots = 0;
  Slot predicateGroup = 0;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_DECODER_H
