//===- DropoutRate.h - How a rate becomes a mask ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_DROPOUTRATE_H
#define MINRNN_RUNTIME_NN_DROPOUTRATE_H

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"

#include <cmath>
#include <cstdint>
#include <string>

namespace minrnn {

/// What every device needs to know of a rate, computed in one place so that
/// all have the same mask.
struct DropoutRate {
  /// Words below it leave an element out.
  std::int64_t threshold;
  /// The factor of the elements that stay.
  float scale;

  /// Throws Error when `rate` is not in [0, 1).
  explicit DropoutRate(double rate)
      : threshold(std::llround(std::ldexp(checked(rate), 32))),
        scale(static_cast<float>(1 / (1 - rate))) {}

private:
  static double checked(double rate) {
    if (!(rate >= 0 && rate < 1))
      throw Error("dropout: a rate of " + formatNumber(rate) +
                  "; expected one in [0, 1)");
    return rate;
  }
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_NN_DROPOUTRATE_H
