//===- Selection.cpp - Chooses the handler of an instruction --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Selection.h"

#include "runtime/core/HalfFormats.h"
#include "runtime/emulator/Decoder.h"

#include <algorithm>
#include <bit>

using namespace minrnn;
using namespace minrnn::emulator;

Selection::Selection(EntryDecoder &decoder, const StatementSyntax &statement,
                     Instruction &instruction)
    : instruction(instruction), decoder(decoder), statement(statement) {
  std::string_view rest = statement.opcode;
  for (;;) {
    size_t dot = rest.find('.');
    words.push_back(rest.substr(0, dot));
    if (dot == std::string_view::npos)
      break;
    rest.remove_prefix(dot + 1);
  }
  taken.resize(words.size());
  taken[0] = true;
}

void Selection::fail(const std::string &message, Fault fault) const {
  decoder.fail(statement.line, message, fault);
}

void Selection::unsupported(const std::string &what) const {
  fail(what + " is not supported", Fault::Unsupported);
}

void Selection::wrongType(Type type) const {
  fail("'" + std::string(base()) + "' does not work on operands of type " +
           nameOf(type),
       Fault::Unsupported);
}

void Selection::finish() {
  for (size_t i = 0; i < words.size(); ++i)
    if (!taken[i])
      fail("instruction '" + std::string(base()) + "' with modifier '." +
               std::string(words[i]) + "', which the emulator does not know",
           Fault::Unsupported);
}

bool Selection::take(std::string_view modifier) {
  for (size_t i = 1; i < words.size(); ++i)
    if (!taken[i] && words[i] == modifier)
      return taken[i] = true;
  return false;
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

bool Selection::hasType() const {
  for (size_t i = 1; i < words.size(); ++i)
    if (!taken[i] && typeNamed(words[i]))
      return true;
  return false;
}

Type Selection::takeType() {
  for (size_t i = 1; i < words.size(); ++i)
    if (!taken[i])
      if (auto type = typeNamed(words[i])) {
        taken[i] = true;
        return *type;
      }
  fail("expected a type after '" + std::string(base()) +
           "', found none that the emulator knows",
       Fault::Unsupported);
}

void Selection::expectOperands(size_t least, size_t most) {
  size_t found = statement.operands.size();
  if (found >= least && found <= most)
    return;
  std::string expected = std::to_string(least);
  if (most != least)
    expected += " to " + std::to_string(most);
  fail("expected " + expected + " operands of '" + std::string(base()) +
       "', found " + std::to_string(found));
}

const OperandSyntax &Selection::operand(size_t index) {
  expectOperands(index + 1, ~size_t(0));
  return statement.operands[index];
}

unsigned Selection::registerWidth(const OperandSyntax &operand) {
  if (operand.kind != OperandSyntax::Kind::Name)
    return 0;
  if (auto symbol = decoder.lookUp(operand.name, statement.scope))
    return symbol->kind == Symbol::Kind::Register ? symbol->bytes : 0;
  return decoder.specialRegister(operand.name) != noSlot ? 4 : 0;
}

Slot Selection::constant(uint64_t bits, unsigned width) {
  return decoder.constant(bits, width == 16 && int64_t(bits) < 0 ? ~0ull : 0,
                          width);
}

uint64_t Selection::integer(const OperandSyntax &operand) {
  if (operand.kind != OperandSyntax::Kind::Integer)
    fail("expected an integer constant");
  return operand.integer;
}

static std::string spell(const OperandSyntax &operand) {
  switch (operand.kind) {
  case OperandSyntax::Kind::Name:
    return "'" + std::string(operand.name) + "'";
  case OperandSyntax::Kind::Integer:
    return "the integer " + std::to_string(int64_t(operand.integer));
  case OperandSyntax::Kind::Single:
  case OperandSyntax::Kind::Double:
    return "a floating-point constant";
  case OperandSyntax::Kind::Address:
    return "an address";
  case OperandSyntax::Kind::Vector:
    return "a vector";
  case OperandSyntax::Kind::Pair:
    return "a pair";
  case OperandSyntax::Kind::List:
    return "a list";
  }
  return "?";
}

static std::string registerOf(Type type) {
  return type == Type::Pred
             ? std::string("a predicate register")
             : "a register of " + std::to_string(8 * byteWidth(type)) + " bits";
}

static uint64_t floatingConstant(const Selection &selection,
                                 const OperandSyntax &operand, Type type) {
  bool single = operand.kind == OperandSyntax::Kind::Single;
  double value = single
                     ? double(std::bit_cast<float>(uint32_t(operand.integer)))
                     : std::bit_cast<double>(operand.integer);
  switch (type) {
  case Type::F32:
    return single ? operand.integer
                  : std::bit_cast<uint32_t>(static_cast<float>(value));
  case Type::F64:
    return single ? std::bit_cast<uint64_t>(value) : operand.integer;
  case Type::F16:
    return roundTo<Half>(value, Rounding::Nearest);
  case Type::BF16:
    return roundTo<BFloat>(value, Rounding::Nearest);
  default:
    if (byteWidth(type) == (single ? 4 : 8))
      return operand.integer;
    selection.fail("expected an operand of type " + nameOf(type) + ", found " +
                   spell(operand));
  }
}

Slot Selection::source(const OperandSyntax &operand, Type type) {
  unsigned width = type == Type::Pred ? 0 : byteWidth(type);
  switch (operand.kind) {
  case OperandSyntax::Kind::Integer:
    if (type == Type::Pred)
      return decoder.predicateConstant(operand.integer != 0);
    if (type == Type::F32 || type == Type::F64)
      break;
    return constant(operand.integer, width);
  case OperandSyntax::Kind::Single:
  case OperandSyntax::Kind::Double:
    if (type == Type::Pred)
      break;
    return decoder.constant(floatingConstant(*this, operand, type), 0, width);
  case OperandSyntax::Kind::Name: {
    if (operand.negated && type != Type::Pred)
      break;
    auto symbol = decoder.lookUp(operand.name, statement.scope);
    if (!symbol) {
      Slot special = decoder.specialRegister(operand.name);
      if (special != noSlot && width == 4 && !operand.integer)
        return special;
      if (special != noSlot)
        break;
      fail("'" + std::string(operand.name) + "' is not declared");
    }
    switch (symbol->kind) {
    case Symbol::Kind::Register:
      if (symbol->bytes != width || operand.integer)
        fail("expected " + registerOf(type) + ", found " + spell(operand) +
             " of " +
             (symbol->bytes ? std::to_string(8 * symbol->bytes) + " bits"
                            : std::string("a predicate")));
      return symbol->offset;
    case Symbol::Kind::Module:
      if (width != 8)
        break;
      return decoder.address(symbol->offset, operand.integer, 8);
    default:
      if (width != 4 && width != 8)
        break;
      return constant(symbol->offset + operand.integer, width);
    }
    break;
  }
  default:
    break;
  }
  fail("expected " + registerOf(type) + " or a constant, found " +
       spell(operand));
}

Slot Selection::destination(const OperandSyntax &operand, Type type) {
  unsigned width = type == Type::Pred ? 0 : byteWidth(type);
  if (operand.kind == OperandSyntax::Kind::Name && operand.name == "_")
    return decoder.sink(width);
  if (operand.kind == OperandSyntax::Kind::Name && !operand.negated &&
      !operand.integer) {
    auto symbol = decoder.lookUp(operand.name, statement.scope);
    if (!symbol)
      fail("'" + std::string(operand.name) + "' is not declared");
    if (symbol->kind == Symbol::Kind::Register && symbol->bytes == width)
      return symbol->offset;
    if (symbol->kind == Symbol::Kind::Register)
      fail("expected " + registerOf(type) + ", found " + spell(operand) +
           " of " +
           (symbol->bytes ? std::to_string(8 * symbol->bytes) + " bits"
                          : std::string("a predicate")));
  }
  fail("expected " + registerOf(type) + " to write, found " + spell(operand));
}

void Selection::predicateSource(unsigned position,
                                const OperandSyntax &operand) {
  instruction.source[position] = source(operand, Type::Pred);
  if (operand.negated)
    instruction.negated |= 1u << position;
}

std::optional<Symbol> Selection::symbol(const OperandSyntax &operand) {
  return decoder.lookUp(operand.name, statement.scope);
}
