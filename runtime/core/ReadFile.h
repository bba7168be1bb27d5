//===- ReadFile.h - A whole file as bytes -----------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_READFILE_H
#define MINRNN_RUNTIME_CORE_READFILE_H

#include <filesystem>
#include <string>

namespace minrnn {

/// The bytes of a file. Throws Error when it cannot be read.
std::string readFile(const std::filesystem::path &path);

/// The bytes of a file that a command line names: `-` is standard input. Throws
/// Error when it cannot be read.
std::string readInput(const std::filesystem::path &path);

/// What such a file is called in messages.
std::string inputName(const std::filesystem::path &path);

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_READFILE_H
