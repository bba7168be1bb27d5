//===- BuiltInCells.h - The cells that come with minrnn ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BUILTINCELLS_H
#define MINRNN_RUNTIME_TOOLS_BUILTINCELLS_H

#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// A cell of specs/cells, taken into the program when it is built.
struct BuiltInCell {
  /// The file's name without its ending, such as `mingru`.
  std::string_view name;
  std::string_view source;
};

std::span<const BuiltInCell> builtInCells();

/// A cell's text and what to call it in messages.
struct CellSource {
  std::string text;
  std::string name;
};

bool isBuiltInCell(std::string_view name);

/// The text of a built-in cell when `nameOrPath` is the name of one, else of
/// the file of that path, `-` for standard input. Throws Error, listing the
/// built-in names, when there is neither.
CellSource findCellSource(const std::string &nameOrPath);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_BUILTINCELLS_H
