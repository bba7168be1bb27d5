//===- Lexer.cpp - The words of a PTX text --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Lexer.h"

#include <algorithm>
#include <cctype>
#include <charconv>

using namespace minrnn::emulator;

namespace {

bool isWordStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         c == '%' || c == '.';
}

bool isWordPart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         c == '.';
}

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f'; }

bool isDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    tokens.reserve(text.size() / 4);
    do
      tokens.push_back(next());
    while (tokens.back().kind != Token::Kind::End);
    return tokens;
  }

private:
  [[noreturn]] void fail(const std::string &message) const {
    throw Error(Fault::Syntax, message, line, lineOf(text, line));
  }

  char peek(size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }

  void skipBlanksAndComments() {
    for (;;) {
      char c = peek();
      if (c == '\n') {
        ++line;
        ++at;
      } else if (isBlank(c) ||
                 (c == '\0' && !text.empty() && at + 1 == text.size())) {
        ++at; // NVRTC counts the terminating zero as part of the text.
      } else if (c == '/' && peek(1) == '/') {
        while (at < text.size() && text[at] != '\n')
          ++at;
      } else if (c == '/' && peek(1) == '*') {
        size_t end = text.find("*/", at + 2);
        if (end == std::string_view::npos)
          fail("expected '*/' to close the comment, found the end of the text");
        for (; at < end + 2; ++at)
          line += text[at] == '\n';
      } else {
        return;
      }
    }
  }

  Token make(Token::Kind kind, size_t begin, uint64_t value = 0) const {
    return {kind, line, text.substr(begin, at - begin), value};
  }

  Token next() {
    skipBlanksAndComments();
    size_t begin = at;
    if (at >= text.size())
      return make(Token::Kind::End, begin);
    char c = peek();
    if (isDigit(c))
      return number();
    if (isWordStart(c))
      return word();
    if (c == '"')
      return string();
    if (std::string_view(",;:()[]{}<>@!|+-=").find(c) !=
        std::string_view::npos) {
      ++at;
      return make(Token::Kind::Mark, begin);
    }
    fail(std::isprint(static_cast<unsigned char>(c))
             ? "expected PTX, found the character '" + std::string(1, c) + "'"
             : "expected PTX, found a byte with value " +
                   std::to_string(static_cast<unsigned char>(c)));
  }

  /// Opcodes hold `::` (`.L1::evict_last`); a label ends before a single `:`.
  Token word() {
    size_t begin = at++;
    for (;;) {
      if (isWordPart(peek()))
        ++at;
      else if (peek() == ':' && peek(1) == ':' && isWordPart(peek(2)))
        at += 2;
      else
        break;
    }
    return make(Token::Kind::Word, begin);
  }

  Token string() {
    size_t begin = ++at;
    while (at < text.size() && text[at] != '"' && text[at] != '\n')
      ++at;
    if (peek() != '"')
      fail("expected '\"' to close the string, found the end of the line");
    Token token = make(Token::Kind::String, begin);
    ++at;
    return token;
  }

  Token number() {
    size_t begin = at;
    char letter = peek() == '0' ? std::tolower(peek(1)) : '\0';
    if (letter == 'f' || letter == 'd' || letter == 'x')
      at += 2;
    if (letter == 'f')
      return make(Token::Kind::Single, begin, digits(16, 8, begin));
    if (letter == 'd')
      return make(Token::Kind::Double, begin, digits(16, 16, begin));
    uint64_t value = digits(letter == 'x' ? 16 : 10, 0, begin);
    if (peek() == '.' && isDigit(peek(1))) {
      ++at;
      digits(10, 0, begin);
      return make(Token::Kind::Version, begin);
    }
    if (peek() == 'U')
      ++at;
    return make(Token::Kind::Integer, begin, value);
  }

  /// A number of the base, with just so many digits if `exactly` is not 0.
  uint64_t digits(int base, size_t exactly, size_t begin) {
    uint64_t value = 0;
    auto [end, status] = std::from_chars(
        text.data() + at, text.data() + text.size(), value, base);
    size_t count = end - (text.data() + at);
    at += count;
    bool ends = !isWordPart(peek()) || peek() == 'U' || peek() == '.';
    if (status != std::errc() || (exactly && count != exactly) || !ends)
      fail("expected a number, found '" +
           std::string(text.substr(begin, at + 1 - begin)) + "'");
    return value;
  }

  std::string_view text;
  size_t at = 0;
  uint32_t line = 1;
};

} // namespace

std::vector<Token> minrnn::emulator::tokenize(std::string_view text) {
  return Lexer(text).run();
}

std::string_view minrnn::emulator::lineOf(std::string_view text,
                                          uint32_t line) {
  size_t begin = 0;
  for (uint32_t i = 1; i < line; ++i) {
    begin = text.find('\n', begin);
    if (begin == std::string_view::npos)
      return {};
    ++begin;
  }
  return text.substr(begin, text.find('\n', begin) - begin);
}

//===----------------------------------------------------------------------===//
// TokenStream
//===----------------------------------------------------------------------===//

const Token &TokenStream::token(size_t ahead) const {
  return tokens[std::min(at + ahead, tokens.size() - 1)];
}

void TokenStream::fail(const std::string &message, Fault fault) const {
  throw Error(fault, message, token().line, lineOf(text, token().line));
}

void TokenStream::expected(const std::string &what) const {
  fail("expected " + what + ", found " +
       (is(Token::Kind::End) ? std::string("the end of the text")
                             : "'" + std::string(token().text) + "'"));
}

void TokenStream::unknown(const std::string &what) const {
  fail("expected " + what + ", found '" + std::string(token().text) +
           "', which the emulator does not know",
       Fault::Unsupported);
}

Token TokenStream::take() {
  Token taken = token();
  if (!is(Token::Kind::End))
    ++at;
  return taken;
}

bool TokenStream::isMark(char mark, size_t ahead) const {
  const Token &next = token(ahead);
  return next.kind == Token::Kind::Mark && next.text[0] == mark;
}

bool TokenStream::isDirective() const {
  return is(Token::Kind::Word) && token().text[0] == '.';
}

bool TokenStream::takeMark(char mark) {
  bool found = isMark(mark);
  at += found;
  return found;
}

bool TokenStream::takeWord(std::string_view word) {
  bool found = is(Token::Kind::Word) && token().text == word;
  at += found;
  return found;
}

void TokenStream::expectMark(char mark) {
  if (!takeMark(mark))
    expected(std::string("'") + mark + "'");
}

std::string_view TokenStream::expectName(const char *what) {
  if (!is(Token::Kind::Word) || isDirective())
    expected(what);
  return take().text;
}

uint64_t TokenStream::expectInteger(const char *what) {
  bool minus = takeMark('-');
  if (!is(Token::Kind::Integer))
    expected(what);
  uint64_t value = take().value;
  return minus ? -value : value;
}

void TokenStream::skipLine() {
  uint32_t line = token().line;
  while (!is(Token::Kind::End) && token().line == line)
    ++at;
}

void TokenStream::skipGroup(char open, char close) {
  expectMark(open);
  for (unsigned depth = 1; depth; take()) {
    if (is(Token::Kind::End))
      expected(std::string("'") + close + "'");
    depth += isMark(open);
    depth -= isMark(close);
  }
}
