//===- StopSignals.cpp - Ctrl-C and SIGTERM while training ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/StopSignals.h"

#include <atomic>

using namespace minrnn;

namespace {

constexpr std::array<int, 2> signals = {SIGINT, SIGTERM};

/// A handler can reach nothing but what is global, and may run on any thread.
std::atomic<int> arrived = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void note(int signal) {
  arrived = signal;
  for (const int each : signals) {
    struct sigaction usual = {};
    usual.sa_handler = SIG_DFL;
    ::sigaction(each, &usual, nullptr);
  }
}

} // namespace

StopSignals::StopSignals() {
  arrived = 0;
  struct sigaction noted = {};
  noted.sa_handler = note;
  // What is being written is written to its end.
  noted.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    ::sigaction(signals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN)
      ::sigaction(signals[i], &noted, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < signals.size(); ++i)
    ::sigaction(signals[i], &before[i], nullptr);
}

int StopSignals::received() { return arrived; }
