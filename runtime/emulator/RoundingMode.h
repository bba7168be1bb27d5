//===- RoundingMode.h - The host's rounding mode, for a while ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_ROUNDINGMODE_H
#define MINRNN_RUNTIME_EMULATOR_ROUNDINGMODE_H

#include "runtime/core/HalfFormats.h"

#include <cfenv>

namespace minrnn::emulator {

/// Sets how the host rounds for as long as it lives; `NearestAway` is not
/// something a host can do and counts as `Nearest`. Code under it must be
/// compiled with -frounding-math and leave its results in memory.
class RoundingScope {
public:
  explicit RoundingScope(Rounding rounding) : before(std::fegetround()) {
    switch (rounding) {
    case Rounding::Zero:
      std::fesetround(FE_TOWARDZERO);
      break;
    case Rounding::Down:
      std::fesetround(FE_DOWNWARD);
      break;
    case Rounding::Up:
      std::fesetround(FE_UPWARD);
      break;
    default:
      std::fesetround(FE_TONEAREST);
    }
  }
  ~RoundingScope() { std::fesetround(before); }
  RoundingScope(const RoundingScope &) = delete;
  RoundingScope &operator=(const RoundingScope &) = delete;

private:
  int before;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_ROUNDINGMODE_H
