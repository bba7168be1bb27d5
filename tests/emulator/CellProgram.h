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
#include "tests/reference/SequenceSamples.h"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace minrnn::emulator {

using reference::Presence;
using reference::SequenceData;

/// What an entry wrote, and what it took to run.
struct CellRun {
  test::NamedArrays outputs;
  EntryStatistics statistics;
};

/// How the emulator runs a launch: see EmulatorOptions, and EntryCall.
struct LaunchOrder {
  uint64_t seed = 0;
  unsigned threads = 0;
  bool aligned = false;
  /// Whether a reset mask is given. It resets nothing.
  bool masked = false;

  auto operator<=>(const LaunchOrder &) const = default;
};

/// The PTX that minrnnc made of a cell.
class CellProgram {
public:
  /// `scan` is "log" or "linear", `schedule` "carry" or "lookback". Throws when
  /// the PTX is not there or its manifest says otherwise.
  CellProgram(reference::Cell cell, const std::string &scan,
              const std::string &ioType = "f32",
              const std::string &schedule = "carry")
      : CellProgram(textOf(cell, scan, ioType, schedule)) {}
  /// The same from other text.
  explicit CellProgram(std::string ptx);

  /// The PTX text.
  static std::string textOf(reference::Cell cell, const std::string &scan,
                            const std::string &ioType = "f32",
                            const std::string &schedule = "carry");

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

  CellRun run(Procedure entry, const test::EntryCall &call,
              const LaunchOrder &order) const;

  std::string ptx;
  /// One for each order that was asked for.
  mutable std::map<LaunchOrder, Loaded> loaded;
};

/// PTX text with one barrier left out, for each of its barriers.
std::vector<std::string> withoutEachBarrier(const std::string &text);

} // namespace minrnn::emulator

#endif // MINRNN_TESTS_EMULATOR_CELLPROGRAM_H
