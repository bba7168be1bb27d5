//===- Parser.cpp - From PTX text to a program ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each statement goes to the entry's decoder as soon as it is read. A function
// is read again wherever it is called: parameters of calls are registers.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Decoder.h"
#include "runtime/emulator/Lexer.h"
#include "runtime/emulator/Opcodes.h"

#include <algorithm>

using namespace minrnn::emulator;

namespace {

std::optional<Space> variableSpace(std::string_view directive) {
  if (directive == ".reg")
    return Space::Register;
  if (directive == ".global")
    return Space::Global;
  if (directive == ".shared")
    return Space::Shared;
  if (directive == ".param")
    return Space::Param;
  return std::nullopt;
}

/// A function of the module, and where its body begins.
struct Function {
  std::optional<Variable> result;
  std::vector<Variable> parameters;
  size_t body = 0;
};

/// What a `ret` of a function that is called jumps to.
constexpr std::string_view returnLabel = "$return";
/// More than any of our kernels has; a function may not call itself.
constexpr unsigned deepestCall = 64;

class Parser : public TokenStream {
public:
  Parser(Image &image, const OpcodeTable &opcodes)
      : TokenStream(image.text), image(image), opcodes(opcodes) {}

  void run() {
    while (!is(Token::Kind::End))
      moduleDirective();
    if (!hasVersion)
      fail("expected a PTX module with a .version directive, found none");
  }

private:
  //===--- The module -----------------------------------------------------===//

  void moduleDirective() {
    if (!isDirective())
      expected("a directive");
    if (skipDebugDirective())
      return;
    if (takeWord(".version")) {
      hasVersion = true;
      take();
      return;
    }
    if (takeWord(".target")) {
      image.target = expectName("a target such as sm_75");
      while (takeMark(','))
        take();
      return;
    }
    if (takeWord(".address_size")) {
      if (!is(Token::Kind::Integer) || token().value != 64)
        expected("an address size of 64");
      take();
      return;
    }
    bool isExtern = false;
    for (;;) {
      if (takeWord(".extern"))
        isExtern = true;
      else if (!takeWord(".visible") && !takeWord(".weak"))
        break;
    }
    if (takeWord(".entry"))
      return entry();
    if (takeWord(".func"))
      return function();
    if (token().text != ".global" && token().text != ".shared")
      unknown("a directive of a module");
    variables([&](Variable variable) {
      variable.isExtern = isExtern;
      moduleVariables[variable.name] = variable;
    });
  }

  /// .file, .loc, .section and .pragma.
  bool skipDebugDirective() {
    if (token().text == ".file" || token().text == ".loc") {
      skipLine();
      return true;
    }
    if (takeWord(".section")) {
      take();
      skipGroup('{', '}');
      return true;
    }
    if (takeWord(".pragma")) {
      while (is(Token::Kind::String) || isMark(','))
        take();
      expectMark(';');
      return true;
    }
    return false;
  }

  //===--- Variables ------------------------------------------------------===//

  /// `.space [.align N] .type name[...] [= ...], ... ;`
  template <typename F> void variables(F add) {
    Variable common = variableHead();
    do {
      Variable variable = common;
      declarator(variable);
      add(variable);
    } while (takeMark(','));
    expectMark(';');
  }

  Variable variableHead() {
    Variable variable;
    variable.line = token().line;
    auto space = variableSpace(token().text);
    if (!space)
      expected("a state space such as .param");
    take();
    variable.space = *space;
    bool typed = false;
    uint64_t alignment = 0;
    while (isDirective()) {
      if (takeWord(".align")) {
        alignment = expectInteger("an alignment");
        if (!alignment || (alignment & (alignment - 1)))
          fail("expected an alignment that is a power of two, found " +
               std::to_string(alignment));
      } else if (takeWord(".ptr")) {
        // What the pointer points to is the caller's matter.
        takeWord(".global") || takeWord(".shared");
        if (takeWord(".align"))
          expectInteger("an alignment");
      } else if (auto type = typeNamed(token().text.substr(1))) {
        variable.type = *type;
        typed = true;
        take();
      } else {
        unknown("a type");
      }
    }
    if (!typed)
      expected("a type");
    variable.alignment =
        alignment ? alignment : std::max(1u, byteWidth(variable.type));
    return variable;
  }

  void declarator(Variable &variable) {
    variable.name = expectName("a name");
    if (variable.space == Space::Register) {
      if (!takeMark('<'))
        return;
      uint64_t family = expectInteger("a number of registers");
      if (family > 1u << 20)
        fail("expected at most 1048576 registers, found " +
             std::to_string(family));
      variable.family = family;
      return expectMark('>');
    }
    while (takeMark('[')) {
      variable.elements *= isMark(']') ? 0 : expectInteger("an extent");
      expectMark(']');
    }
    if (variable.byteSize() > uint64_t(1) << 32)
      fail("expected a variable of at most 4 GiB, found " +
           std::to_string(variable.byteSize()) + " bytes");
    // No instruction reads a variable that has a value.
    if (takeMark('='))
      while (!isMark(',') && !isMark(';')) {
        if (isMark('{'))
          skipGroup('{', '}');
        else if (take().kind == Token::Kind::End)
          expected("';'");
      }
  }

  /// `(variable, ...)`, if it is there.
  std::vector<Variable> parameters() {
    std::vector<Variable> found;
    if (!takeMark('(') || takeMark(')'))
      return found;
    do {
      found.push_back(variableHead());
      declarator(found.back());
    } while (takeMark(','));
    expectMark(')');
    return found;
  }

  //===--- Functions ------------------------------------------------------===//

  void function() {
    Function function;
    for (const Variable &result : parameters())
      function.result = result;
    std::string_view name = expectName("the name of a function");
    function.parameters = parameters();
    while (isDirective())
      take();
    if (takeMark(';'))
      return; // (A declaration of what follows.)
    function.body = place() + 1;
    skipGroup('{', '}');
    functions[name] = function;
  }

  /// `[(result),] name [, (argument, ...)];` after the opcode.
  void call(EntryDecoder &decoder) {
    // What the caller calls them, before the function's names stand before
    // its own.
    auto registers = [&] {
      std::vector<Symbol> found;
      expectMark('(');
      while (!takeMark(')')) {
        auto symbol = decoder.lookUp(token().text);
        if (!symbol || symbol->space != Space::Register)
          expected("a parameter of a call");
        found.push_back(*symbol);
        take();
        if (!isMark(')'))
          expectMark(',');
      }
      return found;
    };
    std::vector<Symbol> results;
    if (isMark('(')) {
      results = registers();
      expectMark(',');
    }
    auto found = functions.find(token().text);
    if (found == functions.end())
      expected("a function of the module");
    const Function &callee = found->second;
    take();
    std::vector<Symbol> arguments;
    if (takeMark(','))
      arguments = registers();
    if (results.size() != callee.result.has_value() ||
        arguments.size() != callee.parameters.size())
      fail("expected as many operands as the function has");
    expectMark(';');
    if (++callDepth > deepestCall)
      fail("a function that calls itself is not supported", Fault::Unsupported);
    decoder.openScope();
    for (size_t i = 0; i < arguments.size(); ++i)
      decoder.bind(callee.parameters[i].name, arguments[i]);
    if (callee.result)
      decoder.bind(callee.result->name, results.front());
    size_t caller = place();
    goTo(callee.body);
    body(decoder);
    goTo(caller);
    decoder.closeScope();
    --callDepth;
  }

  /// A parameter of a call is a register here: `ld.param` and `st.param` of one
  /// are moves.
  void moveParameter(EntryDecoder &decoder, Statement &statement) {
    bool loads = statement.opcode.starts_with("ld.param.");
    if ((!loads && !statement.opcode.starts_with("st.param.")) ||
        statement.operands.size() != 2)
      return;
    Operand &address = statement.operands[loads ? 1 : 0];
    auto symbol = decoder.lookUp(address.name);
    if (address.kind != Operand::Kind::Address || address.integer || !symbol ||
        symbol->space != Space::Register)
      return;
    address.kind = Operand::Kind::Name;
    statement.opcode = symbol->bytes == 8 ? "mov.b64" : "mov.b32";
  }

  //===--- Entries --------------------------------------------------------===//

  void entry() {
    EntryDecoder decoder(text, moduleVariables, opcodes, token().line);
    decoder.image.info.name = expectName("the name of an entry");
    for (const Variable &parameter : parameters())
      decoder.declareParameter(parameter);
    entryDirectives(decoder.image.info);
    expectMark('{');
    body(decoder);
    image.entries.push_back(std::move(decoder.image));
    image.infos.push_back(image.entries.back().info);
  }

  void entryDirectives(EntryInfo &info) {
    auto extents = [&] {
      Dim3 found;
      found.x = expectInteger("a number of threads");
      if (takeMark(','))
        found.y = expectInteger("a number of threads");
      if (takeMark(','))
        found.z = expectInteger("a number of threads");
      return found;
    };
    while (isDirective()) {
      if (takeWord(".maxntid"))
        info.maxThreads = extents();
      else if (takeWord(".reqntid"))
        info.requiredThreads = extents();
      else if (takeWord(".minnctapersm") || takeWord(".maxnreg"))
        expectInteger("a number");
      else if (!skipDebugDirective())
        unknown("a directive of an entry");
    }
  }

  void body(EntryDecoder &decoder) {
    decoder.openScope();
    for (unsigned depth = 1; depth;) {
      if (takeMark('{')) {
        decoder.openScope();
        ++depth;
      } else if (isMark('}')) {
        --depth;
        if (!depth && !callDepth) {
          decoder.finish(token().line);
        } else {
          if (!depth)
            decoder.label(returnLabel);
          decoder.closeScope();
        }
        take();
      } else if (isDirective()) {
        if (variableSpace(token().text))
          variables([&](Variable variable) {
            if (variable.space == Space::Param)
              variable.space = Space::Register;
            decoder.declare(variable);
          });
        else if (!skipDebugDirective())
          unknown("an instruction");
      } else if (is(Token::Kind::Word) && isMark(':', 1)) {
        decoder.label(take().text);
        take();
        if (isDirective() && token().text.ends_with("targets"))
          fail("branches through a table are not supported",
               Fault::Unsupported);
      } else if (isMark('@') || is(Token::Kind::Word)) {
        instruction(decoder);
      } else if (!takeMark(';')) {
        expected("an instruction, or '}' to close the entry");
      }
    }
  }

  void instruction(EntryDecoder &decoder) {
    if (takeWord("call") || takeWord("call.uni"))
      return call(decoder);
    Statement statement = this->statement();
    if (callDepth && statement.opcode == "ret") {
      statement.opcode = "bra";
      statement.operands.emplace_back().name = returnLabel;
    }
    moveParameter(decoder, statement);
    narrowSource(decoder, statement);
    decoder.decode(statement);
  }

  /// A conversion may read the lower half of a register of 64 bits.
  void narrowSource(EntryDecoder &decoder, Statement &statement) {
    std::string_view opcode = statement.opcode;
    if (!opcode.starts_with("cvt.") || statement.operands.size() != 2)
      return;
    auto type = typeNamed(opcode.substr(opcode.rfind('.') + 1));
    auto symbol = decoder.lookUp(statement.operands[1].name);
    if (!type || byteWidth(*type) != 4 || !symbol ||
        symbol->space != Space::Register || symbol->bytes != 8)
      return;
    Variable half;
    half.line = statement.line;
    half.name = "$half";
    decoder.declare(half);
    Statement narrow;
    narrow.line = statement.line;
    narrow.opcode = "cvt.u32.u64";
    narrow.operands = {Operand{}, statement.operands[1]};
    narrow.operands[0].name = half.name;
    decoder.decode(narrow);
    statement.operands[1].name = half.name;
  }

  //===--- Statements -----------------------------------------------------===//

  Statement statement() {
    Statement statement;
    if (takeMark('@')) {
      statement.guardNegated = takeMark('!');
      statement.guard = expectName("a predicate register");
    }
    statement.line = token().line;
    statement.opcode = expectName("an instruction");
    while (!takeMark(';')) {
      statement.operands.push_back(operand());
      if (!isMark(';'))
        expectMark(',');
    }
    return statement;
  }

  Operand operand() {
    if (isMark('{'))
      return vector();
    if (isMark('['))
      return address();
    Operand result = scalar();
    if (result.kind != Operand::Kind::Name || !takeMark('|'))
      return result;
    Operand pair;
    pair.kind = Operand::Kind::Pair;
    pair.elements = {result, scalar()};
    return pair;
  }

  /// {a, b}.
  Operand vector() {
    Operand result;
    result.kind = Operand::Kind::Vector;
    expectMark('{');
    while (!takeMark('}')) {
      result.elements.push_back(scalar());
      if (!isMark('}'))
        expectMark(',');
    }
    return result;
  }

  /// [name+4] or [4].
  Operand address() {
    expectMark('[');
    Operand result;
    if (is(Token::Kind::Word))
      result = name();
    else
      result.integer = expectInteger("an address");
    result.kind = Operand::Kind::Address;
    expectMark(']');
    return result;
  }

  /// `name+4`, or `name+-4` as LLVM writes it.
  Operand name() {
    Operand result;
    result.name = expectName("an operand");
    while (isMark('+') || isMark('-')) {
      bool minus = take().text == "-";
      uint64_t value = expectInteger("an offset");
      result.integer += minus ? -value : value;
    }
    return result;
  }

  Operand scalar() {
    bool negated = takeMark('!');
    if (negated || is(Token::Kind::Word)) {
      Operand result = name();
      result.negated = negated;
      return result;
    }
    Operand result;
    if (is(Token::Kind::Single) || is(Token::Kind::Double)) {
      result.kind = is(Token::Kind::Single) ? Operand::Kind::Single
                                            : Operand::Kind::Double;
      result.integer = take().value;
      return result;
    }
    result.kind = Operand::Kind::Integer;
    result.integer = expectInteger("an operand");
    return result;
  }

  Image &image;
  const OpcodeTable &opcodes;
  bool hasVersion = false;
  ModuleVariables moduleVariables;
  std::map<std::string_view, Function> functions;
  /// The calls that the present statement is within.
  unsigned callDepth = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

Program minrnn::emulator::parse(std::string_view ptx, Arithmetic arithmetic) {
  auto image = std::make_shared<Image>();
  image->text = ptx;
  Parser(*image, opcodesOf(arithmetic)).run();
  Program program;
  program.decoded = std::move(image);
  return program;
}

const std::vector<EntryInfo> &Program::entries() const {
  return decoded->infos;
}

const EntryInfo *Program::find(std::string_view entry) const {
  auto found = std::ranges::find(decoded->infos, entry, &EntryInfo::name);
  return found == decoded->infos.end() ? nullptr : &*found;
}

const std::string &Program::target() const { return decoded->target; }
