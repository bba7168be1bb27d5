//===- InterpretProgram.h - The program of a call, in double ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs a procedure of a program by the rules of minrnn/program.h, in double
// precision and in the simplest way. It shares nothing with the executor of the
// runtime. Entries are launched by whoever calls it.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_INTERPRETPROGRAM_H
#define MINRNN_TESTS_REFERENCE_INTERPRETPROGRAM_H

#include "minrnn/program.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace minrnn::reference {

/// Dense arrays by their names in specs/abi.md. One that is not there is
/// absent; the mask of resets is one of numbers here.
using NamedTensors = std::map<std::string, std::vector<double>>;

/// What runs entries.
class EntryLauncher {
public:
  virtual ~EntryLauncher() = default;
  /// Whether the entry writes its argument.
  virtual bool writes(const std::string &entry,
                      const std::string &argument) const = 0;
  /// Runs an entry on `arguments`, by the names of the entry's arguments, and
  /// writes its results there. They have the sizes of the program's tensors.
  virtual void launch(const std::string &entry, int64_t first, int64_t count,
                      NamedTensors &arguments) = 0;
};

/// How large a call is, and in which direction it runs.
struct ProgramCall {
  /// The size of each axis, by its number.
  std::array<int64_t, axisCount> sizes = {};
  bool reverse = false;

  int64_t &size(Axis axis) { return sizes[static_cast<std::size_t>(axis)]; }
  int64_t size(Axis axis) const {
    int64_t nameless = namelessSize(axis);
    return nameless ? nameless : sizes[static_cast<std::size_t>(axis)];
  }
};

/// Runs `procedure` on `tensors`: those that it reads are given, as far as they
/// are there, and those that it writes are added, full of NaN at first. Throws
/// std::runtime_error where a tensor has another size than the call says.
void interpret(const minrnn::Program &program, Procedure procedure,
               const ProgramCall &call, NamedTensors &tensors,
               EntryLauncher &launcher);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_INTERPRETPROGRAM_H
