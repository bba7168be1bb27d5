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

#include <algorithm>
#include <filesystem>

using namespace minrnn;

bool minrnn::isBuiltInCell(std::string_view name) {
  return std::any_of(
      builtInCells().begin(), builtInCells().end(),
      [&](const BuiltInCell &cell) { return cell.name == name; });
}

CellSource minrnn::findCellSource(const std::string &nameOrPath) {
  std::string names;
  for (const BuiltInCell &cell : builtInCells()) {
    if (cell.name == nameOrPath)
      return {std::string(cell.source), nameOrPath};
    names += (names.empty() ? "" : ", ") + std::string(cell.name);
  }
  if (nameOrPath == "-")
    return {readInput(nameOrPath), inputName(nameOrPath)};
  std::error_code code;
  if (!std::filesystem::exists(nameOrPath, code))
    throw Error("'" + nameOrPath + "' is neither a file nor a built-in cell (" +
                names + ")");
  return {readFile(nameOrPath), nameOrPath};
}
