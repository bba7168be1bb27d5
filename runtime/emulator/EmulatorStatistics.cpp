//===- EmulatorStatistics.cpp - A table of what entries did ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/emulator_device.h"

#include <algorithm>
#include <array>

using namespace minrnn;

namespace {

/// 1234567 as `1,234,567`.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

constexpr auto rows = std::to_array<EntryCount>(
    {{"launches", &EntryStatistics::launches},
     {"blocks", &EntryStatistics::blocks},
     {"threads", &EntryStatistics::threads},
     {"bytes read, needed", &EntryStatistics::bytesRead},
     {"bytes read, moved", &EntryStatistics::bytesReadMoved},
     {"bytes written, needed", &EntryStatistics::bytesWritten},
     {"bytes written, moved", &EntryStatistics::bytesWrittenMoved},
     {"atomics", &EntryStatistics::atomics},
     {"shared accesses of warps", &EntryStatistics::sharedAccesses},
     {"shared bank conflicts", &EntryStatistics::bankConflicts},
     {"special functions", &EntryStatistics::specialFunctions},
     {"instructions of warps", &EntryStatistics::warpInstructions},
     {"instructions of threads", &EntryStatistics::threadInstructions},
     {"divergent branches", &EntryStatistics::divergentBranches},
     {"barriers of blocks", &EntryStatistics::barriers}});

std::string padded(const std::string &text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

} // namespace

std::span<const EntryCount> minrnn::entryCounts() { return rows; }

std::string minrnn::describe(const std::vector<EntryStatistics> &statistics) {
  constexpr std::size_t nameWidth = 26;
  constexpr std::size_t narrowest = 16;
  std::string table = std::string(nameWidth, ' ');
  std::vector<std::size_t> widths;
  widths.reserve(statistics.size());
  for (const EntryStatistics &entry : statistics) {
    widths.push_back(std::max(narrowest, entry.entry.size() + 2));
    table += padded(entry.entry, widths.back());
  }
  table += '\n';
  for (const auto &[name, count] : rows) {
    table += std::string(name) + std::string(nameWidth - name.size(), ' ');
    for (std::size_t i = 0; i < statistics.size(); ++i)
      table += padded(grouped(statistics[i].*count), widths[i]);
    table += '\n';
  }
  return table;
}
