//===- Lexer.cpp - The words of a PTX text --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Lexer.h"

#include "runtime/emulator/Error.h"

#include <bit>
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
    if (isDigit(c) || (c == '.' && isDigit(peek(1))))
      return number();
    if (isWordStart(c))
      return word();
    if (c == '"')
      return string();
    if ((c == '<' && peek(1) == '<') || (c == '>' && peek(1) == '>')) {
      at += 2;
      return make(Token::Kind::Mark, begin);
    }
    if (std::string_view(",;:()[]{}<>@!|+-*/~=&^").find(c) !=
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
    if (peek() == '0' &&
        std::string_view("fFdD").find(peek(1)) != std::string_view::npos) {
      bool single = peek(1) == 'f' || peek(1) == 'F';
      at += 2;
      return make(single ? Token::Kind::Single : Token::Kind::Double, begin,
                  digits(16, single ? 8 : 16, begin));
    }
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      at += 2;
      return integer(16, begin);
    }
    if (peek() == '0' && (peek(1) == 'b' || peek(1) == 'B')) {
      at += 2;
      return integer(2, begin);
    }
    size_t end = at;
    while (end < text.size() && isDigit(text[end]))
      ++end;
    char after = end < text.size() ? text[end] : '\0';
    if (after == '.' || after == 'e' || after == 'E')
      return decimalFraction();
    return integer(peek() == '0' && end - at > 1 ? 8 : 10, begin);
  }

  Token integer(int base, size_t begin) {
    uint64_t value = digits(base, 0, begin);
    if (peek() == 'U' || peek() == 'u')
      ++at;
    return make(Token::Kind::Integer, begin, value);
  }

  uint64_t digits(int base, size_t exactly, size_t begin) {
    uint64_t value = 0;
    auto [end, status] = std::from_chars(
        text.data() + at, text.data() + text.size(), value, base);
    size_t count = end - (text.data() + at);
    at += count;
    if (status != std::errc() || (exactly && count != exactly) ||
        (isWordPart(peek()) && peek() != 'U' && peek() != 'u'))
      fail("expected a number, found '" +
           std::string(text.substr(begin, at + 1 - begin)) + "'");
    return value;
  }

  Token decimalFraction() {
    size_t begin = at;
    double value = 0;
    auto [end, status] =
        std::from_chars(text.data() + at, text.data() + text.size(), value);
    at = end - text.data();
    if (status != std::errc())
      fail("expected a number, found '" +
           std::string(text.substr(begin, at + 1 - begin)) + "'");
    return make(Token::Kind::Double, begin, std::bit_cast<uint64_t>(value));
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
