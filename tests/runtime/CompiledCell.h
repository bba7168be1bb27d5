//===- CompiledCell.h - A cell of the tests, compiled -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_COMPILEDCELL_H
#define MINRNN_TESTS_RUNTIME_COMPILEDCELL_H

#include "minrnn/jit.h"
#include "tests/TestFiles.h"

#include <filesystem>
#include <string>

namespace minrnn::test {

/// The file of a cell of specs/cells or else of tests/runtime/cells.
inline std::string cellFileOf(const std::string &name) {
  const std::string file = testFile(MINRNN_CELL_FOLDER) + "/" + name + ".mlir";
  return std::filesystem::exists(file)
             ? file
             : testFile(MINRNN_TEST_CELLS) + "/" + name + ".mlir";
}

/// The cell, compiled for the host.
inline CellKernels compiledCell(const std::string &name, int threads = 0,
                                Recompute recompute = Recompute::Gates) {
  return compileCellFile(cellFileOf(name),
                         {.recompute = recompute,
                          .device = std::make_shared<HostDevice>(threads),
                          .cacheFolder = testCache(MINRNN_TEST_CACHE)});
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_COMPILEDCELL_H
