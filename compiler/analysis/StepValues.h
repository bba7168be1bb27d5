//===- StepValues.h - The values of one step of a cell ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_ANALYSIS_STEPVALUES_H
#define MINRNN_COMPILER_ANALYSIS_STEPVALUES_H

#include <map>
#include <string>
#include <vector>

namespace minrnn::compiler {

/// What one channel of a cell computes one step from.
struct StepValues {
  /// What each projection gives, its bias included, by the gate's name.
  std::map<std::string, float> projections;
  std::map<std::string, float> parameters;
  /// This channel of the input, for a cell that reads it.
  float input = 0;
  /// The states before the step, in the cell's order.
  std::vector<float> states;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_ANALYSIS_STEPVALUES_H
