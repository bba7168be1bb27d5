//===- BuiltInCells.cpp - The cells that come with minrnn -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/BuiltInCells.h"

#include "minrnn/error.h"
#include "runtime/core/ReadFile.h"

#include <filesystem>

using namespace minrnn;

CellSource minrnn::findCellSource(const std::string &nameOrPath) {
  std::string names;
  for (const BuiltInCell &cell : builtInCells()) {
    if (cell.name == nameOrPath)
      return {std::string(cell.source), nameOrPath};
    names += (names.empty() ? "" : ", ") + std::string(cell.name);
  }
  std::error_code code;
  if (!std::filesystem::exists(nameOrPath, code))
    throw Error("'" + nameOrPath + "' is neither a file nor a built-in cell (" +
                names + ")");
  return {readFile(nameOrPath), nameOrPath};
}
