//===- ShellWord.h - A text as a word of a command line ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_SHELLWORD_H
#define MINRNN_RUNTIME_TOOLS_SHELLWORD_H

#include <string>

namespace minrnn {

/// `text` as a shell takes it for one word: as it is, or in quotes where
/// something in it would mean something else.
std::string shellWord(const std::string &text);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_SHELLWORD_H
