//===- CellProgram.h - The compiler's PTX, run on the emulator --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_EMULATOR_CELLPROGRAM_H
#define MINRNN_TESTS_EMULATOR_CELLPROGRAM_H

#include "tests/emulator/KernelProgram.h"
#include "tests/reference/Cells.h"
#include "tests/reference/Samples.h"

#include <string>
#include <vector>

namespace minrnn::emulator {

/// Which of the optional arguments a run has.
struct Presence {
  bool bias = true;
  bool initial = true;
  bool dLast = true;
  /// `last`, `d_bias` and `d_initial`.
  bool optionalOutputs = true;
};

/// A cell's inputs in single precision; an absent one is empty.
struct SequenceData {
  reference::Cell cell = reference::Cell::MinGRU;
  reference::Shape shape;
  std::vector<float> preactivations, bias, initial, dOutput, dLast;
};

SequenceData sampleSequence(reference::Cell cell, const reference::Shape &shape,
                            reference::Regime regime, const Presence &presence,
                            uint64_t seed);

/// The data as the judge takes it: pre-activation plus bias is rounded to
/// single precision, as the kernels' contract has it.
reference::Inputs judgedInputs(const SequenceData &data);

/// The PTX that minrnnc made of one of the judge's cells.
class CellProgram {
public:
  /// `scan` is "log" or "linear". Throws when the PTX is not there or its
  /// manifest says otherwise.
  CellProgram(reference::Cell cell, const std::string &scan)
      : CellProgram(cell, scan, textOf(cell, scan)) {}
  /// The same from other text.
  CellProgram(reference::Cell cell, const std::string &scan,
              const std::string &ptx);

  /// The PTX text.
  static std::string textOf(reference::Cell cell, const std::string &scan);

  CellRun forward(const SequenceData &data, const Presence &presence,
                  const LaunchOptions &options = {}) const;
  CellRun backward(const SequenceData &data, const std::vector<float> &output,
                   const Presence &presence,
                   const LaunchOptions &options = {}) const;
  /// One step: pre-activations [B, G, H]; `previous` may be empty. `inPlace`
  /// writes the next state over the previous one.
  CellRun step(const SequenceData &data, const std::vector<float> &previous,
               bool inPlace, const LaunchOptions &options = {}) const;

private:
  KernelProgram program;
};

} // namespace minrnn::emulator

#endif // MINRNN_TESTS_EMULATOR_CELLPROGRAM_H
