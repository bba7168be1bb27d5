//===- CompileTimes.cpp - A cell compiled, and from a cache ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/CompileTimes.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

using namespace minrnn;
using namespace minrnn::bench;

CompileTimes::Folder::Folder() {
  std::error_code error;
  const auto temporary = std::filesystem::temp_directory_path(error);
  if (error)
    throw Error("there is no folder for temporary files: " + error.message() +
                "; TMPDIR names it, or it is /tmp");
  std::string name = (temporary / "minrnn-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw Error("cannot make '" + name + "': " + std::strerror(errno));
  path = name;
}

CompileTimes::Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

CompileTimes::CompileTimes(const CellSource &source, JitOptions options)
    : source(source), options(std::move(options)) {
  load();
}

void CompileTimes::compile() const {
  JitOptions fresh = options;
  fresh.useCache = false;
  compileCell(source.text, source.name, fresh);
}

void CompileTimes::load() const {
  JitOptions cached = options;
  cached.cacheFolder = folder.path;
  compileCell(source.text, source.name, cached);
}
