//===- FormatNumber.cpp - Numbers in messages -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/FormatNumber.h"

#include <array>
#include <charconv>
#include <cmath>

using namespace minrnn;

namespace {

template <typename Number> std::string format(Number number) {
  // The sign of a NaN says nothing.
  if (std::isnan(number))
    return "nan";
  std::array<char, 32> text{};
  const auto result =
      std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), result.ptr};
}

} // namespace

std::string minrnn::formatNumber(double number) { return format(number); }
std::string minrnn::formatNumber(float number) { return format(number); }
