//===- Plot.cpp - Times over the length of a sequence, as SVG -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Plot.h"

#include "minrnn/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <set>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

/// Told apart by those who see few colours, too (Okabe and Ito 2008).
constexpr std::array<const char *, 7> colours = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7",
    "#e69f00", "#56b4e9", "#000000"};
/// A second round of the colours has dashes, a third dots.
constexpr std::array<const char *, 3> dashes = {"", "7 4", "2 4"};

constexpr double left = 80;
constexpr double top = 50;
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
  double least;
  double most;
  double from;
  double to;

  double operator()(double value) const {
    return from + (to - from) * (std::log(value) - std::log(least)) /
                      (std::log(most) - std::log(least));
  }
};

/// The powers of `base` from one end to the other, both of which are such.
std::vector<double> powers(const Scale &scale, double base) {
  std::vector<double> all = {scale.least};
  // A little more than the end, as powers of ten are rounded.
  while (all.back() * base <= scale.most * 1.001)
    all.push_back(all.back() * base);
  return all;
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

void drawAxes(Picture &picture, const Scale &x, const Scale &y) {
  for (const double power : powers(x, 2)) {
    picture.line(x(power), top, x(power), top + height, gridStyle);
    picture.words(x(power), top + height + 18, "text-anchor=\"middle\"",
                  tickLabel(power));
  }
  // A short scale has room for what lies between two powers.
  const bool isShort = y.most / y.least < 2000;
  for (const double power : powers(y, 10))
    for (const double part : {1.0, 2.0, 5.0}) {
      const double value = power * part;
      if ((part > 1 && !isShort) || value > y.most * 1.001)
        continue;
      picture.line(left, y(value), left + width, y(value), gridStyle);
      picture.words(left - 8, y(value) + 4, "text-anchor=\"end\"",
                    tickLabel(value));
    }
  picture.line(left, top, left, top + height, axisStyle);
  picture.line(left, top + height, left + width, top + height, axisStyle);
  picture.words(left + width / 2, top + height + 42, "text-anchor=\"middle\"",
                "T [steps]");
  picture.words(0, 0,
                "text-anchor=\"middle\" transform=\"translate(20 " +
                    place(top + height / 2) + ") rotate(-90)\"",
                "median time [ms]");
}

void drawSeries(Picture &picture, const Series &series, std::size_t index,
                const Scale &x, const Scale &y) {
  const char *colour = colours[index % colours.size()];
  const std::string style = std::string("stroke=\"") + colour +
                            "\" stroke-width=\"2\" stroke-dasharray=\"" +
                            dashes[index / colours.size() % dashes.size()] +
                            "\"";
  std::vector<std::pair<double, double>> line;
  for (const Series::Point &point : series.points) {
    line.emplace_back(x(point.x), y(point.y));
    picture.line(x(point.x), y(point.low), x(point.x), y(point.high),
                 std::string("stroke=\"") + colour + "\"");
    picture.dot(x(point.x), y(point.y), colour);
  }
  picture.polyline(line, style);
  const double legend = top + lineHeight * (static_cast<double>(index) + 0.5);
  const double begin = left + width + legendGap;
  picture.line(begin, legend, begin + 28, legend, style);
  picture.dot(begin + 14, legend, colour);
  picture.words(begin + 36, legend + 4, "text-anchor=\"start\"", series.name);
}

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

std::vector<Series> minrnn::bench::seriesOf(std::span<const Row> rows) {
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
  std::vector<Series> series;
  for (const Row *row : drawn) {
    const std::vector<std::string> parts = partsOf(*row);
    std::string name;
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (!parts[i].empty() && (i == cell || seen[i].size() > 1))
        name += (name.empty() ? "" : " ") + parts[i];
    auto found = std::ranges::find(series, name, &Series::name);
    if (found == series.end())
      found = series.insert(series.end(), Series{name});
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
  for (Series &one : series)
    std::ranges::sort(one.points, {}, &Series::Point::x);
  return series;
}

std::string minrnn::bench::plot(const std::string &title,
                                std::span<const Series> series) {
  std::vector<double> xs;
  std::vector<double> ys;
  std::size_t longest = 0;
  for (const Series &one : series) {
    longest = std::max(longest, one.name.size());
    for (const Series::Point &point : one.points) {
      xs.push_back(point.x);
      ys.insert(ys.end(), {point.low, point.y, point.high});
    }
  }
  if (xs.empty())
    throw Error("there is nothing to plot: no time of a sequence was measured");
  // Whole powers, and two of them at least.
  const auto [leastX, mostX] = std::ranges::minmax(xs);
  const double firstX = std::exp2(std::floor(std::log2(leastX)));
  const Scale x{firstX,
                std::max(std::exp2(std::ceil(std::log2(mostX))), 2 * firstX),
                left, left + width};
  const auto [leastY, mostY] = std::ranges::minmax(ys);
  const double firstY = std::pow(10, std::floor(std::log10(leastY)));
  const Scale y{
      firstY, std::max(std::pow(10, std::ceil(std::log10(mostY))), 10 * firstY),
      top + height, top};

  const double legend = 36 + letterWidth * static_cast<double>(longest) + 16;
  Picture picture(
      left + width + legendGap + legend,
      std::max(top + height + 60,
               top + lineHeight * static_cast<double>(series.size() + 1)));
  picture.words(left + width / 2, 24, "text-anchor=\"middle\" font-size=\"15\"",
                title);
  drawAxes(picture, x, y);
  for (std::size_t i = 0; i < series.size(); ++i)
    drawSeries(picture, series[i], i, x, y);
  return picture.end();
}
