//===- ErrorBounds.cpp - Results within the reference's bounds ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/ErrorBounds.h"

#include <algorithm>
#include <cmath>
#include <sstream>

using namespace minrnn::reference;

template <typename Number>
static void compareAll(const std::string &name, std::span<const Number> found,
                       const Estimates &expected, ErrorMetrics &metrics,
                       const BoundOptions &options) {
  if (found.size() != expected.value.size())
    throw Fault(name + ": " + std::to_string(found.size()) + " numbers for " +
                std::to_string(expected.value.size()));
  for (size_t i = 0; i < found.size(); ++i) {
    double size = std::abs(expected.value[i]);
    double allowed = safety * expected.error[i];
    if (options.roundings != 0)
      allowed += options.roundings * unitRoundoff * size;
    if (options.isHostile && !(std::isfinite(allowed) && std::isfinite(size))) {
      ++metrics.skipped;
      continue;
    }
    double error = std::abs(found[i] - expected.value[i]);
    ++metrics.numbers;
    metrics.unbounded += std::isinf(allowed) ? 1 : 0;
    // Written so that a NaN does not pass.
    if (!(std::isfinite(found[i]) && error <= allowed)) {
      std::ostringstream message;
      message.precision(17);
      message << name << "[" << i << "]: found " << found[i] << ", expected "
              << expected.value[i] << " +- " << allowed;
      throw Fault(message.str());
    }
    if (error > 0)
      metrics.largestShare = std::max(metrics.largestShare, error / allowed);
    if (size > 1e-3 && size > 0.1 * expected.magnitude[i])
      metrics.largestRelative = std::max(metrics.largestRelative, error / size);
  }
}

void minrnn::reference::compareWithinBounds(const std::string &name,
                                            std::span<const float> found,
                                            const Estimates &expected,
                                            ErrorMetrics &metrics,
                                            const BoundOptions &options) {
  compareAll(name, found, expected, metrics, options);
}

void minrnn::reference::compareWithinBounds(const std::string &name,
                                            std::span<const double> found,
                                            const Estimates &expected,
                                            ErrorMetrics &metrics,
                                            const BoundOptions &options) {
  compareAll(name, found, expected, metrics, options);
}
