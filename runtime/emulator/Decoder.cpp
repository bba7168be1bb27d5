//===- Decoder.cpp - From syntax to executable form -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Decoder.h"

#include "runtime/emulator/ControlFlow.h"
#include "runtime/emulator/Lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

using namespace minrnn::emulator;

static uint64_t alignTo(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

EntryDecoder::EntryDecoder(
    std::string_view text, const ModuleSyntax &module,
    const std::map<std::string_view, uint32_t> &moduleVariables,
    const SelectorTable &selectors)
    : text(text), module(module), moduleVariables(moduleVariables),
      selectors(selectors) {}

void EntryDecoder::fail(uint32_t line, const std::string &message,
                        Fault fault) const {
  throw Error(fault, message, line, lineOf(text, line));
}

EntryImage EntryDecoder::decode(const FunctionSyntax &entry) {
  image.info.name = entry.name;
  auto extent = [](const uint32_t *n) { return Dim3{n[0], n[1], n[2]}; };
  image.info.maxThreads = extent(entry.maxThreads);
  image.info.requiredThreads = extent(entry.requiredThreads);
  image.sharedGranuleLog2 = 4;
  declareModuleVariables();
  pending.push_back(entry.name);
  while (!pending.empty()) {
    std::string_view name = pending.back();
    pending.pop_back();
    if (!bodies[name].decoded)
      decodeBody(*findFunction(name));
  }
  checkNoRecursion();
  for (size_t i = 0; i < image.calls.size(); ++i)
    image.calls[i].target = bodies[callNames[i]].begin;
  image.info.localBytes = alignTo(image.info.localBytes, 16);
  image.registerBytes = alignTo(image.registerBytes, 64);
  return std::move(image);
}

const FunctionSyntax *EntryDecoder::findFunction(std::string_view name) const {
  const FunctionSyntax *declared = nullptr;
  for (const FunctionSyntax &candidate : module.functions)
    if (candidate.name == name) {
      if (candidate.hasBody)
        return &candidate;
      declared = &candidate;
    }
  return declared;
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

Symbol EntryDecoder::placeShared(const VariableSyntax &variable) {
  uint64_t offset = alignTo(image.info.sharedBytes, variable.alignment);
  image.info.sharedBytes = offset + variable.byteSize();
  return {Symbol::Kind::Shared, Space::Shared, offset, variable.byteSize()};
}

Symbol EntryDecoder::placeLocal(const VariableSyntax &variable) {
  uint64_t offset = alignTo(image.info.localBytes, variable.alignment);
  image.info.localBytes = offset + variable.byteSize();
  return {Symbol::Kind::Local, variable.space, offset, variable.byteSize()};
}

/// Shared variables of other entries take no room here: static variables that
/// the entry's functions never name are left out.
void EntryDecoder::declareModuleVariables() {
  auto names = [&](std::string_view variable) {
    auto inOperand = [&](auto &self, const OperandSyntax &operand) -> bool {
      return operand.name == variable ||
             std::any_of(operand.elements.begin(), operand.elements.end(),
                         [&](const OperandSyntax &e) { return self(self, e); });
    };
    for (const FunctionSyntax &candidate : module.functions) {
      if (candidate.isEntry && candidate.name != image.info.name)
        continue;
      for (const StatementSyntax &statement : candidate.statements)
        for (const OperandSyntax &operand : statement.operands)
          if (inOperand(inOperand, operand))
            return true;
    }
    return false;
  };
  std::vector<const VariableSyntax *> dynamic;
  for (const VariableSyntax &variable : module.variables) {
    if (variable.space == Space::Shared) {
      if (variable.isExtern)
        dynamic.push_back(&variable);
      else if (names(variable.name))
        globals[variable.name] = placeShared(variable);
    } else if (variable.space == Space::Local) {
      globals[variable.name] = placeLocal(variable);
    } else {
      globals[variable.name] = {Symbol::Kind::Module, variable.space,
                                moduleVariables.at(variable.name),
                                variable.byteSize()};
    }
  }
  // Static variables of function bodies have to come before dynamic memory.
  for (const FunctionSyntax &candidate : module.functions) {
    if (candidate.isEntry && candidate.name != image.info.name)
      continue;
    for (const VariableSyntax &variable : candidate.variables)
      if (variable.space == Space::Shared && !variable.isExtern)
        sharedOfFunctions[&variable] = placeShared(variable);
  }
  for (const VariableSyntax *variable : dynamic) {
    if (!names(variable->name))
      continue;
    uint64_t alignment = std::max<uint64_t>(variable->alignment, 16);
    image.info.sharedBytes = alignTo(image.info.sharedBytes, alignment);
    globals[variable->name] = {Symbol::Kind::Shared, Space::Shared,
                               image.info.sharedBytes, 0};
  }
}

void EntryDecoder::declareParameters(const FunctionSyntax &syntax, Body &to) {
  for (const VariableSyntax &parameter : syntax.parameters) {
    Symbol symbol;
    if (syntax.isEntry) {
      uint64_t offset = alignTo(image.parameterBytes, parameter.alignment);
      image.parameterBytes = offset + parameter.byteSize();
      symbol = {Symbol::Kind::EntryParameter, Space::Param, offset,
                parameter.byteSize()};
      image.info.parameters.push_back(
          {std::string(parameter.name), parameter.byteSize(), offset});
    } else {
      symbol = placeLocal(parameter);
      to.arguments.push_back(symbol);
    }
    to.parameters[parameter.name] = symbol;
  }
  for (const VariableSyntax &result : syntax.results) {
    to.results.push_back(placeLocal(result));
    to.parameters[result.name] = to.results.back();
  }
}

void EntryDecoder::declareVariables() {
  names.clear();
  families.clear();
  for (const VariableSyntax &variable : function->variables) {
    ScopedName key{variable.scope, variable.name};
    switch (variable.space) {
    case Space::Register:
      families[key] = &variable;
      break;
    case Space::Shared:
      if (variable.isExtern)
        fail(variable.line, "expected an .extern variable outside of functions",
             Fault::Unsupported);
      names[key] = sharedOfFunctions.at(&variable);
      break;
    case Space::Local:
    case Space::Param:
      names[key] = placeLocal(variable);
      break;
    default:
      fail(variable.line,
           "expected .reg, .local, .shared or .param in a function",
           Fault::Unsupported);
    }
  }
}

Slot EntryDecoder::newRegister(unsigned width) {
  uint32_t bytes = width * warpSize;
  Slot slot = alignTo(image.registerBytes, std::min(bytes, 64u));
  image.registerBytes = slot + bytes;
  if (image.registerBytes > (1u << 28))
    fail(function->line, "the entry needs more than 256 MiB of registers");
  return slot;
}

/// Predicates come 16 to a group, so that they do not spread the registers.
Slot EntryDecoder::newPredicate() {
  if (predicateSlots % 16 == 0)
    predicateGroup = newRegister(2);
  return predicateGroup + 4 * (predicateSlots++ % 16);
}

/// `%r12` belongs to the family `%r<20>` declared in this or an outer scope.
std::optional<Symbol> EntryDecoder::lookUp(std::string_view name,
                                           uint32_t scope) {
  std::string_view family = name;
  while (!family.empty() && family.back() >= '0' && family.back() <= '9')
    family.remove_suffix(1);
  uint32_t number = 0;
  bool numbered = family.size() < name.size() &&
                  std::from_chars(name.data() + family.size(),
                                  name.data() + name.size(), number)
                          .ec == std::errc();
  for (uint32_t at = scope;; at = function->scopes[at]) {
    if (auto found = names.find({at, name}); found != names.end())
      return found->second;
    const VariableSyntax *declared = nullptr;
    if (auto found = families.find({at, name}); found != families.end() &&
                                                !found->second->family &&
                                                found->second->elements)
      declared = found->second;
    else if (auto group = families.find({at, family});
             numbered && group != families.end() &&
             number < group->second->family)
      declared = group->second;
    if (declared) {
      Symbol symbol{Symbol::Kind::Register, Space::Register, 0,
                    declared->type == Type::Pred ? 0u
                                                 : byteWidth(declared->type)};
      symbol.offset = declared->type == Type::Pred
                          ? newPredicate()
                          : newRegister(byteWidth(declared->type));
      names[{at, name}] = symbol;
      return symbol;
    }
    if (!at)
      break;
  }
  if (auto found = body->parameters.find(name); found != body->parameters.end())
    return found->second;
  if (auto found = globals.find(name); found != globals.end())
    return found->second;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Constants and special registers
//===----------------------------------------------------------------------===//

Slot EntryDecoder::constant(uint64_t low, uint64_t high, unsigned width) {
  auto [found, isNew] = constantSlots.try_emplace({low, high, width}, noSlot);
  if (!isNew)
    return found->second;
  size_t offset = alignTo(image.constants.size(), 64);
  image.constants.resize(offset + size_t(width) * warpSize);
  std::array<std::byte, 16> bytes;
  std::memcpy(bytes.data(), &low, 8);
  std::memcpy(bytes.data() + 8, &high, 8);
  for (unsigned lane = 0; lane < warpSize; ++lane)
    std::memcpy(image.constants.data() + offset + size_t(lane) * width,
                bytes.data(), width);
  return found->second = Slot(offset) | constantSlot;
}

Slot EntryDecoder::address(uint32_t variable, uint64_t addend, unsigned width) {
  size_t offset = alignTo(image.constants.size(), 64);
  image.constants.resize(offset + size_t(width) * warpSize);
  image.relocations.push_back({uint32_t(offset), width, variable, addend});
  return Slot(offset) | constantSlot;
}

Slot EntryDecoder::predicateConstant(bool value) {
  return constant(value ? allLanes : 0, 0, 4);
}

Slot EntryDecoder::sink(unsigned width) {
  auto [found, isNew] = sinks.try_emplace(width, noSlot);
  if (isNew)
    found->second = width ? newRegister(width) : newPredicate();
  return found->second;
}

Slot EntryDecoder::specialRegister(std::string_view name) {
  static const std::map<std::string_view, SpecialRegister> known{
      {"%tid.x", SpecialRegister::TidX},
      {"%tid.y", SpecialRegister::TidY},
      {"%tid.z", SpecialRegister::TidZ},
      {"%laneid", SpecialRegister::LaneId},
      {"%warpid", SpecialRegister::WarpId},
      {"%nwarpid", SpecialRegister::NumWarps},
      {"%ntid.x", SpecialRegister::NtidX},
      {"%ntid.y", SpecialRegister::NtidY},
      {"%ntid.z", SpecialRegister::NtidZ},
      {"%ctaid.x", SpecialRegister::CtaidX},
      {"%ctaid.y", SpecialRegister::CtaidY},
      {"%ctaid.z", SpecialRegister::CtaidZ},
      {"%nctaid.x", SpecialRegister::NctaidX},
      {"%nctaid.y", SpecialRegister::NctaidY},
      {"%nctaid.z", SpecialRegister::NctaidZ},
      {"%lanemask_eq", SpecialRegister::LaneMaskEq},
      {"%lanemask_le", SpecialRegister::LaneMaskLe},
      {"%lanemask_lt", SpecialRegister::LaneMaskLt},
      {"%lanemask_ge", SpecialRegister::LaneMaskGe},
      {"%lanemask_gt", SpecialRegister::LaneMaskGt},
      {"%dynamic_smem_size", SpecialRegister::DynamicSharedSize},
      {"%total_smem_size", SpecialRegister::TotalSharedSize},
      {"%smid", SpecialRegister::SmId},
      {"%nsmid", SpecialRegister::NumSms},
      {"%gridid", SpecialRegister::Zero},
  };
  auto found = known.find(name);
  if (found == known.end())
    return noSlot;
  auto [slot, isNew] = specialSlots.try_emplace(name, noSlot);
  if (isNew) {
    slot->second = newRegister(4);
    image.specialRegisters.push_back({found->second, slot->second});
  }
  return slot->second;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

void EntryDecoder::decodeBody(const FunctionSyntax &syntax) {
  function = &syntax;
  body = &bodies[syntax.name];
  if (!body->decoded && body->parameters.empty())
    declareParameters(syntax, *body);
  body->decoded = true;
  declareVariables();
  body->begin = image.code.size();
  statementStarts.clear();
  for (const StatementSyntax &statement : syntax.statements) {
    statementStarts.push_back(image.code.size());
    decodeStatement(statement);
  }
  statementStarts.push_back(image.code.size());
  // The closing brace ends the function.
  Instruction &last = image.code.emplace_back();
  last.handler = syntax.isEntry ? exitHandler() : returnHandler();
  last.always = true;
  last.line =
      syntax.statements.empty() ? syntax.line : syntax.statements.back().line;
  body->end = image.code.size();
  resolveTargets(body->begin, body->end);
  findReconvergence(image, body->begin, body->end);
}

void EntryDecoder::decodeStatement(const StatementSyntax &statement) {
  Instruction instruction;
  instruction.line = statement.line;
  if (!statement.guard.empty()) {
    auto symbol = lookUp(statement.guard, statement.scope);
    if (!symbol || symbol->kind != Symbol::Kind::Register || symbol->bytes)
      fail(statement.line, "expected a predicate register, found '" +
                               std::string(statement.guard) + "'");
    instruction.guard = symbol->offset;
    instruction.guardNegated = statement.guardNegated;
  }
  Selection selection(*this, statement, instruction);
  auto selector = selectors.find(selection.base());
  if (selector == selectors.end())
    fail(statement.line,
         "expected an instruction, found '" + std::string(selection.base()) +
             "', which the emulator does not know",
         Fault::Unsupported);
  selector->second(selection);
  selection.finish();
  image.code.push_back(instruction);
}

uint32_t EntryDecoder::label(std::string_view name, uint32_t scope,
                             uint32_t line) {
  for (uint32_t at = scope;; at = function->scopes[at]) {
    for (const LabelSyntax &label : function->labels)
      if (label.scope == at && label.name == name)
        return label.statement;
    if (!at)
      break;
  }
  fail(line, "expected a label, found '" + std::string(name) +
                 "', which the function does not define");
}

void EntryDecoder::resolveTargets(uint32_t begin, uint32_t end) {
  for (uint32_t pc = begin; pc < end; ++pc) {
    Instruction &instruction = image.code[pc];
    if (instruction.handler == branchHandler())
      instruction.target = statementStarts[instruction.target];
  }
}

uint32_t EntryDecoder::call(std::string_view name,
                            const std::vector<Symbol> &results,
                            const std::vector<Symbol> &arguments,
                            uint32_t line) {
  const FunctionSyntax *callee = findFunction(name);
  if (!callee || callee->isEntry)
    fail(line, "expected a function, found '" + std::string(name) + "'");
  if (!callee->hasBody)
    fail(line,
         "calls function '" + std::string(name) +
             "', which has no body in this module",
         Fault::Unsupported);
  Body &to = bodies[name];
  if (!to.decoded && to.parameters.empty())
    declareParameters(*callee, to);
  auto copies = [&](const char *what, const std::vector<Symbol> &from,
                    const std::vector<Symbol> &into) {
    if (from.size() != into.size())
      fail(line, "expected " + std::to_string(into.size()) + " " + what +
                     ", found " + std::to_string(from.size()));
    std::vector<ParameterCopy> result;
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i].bytes != into[i].bytes)
        fail(line, "expected " + std::to_string(into[i].bytes) + " bytes for " +
                       what + " " + std::to_string(i) + ", found " +
                       std::to_string(from[i].bytes));
      result.push_back({uint32_t(from[i].offset), uint32_t(into[i].offset),
                        uint32_t(from[i].bytes)});
    }
    return result;
  };
  CallSite site;
  site.arguments = copies("arguments", arguments, to.arguments);
  site.results = copies("results", results, to.results);
  for (ParameterCopy &copy : site.results)
    std::swap(copy.from, copy.to);
  image.calls.push_back(std::move(site));
  callNames.push_back(name);
  body->callees.push_back(name);
  pending.push_back(name);
  return image.calls.size() - 1;
}

/// Registers and parameters have one place each, so no function may be active
/// twice in a thread.
void EntryDecoder::checkNoRecursion() const {
  std::map<std::string_view, int> state;
  auto visit = [&](auto &self, std::string_view name) -> void {
    int &mark = state[name];
    if (mark == 1)
      fail(findFunction(name)->line,
           "function '" + std::string(name) +
               "' calls itself; recursion is not supported",
           Fault::Unsupported);
    if (mark == 2)
      return;
    mark = 1;
    for (std::string_view callee : bodies.at(name).callees)
      self(self, callee);
    state[name] = 2;
  };
  visit(visit, image.info.name);
}
