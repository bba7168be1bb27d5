//===- SourceText.h - What a text must be for MLIR to read it ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR's parser, its printer and its walks call themselves for what lies
// within something, so that a text nested deep enough exhausts the stack. Such
// a text, and others that crash the parser, are found here before MLIR reads
// them.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_SOURCETEXT_H
#define MINRNN_COMPILER_PIPELINE_SOURCETEXT_H

#include "llvm/ADT/StringRef.h"

#include <cstddef>
#include <optional>
#include <string>

namespace minrnn::compiler {

/// How deep brackets, the operators of an affine expression and the aliases
/// that they use may nest in a text. A cell needs about five levels.
constexpr size_t kDeepestNesting = 128;

/// How many tokens the aliases within one alias may stand for.
constexpr size_t kMostAliasTokens = 65536;

/// Why a text is refused, and the byte where; none where it is no text to show
/// a line of.
struct SourceFault {
  std::optional<size_t> offset;
  std::string message;
};

/// The text without the UTF-8 byte order mark that some editors put first, so
/// that columns count what is seen.
llvm::StringRef withoutByteOrderMark(llvm::StringRef text);

/// What keeps MLIR from reading `text`: another encoding than UTF-8, nesting
/// beyond `kDeepestNesting`, aliases that stand for more than
/// `kMostAliasTokens`, or an array of `index` elements. Takes linear time.
std::optional<SourceFault> checkSourceText(llvm::StringRef text);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_SOURCETEXT_H
