//===- Decoder.h - From syntax to executable form ---------------*- C++ -*-===//
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
#include "runtime/emulator/Selection.h"

#include <map>
#include <optional>
#include <tuple>

namespace minrnn::emulator {

/// A register, or a variable, that a name stands for.
struct Symbol {
  enum class Kind {
    Register,
    Module,         ///< A .global or .const variable: `offset` is its index.
    Shared,         ///< `offset` in the block's shared memory.
    Local,          ///< `offset` in the thread's local memory, parameters of
                    ///< device functions and of calls included.
    EntryParameter, ///< `offset` in the launch's parameters.
  };
  Kind kind = Kind::Register;
  Space space = Space::Register;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

/// The decoder of one entry with the functions it calls: gives registers and
/// variables their places and finds what names stand for.
class EntryDecoder {
public:
  EntryDecoder(std::string_view text, const ModuleSyntax &module,
               const std::map<std::string_view, uint32_t> &moduleVariables,
               const SelectorTable &selectors);

  EntryImage decode(const FunctionSyntax &entry);

  //===--- For selections -------------------------------------------------===//

  /// What a name stands for at a scope of the current function, if anything.
  std::optional<Symbol> lookUp(std::string_view name, uint32_t scope);
  /// The place of a special register of 32 bits; noSlot if it is none.
  Slot specialRegister(std::string_view name);
  Slot constant(uint64_t low, uint64_t high, unsigned width);
  /// A constant that holds a module variable's address plus `addend`.
  Slot address(uint32_t variable, uint64_t addend, unsigned width);
  Slot predicateConstant(bool value);
  /// A register that nothing reads.
  Slot sink(unsigned width);
  /// Index of the statement a label stands before, to be turned into a place
  /// in the code when the function is complete.
  uint32_t label(std::string_view name, uint32_t scope, uint32_t line);
  /// Adds a call and returns its index.
  uint32_t call(std::string_view name, const std::vector<Symbol> &results,
                const std::vector<Symbol> &arguments, uint32_t line);
  bool inEntry() const { return function->isEntry; }

  [[noreturn]] void fail(uint32_t line, const std::string &message,
                         Fault fault = Fault::Syntax) const;
  EntryImage image;

private:
  using ScopedName = std::pair<uint32_t, std::string_view>;

  /// A function's place in the code and of its parameters.
  struct Body {
    uint32_t begin = 0, end = 0;
    std::map<std::string_view, Symbol> parameters;
    std::vector<Symbol> results, arguments;
    std::vector<std::string_view> callees;
    bool decoded = false;
  };

  void declareModuleVariables();
  void declareParameters(const FunctionSyntax &syntax, Body &body);
  void declareVariables();
  void decodeBody(const FunctionSyntax &syntax);
  void decodeStatement(const StatementSyntax &statement);
  void resolveTargets(uint32_t begin, uint32_t end);
  void checkNoRecursion() const;
  Symbol placeLocal(const VariableSyntax &variable);
  Symbol placeShared(const VariableSyntax &variable);
  Slot newRegister(unsigned width);
  Slot newPredicate();
  const FunctionSyntax *findFunction(std::string_view name) const;

  std::string_view text;
  const ModuleSyntax &module;
  const std::map<std::string_view, uint32_t> &moduleVariables;
  const SelectorTable &selectors;
  const FunctionSyntax *function = nullptr;
  Body *body = nullptr;
  std::map<std::string_view, Symbol> globals;
  std::map<std::string_view, Body> bodies;
  std::vector<std::string_view> pending;
  std::vector<std::string_view> callNames;
  /// Shared variables declared in function bodies.
  std::map<const VariableSyntax *, Symbol> sharedOfFunctions;
  std::map<ScopedName, Symbol> names;
  std::map<ScopedName, const VariableSyntax *> families;
  std::map<std::tuple<uint64_t, uint64_t, unsigned>, Slot> constantSlots;
  std::map<std::string_view, Slot> specialSlots;
  std::map<unsigned, Slot> sinks;
  std::vector<uint32_t> statementStarts;
  uint32_t predicateSlots = 0;
  Slot predicateGroup = 0;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_DECODER_H
