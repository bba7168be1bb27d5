//===- SeriesData.cpp - Sequences of numbers from files -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "minrnn/train/series.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

using namespace minrnn;

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::vector<std::string_view> fieldsOf(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t comma = line.find(',');
    fields.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos)
      return fields;
    line.remove_prefix(comma + 1);
  }
}

std::string joined(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// The lines of a text that hold anything, one after the other.
class Lines {
public:
  explicit Lines(std::string_view text) : rest(text) {}

  std::optional<std::string_view> next() {
    while (!rest.empty()) {
      ++number;
      const std::size_t end = rest.find('\n');
      const std::string_view line = trimmed(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (!line.empty())
        return line;
    }
    return std::nullopt;
  }

  /// That of the last line.
  std::int64_t number = 0;

private:
  std::string_view rest;
};

/// A table of numbers, row by row.
struct Table {
  std::vector<std::string> names;
  std::vector<float> numbers;

  std::size_t rows() const {
    return names.empty() ? 0 : numbers.size() / names.size();
  }
  float at(std::size_t row, std::size_t column) const {
    return numbers[row * names.size() + column];
  }
  std::size_t column(const std::string &name, const std::string &where) const {
    const auto found = std::ranges::find(names, name);
    if (found == names.end())
      throw Error(where + ": expected a column '" + name +
                  "', found the columns " + joined(names));
    return static_cast<std::size_t>(found - names.begin());
  }
};

Table readTable(std::string_view text, const std::string &where) {
  Lines lines(text);
  Table table;
  const auto fail = [&](const std::string &what) {
    throw Error(where + ":" + std::to_string(lines.number) + ": " + what);
  };
  const std::optional<std::string_view> header = lines.next();
  if (!header)
    throw Error(where + ": expected a line of column names, found nothing");
  for (const std::string_view field : fieldsOf(*header)) {
    if (field.empty())
      fail("column " + std::to_string(table.names.size() + 1) + " has no name");
    if (std::ranges::find(table.names, field) != table.names.end())
      fail("column '" + std::string(field) + "' is there twice");
    table.names.emplace_back(field);
  }
  while (const std::optional<std::string_view> line = lines.next()) {
    const std::vector<std::string_view> fields = fieldsOf(*line);
    if (fields.size() != table.names.size())
      fail("expected " + std::to_string(table.names.size()) +
           " numbers, one for each column, found " +
           std::to_string(fields.size()));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      float number = 0;
      const char *begin = fields[i].data();
      const char *end = begin + fields[i].size();
      const auto [rest, error] = std::from_chars(begin, end, number);
      if (error != std::errc() || rest != end || !std::isfinite(number))
        fail("expected a number in column '" + table.names[i] + "', found '" +
             std::string(fields[i]) + "'");
      table.numbers.push_back(number);
    }
  }
  return table;
}

} // namespace

SeriesData SeriesData::fromCsv(std::string_view text, const std::string &where,
                               const SeriesOptions &options) {
  const Table table = readTable(text, where);
  if (options.targets.empty())
    throw Error(where + ": expected the columns to predict, of " +
                joined(table.names));
  if (options.horizon < 0)
    throw Error("the horizon must be 0 or more, found " +
                std::to_string(options.horizon));
  std::vector<std::size_t> targets;
  targets.reserve(options.targets.size());
  for (const std::string &name : options.targets)
    targets.push_back(table.column(name, where));
  const bool isOne = options.sequence.empty();
  const std::size_t sequence =
      isOne ? table.names.size() : table.column(options.sequence, where);
  std::vector<std::size_t> inputs;
  SeriesData data{.targets = options.targets};
  for (std::size_t column = 0; column < table.names.size(); ++column) {
    const bool isTarget = std::ranges::find(targets, column) != targets.end();
    if (column == sequence || (isTarget && options.horizon == 0))
      continue;
    inputs.push_back(column);
    data.inputs.push_back(table.names[column]);
  }
  if (inputs.empty())
    throw Error(where + ": no column is left to predict from; expected others "
                        "than the targets, or a horizon");
  const auto horizon = static_cast<std::size_t>(options.horizon);
  for (std::size_t begin = 0; begin < table.rows();) {
    std::size_t end = begin + 1;
    while (end < table.rows() &&
           (isOne || table.at(end, sequence) == table.at(begin, sequence)))
      ++end;
    Series one;
    for (std::size_t row = begin; row + horizon < end; ++row) {
      ++one.time;
      for (const std::size_t column : inputs)
        one.inputs.push_back(table.at(row, column));
      for (const std::size_t column : targets)
        one.targets.push_back(table.at(row + horizon, column));
    }
    if (one.time > 0)
      data.sequences.push_back(std::move(one));
    begin = end;
  }
  return data;
}

SeriesData SeriesData::fromSafetensors(const std::filesystem::path &path) {
  const SafetensorsReader reader(path);
  const auto shapeOf = [&](const char *name) {
    const std::vector<std::int64_t> &shape = reader.info(name).shape;
    if (shape.size() != 3)
      throw Error(path.string() + ": expected tensor '" + name +
                  "' of three axes: sequences, steps, numbers");
    return shape;
  };
  const std::vector<std::int64_t> inputShape = shapeOf("inputs");
  const std::vector<std::int64_t> targetShape = shapeOf("targets");
  const std::int64_t count = inputShape[0];
  const std::int64_t time = inputShape[1];
  if (targetShape[0] != count || targetShape[1] != time)
    throw Error(path.string() + ": expected as many sequences and steps of "
                                "'inputs' as of 'targets'");
  const std::vector<float> inputs = reader.readFloats("inputs", inputShape);
  const std::vector<float> targets = reader.readFloats("targets", targetShape);
  std::vector<std::uint8_t> mask;
  if (reader.contains("mask"))
    mask = reader.readBytes("mask", std::vector<std::int64_t>{count, time});
  SeriesData data;
  const auto name = [](const char *what, std::int64_t index) {
    return what + std::to_string(index);
  };
  for (std::int64_t i = 0; i < inputShape[2]; ++i)
    data.inputs.push_back(name("input", i));
  for (std::int64_t i = 0; i < targetShape[2]; ++i)
    data.targets.push_back(name("target", i));
  const auto row = [&](const auto &all, std::int64_t index, std::int64_t size) {
    const auto begin = all.begin() + index * size;
    return std::vector(begin, begin + size);
  };
  for (std::int64_t n = 0; n < count; ++n) {
    Series one{time, row(inputs, n, time * inputShape[2]),
               row(targets, n, time * targetShape[2])};
    if (!mask.empty())
      one.mask = row(mask, n, time);
    // What does not count may be anything.
    for (std::int64_t t = 0; t < time; ++t) {
      const bool counts = one.mask.empty() || one.mask[t] != 0;
      const auto check = [&](std::vector<float> &numbers, std::int64_t columns,
                             const char *tensor) {
        for (std::int64_t i = t * columns; i < (t + 1) * columns; ++i) {
          if (std::isfinite(numbers[i]))
            continue;
          if (counts)
            throw Error(path.string() + ": tensor '" + tensor +
                        "' has a number that is not finite at [" +
                        std::to_string(n) + ", " + std::to_string(t) + ", " +
                        std::to_string(i - t * columns) + "]");
          numbers[i] = 0;
        }
      };
      check(one.inputs, inputShape[2], "inputs");
      check(one.targets, targetShape[2], "targets");
    }
    if (time > 0)
      data.sequences.push_back(std::move(one));
  }
  return data;
}
