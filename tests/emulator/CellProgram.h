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
#include "tests/reference/SequenceSamples.h"

#include <string>
#include <vector>

namespace minrnn::emulator {

using reference::Presence;
using reference::SequenceData;

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
