//===- NonFinite.cpp - What a run says of NaN and infinity ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/NonFinite.h"

#include "minrnn/error.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;

bool minrnn::isFinite(std::span<const float> numbers) {
  return std::all_of(numbers.begin(), numbers.end(),
                     [](float number) { return std::isfinite(number); });
}

void NonFiniteReport::add(const std::string &words) {
  if (!allowed) {
    // The remedy follows the first line; a place in the cell may follow that.
    const std::size_t end = std::min(words.find('\n'), words.size());
    throw Error(words.substr(0, end) +
                "; --allow-non-finite goes on with a warning" +
                words.substr(end));
  }
  if (first.empty())
    first = words;
}
