//===- TokenStream.h - Reading the words of a PTX text in turn --*- C++ -*-===//
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

#ifndef MINRNN_RUNTIME_EMULATOR_TOKENSTREAM_H
#define MINRNN_RUNTIME_EMULATOR_TOKENSTREAM_H

#include "runtime/emulator/Error.h"
#include "runtime/emulator/Lexer.h"

#include <algorithm>
#include <string>

namespace minrnn::emulator {

/// A place in a text, and what a recursive-descent parser asks of it. `take...`
/// steps over what it finds and says so; `expect...` throws when it is not
/// there.
class TokenStream {
public:
  explicit TokenStream(std::string_view text)
      : text(text), tokens(tokenize(text)) {}

protected:
  const Token &token(size_t ahead = 0) const {
    return tokens[std::min(at + ahead, tokens.size() - 1)];
  }

  [[noreturn]] void fail(const std::string &message,
                         Fault fault = Fault::Syntax) const {
    throw Error(fault, message, token().line, lineOf(text, token().line));
  }

  [[noreturn]] void expected(const std::string &what) const {
    fail("expected " + what + ", found " +
         (token().kind == Token::Kind::End
              ? std::string("the end of the text")
              : "'" + std::string(token().text) + "'"));
  }

  Token take() {
    Token taken = token();
    if (taken.kind != Token::Kind::End)
      ++at;
    return taken;
  }

  bool isMark(char mark, size_t ahead = 0) const {
    const Token &next = token(ahead);
    return next.kind == Token::Kind::Mark && next.text.size() == 1 &&
           next.text[0] == mark;
  }

  bool takeMark(char mark) {
    if (!isMark(mark))
      return false;
    ++at;
    return true;
  }

  void expectMark(char mark) {
    if (!takeMark(mark))
      expected(std::string("'") + mark + "'");
  }

  bool takeWord(std::string_view word) {
    if (token().kind != Token::Kind::Word || token().text != word)
      return false;
    ++at;
    return true;
  }

  std::string_view expectName(const char *what) {
    if (token().kind != Token::Kind::Word || token().text[0] == '.')
      expected(what);
    return take().text;
  }

  uint64_t expectInteger(const char *what) {
    if (token().kind != Token::Kind::Integer)
      expected(what);
    return take().value;
  }

  void skipLine() {
    uint32_t line = token().line;
    while (token().kind != Token::Kind::End && token().line == line)
      ++at;
  }

  void skipBraces() {
    expectMark('{');
    for (unsigned depth = 1; depth;) {
      if (token().kind == Token::Kind::End)
        expected("'}'");
      depth += isMark('{');
      depth -= isMark('}');
      ++at;
    }
  }

  /// Counts how deep braces and parentheses are nested, so that no text can
  /// exhaust the host's stack.
  class Nesting {
  public:
    explicit Nesting(TokenStream &stream) : stream(stream) {
      if (++stream.depth > 64)
        stream.fail("expected an operand, found one nested more than 64 deep");
    }
    ~Nesting() { --stream.depth; }
    Nesting(const Nesting &) = delete;
    Nesting &operator=(const Nesting &) = delete;

  private:
    TokenStream &stream;
  };

private:
  std::string_view text;
  std::vector<Token> tokens;
  size_t at = 0;
  unsigned depth = 0;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_TOKENSTREAM_H
