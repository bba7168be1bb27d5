//===- TimeEvent.h - Events where all is done at once -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_TIMEEVENT_H
#define MINRNN_RUNTIME_DEVICE_TIMEEVENT_H

#include "minrnn/device.h"

#include <chrono>

namespace minrnn {

/// An event of a device that has done everything when a call returns.
class TimeEvent : public Event {
public:
  void synchronize() override {}

  double secondsSince(Event &earlier) override {
    const auto &other = dynamic_cast<const TimeEvent &>(earlier);
    return std::chrono::duration<double>(time - other.time).count();
  }

private:
  std::chrono::steady_clock::time_point time = std::chrono::steady_clock::now();
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_TIMEEVENT_H
