//===- RunReference.h - What `minrnn run` is to write -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_RUNREFERENCE_H
#define MINRNN_TESTS_REFERENCE_RUNREFERENCE_H

#include "tests/reference/ErrorBounds.h"

#include <map>
#include <string>
#include <vector>

namespace minrnn::reference {

/// The tensors of a file for `minrnn run` by their names; an absent one is not
/// there.
using FileTensors = std::map<std::string, std::vector<double>>;

struct RunOptions {
  int64_t inputs = 0;
  Shape shape;
  bool reverse = false;
  /// Whether states are carried as their logarithms.
  bool logarithmic = false;
  std::string ioType = "f32";
  bool gradients = false;
};

/// All that is to be written, by name, with the bounds of its errors.
std::map<std::string, Estimates> expectedRun(const ParsedCell &cell,
                                             const FileTensors &tensors,
                                             const RunOptions &options);

/// Compares the tensor `name` of what was written. (The tool sums in double,
/// and rounds once more.) Throws Fault.
inline void compareRun(const std::string &name, std::span<const float> found,
                       const Estimates &expected, ErrorMetrics &metrics) {
  compareWithinBounds(name, found, expected, metrics, {.roundings = 4});
}

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_RUNREFERENCE_H
