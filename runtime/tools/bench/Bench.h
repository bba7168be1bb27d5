//===- Bench.h - The suites of minrnn bench ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_BENCH_H
#define MINRNN_RUNTIME_TOOLS_BENCH_BENCH_H

#include "runtime/tools/BuiltInCells.h"
#include "runtime/tools/CommandOptions.h"
#include "runtime/tools/bench/Reference.h"
#include "runtime/tools/bench/Report.h"
#include "runtime/tools/bench/TorchPeer.h"

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::bench {

class Bench;

/// A kind of measurement.
struct Suite {
  std::string_view name;
  /// What its rows are, in a sentence.
  std::string_view about;
  std::vector<std::string_view> columns;
  /// What it measures where the command line does not say.
  std::vector<std::string_view> cells;
  std::vector<LayerSizes> sizesOnGpu;
  std::vector<LayerSizes> sizesOnHost;
  void (Bench::*measure)(const struct BenchCell &cell, const LayerSizes &sizes);
};

std::span<const Suite> suites();

/// What the command line asks for.
struct BenchOptions {
  std::vector<std::string> cells;
  std::vector<std::string> suites;
  /// Empty: those of each suite.
  std::vector<LayerSizes> sizes;
  CompileChoice compile;
  DeviceChoice device;
  /// For each time.
  double seconds = 0.5;
  bool warm = false;
};

/// A cell compiled for the device, and for the host as the reference.
struct BenchCell {
  CellSource source;
  CellKernels kernels;
  Reference reference;
};

/// Runs suites. Each time is that of a result which was compared with the
/// reference before, in the same process; the caches are cold, but in `decode`
/// and `compile` and where the options say warm.
class Bench {
public:
  /// Compiles the cells that the options name. Rows go to `rows`, and to
  /// `report` where there is one. `peer` may be null.
  Bench(const BenchOptions &options, const std::shared_ptr<Device> &device,
        TorchPeer *peer, std::vector<Row> &rows, TextReport *report);

  /// Throws Error where a result is wrong.
  void run(const Suite &suite);

  /// The compiler of the cells that were measured; empty before.
  std::string compiler() const {
    return cells.empty() ? ""
                         : cells.front().second.kernels.manifest().compiler;
  }

  void measureKernels(const BenchCell &cell, const LayerSizes &sizes);
  void measureLayer(const BenchCell &cell, const LayerSizes &sizes);
  void measureStep(const BenchCell &cell, const LayerSizes &sizes);
  void measureDecode(const BenchCell &cell, const LayerSizes &sizes);
  void measureCompile(const BenchCell &cell, const LayerSizes &sizes);

private:
  /// A row to be, and what is timed for it.
  struct Timed {
    Row row;
    std::function<double()> seconds;
    /// Runs it once, for the emulator to count.
    std::function<void()> once;
  };

  /// Whether the emulator counts what a suite runs, in place of times.
  bool isCounted(std::string_view name) const {
    return device->name() == "emulator" && name != "compile";
  }
  const BenchCell &cellOf(const std::string &name);
  /// Measures rows by their names, each of these procedures one after the
  /// other.
  void measureProcedures(
      const BenchCell &cell, const LayerSizes &sizes,
      const std::vector<std::pair<std::string, std::vector<Procedure>>> &list);
  std::vector<std::string>
  sequentialFirst(const std::vector<std::string> &names);
  std::vector<LayerSizes> sizesOf(const Suite &suite) const;
  Row rowOf(const BenchCell &cell, const LayerSizes &sizes,
            std::string what) const;
  /// What runs `work`: a recorded graph where the device records one. A refusal
  /// is told in `row`, whose work then runs part by part.
  std::function<void()> recorded(Row &row, std::function<void()> work);
  /// Times `work` with cold caches, in a graph where `records` and the device
  /// can.
  Timed timed(Row row, std::function<void()> work, bool records);
  /// Measures all in turn with copies of as many bytes and with the peer's
  /// ways, and reports.
  void measure(std::vector<Timed> all);
  void count(Timed &subject) const;
  void measurePeer(const Row &like, std::vector<Timed> &all);
  void addSpeedUp(Row &row) const;
  void report(Row row);

  const BenchOptions &options;
  std::shared_ptr<Device> device;
  TorchPeer *peer;
  std::vector<Row> &rows;
  TextReport *text;
  SampleNumbers numbers;
  Stopwatch watch;
  std::deque<std::pair<std::string, BenchCell>> cells;
  std::string_view suite;
};

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_BENCH_H
