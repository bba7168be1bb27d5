//===- Program.cpp - A PTX module, ready to run ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Program.h"

#include "runtime/emulator/Decoder.h"
#include "runtime/emulator/Lexer.h"
#include "runtime/emulator/Parser.h"

#include <algorithm>
#include <cstring>

using namespace minrnn::emulator;

static const SelectorTable &allInstructions() {
  static const SelectorTable table = [] {
    SelectorTable all;
    addIntegerInstructions(all);
    addBitInstructions(all);
    addFloatInstructions(all);
    addComparisonInstructions(all);
    addConversionInstructions(all);
    addMoveInstructions(all);
    addSpecialFunctionInstructions(all);
    addMemoryInstructions(all);
    addAtomicInstructions(all);
    addWarpInstructions(all);
    addBarrierInstructions(all);
    return all;
  }();
  return table;
}

static ModuleVariable
makeVariable(std::string_view text, const VariableSyntax &syntax,
             const std::map<std::string_view, uint32_t> &numbers) {
  auto fail = [&](const std::string &message) {
    throw Error(Fault::Syntax, message, syntax.line, lineOf(text, syntax.line));
  };
  if (syntax.isExtern)
    throw Error(Fault::Unsupported,
                "variable '" + std::string(syntax.name) +
                    "' is declared .extern; the emulator links no modules",
                syntax.line, lineOf(text, syntax.line));
  ModuleVariable variable;
  variable.name = syntax.name;
  variable.space = syntax.space;
  variable.bytes = syntax.byteSize();
  variable.alignment = syntax.alignment;
  variable.initial.resize(variable.bytes);
  unsigned width = byteWidth(syntax.type);
  for (size_t i = 0; i < syntax.initial.size(); ++i) {
    const OperandSyntax &value = syntax.initial[i].value;
    uint32_t offset = i * width;
    uint64_t bits = value.integer;
    switch (value.kind) {
    case OperandSyntax::Kind::Integer:
      if (syntax.type == Type::F32 || syntax.type == Type::F64)
        fail("expected a floating-point value");
      break;
    case OperandSyntax::Kind::Single:
      if (syntax.type == Type::F64)
        fail("expected a value of type .f64, found one of .f32");
      break;
    case OperandSyntax::Kind::Double:
      if (syntax.type == Type::F32) {
        auto narrow = static_cast<float>(std::bit_cast<double>(bits));
        bits = std::bit_cast<uint32_t>(narrow);
      }
      break;
    case OperandSyntax::Kind::Name: {
      auto found = numbers.find(value.name);
      if (found == numbers.end() || width != 8)
        fail("expected a value, found '" + std::string(value.name) + "'");
      variable.relocations.push_back({offset, width, found->second, bits});
      continue;
    }
    default:
      fail("expected a value");
    }
    std::memcpy(variable.initial.data() + offset, &bits,
                std::min<size_t>(width, sizeof bits));
  }
  return variable;
}

Program minrnn::emulator::parse(std::string_view ptx) {
  auto image = std::make_shared<Image>();
  image->text = ptx;
  ModuleSyntax syntax = parseSyntax(image->text);
  image->target = syntax.target;
  std::map<std::string_view, uint32_t> numbers;
  std::vector<const VariableSyntax *> variables;
  for (const VariableSyntax &variable : syntax.variables)
    if (variable.space == Space::Global || variable.space == Space::Const) {
      numbers[variable.name] = variables.size();
      variables.push_back(&variable);
    }
  for (const VariableSyntax *variable : variables)
    image->variables.push_back(makeVariable(image->text, *variable, numbers));
  for (const FunctionSyntax &function : syntax.functions) {
    if (!function.isEntry || !function.hasBody)
      continue;
    EntryDecoder decoder(image->text, syntax, numbers, allInstructions());
    image->entries.push_back(decoder.decode(function));
    image->infos.push_back(image->entries.back().info);
  }
  Program program;
  program.decoded = std::move(image);
  return program;
}

const std::vector<EntryInfo> &Program::entries() const {
  return decoded->infos;
}

const EntryInfo *Program::find(std::string_view entry) const {
  auto found =
      std::find_if(decoded->infos.begin(), decoded->infos.end(),
                   [&](const EntryInfo &info) { return info.name == entry; });
  return found == decoded->infos.end() ? nullptr : &*found;
}

const std::string &Program::target() const { return decoded->target; }
