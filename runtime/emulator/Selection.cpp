//===- Selection.cpp - Chooses the handler of an instruction --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Selection.h"

#include "runtime/emulator/Opcodes.h"

#include <algorithm>

using namespace minrnn::emulator;

Selection::Selection(EntryDecoder &decoder, const Statement &statement,
                     Instruction &instruction)
    : instruction(instruction), decoder(decoder), statement(statement) {
  std::string_view rest = statement.opcode;
  for (size_t dot; (dot = rest.find('.')) != rest.npos;
       rest.remove_prefix(dot + 1))
    words.push_back(rest.substr(0, dot));
  words.push_back(rest);
}

//===----------------------------------------------------------------------===//
// Modifiers
//===----------------------------------------------------------------------===//

bool Selection::take(std::string_view modifier) {
  auto found = std::find(words.begin() + 1, words.end(), modifier);
  if (found == words.end())
    return false;
  words.erase(found);
  return true;
}

int Selection::takeOneOf(std::initializer_list<std::string_view> modifiers) {
  int position = 0;
  for (std::string_view modifier : modifiers) {
    if (take(modifier))
      return position;
    ++position;
  }
  return -1;
}

Type Selection::takeType() {
  for (size_t i = 1; i < words.size(); ++i)
    if (auto type = typeNamed(words[i])) {
      take(words[i]);
      return *type;
    }
  fail("expected a type after '" + std::string(base()) +
           "', found none that the emulator knows",
       Fault::Unsupported);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

void Selection::expectOperands(size_t count) {
  size_t found = statement.operands.size();
  if (found != count)
    fail("expected " + std::to_string(count) + " operands of '" +
         std::string(base()) + "', found " + std::to_string(found));
}

unsigned Selection::registerWidth(const Operand &operand) {
  if (operand.kind != Operand::Kind::Name)
    return 0;
  if (auto symbol = decoder.lookUp(operand.name))
    return symbol->space == Space::Register ? symbol->bytes : 0;
  return decoder.specialRegister(operand.name) != noSlot ? 4 : 0;
}

static std::string spell(const Operand &operand) {
  switch (operand.kind) {
  case Operand::Kind::Name:
    return "'" + std::string(operand.name) + "'";
  case Operand::Kind::Integer:
    return "the integer " + std::to_string(int64_t(operand.integer));
  case Operand::Kind::Single:
  case Operand::Kind::Double:
    return "a floating-point constant";
  case Operand::Kind::Address:
    return "an address";
  case Operand::Kind::Vector:
    return "a vector";
  case Operand::Kind::Pair:
    return "a pair";
  }
  return "?";
}

static std::string registerOf(Type type) {
  return type == Type::Pred
             ? std::string("a predicate register")
             : "a register of " + std::to_string(8 * byteWidth(type)) + " bits";
}

/// The register that an operand names; an error when its width is not the
/// type's.
static Slot registerSlot(const Selection &selection, const Operand &operand,
                         const Symbol &symbol, Type type) {
  if (symbol.bytes != byteWidth(type) || operand.integer)
    selection.fail("expected " + registerOf(type) + ", found " +
                   spell(operand) + " of " +
                   (symbol.bytes ? std::to_string(8 * symbol.bytes) + " bits"
                                 : std::string("a predicate")));
  return symbol.offset;
}

Slot Selection::source(const Operand &operand, Type type) {
  unsigned width = byteWidth(type);
  switch (operand.kind) {
  case Operand::Kind::Integer:
    if (type == Type::Pred)
      return decoder.predicateConstant(operand.integer != 0);
    if (type == Type::F32 || type == Type::F64)
      break;
    return decoder.constant(operand.integer, width);
  case Operand::Kind::Single:
  case Operand::Kind::Double:
    if (width != (operand.kind == Operand::Kind::Single ? 4 : 8))
      break;
    return decoder.constant(operand.integer, width);
  case Operand::Kind::Name: {
    if (operand.negated && type != Type::Pred)
      break;
    auto symbol = decoder.lookUp(operand.name);
    if (!symbol) {
      Slot special = decoder.specialRegister(operand.name);
      if (special == noSlot)
        fail("'" + std::string(operand.name) + "' is not declared");
      if (width == 4 && !operand.integer)
        return special;
      break;
    }
    if (symbol->space == Space::Register)
      return registerSlot(*this, operand, *symbol, type);
    if (symbol->space == Space::Shared && (width == 4 || width == 8))
      return decoder.sharedAddress(*symbol, operand.integer, width);
    break;
  }
  default:
    break;
  }
  fail("expected " + registerOf(type) + " or a constant, found " +
       spell(operand));
}

Slot Selection::destination(const Operand &operand, Type type) {
  if (operand.kind == Operand::Kind::Name && operand.name == "_")
    return decoder.sink(byteWidth(type));
  if (operand.kind == Operand::Kind::Name && !operand.negated) {
    auto symbol = decoder.lookUp(operand.name);
    if (!symbol)
      fail("'" + std::string(operand.name) + "' is not declared");
    if (symbol->space == Space::Register)
      return registerSlot(*this, operand, *symbol, type);
  }
  fail("expected " + registerOf(type) + " to write, found " + spell(operand));
}

void Selection::setSource(unsigned position, size_t index, Type type) {
  const Operand &operand = statement.operands[index];
  instruction.source[position] = source(operand, type);
  instruction.negated |= unsigned(operand.negated) << position;
}

void Selection::setDestination(unsigned position, size_t index, Type type) {
  instruction.destination[position] =
      destination(statement.operands[index], type);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void Selection::wrongType(Type type) const {
  fail("'" + std::string(base()) + "' does not work on operands of type " +
           nameOf(type),
       Fault::Unsupported);
}

void Selection::finish() const {
  if (words.size() > 1)
    fail("instruction '" + std::string(base()) + "' with modifier '." +
             std::string(words[1]) + "', which the emulator does not know",
         Fault::Unsupported);
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

using Selector = void (*)(Selection &);

static Selector findSelector(std::string_view base) {
  static constexpr std::pair<std::string_view, Selector> selectors[] = {
      {"ld", selectLoad},      {"st", selectStore},
      {"mov", selectMove},     {"cvta", selectConvertAddress},
      {"atom", selectAtomic},  {"red", selectAtomic},
      {"shfl", selectShuffle}, {"vote", selectVote},
      {"bar", selectBarrier},  {"barrier", selectBarrier},
      {"fence", selectFence},  {"membar", selectFence},
      {"bra", selectBranch},   {"ret", selectExit},
      {"exit", selectExit},    {"trap", selectTrap},
  };
  for (const auto &[name, selector] : selectors)
    if (name == base)
      return selector;
  return nullptr;
}

void minrnn::emulator::select(EntryDecoder &decoder, const Statement &statement,
                              Instruction &instruction) {
  const OpcodeTable &table = decoder.opcodes;
  Selection selection(decoder, statement, instruction);
  if (const Opcode *opcode = table.find(statement.opcode)) {
    selection.expectOperands(opcode->sources.size() + 1);
    selection.setDestination(0, 0, opcode->result);
    for (size_t i = 0; i < opcode->sources.size(); ++i)
      selection.setSource(i, i + 1, opcode->sources[i]);
    instruction.handler = opcode->handler;
    instruction.mode = opcode->mode;
    instruction.specialFunctions = opcode->specialFunctions;
    return;
  }
  if (Selector selector = findSelector(selection.base())) {
    selector(selection);
    return selection.finish();
  }
  std::string unknown = table.firstUnknown(statement.opcode);
  selection.fail(
      unknown.empty()
          ? "expected an instruction, found '" + std::string(selection.base()) +
                "', which the emulator does not know"
          : "instruction '" + std::string(selection.base()) + "' with " +
                unknown + ", which the emulator does not know",
      Fault::Unsupported);
}
