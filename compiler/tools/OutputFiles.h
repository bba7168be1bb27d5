//===- OutputFiles.h - Files that appear whole or not at all ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TOOLS_OUTPUTFILES_H
#define MINRNN_COMPILER_TOOLS_OUTPUTFILES_H

#include <string>
#include <vector>

namespace minrnn::compiler {

struct OutputFile {
  std::string path;
  std::string content;
};

/// Writes all of `files`, each as a StagedFile that is put in place once every
/// one is complete. On failure nothing has changed, and `error` says which file
/// could not be written, and why.
bool writeFiles(const std::vector<OutputFile> &files, std::string &error);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TOOLS_OUTPUTFILES_H
