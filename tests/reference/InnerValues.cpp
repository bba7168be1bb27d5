//===- InnerValues.cpp - Projected values, as the compiler has them -------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/InnerValues.h"

#include <algorithm>

using namespace minrnn::reference;

bool minrnn::reference::hasInnerState(
    const ParsedCell &cell, const std::vector<CompiledProjection> &compiled) {
  for (size_t r = 0; r < compiled.size(); ++r)
    if (cell.recurrent[r].isInner() && !compiled[r].isInner)
      return true;
  return false;
}

/// Whether a value is added to what stands at its place already.
enum class Meeting { Same, Sum };

static Estimates gather(const ParsedCell &cell,
                        const std::vector<CompiledProjection> &compiled,
                        const Estimates &estimates, int64_t channels,
                        Meeting meeting) {
  // Where the compiler has each value; -1: it is a state there.
  std::vector<int64_t> places(cell.inner.size(), -1);
  int64_t count = 0;
  for (size_t r = 0; r < compiled.size(); ++r)
    if (cell.recurrent[r].isInner() && compiled[r].isInner) {
      places[cell.recurrent[r].inner] = compiled[r].place;
      count = std::max(count, compiled[r].place + 1);
    }
  auto values = static_cast<int64_t>(places.size());
  Estimates result;
  if (values == 0)
    return result;
  int64_t steps = channels == 0 ? 0
                                : static_cast<int64_t>(estimates.value.size()) /
                                      (values * channels);
  result.resize(steps * count * channels);
  for (int64_t step = 0; step < steps; ++step)
    for (int64_t c = 0; c < values; ++c)
      for (int64_t h = 0; places[c] >= 0 && h < channels; ++h) {
        int64_t from = (step * values + c) * channels + h;
        int64_t to = (step * count + places[c]) * channels + h;
        for (auto part :
             {&Estimates::value, &Estimates::magnitude, &Estimates::error}) {
          double &target = (result.*part)[to];
          target =
              (estimates.*part)[from] + (meeting == Meeting::Sum ? target : 0);
        }
      }
  return result;
}

Estimates
minrnn::reference::innerValues(const ParsedCell &cell,
                               const std::vector<CompiledProjection> &compiled,
                               const Estimates &estimates, int64_t channels) {
  return gather(cell, compiled, estimates, channels, Meeting::Same);
}

Estimates minrnn::reference::innerGradients(
    const ParsedCell &cell, const std::vector<CompiledProjection> &compiled,
    const Estimates &estimates, int64_t channels) {
  return gather(cell, compiled, estimates, channels, Meeting::Sum);
}
