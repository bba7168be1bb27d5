//===- Report.h - What was measured, as text and as JSON --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_REPORT_H
#define MINRNN_RUNTIME_TOOLS_BENCH_REPORT_H

#include "minrnn/emulator_device.h"
#include "minrnn/layer.h"
#include "runtime/tools/bench/Stopwatch.h"

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::bench {

/// One thing that was measured, or counted.
struct Row {
  std::string suite;
  std::string cell;
  /// Of what compiles a cell, none.
  std::optional<LayerSizes> sizes = std::nullopt;
  /// `forward`, `step` and their like.
  std::string what;
  /// Whose implementation: this one's, or a peer's.
  std::string by = "minrnn";
  std::string ioType = "f32";
  /// `linear`, `log`, or `none`; empty of a peer.
  std::string scan = "none";
  /// `carry` or `lookback`; empty where there is none.
  std::string schedule = {};
  /// Empty where it was only counted.
  Samples seconds = {};
  /// Of all threads of the host, where it is the device.
  Samples processorSeconds = {};
  /// What must be moved; 0 where that says nothing.
  std::uint64_t bytes = 0;
  /// Copies of as many bytes, in turn with the others.
  Samples copySeconds = {};
  /// Bytes of the device's memory; 0 where it is not known.
  std::uint64_t memory = 0;
  /// How many times as fast this is as `over`; 0 where there is none.
  double speedUp = 0;
  std::string over = {};
  /// How many times as long this takes as minrnn's; 0 for minrnn itself.
  double timesOfMinrnn = 0;
  /// Why it ran part by part, where the device records graphs but not this one.
  std::string notRecorded = {};
  /// Which results were compared with the reference before.
  std::string checked = {};
  /// Of the emulator.
  std::vector<EntryStatistics> counts = {};

  /// Bytes a second; 0 where they are not known.
  double bandwidth() const;
  double copyBandwidth() const;
};

/// `BxTxDxH`.
std::string formatSizes(const LayerSizes &sizes);

/// What one run of the command measured, and with what.
struct Session {
  std::string date;
  std::string version;
  std::string compiler;
  std::string device;
  std::string description;
  std::string target;
  int threads = 0;
  /// By their names on the command line.
  std::map<std::string, std::string> options;
  /// What the peer says of itself; empty where there is none.
  std::string peer;
};

/// Prints the session before the first table, and rows as they come, in
/// columns.
class TextReport {
public:
  TextReport(std::ostream &stream, const Session &session);

  /// Begins a table; `about` is a sentence on what its rows are. The columns
  /// are those of `heads`. Throws Error for one that there is not.
  void begin(std::string_view suite, std::string_view about,
             std::span<const std::string_view> heads);
  void add(const Row &row);
  /// A line between rows.
  void note(const std::string &line);

private:
  std::ostream &stream;
  std::string heading;
  std::vector<std::string_view> columns;
};

inline constexpr std::string_view columnOfSpeedUp = "speed-up";
/// The column that the host has not.
inline constexpr std::string_view columnOfSchedule = "schedule";
/// The column that only a run with a peer has.
inline constexpr std::string_view columnOfPeer = "of minrnn's [x]";

/// One document, with a newline at its end: the session, and every sample in
/// seconds.
std::string writeJson(const Session &session, std::span<const Row> rows);

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_REPORT_H
