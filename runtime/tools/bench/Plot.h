//===- Plot.h - Times over the length of a sequence, as SVG -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_PLOT_H
#define MINRNN_RUNTIME_TOOLS_BENCH_PLOT_H

#include "runtime/tools/bench/Report.h"

#include <string>
#include <vector>

namespace minrnn::bench {

/// One line of a plot.
struct Series {
  std::string name;
  struct Point {
    double x = 0;
    double y = 0;
    /// The quartiles of y.
    double low = 0;
    double high = 0;
  };
  std::vector<Point> points = {};
};

/// Times in milliseconds over the steps of a sequence: a line for each suite,
/// cell, batch, width, procedure and implementation, named after what the rows
/// do not have in common. Rows without a time or a length are left out.
std::vector<Series> seriesOf(std::span<const Row> rows);

/// An SVG document: x on a scale of powers of two, y on one of powers of ten,
/// bars from quartile to quartile. Throws Error when there are no points.
std::string plot(const std::string &title, std::span<const Series> series);

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_PLOT_H
