//===- Parser.cpp - From PTX text to its syntax ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Parser.h"

#include "runtime/emulator/OperandParser.h"

#include <algorithm>
#include <array>
#include <utility>

using namespace minrnn::emulator;

static constexpr std::array<std::pair<std::string_view, Type>, 20> typeNames{{
    {"pred", Type::Pred},   {"b8", Type::B8},     {"b16", Type::B16},
    {"b32", Type::B32},     {"b64", Type::B64},   {"b128", Type::B128},
    {"u8", Type::U8},       {"u16", Type::U16},   {"u32", Type::U32},
    {"u64", Type::U64},     {"s8", Type::S8},     {"s16", Type::S16},
    {"s32", Type::S32},     {"s64", Type::S64},   {"f16", Type::F16},
    {"f16x2", Type::F16x2}, {"bf16", Type::BF16}, {"bf16x2", Type::BF16x2},
    {"f32", Type::F32},     {"f64", Type::F64},
}};

std::optional<Type> minrnn::emulator::typeNamed(std::string_view word) {
  for (const auto &[name, type] : typeNames)
    if (name == word)
      return type;
  return std::nullopt;
}

std::string minrnn::emulator::nameOf(Type type) {
  for (const auto &[name, named] : typeNames)
    if (named == type)
      return "." + std::string(name);
  return "?";
}

namespace {

std::optional<Space> variableSpace(std::string_view directive) {
  if (directive == ".reg")
    return Space::Register;
  if (directive == ".global")
    return Space::Global;
  if (directive == ".const")
    return Space::Const;
  if (directive == ".shared")
    return Space::Shared;
  if (directive == ".local")
    return Space::Local;
  if (directive == ".param")
    return Space::Param;
  return std::nullopt;
}

class Parser : public OperandParser {
public:
  using OperandParser::OperandParser;

  ModuleSyntax run() {
    while (token().kind != Token::Kind::End)
      moduleDirective();
    if (module.version.empty())
      fail("expected a PTX module with a .version directive, found none");
    return std::move(module);
  }

private:
  //===--- The module -----------------------------------------------------===//

  void moduleDirective() {
    if (token().kind != Token::Kind::Word || token().text[0] != '.')
      expected("a directive");
    if (skipDebugDirective())
      return;
    if (takeWord(".version")) {
      module.version = take().text;
      return;
    }
    if (takeWord(".target")) {
      module.target = expectName("a target such as sm_75");
      while (takeMark(','))
        take();
      return;
    }
    if (takeWord(".address_size")) {
      if (token().kind != Token::Kind::Integer || token().value != 64)
        expected("an address size of 64");
      take();
      return;
    }
    bool isExtern = false;
    for (;;) {
      if (takeWord(".extern"))
        isExtern = true;
      else if (!takeWord(".visible") && !takeWord(".weak") &&
               !takeWord(".common"))
        break;
    }
    if (token().text == ".entry" || token().text == ".func")
      return function(isExtern);
    if (auto space = variableSpace(token().text);
        space && *space != Space::Register && *space != Space::Param) {
      variables(module.variables, 0, isExtern);
      return;
    }
    fail("expected a directive of a module, found '" +
             std::string(token().text) + "', which the emulator does not know",
         Fault::Unsupported);
  }

  bool skipDebugDirective() {
    if (token().text == ".file" || token().text == ".loc") {
      skipLine();
      return true;
    }
    if (takeWord(".section")) {
      take();
      skipBraces();
      return true;
    }
    if (takeWord(".pragma")) {
      while (token().kind == Token::Kind::String || isMark(','))
        take();
      expectMark(';');
      return true;
    }
    return false;
  }

  //===--- Variables ------------------------------------------------------===//

  /// `.space [.align N] [.v4] .type name[...] [= ...], ... ;`
  void variables(std::vector<VariableSyntax> &out, uint32_t scope,
                 bool isExtern) {
    VariableSyntax common = variableHead();
    common.scope = scope;
    common.isExtern = isExtern;
    do {
      VariableSyntax variable = common;
      declarator(variable);
      out.push_back(std::move(variable));
    } while (takeMark(','));
    expectMark(';');
  }

  VariableSyntax variableHead() {
    VariableSyntax variable;
    variable.line = token().line;
    auto space = variableSpace(token().text);
    if (!space)
      expected("a state space such as .param");
    take();
    variable.space = *space;
    bool typed = false;
    uint64_t alignment = 0;
    while (token().kind == Token::Kind::Word && token().text[0] == '.') {
      std::string_view word = token().text.substr(1);
      if (takeWord(".align")) {
        alignment = expectInteger("an alignment");
        if (!alignment || (alignment & (alignment - 1)))
          fail("expected an alignment that is a power of two, found " +
               std::to_string(alignment));
      } else if (takeWord(".ptr")) {
        // What the pointer points to is the caller's matter.
        takeWord(".global") || takeWord(".shared") || takeWord(".const") ||
            takeWord(".local");
        if (takeWord(".align"))
          expectInteger("an alignment");
      } else if (takeWord(".attribute")) {
        expectMark('(');
        while (!takeMark(')'))
          if (take().kind == Token::Kind::End)
            expected("')'");
      } else if (word == "v2" || word == "v4") {
        if (variable.space == Space::Register)
          fail("vector registers are not supported", Fault::Unsupported);
        variable.vectorWidth = word == "v2" ? 2 : 4;
        take();
      } else if (auto type = typeNamed(word)) {
        variable.type = *type;
        typed = true;
        take();
      } else {
        fail("expected a type, found '" + std::string(token().text) +
                 "', which the emulator does not know",
             Fault::Unsupported);
      }
    }
    if (!typed)
      expected("a type");
    uint64_t natural =
        uint64_t(byteWidth(variable.type)) * variable.vectorWidth;
    variable.alignment = alignment ? alignment : natural;
    return variable;
  }

  void declarator(VariableSyntax &variable) {
    variable.name = expectName("a name");
    if (variable.space == Space::Register) {
      if (takeMark('<')) {
        uint64_t family = expectInteger("a number of registers");
        if (family > 1u << 20)
          fail("expected at most 1048576 registers, found " +
               std::to_string(family));
        variable.family = family;
        expectMark('>');
        if (!family)
          variable.elements = 0;
      }
      return;
    }
    bool open = false;
    while (takeMark('[')) {
      uint64_t extent = 0;
      if (isMark(']'))
        open = true;
      else
        extent = constant();
      variable.elements *= extent;
      expectMark(']');
    }
    if (variable.byteSize() > uint64_t(1) << 32)
      fail("expected a variable of at most 4 GiB, found " +
           std::to_string(variable.byteSize()) + " bytes");
    if (takeMark('='))
      initialiser(variable);
    if (open && !variable.initial.empty())
      variable.elements = variable.initial.size();
    if (variable.initial.size() > variable.elements * variable.vectorWidth)
      fail("expected at most " +
           std::to_string(variable.elements * variable.vectorWidth) +
           " initial values, found " + std::to_string(variable.initial.size()));
  }

  void initialiser(VariableSyntax &variable) {
    Nesting nesting(*this);
    if (!takeMark('{')) {
      variable.initial.push_back({initialValue()});
      return;
    }
    if (takeMark('}'))
      return;
    do {
      if (isMark('{'))
        initialiser(variable);
      else
        variable.initial.push_back({initialValue()});
    } while (takeMark(','));
    expectMark('}');
  }

  OperandSyntax initialValue() {
    if (token().kind == Token::Kind::Word && takeWord("generic")) {
      expectMark('(');
      OperandSyntax inner = operand(false);
      expectMark(')');
      addOffset(inner);
      return inner;
    }
    return operand(false);
  }

  //===--- Functions ------------------------------------------------------===//

  void function(bool isExtern) {
    FunctionSyntax function;
    function.line = token().line;
    function.isEntry = take().text == ".entry";
    function.isExtern = isExtern;
    function.scopes.push_back(0);
    while (takeWord(".attribute"))
      skipParentheses();
    if (isMark('('))
      parameters(function.results);
    function.name = expectName("the name of a function");
    if (isMark('('))
      parameters(function.parameters);
    functionDirectives(function);
    if (!takeMark(';')) {
      expectMark('{');
      function.hasBody = true;
      body(function);
    }
    module.functions.push_back(std::move(function));
  }

  void skipParentheses() {
    expectMark('(');
    while (!takeMark(')'))
      if (take().kind == Token::Kind::End)
        expected("')'");
  }

  void parameters(std::vector<VariableSyntax> &out) {
    expectMark('(');
    if (takeMark(')'))
      return;
    do {
      if (token().text == ".reg")
        fail("parameters in registers are not supported; expected .param",
             Fault::Unsupported);
      VariableSyntax parameter = variableHead();
      declarator(parameter);
      out.push_back(std::move(parameter));
    } while (takeMark(','));
    expectMark(')');
  }

  void functionDirectives(FunctionSyntax &function) {
    auto extents = [&](uint32_t *out) {
      std::fill(out, out + 3, 1);
      out[0] = expectInteger("a number of threads");
      for (int i = 1; i < 3 && takeMark(','); ++i)
        out[i] = expectInteger("a number of threads");
    };
    while (token().kind == Token::Kind::Word && token().text[0] == '.') {
      if (takeWord(".maxntid"))
        extents(function.maxThreads);
      else if (takeWord(".reqntid"))
        extents(function.requiredThreads);
      else if (takeWord(".minnctapersm") || takeWord(".maxnreg") ||
               takeWord(".maxnctapersm"))
        expectInteger("a number");
      else if (takeWord(".noreturn"))
        ;
      else if (!skipDebugDirective())
        fail("expected a directive of a function, found '" +
                 std::string(token().text) +
                 "', which the emulator does not know",
             Fault::Unsupported);
    }
  }

  void body(FunctionSyntax &function) {
    uint32_t scope = 0;
    std::vector<uint32_t> open{0};
    while (!open.empty()) {
      if (takeMark('{')) {
        function.scopes.push_back(scope);
        scope = function.scopes.size() - 1;
        open.push_back(scope);
      } else if (takeMark('}')) {
        open.pop_back();
        scope = open.empty() ? 0 : open.back();
      } else if (isMark('@') || (token().kind == Token::Kind::Word &&
                                 token().text[0] != '.')) {
        if (isMark(':', 1) && !isMark('@'))
          label(function, scope);
        else
          statement(function, scope);
      } else if (token().kind == Token::Kind::Word) {
        bool isExtern = takeWord(".extern");
        if (variableSpace(token().text))
          variables(function.variables, scope, isExtern);
        else if (!skipDebugDirective())
          fail("expected an instruction, found '" + std::string(token().text) +
                   "', which the emulator does not know",
               Fault::Unsupported);
      } else if (!takeMark(';')) {
        expected("an instruction, or '}' to close the function");
      }
    }
  }

  void label(FunctionSyntax &function, uint32_t scope) {
    LabelSyntax label;
    label.line = token().line;
    label.scope = scope;
    label.statement = function.statements.size();
    label.name = take().text;
    expectMark(':');
    if (token().text == ".branchtargets")
      fail("branches through a table are not supported", Fault::Unsupported);
    if (token().text == ".callprototype" || token().text == ".calltargets")
      fail("calls through a pointer are not supported", Fault::Unsupported);
    function.labels.push_back(label);
  }

  void statement(FunctionSyntax &function, uint32_t scope) {
    StatementSyntax statement;
    statement.scope = scope;
    if (takeMark('@')) {
      statement.guardNegated = takeMark('!');
      statement.guard = expectName("a predicate register");
    }
    statement.line = token().line;
    statement.opcode = expectName("an instruction");
    bool isCall = statement.opcode.substr(0, 4) == "call";
    while (!takeMark(';')) {
      statement.operands.push_back(operand(isCall));
      if (!isMark(';'))
        expectMark(',');
    }
    function.statements.push_back(std::move(statement));
  }

  ModuleSyntax module;
};

} // namespace

ModuleSyntax minrnn::emulator::parseSyntax(std::string_view text) {
  return Parser(text).run();
}
