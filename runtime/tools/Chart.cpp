//===- Chart.cpp - Lines over two axes, as SVG ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/Chart.h"

#include "files/StagedFile.h"
#include "minrnn/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>

using namespace minrnn;

namespace {

/// Told apart by those who see few colours, too (Okabe and Ito 2008).
constexpr std::array<const char *, 7> colours = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7",
    "#e69f00", "#56b4e9", "#000000"};
/// A second round of the colours has dashes, a third dots.
constexpr std::array<const char *, 3> dashes = {"", "7 4", "2 4"};

constexpr double left = 80;
constexpr double width = 640;
constexpr double height = 400;
constexpr double legendGap = 24;
constexpr double lineHeight = 20;
constexpr double letterWidth = 7.5;

/// Without zeros that say nothing.
std::string tickLabel(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

/// A place in the picture, to a tenth.
std::string place(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string escape(const std::string &text) {
  std::string escaped;
  for (const char letter : text)
    switch (letter) {
    case '&':
      escaped += "&amp;";
      break;
    case '<':
      escaped += "&lt;";
      break;
    case '>':
      escaped += "&gt;";
      break;
    default:
      escaped += letter;
    }
  return escaped;
}

/// From numbers to places on one axis.
struct Scale {
  Spacing spacing;
  /// Of ticks that are evenly spaced.
  double step;
  double least;
  double most;
  double from = 0;
  double to = 0;

  double operator()(double value) const {
    const auto place = [&](double number) {
      return spacing == Spacing::Even ? number : std::log(number);
    };
    return from + (to - from) * (place(value) - place(least)) /
                      (place(most) - place(least));
  }
};

/// A step of 1, 2 or 5 times a power of ten, of which some six to twelve make
/// `range`.
double tickStep(double range) {
  const double power = std::pow(10, std::floor(std::log10(range)) - 1);
  for (const double part : {1.0, 2.0, 5.0})
    if (range <= 12 * part * power)
      return part * power;
  return 10 * power;
}

/// A scale for numbers from `least` to `most`: from whole powers to whole
/// powers, two of them at least, or from a tick to a fifth of one.
Scale scaleFor(Spacing spacing, double least, double most) {
  if (spacing == Spacing::Even) {
    const double range = most > least ? most - least
                         : least != 0 ? std::abs(least)
                                      : 1;
    const double step = tickStep(range);
    const double part = step / 5;
    const double first = std::floor(least / step) * step;
    return {spacing, step, first,
            std::max(std::ceil(most / part) * part, first + step)};
  }
  const double base = spacing == Spacing::PowersOfTwo ? 2 : 10;
  const auto power = [&](double value, double (*round)(double)) {
    return base == 2 ? std::exp2(round(std::log2(value)))
                     : std::pow(10, round(std::log10(value)));
  };
  const double first = power(least, std::floor);
  return {spacing, 0, first, std::max(power(most, std::ceil), base * first)};
}

std::vector<double> ticksOf(const Scale &scale) {
  // A little more than the end, as numbers are rounded.
  constexpr double slack = 1.001;
  std::vector<double> ticks;
  if (scale.spacing == Spacing::Even) {
    // Whole multiples, so that zero is one of them.
    for (auto i = std::llround(scale.least / scale.step);
         static_cast<double>(i) * scale.step <= scale.most + scale.step / 100;
         ++i)
      ticks.push_back(static_cast<double>(i) * scale.step);
    return ticks;
  }
  const double base = scale.spacing == Spacing::PowersOfTwo ? 2 : 10;
  // A short scale has room for what lies between two powers of ten.
  const bool isShort = base == 10 && scale.most / scale.least < 2000;
  const auto powers =
      std::llround(std::log(scale.most / scale.least) / std::log(base));
  for (long long i = 0; i <= powers; ++i)
    for (const double part : {1.0, 2.0, 5.0})
      if (const double tick =
              scale.least * std::pow(base, static_cast<double>(i)) * part;
          (part == 1 || isShort) && tick <= scale.most * slack)
        ticks.push_back(tick);
  return ticks;
}

class Picture {
public:
  Picture(double width, double height) {
    text = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + place(width) +
           "\" height=\"" + place(height) + "\" viewBox=\"0 0 " + place(width) +
           " " + place(height) +
           "\" font-family=\"sans-serif\" font-size=\"13\">\n"
           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  }

  void line(double x1, double y1, double x2, double y2,
            const std::string &style) {
    text += "<line x1=\"" + place(x1) + "\" y1=\"" + place(y1) + "\" x2=\"" +
            place(x2) + "\" y2=\"" + place(y2) + "\" " + style + "/>\n";
  }
  void words(double x, double y, const std::string &style,
             const std::string &content) {
    text += "<text x=\"" + place(x) + "\" y=\"" + place(y) + "\" " + style +
            ">" + escape(content) + "</text>\n";
  }
  void dot(double x, double y, const char *colour) {
    text += "<circle cx=\"" + place(x) + "\" cy=\"" + place(y) +
            "\" r=\"3\" fill=\"" + colour + "\"/>\n";
  }
  void polyline(const std::vector<std::pair<double, double>> &points,
                const std::string &style) {
    text += "<polyline points=\"";
    for (const auto &[x, y] : points)
      text += (text.back() == '"' ? "" : " ") + place(x) + "," + place(y);
    text += "\" fill=\"none\" " + style + "/>\n";
  }
  std::string end() const { return text + "</svg>\n"; }

private:
  std::string text;
};

constexpr const char *gridStyle = "stroke=\"#dddddd\"";
constexpr const char *axisStyle = "stroke=\"#333333\"";

void drawAxes(Picture &picture, const Chart &chart, const Scale &x,
              const Scale &y) {
  const double bottom = y.from;
  const double top = y.to;
  for (const double tick : ticksOf(x)) {
    picture.line(x(tick), top, x(tick), bottom, gridStyle);
    picture.words(x(tick), bottom + 18, "text-anchor=\"middle\"",
                  tickLabel(tick));
  }
  for (const double tick : ticksOf(y)) {
    picture.line(left, y(tick), left + width, y(tick), gridStyle);
    picture.words(left - 8, y(tick) + 4, "text-anchor=\"end\"",
                  tickLabel(tick));
  }
  picture.line(left, top, left, bottom, axisStyle);
  picture.line(left, bottom, left + width, bottom, axisStyle);
  picture.words(left + width / 2, bottom + 42, "text-anchor=\"middle\"",
                chart.x.label);
  picture.words(0, 0,
                "text-anchor=\"middle\" transform=\"translate(20 " +
                    place(top + height / 2) + ") rotate(-90)\"",
                chart.y.label);
}

struct Look {
  explicit Look(const ChartSeries &series)
      : colour(colours[series.look % colours.size()]),
        stroke(std::string("stroke=\"") + colour + "\""),
        style(stroke + (series.isFine
                            ? " stroke-width=\"1\" stroke-opacity=\"0.5\""
                            : " stroke-width=\"2\"")) {
    const std::string dashing =
        dashes[series.look / colours.size() % dashes.size()];
    if (!dashing.empty())
      style += " stroke-dasharray=\"" + dashing + "\"";
  }
  const char *colour;
  std::string stroke;
  std::string style;
};

void drawSeries(Picture &picture, const ChartSeries &series, const Scale &x,
                const Scale &y) {
  const Look look(series);
  std::vector<std::pair<double, double>> line;
  for (const ChartSeries::Point &point : series.points) {
    line.emplace_back(x(point.x), y(point.y));
    if (point.low < point.high)
      picture.line(x(point.x), y(point.low), x(point.x), y(point.high),
                   look.stroke);
    if (!series.isFine)
      picture.dot(x(point.x), y(point.y), look.colour);
  }
  picture.polyline(line, look.style);
}

void drawLegend(Picture &picture, const std::vector<ChartSeries> &all,
                double top) {
  double middle = top + lineHeight / 2;
  constexpr double begin = left + width + legendGap;
  for (const ChartSeries &series : all) {
    const Look look(series);
    picture.line(begin, middle, begin + 28, middle, look.style);
    if (!series.isFine)
      picture.dot(begin + 14, middle, look.colour);
    picture.words(begin + 36, middle + 4, "text-anchor=\"start\"", series.name);
    middle += lineHeight;
  }
}

/// As many as are seen, and not bytes: of UTF-8 those that continue a character
/// are none.
std::size_t lettersOf(const std::string &text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

} // namespace

std::string minrnn::drawChart(const Chart &chart) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double leastX = infinity;
  double mostX = -infinity;
  double leastY = infinity;
  double mostY = -infinity;
  std::size_t longest = 0;
  for (const ChartSeries &series : chart.series) {
    longest = std::max(longest, lettersOf(series.name));
    for (const ChartSeries::Point &point : series.points) {
      leastX = std::min(leastX, point.x);
      mostX = std::max(mostX, point.x);
      leastY = std::min({leastY, point.low, point.y});
      mostY = std::max({mostY, point.high, point.y});
    }
  }
  if (leastX > mostX)
    throw Error("there is nothing to plot");
  const double top = chart.title.empty() ? 20 : 50;
  Scale x = scaleFor(chart.x.spacing, leastX, mostX);
  x.from = left;
  x.to = left + width;
  Scale y = scaleFor(chart.y.spacing, leastY, mostY);
  y.from = top + height;
  y.to = top;

  const double legend = 36 + letterWidth * static_cast<double>(longest) + 16;
  Picture picture(left + width + legendGap + legend,
                  std::max(top + height + 60,
                           top + lineHeight * static_cast<double>(
                                                  chart.series.size() + 1)));
  if (!chart.title.empty())
    picture.words(left + width / 2, 24,
                  "text-anchor=\"middle\" font-size=\"15\"", chart.title);
  drawAxes(picture, chart, x, y);
  for (const bool isFine : {true, false})
    for (const ChartSeries &series : chart.series)
      if (series.isFine == isFine)
        drawSeries(picture, series, x, y);
  drawLegend(picture, chart.series, top);
  return picture.end();
}

void minrnn::writeChart(const std::filesystem::path &path, const Chart &chart) {
  const std::string content = drawChart(chart);
  if (path == "-") {
    std::cout << content;
    return;
  }
  const auto check = [&](std::error_code error) {
    if (error)
      throw Error("cannot write '" + path.string() + "': " + error.message());
  };
  StagedFile file;
  check(file.open(path));
  check(file.write(content.data(), content.size()));
  check(file.finish());
  check(file.replace());
}
