//===- OperandParser.cpp - Operands and constant expressions --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/OperandParser.h"

#include <array>
#include <utility>

using namespace minrnn::emulator;

/// {a, b} or (a, b).
OperandSyntax OperandParser::group(bool isCall) {
  OperandSyntax result;
  result.kind =
      isMark('{') ? OperandSyntax::Kind::Vector : OperandSyntax::Kind::List;
  char close = isMark('{') ? '}' : ')';
  take();
  while (!takeMark(close)) {
    result.elements.push_back(operand(isCall));
    if (!isMark(close))
      expectMark(',');
  }
  return result;
}

/// [name+4] or [4].
OperandSyntax OperandParser::address() {
  OperandSyntax result;
  result.kind = OperandSyntax::Kind::Address;
  expectMark('[');
  if (token().kind == Token::Kind::Word) {
    result.name = expectName("an address");
    addOffset(result);
  } else {
    result.integer = constant();
  }
  expectMark(']');
  return result;
}

OperandSyntax OperandParser::operand(bool isCall) {
  Nesting nesting(*this);
  OperandSyntax result;
  if (isMark('{') || (isCall && isMark('(')))
    return group(isCall);
  if (isMark('['))
    return address();
  result.negated = isMark('!') && token(1).kind == Token::Kind::Word;
  if (result.negated)
    take();
  if (token().kind == Token::Kind::Word && token().text != "WARP_SZ") {
    result.name = expectName("an operand");
    if (takeMark('|')) {
      OperandSyntax pair;
      pair.kind = OperandSyntax::Kind::Pair;
      pair.elements = {result, operand(false)};
      return pair;
    }
    addOffset(result);
    return result;
  }
  bool minus = isMark('-') && (token(1).kind == Token::Kind::Single ||
                               token(1).kind == Token::Kind::Double);
  if (minus)
    take();
  if (token().kind == Token::Kind::Single ||
      token().kind == Token::Kind::Double) {
    bool single = token().kind == Token::Kind::Single;
    result.kind =
        single ? OperandSyntax::Kind::Single : OperandSyntax::Kind::Double;
    result.integer =
        take().value ^ (minus ? (single ? 1ull << 31 : 1ull << 63) : 0);
    return result;
  }
  result.kind = OperandSyntax::Kind::Integer;
  result.integer = constant();
  return result;
}

void OperandParser::addOffset(OperandSyntax &operand) {
  while (isMark('+') || isMark('-')) {
    bool minus = take().text == "-";
    uint64_t value = unary();
    operand.integer += minus ? -value : value;
  }
}

uint64_t OperandParser::constant(int weakest) {
  static constexpr std::array<std::pair<std::string_view, int>, 10> binary{{
      {"|", 1},
      {"^", 2},
      {"&", 3},
      {"<<", 4},
      {">>", 4},
      {"+", 5},
      {"-", 5},
      {"*", 6},
      {"/", 6},
      {"%", 6},
  }};
  uint64_t left = unary();
  for (;;) {
    const auto *found =
        std::find_if(binary.begin(), binary.end(), [&](const auto &candidate) {
          return token().kind == Token::Kind::Mark &&
                 token().text == candidate.first;
        });
    if (found == binary.end() || found->second <= weakest)
      return left;
    take();
    left = combine(found->first, left, constant(found->second));
  }
}

uint64_t OperandParser::combine(std::string_view sign, uint64_t a,
                                uint64_t b) const {
  if (sign == "/" || sign == "%") {
    if (!b)
      fail("expected a divisor other than zero");
    return sign == "/" ? a / b : a % b;
  }
  if (sign == "<<")
    return b < 64 ? a << b : 0;
  if (sign == ">>")
    return b < 64 ? a >> b : 0;
  switch (sign[0]) {
  case '|':
    return a | b;
  case '^':
    return a ^ b;
  case '&':
    return a & b;
  case '+':
    return a + b;
  case '-':
    return a - b;
  default:
    return a * b;
  }
}

uint64_t OperandParser::unary() {
  Nesting nesting(*this);
  if (takeMark('-'))
    return -unary();
  if (takeMark('+'))
    return unary();
  if (takeMark('~'))
    return ~unary();
  if (takeMark('!'))
    return !unary();
  if (takeMark('(')) {
    uint64_t value = constant();
    expectMark(')');
    return value;
  }
  if (takeWord("WARP_SZ"))
    return 32;
  return expectInteger("an operand");
}
