//===- NumberLiterals.cpp - Numbers that f32 does not hold ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/NumberLiterals.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Error.h"

using namespace minrnn::compiler;
using llvm::StringRef;

/// The length of the float literal that `text` begins with, as MLIR's lexer
/// takes it ([0-9]+ '.' [0-9]* ([eE] [+-]? [0-9]+)?), 0 where there is none.
static size_t floatLength(StringRef text) {
  auto digits = [](StringRef rest) {
    return rest.size() - rest.drop_while(llvm::isDigit).size();
  };
  size_t length = digits(text);
  if (length == 0 || !text.drop_front(length).starts_with("."))
    return 0;
  ++length;
  length += digits(text.drop_front(length));
  StringRef exponent = text.drop_front(length);
  if (!exponent.starts_with("e") && !exponent.starts_with("E"))
    return length;
  size_t sign =
      exponent.size() > 1 && (exponent[1] == '-' || exponent[1] == '+');
  size_t power = digits(exponent.drop_front(1 + sign));
  return power == 0 ? length : length + 1 + sign + power;
}

/// Whether `literal` is another number than the f32 nearest to it, in kind.
static std::optional<UnheldNumber> check(StringRef literal) {
  llvm::APFloat value(llvm::APFloat::IEEEsingle());
  llvm::Expected<llvm::APFloat::opStatus> status =
      value.convertFromString(literal, llvm::APFloat::rmNearestTiesToEven);
  if (!status) {
    llvm::consumeError(status.takeError());
    return std::nullopt;
  }
  StringRef mantissa =
      literal.take_until([](char c) { return llvm::toLower(c) == 'e'; });
  bool isZero = mantissa.find_first_of("123456789") == StringRef::npos;
  if (value.isInfinity() || (value.isZero() && !isZero))
    return UnheldNumber{literal, value.isInfinity()};
  return std::nullopt;
}

std::optional<UnheldNumber>
minrnn::compiler::findUnheldNumber(StringRef source) {
  for (size_t at = 0; at < source.size();) {
    StringRef rest = source.drop_front(at);
    if (rest.starts_with("//")) {
      at += rest.take_until([](char c) { return c == '\n'; }).size();
    } else if (rest.front() == '"') {
      size_t end = 1;
      while (end < rest.size() && rest[end] != '"' && rest[end] != '\n')
        end += rest[end] == '\\' ? 2 : 1;
      at += end + 1;
    } else if (llvm::isAlpha(rest.front()) || rest.front() == '_' ||
               rest.front() == '%') {
      // A name, which may have digits and dots in it.
      at +=
          1 + rest.drop_front()
                  .take_while([](char c) {
                    return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$';
                  })
                  .size();
    } else if (size_t length = floatLength(rest)) {
      StringRef after = rest.drop_front(length).ltrim();
      if (after.consume_front(":") && after.ltrim().starts_with("f32"))
        if (std::optional<UnheldNumber> unheld = check(rest.take_front(length)))
          return unheld;
      at += length;
    } else {
      // An integer is skipped whole: 0x1.5 is no 1.5.
      size_t number =
          rest.take_while([](char c) { return llvm::isAlnum(c); }).size();
      at += std::max<size_t>(number, 1);
    }
  }
  return std::nullopt;
}
