//===- Decoder.cpp - From statements to executable form -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Decoder.h"

#include "runtime/emulator/ControlFlow.h"
#include "runtime/emulator/Lexer.h"
#include "runtime/emulator/Selection.h"

#include <algorithm>
#include <charconv>
#include <cstring>

using namespace minrnn::emulator;

static uint64_t alignTo(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

void EntryDecoder::fail(const std::string &message, Fault fault) const {
  throw Error(fault, message, line, lineOf(text, line));
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

void EntryDecoder::declareParameter(const Variable &parameter) {
  uint64_t offset = alignTo(image.parameterBytes, parameter.alignment);
  uint64_t bytes = parameter.byteSize();
  image.parameterBytes = offset + bytes;
  image.info.parameters.push_back({std::string(parameter.name), bytes, offset});
  globals[parameter.name] = {Space::Param, offset, bytes};
}

void EntryDecoder::declare(const Variable &variable) {
  line = variable.line;
  if (variable.space == Space::Register)
    scopes.back().registers[variable.name] = variable;
  else if (variable.space == Space::Shared)
    scopes.back().symbols[variable.name] = placeShared(variable);
  else
    fail("expected .reg or .shared in an entry", Fault::Unsupported);
}

Symbol EntryDecoder::placeShared(const Variable &variable) {
  if (variable.isExtern) {
    dynamicAlignment = std::max<uint64_t>(variable.alignment, 16);
    return {Space::Shared, 0, 0, true};
  }
  uint64_t offset = alignTo(image.info.sharedBytes, variable.alignment);
  image.info.sharedBytes = offset + variable.byteSize();
  return {Space::Shared, offset, variable.byteSize()};
}

Slot EntryDecoder::newRegister(unsigned width) {
  uint32_t bytes = width * warpSize;
  Slot slot = alignTo(image.registerBytes, std::min(bytes, 64u));
  image.registerBytes = slot + bytes;
  if (image.registerBytes > (1u << 28))
    fail("the entry needs more than 256 MiB of registers");
  return slot;
}

Symbol EntryDecoder::placeRegister(const Variable &variable) {
  unsigned width = byteWidth(variable.type);
  if (width)
    return {Space::Register, newRegister(width), width};
  // Predicates come 16 to a group, so that they do not spread the registers.
  if (predicateSlots % 16 == 0)
    predicateGroup = newRegister(2);
  return {Space::Register, predicateGroup + 4 * (predicateSlots++ % 16), 0};
}

/// `%r12` belongs to the family `%r<20>` declared in this or an outer scope.
std::optional<Symbol> EntryDecoder::lookUp(std::string_view name) {
  std::string_view family =
      name.substr(0, name.find_last_not_of("0123456789") + 1);
  uint32_t number = ~uint32_t(0);
  std::from_chars(name.data() + family.size(), name.data() + name.size(),
                  number);
  for (size_t i = scopes.size(); i--;) {
    Scope &scope = scopes[i];
    if (auto found = scope.symbols.find(name); found != scope.symbols.end())
      return found->second;
    auto found = scope.registers.find(name);
    if (found == scope.registers.end() || found->second.family) {
      found = scope.registers.find(family);
      if (found == scope.registers.end() ||
          number >= found->second.family.value_or(0))
        continue;
    }
    return scope.symbols[name] = placeRegister(found->second);
  }
  if (auto found = globals.find(name); found != globals.end())
    return found->second;
  auto found = moduleVariables.find(name);
  if (found == moduleVariables.end())
    return std::nullopt;
  if (found->second.space != Space::Shared)
    fail("the use of '" + std::string(name) +
             "', a variable in global memory, is not supported",
         Fault::Unsupported);
  // Shared variables of other entries take no room here.
  return globals[name] = placeShared(found->second);
}

//===----------------------------------------------------------------------===//
// Constants and special registers
//===----------------------------------------------------------------------===//

Slot EntryDecoder::newConstant(uint64_t bits, unsigned width) {
  size_t offset = alignTo(image.constants.size(), 64);
  image.constants.resize(offset + size_t(width) * warpSize);
  for (unsigned lane = 0; lane < warpSize; ++lane)
    std::memcpy(image.constants.data() + offset + size_t(lane) * width, &bits,
                width);
  return Slot(offset) | constantSlot;
}

Slot EntryDecoder::constant(uint64_t bits, unsigned width) {
  auto [found, isNew] = constants.try_emplace({bits, width}, noSlot);
  if (isNew)
    found->second = newConstant(bits, width);
  return found->second;
}

Slot EntryDecoder::sharedAddress(const Symbol &symbol, uint64_t addend,
                                 unsigned width) {
  if (!symbol.isDynamic)
    return constant(symbol.offset + addend, width);
  Slot slot = newConstant(addend, width);
  dynamicAddresses.push_back({slot & ~constantSlot, width});
  return slot;
}

Slot EntryDecoder::sink(unsigned width) {
  auto [found, isNew] = sinks.try_emplace(width, noSlot);
  if (isNew)
    found->second = newRegister(std::max(width, 1u));
  return found->second;
}

Slot EntryDecoder::specialRegister(std::string_view name) {
  static constexpr std::pair<std::string_view, SpecialRegister> known[] = {
      {"%tid", SpecialRegister::Tid},
      {"%ntid", SpecialRegister::Ntid},
      {"%ctaid", SpecialRegister::Ctaid},
      {"%nctaid", SpecialRegister::Nctaid}};
  size_t dot = name.find('.');
  const auto *found =
      std::ranges::find(known, name.substr(0, dot),
                        &std::pair<std::string_view, SpecialRegister>::first);
  if (found == std::end(known) || dot + 2 != name.size() ||
      name[dot + 1] < 'x' || name[dot + 1] > 'z')
    return noSlot;
  auto [slot, isNew] = specialSlots.try_emplace(name, noSlot);
  if (isNew) {
    slot->second = newRegister(4);
    image.specialRegisters.push_back(
        {found->second, unsigned(name[dot + 1] - 'x'), slot->second});
  }
  return slot->second;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

void EntryDecoder::decode(const Statement &statement) {
  line = statement.line;
  Instruction instruction;
  instruction.line = line;
  if (!statement.guard.empty()) {
    auto symbol = lookUp(statement.guard);
    if (!symbol || symbol->space != Space::Register || symbol->bytes)
      fail("expected a predicate register, found '" +
           std::string(statement.guard) + "'");
    instruction.guard = symbol->offset;
    instruction.guardNegated = statement.guardNegated;
  }
  select(*this, statement, instruction);
  image.code.push_back(instruction);
}

void EntryDecoder::label(std::string_view name) {
  scopes.back().labels[name] = image.code.size();
}

void EntryDecoder::branchTo(std::string_view label) {
  scopes.back().branches.push_back({uint32_t(image.code.size()), line, label});
}

void EntryDecoder::closeScope() {
  Scope scope = std::move(scopes.back());
  scopes.pop_back();
  for (const Branch &branch : scope.branches) {
    auto found = scope.labels.find(branch.label);
    if (found != scope.labels.end()) {
      image.code[branch.pc].target = found->second;
    } else if (!scopes.empty()) {
      scopes.back().branches.push_back(branch);
    } else {
      line = branch.line;
      fail("expected a label, found '" + std::string(branch.label) +
           "', which the entry does not define");
    }
  }
}

void EntryDecoder::finish(uint32_t endLine) {
  Instruction &last = image.code.emplace_back();
  last.handler = exitHandler();
  last.always = true;
  last.line = endLine;
  closeScope();
  if (!dynamicAddresses.empty())
    image.info.sharedBytes = alignTo(image.info.sharedBytes, dynamicAlignment);
  for (const auto &[offset, width] : dynamicAddresses)
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      std::byte *at = image.constants.data() + offset + size_t(lane) * width;
      uint64_t address = 0;
      std::memcpy(&address, at, width);
      address += image.info.sharedBytes;
      std::memcpy(at, &address, width);
    }
  image.registerBytes = alignTo(image.registerBytes, 64);
  findReconvergence(image);
}
