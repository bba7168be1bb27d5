//===- Chart.h - Lines over two axes, as SVG --------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CHART_H
#define MINRNN_RUNTIME_TOOLS_CHART_H

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace minrnn {

/// One line of a chart.
struct ChartSeries {
  std::string name;
  struct Point {
    double x = 0;
    double y = 0;
    /// Where a bar through the point begins and ends, as at quartiles of y.
    double low = 0;
    double high = 0;
  };
  std::vector<Point> points = {};
  /// Lines of the same look have the same colour and dashes.
  std::size_t look = 0;
  /// A thin line without dots, behind the others, for what is many and noisy.
  bool isFine = false;
};

/// How numbers lie on an axis, and where its ticks are.
enum class Spacing { Even, PowersOfTwo, PowersOfTen };

struct ChartAxis {
  /// With the unit, as `time [ms]`.
  std::string label;
  Spacing spacing = Spacing::Even;
};

struct Chart {
  /// Empty: none.
  std::string title;
  ChartAxis x;
  ChartAxis y;
  std::vector<ChartSeries> series;
};

/// An SVG document: axes with ticks and labels, a legend beside them. What is
/// on an axis of powers must be positive. Throws Error when there is no point.
std::string drawChart(const Chart &chart);

/// Writes it as a file that appears whole or not at all, or to standard output
/// for `-`. Throws Error when it cannot be written.
void writeChart(const std::filesystem::path &path, const Chart &chart);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CHART_H
