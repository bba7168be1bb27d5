//===- RunCase.h - Files for `minrnn run`, judged ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_RUNCASE_H
#define MINRNN_TESTS_DEVICE_RUNCASE_H

#include "tests/reference/Equations.h"
#include "tests/runtime/Tool.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace minrnn::test {

/// Tensors by their names, as `minrnn run` writes them, and what they may be
/// off by.
using JudgedTensors = std::map<std::string, reference::Judged>;

/// The numbers of one file for `minrnn run`, and what the judge makes of them.
class RunCase {
public:
  static constexpr std::int64_t batch = 2;
  static constexpr std::int64_t time = 9;
  /// As many channels as inputs, for the cells that read theirs.
  static constexpr std::int64_t channels = 5;

  explicit RunCase(const std::string &cell);

  /// Adds the gradients that come in; a mask with some marks.
  void addGradients();
  void addReset();

  void write(const std::string &path) const { tensors.write(path); }

  /// All that is to be written, with the judge's bounds.
  JudgedTensors judge(bool reverse, bool logarithmic,
                      const std::string &ioType);

private:
  std::vector<std::string> gateNames() const;
  /// The numbers of a tensor; zeros where there is none.
  Numbers numbers(const std::string &name, std::int64_t count = 0) const;
  /// The same as a layer stores a sequence or a weight.
  Numbers storedNumbers(const std::string &name,
                        const std::string &ioType) const;
  /// One [B, H] a state as [B, S, H].
  Numbers packedStates(const std::string &before,
                       const std::string &after) const;
  reference::Call callOf(bool reverse, bool logarithmic,
                         const std::string &ioType) const;
  void judgeGradients(JudgedTensors &judged, const reference::Call &call,
                      const std::string &ioType) const;

  reference::Program program;
  std::string outputName;
  Tensors tensors;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_RUNCASE_H
