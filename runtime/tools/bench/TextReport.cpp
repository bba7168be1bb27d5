//===- TextReport.cpp - What was measured, in columns ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Report.h"

#include "minrnn/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <ostream>
#include <utility>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

/// With four significant digits, and no power of ten.
std::string toFourDigits(double value) {
  std::array<char, 64> text{};
  const int before =
      value > 0 ? static_cast<int>(std::floor(std::log10(value))) + 1 : 1;
  std::snprintf(text.data(), text.size(), "%.*f", std::clamp(4 - before, 0, 9),
                value);
  return text.data();
}

/// Nothing where there is nothing to say.
std::string numberOrNone(double value) {
  return value > 0 ? toFourDigits(value) : "-";
}

std::string quartiles(const Samples &samples, double unit) {
  return toFourDigits(quantile(samples, 0.25) / unit) + " .. " +
         toFourDigits(quantile(samples, 0.75) / unit);
}

template <std::int64_t LayerSizes::*Size> std::string size(const Row &row) {
  return row.sizes ? std::to_string((*row.sizes).*Size) : "-";
}

constexpr double microsecond = 1e-6;
constexpr double millisecond = 1e-3;
constexpr double mebibyte = 1 << 20;

struct Column {
  std::string_view head;
  std::size_t width;
  bool isText;
  std::string (*content)(const Row &row);
};

constexpr auto columnTable = std::to_array<Column>({
    {"cell", 20, true, [](const Row &row) { return row.cell; }},
    {"B", 4, false, size<&LayerSizes::batch>},
    {"T", 7, false, size<&LayerSizes::time>},
    {"D", 5, false, size<&LayerSizes::inputs>},
    {"H", 5, false, size<&LayerSizes::channels>},
    {"io", 4, true, [](const Row &row) { return row.ioType; }},
    {"scan", 6, true,
     [](const Row &row) { return row.scan.empty() ? "-" : row.scan; }},
    {columnOfSchedule, 8, true,
     [](const Row &row) { return row.schedule.empty() ? "-" : row.schedule; }},
    {"what", 11, true, [](const Row &row) { return row.what; }},
    {"by", 16, true, [](const Row &row) { return row.by; }},
    {"median [us]", 11, false,
     [](const Row &row) {
       return toFourDigits(median(row.seconds) / microsecond);
     }},
    {"quartiles [us]", 16, false,
     [](const Row &row) { return quartiles(row.seconds, microsecond); }},
    {"median [ms]", 11, false,
     [](const Row &row) {
       return toFourDigits(median(row.seconds) / millisecond);
     }},
    {"quartiles [ms]", 16, false,
     [](const Row &row) { return quartiles(row.seconds, millisecond); }},
    {"processor [ms]", 14, false,
     [](const Row &row) {
       return row.processorSeconds.empty()
                  ? "-"
                  : toFourDigits(median(row.processorSeconds) / millisecond);
     }},
    {"runs", 5, false,
     [](const Row &row) { return std::to_string(row.seconds.size()); }},
    {"GB/s", 6, false,
     [](const Row &row) { return numberOrNone(row.bandwidth() / 1e9); }},
    {"copy [GB/s]", 11, false,
     [](const Row &row) { return numberOrNone(row.copyBandwidth() / 1e9); }},
    {"of copy [%]", 11, false,
     [](const Row &row) {
       return row.copySeconds.empty() || row.bytes == 0
                  ? "-"
                  : toFourDigits(100 * row.bandwidth() / row.copyBandwidth());
     }},
    {"memory [MiB]", 12, false,
     [](const Row &row) {
       return numberOrNone(static_cast<double>(row.memory) / mebibyte);
     }},
    {columnOfSpeedUp, 8, false,
     [](const Row &row) { return numberOrNone(row.speedUp); }},
    {"over", 14, true,
     [](const Row &row) { return row.over.empty() ? "-" : row.over; }},
    {columnOfPeer, 15, false,
     [](const Row &row) { return numberOrNone(row.timesOfMinrnn); }},
});

const Column &columnOf(std::string_view head) {
  const auto found =
      std::find_if(columnTable.begin(), columnTable.end(),
                   [&](const Column &column) { return column.head == head; });
  if (found == columnTable.end())
    throw Error("there is no column '" + std::string(head) + "'");
  return *found;
}

} // namespace

double Row::bandwidth() const {
  return seconds.empty() ? 0 : static_cast<double>(bytes) / median(seconds);
}

double Row::copyBandwidth() const {
  return copySeconds.empty() ? 0
                             : static_cast<double>(bytes) / median(copySeconds);
}

std::string minrnn::bench::formatSizes(const LayerSizes &sizes) {
  return std::to_string(sizes.batch) + "x" + std::to_string(sizes.time) + "x" +
         std::to_string(sizes.inputs) + "x" + std::to_string(sizes.channels);
}

TextReport::TextReport(std::ostream &stream, const Session &session)
    : stream(stream),
      heading("minrnn " + session.version + " on " + session.device + ": " +
              session.description + ", " + session.date + "\n") {
  if (!session.peer.empty())
    heading += "in turn with " + session.peer + "\n";
}

void TextReport::begin(std::string_view suite, std::string_view about,
                       std::span<const std::string_view> heads) {
  columns.assign(heads.begin(), heads.end());
  stream << std::exchange(heading, "") << '\n'
         << suite << ": " << about << '\n';
  if (heads.empty())
    return;
  std::string line;
  for (const std::string_view head : heads) {
    const Column &column = columnOf(head);
    const std::string space(column.width - std::min(column.width, head.size()),
                            ' ');
    line += (line.empty() ? "" : "  ");
    line +=
        column.isText ? std::string(head) + space : space + std::string(head);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  stream << line << '\n' << std::flush;
}

void TextReport::add(const Row &row) {
  if (row.seconds.empty()) {
    stream << row.cell << ", "
           << (row.sizes ? formatSizes(*row.sizes) + ", " : "") << row.ioType
           << ", scan " << row.scan << ", "
           << (row.schedule.empty() ? "" : row.schedule + ", ") << row.what;
    if (row.bytes > 0)
      stream << ", at least " << row.bytes << " bytes to move";
    stream << ":\n" << describe(row.counts) << std::flush;
    return;
  }
  std::string line;
  for (const std::string_view head : columns) {
    const Column &column = columnOf(head);
    const std::string content = column.content(row);
    const std::string space(
        column.width - std::min(column.width, content.size()), ' ');
    line += (line.empty() ? "" : "  ");
    line += column.isText ? content + space : space + content;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  stream << line << '\n' << std::flush;
}

void TextReport::note(const std::string &line) {
  stream << "  " << line << '\n' << std::flush;
}
