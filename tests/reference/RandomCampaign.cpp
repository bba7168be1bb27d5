//===- RandomCampaign.cpp - Random cells, one seed after another ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/RandomCampaign.h"

#include "tests/reference/CallSamples.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace minrnn::reference;

uint64_t minrnn::reference::fromEnvironment(const char *name,
                                            uint64_t otherwise) {
  const char *value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

bool minrnn::reference::isTame(const CallResults &results) {
  auto isBelow = [](const Estimates &estimates, double bound) {
    return std::all_of(estimates.value.begin(), estimates.value.end(),
                       [&](double value) { return std::abs(value) <= bound; });
  };
  return isBelow(results.states, largestState * (1 + 1e-6)) &&
         isBelow(results.output, 1e5);
}

std::string minrnn::reference::shrunkReport(
    const Example &example,
    const std::function<std::string(const Example &)> &faultOf) {
  // What is left of a cell after shrinking is affine no longer by construction.
  auto faultOfSmaller = [&](Example smaller) {
    smaller.cell.isAffine &= smaller.cell.text() == example.cell.text();
    return faultOf(smaller);
  };
  Example small = shrink(example, [&](const Example &smaller) {
    return !faultOfSmaller(smaller).empty();
  });
  return "shrunk to\n" + small.cell.text() + describe(small.run) + "\n" +
         faultOfSmaller(small);
}
