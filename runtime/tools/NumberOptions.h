//===- NumberOptions.h - Options that take a number -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_NUMBEROPTIONS_H
#define MINRNN_RUNTIME_TOOLS_NUMBEROPTIONS_H

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>

namespace minrnn {

/// Adds an option that takes a number from `least` to `most`, in decimal
/// digits; `value` holds its default. CLI11's own conversion takes -1 for the
/// largest unsigned number, 2^64 for 2^64 - 1, 010 for eight and `nan` for a
/// number. The command's usage error says what was expected.
template <typename Number>
CLI::Option *addNumber(CLI::App &command, const std::string &name,
                       Number &value, const std::string &description,
                       Number least = std::numeric_limits<Number>::lowest(),
                       Number most = std::numeric_limits<Number>::max()) {
  const auto print = [](Number number) {
    std::array<char, 32> text{};
    return std::string(
        text.data(),
        std::to_chars(text.data(), text.data() + text.size(), number).ptr);
  };
  const auto read = [=, &value](const CLI::results_t &texts) {
    const std::string &text = texts.back();
    Number number{};
    const char *end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    // Written so that NaN fails as well.
    if (result.ec != std::errc() || result.ptr != end ||
        !(number >= least && number <= most)) {
      std::string expected =
          std::integral<Number> ? "a whole number" : "a number";
      if (std::integral<Number> ||
          least != std::numeric_limits<Number>::lowest() ||
          most != std::numeric_limits<Number>::max())
        expected += " from " + print(least) + " to " + print(most);
      throw CLI::ValidationError(name, "expected " + expected +
                                           " in decimal digits, found '" +
                                           text + "'");
    }
    value = number;
    return true;
  };
  return command.add_option(name, read, description)
      ->type_name(std::integral<Number> ? "N" : "X")
      ->default_str(print(value));
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_NUMBEROPTIONS_H
