//===- CompileTimes.h - A cell compiled, and from a cache -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_COMPILETIMES_H
#define MINRNN_RUNTIME_TOOLS_BENCH_COMPILETIMES_H

#include "minrnn/jit.h"
#include "runtime/tools/BuiltInCells.h"

#include <filesystem>

namespace minrnn::bench {

/// Compiles a cell again and again, beside the user's own kernel cache: with no
/// cache, and from one that holds the cell. Nothing of the kernels stays
/// loaded.
class CompileTimes {
public:
  /// Compiles the cell once, into a cache of its own. Throws Error where there
  /// is no place for one.
  CompileTimes(const CellSource &source, JitOptions options);
  void compile() const;
  void load() const;

private:
  /// A folder of this user's alone, removed with what is in it at the end.
  struct Folder {
    Folder();
    ~Folder();
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;
    std::filesystem::path path;
  };

  CellSource source;
  JitOptions options;
  Folder folder;
};

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_COMPILETIMES_H
