//===- BenchReportTest.cpp - What minrnn bench writes ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "runtime/tools/bench/Plot.h"
#include "runtime/tools/bench/Report.h"

#include "gtest/gtest.h"
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

Session someSession() {
  Session session;
  session.date = "today";
  session.version = "1";
  session.device = "host";
  session.description = "2 threads";
  session.options = {{"scan", "auto"}};
  return session;
}

Row someRow(std::int64_t time, const std::string &by = "minrnn") {
  return {.suite = "paper",
          .cell = "mingru",
          .sizes =
              LayerSizes{.batch = 2, .time = time, .inputs = 3, .channels = 4},
          .what = "step",
          .by = by,
          .scan = "linear",
          .seconds = {1e-3, 4e-3, 2e-3},
          .bytes = 4'000'000,
          .copySeconds = {1e-3},
          .memory = 3 << 20};
}

TEST(BenchReport, ColumnsAreAligned) {
  std::ostringstream stream;
  TextReport report(stream, someSession());
  constexpr std::array<std::string_view, 8> heads = {
      "cell", "T",           "median [ms]",  "quartiles [ms]",
      "GB/s", "of copy [%]", "memory [MiB]", columnOfSpeedUp};
  report.begin("paper", "a sentence", heads);
  report.add(someRow(128));
  EXPECT_EQ(
      stream.str(),
      "minrnn 1 on host: 2 threads, today\n"
      "\n"
      "paper: a sentence\n"
      "cell                        T  median [ms]    quartiles [ms]    GB/s  "
      "of copy [%]  memory [MiB]  speed-up\n"
      "mingru                    128        2.000    1.500 .. 3.000   2.000  "
      "      50.00         3.000         -\n");
  constexpr std::array<std::string_view, 1> unknown = {"colour"};
  EXPECT_THROW(report.begin("paper", "a sentence", unknown), Error);
}

TEST(BenchReport, JsonHoldsEverySample) {
  const std::vector<Row> rows = {someRow(128)};
  const auto json = nlohmann::json::parse(writeJson(someSession(), rows));
  EXPECT_EQ(json.at("format"), "minrnn-bench");
  EXPECT_EQ(json.at("options").at("scan"), "auto");
  const auto &row = json.at("rows").at(0);
  EXPECT_EQ(row.at("sizes").at("time"), 128);
  EXPECT_EQ(row.at("seconds").at("samples"),
            (std::vector<double>{1e-3, 4e-3, 2e-3}));
  EXPECT_EQ(row.at("seconds").at("median"), 2e-3);
  EXPECT_EQ(row.at("copy").at("bytes_per_second"), 4e9);
  EXPECT_EQ(row.at("copy").at("share"), 0.5);
  EXPECT_FALSE(row.contains("speed_up"));
}

TEST(BenchReport, SeriesAreNamedAfterWhatTellsThemApart) {
  const std::vector<Row> rows = {someRow(128), someRow(64),
                                 someRow(64, "torch eager")};
  const std::vector<ChartSeries> series = seriesOf(rows);
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].name, "mingru minrnn");
  EXPECT_EQ(series[1].name, "mingru torch eager");
  ASSERT_EQ(series[0].points.size(), 2U);
  EXPECT_EQ(series[0].points[0].x, 64);
  EXPECT_EQ(series[0].points[0].y, 2);
  EXPECT_EQ(series[0].points[0].low, 1.5);
  EXPECT_EQ(series[0].points[0].high, 3);
}

TEST(BenchReport, APlotHasAxesWithUnitsAndALegend) {
  const std::vector<Row> rows = {someRow(64), someRow(256)};
  const std::string svg = drawChart(plot("a < b", rows));
  for (const char *part :
       {"<svg ", ">a &lt; b<", ">T [steps]<", ">median time [ms]<", ">64<",
        ">128<", ">256<", ">mingru<", "<polyline ", "</svg>\n"})
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  EXPECT_EQ(svg.find(">512<"), std::string::npos);
  EXPECT_THROW(plot("nothing", {}), Error);
}

} // namespace
