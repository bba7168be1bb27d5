//===- Plot.h - Times over the length of a sequence -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_PLOT_H
#define MINRNN_RUNTIME_TOOLS_BENCH_PLOT_H

#include "runtime/tools/Chart.h"
#include "runtime/tools/bench/Report.h"

#include <string>
#include <vector>

namespace minrnn::bench {

/// Times in milliseconds over the steps of a sequence: a line for each suite,
/// cell, batch, width, procedure and implementation, named after what the rows
/// do not have in common. Rows without a time or a length are left out.
std::vector<ChartSeries> seriesOf(std::span<const Row> rows);

/// The same as a chart: x on a scale of powers of two, y on one of powers of
/// ten, bars from quartile to quartile. Throws Error when there are no points.
Chart plot(const std::string &title, std::span<const Row> rows);

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_PLOT_H
