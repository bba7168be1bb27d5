//===- KernelProgram.h - Any cell's PTX, run on the emulator ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls the entries of a compiled cell by its manifest alone: every array by
// its name in specs/abi.md, every size from the shape. Each call has a device
// memory of its own, in which every output is unwritten at first; an element
// that stays so is an error, as are all faults that the emulator finds.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_EMULATOR_KERNELPROGRAM_H
#define MINRNN_TESTS_EMULATOR_KERNELPROGRAM_H

#include "runtime/device/emulator/Launch.h"
#include "tests/reference/Cells.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace minrnn::emulator {

/// Arrays by their names in specs/abi.md.
using NamedArrays = std::map<std::string, std::vector<float>>;

/// What one call is given.
struct EntryCall {
  reference::Shape shape;
  /// What the entry reads; an optional array that is not here is null. Of a
  /// half-precision cell, the numbers are rounded on the way in.
  NamedArrays inputs;
  /// The mask [B, T]; empty: null.
  std::vector<uint8_t> reset;
  bool reverse = false;
  /// Optional outputs that are not wanted.
  std::set<std::string> unwanted;
  /// Outputs that share the array of an input: `next` that of `previous`.
  std::map<std::string, std::string> inPlace;
  /// Of cells with recurrent projections: U, [R, H, H].
  std::vector<float> recurrentWeights;
};

/// What an entry wrote, and what it took to run.
struct CellRun {
  NamedArrays outputs;
  Statistics statistics;
};

class KernelProgram {
public:
  /// Throws when the PTX or its manifest cannot be read.
  explicit KernelProgram(const std::string &ptx);

  const std::string &cell() const { return cellName; }
  const std::string &scan() const { return scanName; }
  const std::string &ioType() const { return ioTypeName; }
  /// The size of the manifest's axis `gates`, `recurrent`, `parameters` or
  /// `states`.
  int64_t axis(const std::string &name) const { return axes.at(name); }
  bool isPlain() const { return plain; }
  bool isRecurrent() const { return axes.at("recurrent") != 0; }

  /// One launch of `entry`: forward, backward or step.
  CellRun run(const std::string &entry, const EntryCall &call,
              const LaunchOptions &options = {}) const;

  /// `forward` and `backward` of a cell with recurrent projections: one launch
  /// a step, the products between them formed here in double and rounded once.
  /// `forward` gives `recurrent` besides its outputs, which `backward` reads.
  CellRun forwardInSteps(const EntryCall &call,
                         const LaunchOptions &options = {}) const;
  CellRun backwardInSteps(const EntryCall &call,
                          const LaunchOptions &options = {}) const;

private:
  struct Argument {
    std::string name;
    std::string type;
    std::vector<std::string> shape;
    bool isWritten = false;
    bool isOptional = false;
  };
  struct Entry {
    std::string symbol;
    Dim3 block;
    int64_t tileChannels = 1;
    int64_t tileTime = 1;
    std::vector<Argument> arguments;
  };
  class Call;

  const Entry &entryNamed(const std::string &name) const;
  /// Elements of an array of `entry` with these axes.
  int64_t count(const Entry &entry, const std::vector<std::string> &shape,
                const reference::Shape &sizes) const;

  Program program;
  std::string cellName, scanName, ioTypeName;
  bool plain = false;
  std::map<std::string, int64_t> axes;
  /// The state that each recurrent projection reads, by its index.
  std::vector<int64_t> projectedStates;
  std::map<std::string, Entry> entries;
};

} // namespace minrnn::emulator

#endif // MINRNN_TESTS_EMULATOR_KERNELPROGRAM_H
