//===- Lexer.h - The words of a PTX text ------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_LEXER_H
#define MINRNN_RUNTIME_EMULATOR_LEXER_H

#include "runtime/emulator/Error.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace minrnn::emulator {

/// One word of the text. Comments and blanks are gone.
struct Token {
  enum class Kind {
    Word,    ///< Identifier, register, directive or opcode with its modifiers.
    Integer, ///< Its value in `value`.
    Single,  ///< 0f...: the bits in `value`.
    Double,  ///< 0d...: the bits in `value`.
    Version, ///< Two numbers with a dot between them.
    String,  ///< Without its quotes.
    Mark,    ///< One character of punctuation.
    End,
  };
  Kind kind = Kind::End;
  uint32_t line = 0;
  std::string_view text;
  uint64_t value = 0;
};

/// Splits a text; the last token is an `End`. Throws `Error` (Syntax) at a
/// character or a number that no PTX text holds.
std::vector<Token> tokenize(std::string_view text);

/// The text of a line, counted from 1, without its end.
std::string_view lineOf(std::string_view text, uint32_t line);

/// A place in a text, and what a recursive-descent parser asks of it. `take...`
/// steps over what it finds and says so; `expect...` throws when it is not
/// there.
class TokenStream {
public:
  explicit TokenStream(std::string_view text)
      : text(text), tokens(tokenize(text)) {}

protected:
  const Token &token(size_t ahead = 0) const;
  bool is(Token::Kind kind) const { return token().kind == kind; }
  bool isMark(char mark, size_t ahead = 0) const;
  /// A word that begins with a dot.
  bool isDirective() const;

  Token take();
  bool takeMark(char mark);
  bool takeWord(std::string_view word);
  void expectMark(char mark);
  std::string_view expectName(const char *what);
  uint64_t expectInteger(const char *what);
  /// The place in the text, to come back to.
  size_t place() const { return at; }
  void goTo(size_t place) { at = place; }
  void skipLine();
  /// Skips from an opening mark to the closing one.
  void skipGroup(char open, char close);

  /// An `Error` at the present token.
  [[noreturn]] void fail(const std::string &message,
                         Fault fault = Fault::Syntax) const;
  [[noreturn]] void expected(const std::string &what) const;
  /// An `Error` (Unsupported): `what` was expected, and the present word is
  /// none that the emulator knows.
  [[noreturn]] void unknown(const std::string &what) const;

  const std::string_view text;

private:
  std::vector<Token> tokens;
  size_t at = 0;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_LEXER_H
