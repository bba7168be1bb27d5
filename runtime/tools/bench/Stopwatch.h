//===- Stopwatch.h - Times, and how far they scatter ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How `minrnn bench` measures: each subject once in turn, again and again, so
// that what drifts (clocks, heat, other users) meets all of them alike; the
// caches are filled with other bytes before each run unless they shall be warm.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_STOPWATCH_H
#define MINRNN_RUNTIME_TOOLS_BENCH_STOPWATCH_H

#include "minrnn/device.h"
#include "minrnn/device_array.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace minrnn::bench {

/// Seconds of single runs, in the order in which they were made.
using Samples = std::vector<double>;

/// The number below which the part `share` of the samples lies, interpolated
/// between the two nearest: 0.5 is the median, 0.25 and 0.75 are the quartiles.
/// Throws Error when there are no samples.
double quantile(Samples samples, double share);
inline double median(const Samples &samples) { return quantile(samples, 0.5); }

/// One thing that is measured.
struct Subject {
  /// Runs it once and gives the seconds that it took.
  std::function<double()> seconds;
  /// Gives the processor's seconds of the run just made; may be empty.
  std::function<double()> processorSeconds = {};
  Samples samples = {};
  Samples processorSamples = {};
};

/// How long to measure.
struct Effort {
  /// Seconds for each subject, the first runs not counted.
  double seconds = 0.5;
  std::size_t leastRuns = 5;
  std::size_t warmUps = 2;
};

/// Runs all subjects in turn until the effort is spent.
void measureInTurn(std::vector<Subject> &subjects, const Effort &effort);

/// Times work on a device.
class Stopwatch {
public:
  /// `coldCaches`: before each run as many bytes are written as no cache of the
  /// device holds.
  Stopwatch(std::shared_ptr<Device> device, bool coldCaches);

  /// The seconds from the begin of what `work` queues to its end, as the device
  /// counts them.
  double secondsOf(const std::function<void()> &work);
  /// The seconds that all threads of this process worked in what was timed
  /// last: what is less than threads times its result was waited for, if
  /// threads that wait sleep (`OMP_WAIT_POLICY=passive`).
  double lastProcessorSeconds() const { return processorSeconds; }
  /// The seconds that the caller waits for `work` and for what it queues. The
  /// caches are left as they are.
  double secondsUntilDone(const std::function<void()> &work);
  /// The seconds of a copy that reads half of `bytes` bytes and writes as many.
  double secondsOfCopy(std::size_t bytes);

private:
  void cool();

  std::shared_ptr<Device> device;
  DeviceArray<std::byte> ballast;
  DeviceArray<std::byte> from;
  DeviceArray<std::byte> to;
  double processorSeconds = 0;
};

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_STOPWATCH_H
