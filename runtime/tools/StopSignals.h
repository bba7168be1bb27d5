//===- StopSignals.h - Ctrl-C and SIGTERM while training --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_STOPSIGNALS_H
#define MINRNN_RUNTIME_TOOLS_STOPSIGNALS_H

#include <array>
#include <csignal>

namespace minrnn {

/// While it lives, the first SIGINT or SIGTERM is noted, so that a run can save
/// what it has; a second one ends the program at once. A signal that the
/// program was started to ignore stays ignored. At most one lives at a time.
class StopSignals {
public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals &) = delete;
  StopSignals &operator=(const StopSignals &) = delete;

  /// The signal that came; 0 when none did.
  static int received();

private:
  std::array<struct sigaction, 2> before{};
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_STOPSIGNALS_H
