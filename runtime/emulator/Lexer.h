//===- Lexer.h - The words of a PTX text ------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_LEXER_H
#define MINRNN_RUNTIME_EMULATOR_LEXER_H

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
    Double,  ///< 0d... or a decimal fraction: the bits in `value`.
    String,  ///< Without its quotes.
    Mark,    ///< One character of punctuation, or << or >>.
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

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_LEXER_H
