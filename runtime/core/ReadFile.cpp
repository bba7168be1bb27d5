//===- ReadFile.cpp - A whole file as bytes -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/ReadFile.h"

#include "minrnn/error.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

using namespace minrnn;

std::string minrnn::readFile(const std::filesystem::path &path) {
  const std::string what = "cannot read '" + path.string() + "': ";
  std::error_code code;
  if (std::filesystem::is_directory(path, code))
    throw Error(what + "it is a folder");
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw Error(what + std::generic_category().message(errno));
  std::string content{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad())
    throw Error(what + "reading failed before the end");
  return content;
}

std::string minrnn::readInput(const std::filesystem::path &path) {
  if (path != "-")
    return readFile(path);
  errno = 0;
  std::string content{std::istreambuf_iterator<char>(std::cin), {}};
  if (std::ferror(stdin) != 0)
    throw Error("cannot read standard input: " +
                std::generic_category().message(errno));
  return content;
}

std::string minrnn::inputName(const std::filesystem::path &path) {
  return path == "-" ? "<stdin>" : path.string();
}
