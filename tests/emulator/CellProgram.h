//===- CellProgram.h - The compiler's PTX, run on the emulator --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_EMULATOR_CELLPROGRAM_H
#define MINRNN_TESTS_EMULATOR_CELLPROGRAM_H

#include "minrnn/emulator_device.h"
#include "tests/device/KernelProgram.h"
#include "tests/reference/Cells.h"
#include "tests/reference/Samples.h"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
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
  /// As in EntryCall.
  bool aligned = false;
};

SequenceData sampleSequence(reference::Cell cell, const reference::Shape &shape,
                            reference::Regime regime, const Presence &presence,
                            uint64_t seed);

/// The data as the judge takes it: pre-activation plus bias is rounded to
/// single precision, as the kernels' contract has it.
reference::Inputs judgedInputs(const SequenceData &data);

/// What an entry wrote, and what it took to run.
struct CellRun {
  test::NamedArrays outputs;
  EntryStatistics statistics;
};

/// How the emulator runs a launch: see EmulatorOptions.
struct LaunchOrder {
  uint64_t seed = 0;
  unsigned threads = 0;

  auto operator<=>(const LaunchOrder &) const = default;
};

/// The PTX that minrnnc made of one of the judge's cells.
class CellProgram {
public:
  /// `scan` is "log" or "linear". Throws when the PTX is not there or its
  /// manifest says otherwise.
  CellProgram(reference::Cell cell, const std::string &scan,
              const std::string &ioType = "f32")
      : CellProgram(textOf(cell, scan, ioType)) {}
  /// The same from other text.
  explicit CellProgram(std::string ptx);

  /// The PTX text.
  static std::string textOf(reference::Cell cell, const std::string &scan,
                            const std::string &ioType = "f32");

  CellRun forward(const SequenceData &data, const Presence &presence,
                  const LaunchOrder &order = {}) const;
  CellRun backward(const SequenceData &data, const std::vector<float> &output,
                   const Presence &presence,
                   const LaunchOrder &order = {}) const;
  /// One step: pre-activations [B, G, H]; `previous` may be empty. `inPlace`
  /// writes the next state over the previous one.
  CellRun step(const SequenceData &data, const std::vector<float> &previous,
               bool inPlace, const LaunchOrder &order = {}) const;

private:
  /// The kernels on an emulator of their own.
  struct Loaded {
    std::shared_ptr<EmulatorDevice> device;
    test::KernelProgram program;
  };

  CellRun run(const char *entry, const test::EntryCall &call,
              const LaunchOrder &order) const;

  std::string ptx;
  /// One for each order that was asked for.
  mutable std::map<LaunchOrder, Loaded> loaded;
};

} // namespace minrnn::emulator

#endif // MINRNN_TESTS_EMULATOR_CELLPROGRAM_H
