//===- WriteTables.cpp - The contract's tables, for specs/abi.md ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads a document from standard input and writes it to standard output with
// the table of tensors between the two lines that mark its place.
//
//===----------------------------------------------------------------------===//

#include "specs/contract/Tensors.h"

#include <iostream>
#include <string>

using namespace minrnn;

/// An axis as people write it: `B` for the batch.
static std::string letterOf(Axis axis) {
  switch (axis) {
  case Axis::Batch:
    return "B";
  case Axis::Time:
    return "T";
  case Axis::Tiles:
    return "ceil(T / tile.time)";
  case Axis::Summary:
    return "tile.summary";
  case Axis::Inputs:
    return "D";
  case Axis::Channels:
    return "H";
  case Axis::Gates:
    return "G";
  case Axis::Recurrent:
    return "R";
  case Axis::Parameters:
    return "P";
  case Axis::States:
    return "S";
  case Axis::Inner:
    return "C";
  }
  return axisName(axis);
}

static void writeTensors() {
  std::cout << "| tensor | shape | holds | role | condition | |\n"
               "| --- | --- | --- | --- | --- | --- |\n";
  for (const auto &[tensor, condition, about] : contractTensors()) {
    std::string shape;
    for (const Axis axis : tensor.axes)
      shape += (shape.empty() ? "" : ", ") + letterOf(axis);
    std::cout << "| `" << tensor.name << "` | `[" << shape << "]` | "
              << elementName(tensor.element) << " | " << roleName(tensor.role);
    if (!tensor.of.empty())
      std::cout << " of `" << tensor.of << '`';
    if (tensor.isOptional)
      std::cout << ", optional";
    std::cout << " | " << condition << " | " << about << " |\n";
  }
}

int main() {
  bool isTable = false;
  bool hasTable = false;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "<!-- tensors: end -->")
      isTable = false;
    if (!isTable)
      std::cout << line << '\n';
    if (line == "<!-- tensors: begin -->") {
      isTable = hasTable = true;
      writeTensors();
    }
  }
  if (hasTable && !isTable)
    return 0;
  std::cerr << "error: expected the lines '<!-- tensors: begin -->' and "
               "'<!-- tensors: end -->'\n";
  return 1;
}
