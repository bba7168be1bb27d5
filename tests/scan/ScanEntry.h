//===- ScanEntry.h - An entry of the scan level, interpreted ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The meaning of `minrnn.scan` and `minrnn.sequential_scan` by specs/dialect.md
// and of an entry's tensors by specs/abi.md, in double precision and in the
// simplest way: one row, one channel, one step after the other. It stands for
// the lowerings, so that what the passes before them make of a cell can be
// tested without them, and thousands of times as fast.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_SCAN_SCANENTRY_H
#define MINRNN_TESTS_SCAN_SCANENTRY_H

#include "dialect/MinRNN.h"
#include "tests/reference/InterpretProgram.h"
#include "tests/scan/RegionCode.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace minrnn::scan {

using reference::NamedTensors;

/// One call of an entry.
struct EntryCall {
  int64_t batch, time, channels;
  bool reverse = false;
  /// The positions to take, as `first` and `count` of specs/abi.md: a call that
  /// does not begin at the first one goes on from an earlier one.
  int64_t first = 0;
  int64_t count = 0;
};

/// How many steps a tile of time has here, where states are recomputed from
/// those at its beginning: few, so that a short sequence has several.
inline constexpr int64_t tileTime = 2;
inline constexpr int64_t tileCount(int64_t time) {
  return (time + tileTime - 1) / tileTime;
}

class ScanEntry {
public:
  /// `function` holds one scan of either kind, its tensors are arguments or
  /// returned. Throws std::runtime_error otherwise.
  explicit ScanEntry(mlir::func::FuncOp function);

  /// Reads its arguments from `tensors`, and writes what it returns there. What
  /// is given is of the size that the call asks for, or std::runtime_error is
  /// thrown.
  void run(NamedTensors &tensors, const EntryCall &call);

  /// Whether the entry returns a tensor of that name.
  bool returns(const std::string &name) const { return results.contains(name); }

private:
  /// A tensor that is read or written step by step: [batch, time, gate,
  /// channel], or a mask, [batch, time].
  struct Sequence {
    std::string name;
    int64_t gates = 1;
    bool isMask = false;
    /// The initial states, where it is read one step late.
    std::string initial;
  };
  /// [batch, gate, channel] or, of parameters, [gate, channel].
  struct Packed {
    std::string name;
    int64_t gates = 1;
  };
  class Lane;

  Sequence sequenceOf(mlir::Value value) const;
  Packed packedOf(mlir::Value value) const;
  void addName(mlir::Value value, const std::string &name);
  std::string nameOf(mlir::Value value) const;

  llvm::DenseMap<mlir::Value, std::string> namesOfValues;
  std::set<std::string> names, results;
  bool isReverse = false;
  std::vector<Sequence> sequences, outputs;
  std::vector<Packed> parameters, sums;
  Packed initial, last;
  /// The states that tiles of time start from, written or read.
  Packed checkpointsOut, checkpointsIn;
  /// The values that `states` reads, of the sequences.
  int64_t recomputeValues = 0;
  /// The body of a sequential scan is its `output`.
  std::unique_ptr<RegionCode> element, output, states;
  /// The algebra of a scan; null `encode` and `decode`: none.
  std::unique_ptr<RegionCode> combine, encode, decode;
  std::vector<double> identity;
};

} // namespace minrnn::scan

#endif // MINRNN_TESTS_SCAN_SCANENTRY_H
