//===- OperandParser.h - Operands and constant expressions ------*- C++ -*-===//
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

#ifndef MINRNN_RUNTIME_EMULATOR_OPERANDPARSER_H
#define MINRNN_RUNTIME_EMULATOR_OPERANDPARSER_H

#include "runtime/emulator/Syntax.h"
#include "runtime/emulator/TokenStream.h"

namespace minrnn::emulator {

class OperandParser : public TokenStream {
public:
  using TokenStream::TokenStream;

protected:
  /// A register, constant, address, vector or pair; of a call, also a list.
  OperandSyntax operand(bool isCall);
  /// Adds `+4-8` behind a name to the operand.
  void addOffset(OperandSyntax &operand);
  /// A constant expression, in 64-bit integers. Takes operators that bind more
  /// strongly than `weakest`.
  uint64_t constant(int weakest = 0);

private:
  OperandSyntax group(bool isCall);
  OperandSyntax address();
  uint64_t combine(std::string_view sign, uint64_t a, uint64_t b) const;
  uint64_t unary();
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_OPERANDPARSER_H
