//===- Parser.h - From PTX text to its syntax -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_PARSER_H
#define MINRNN_RUNTIME_EMULATOR_PARSER_H

#include "runtime/emulator/Syntax.h"

namespace minrnn::emulator {

/// Parses a PTX module. The result's views point into `text`. Debug
/// directives (.loc, .file, .section, .pragma) are skipped. Throws `Error`:
/// Syntax for what is not PTX, Unsupported for directives that are not known.
ModuleSyntax parseSyntax(std::string_view text);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_PARSER_H
