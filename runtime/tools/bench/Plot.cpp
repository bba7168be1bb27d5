//===- Plot.cpp - Times over the length of a sequence ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Plot.h"

#include "minrnn/error.h"

#include <algorithm>
#include <set>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

/// What tells a row from others, in the order of names.
std::vector<std::string> partsOf(const Row &row) {
  const LayerSizes &sizes = *row.sizes;
  return {row.suite,
          row.cell,
          row.what,
          row.by,
          row.ioType,
          row.scan == "none" ? "" : row.scan,
          "B=" + std::to_string(sizes.batch),
          "D=" + std::to_string(sizes.inputs),
          "H=" + std::to_string(sizes.channels)};
}

} // namespace

std::vector<ChartSeries> minrnn::bench::seriesOf(std::span<const Row> rows) {
  std::vector<const Row *> drawn;
  for (const Row &row : rows)
    if (row.sizes && !row.seconds.empty() && row.suite != "decode")
      drawn.push_back(&row);
  std::vector<std::set<std::string>> seen;
  for (const Row *row : drawn) {
    const std::vector<std::string> parts = partsOf(*row);
    seen.resize(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (!parts[i].empty())
        seen[i].insert(parts[i]);
  }
  constexpr std::size_t cell = 1;
  std::vector<ChartSeries> series;
  for (const Row *row : drawn) {
    const std::vector<std::string> parts = partsOf(*row);
    std::string name;
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (!parts[i].empty() && (i == cell || seen[i].size() > 1))
        name += (name.empty() ? "" : " ") + parts[i];
    auto found = std::ranges::find(series, name, &ChartSeries::name);
    if (found == series.end())
      found =
          series.insert(series.end(), {.name = name, .look = series.size()});
    // A clock that is too coarse gives zero, which has no logarithm.
    constexpr double least = 1e-9;
    constexpr double millisecond = 1e-3;
    const auto milliseconds = [&](double share) {
      return std::max(quantile(row->seconds, share), least) / millisecond;
    };
    found->points.push_back({static_cast<double>(row->sizes->time),
                             milliseconds(0.5), milliseconds(0.25),
                             milliseconds(0.75)});
  }
  for (ChartSeries &one : series)
    std::ranges::sort(one.points, {}, &ChartSeries::Point::x);
  return series;
}

Chart minrnn::bench::plot(const std::string &title, std::span<const Row> rows) {
  Chart chart{.title = title,
              .x = {"T [steps]", Spacing::PowersOfTwo},
              .y = {"median time [ms]", Spacing::PowersOfTen},
              .series = seriesOf(rows)};
  if (chart.series.empty())
    throw Error("there is nothing to plot: no time of a sequence was measured");
  return chart;
}
