//===- Stopwatch.cpp - Times, and how far they scatter --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Stopwatch.h"

#include "minrnn/error.h"
#include "runtime/core/DeviceAddress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>
#include <unistd.h>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double processorSecondsSince(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// More than the second-level cache of any GPU (126 MB on a B200 holds).
constexpr std::size_t ballastOfGpu = std::size_t{256} << 20;

/// Twice the host's last cache; 64 MiB where the system does not say.
std::size_t ballastOfHost() {
  const long cache = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
  return cache > 0 ? 2 * static_cast<std::size_t>(cache)
                   : std::size_t{64} << 20;
}

/// Calls `work(first, bytes)` for pieces of `bytes` bytes on all threads of the
/// host.
template <typename Work> void inPieces(std::size_t bytes, const Work &work) {
  constexpr std::size_t piece = std::size_t{1} << 18;
  const auto pieces = static_cast<std::int64_t>((bytes + piece - 1) / piece);
#pragma omp parallel for schedule(static) if (pieces > 1)
  for (std::int64_t i = 0; i < pieces; ++i) {
    const std::size_t first = static_cast<std::size_t>(i) * piece;
    work(first, std::min(piece, bytes - first));
  }
}

} // namespace

double minrnn::bench::quantile(Samples samples, double share) {
  if (samples.empty())
    throw Error("there are no samples to take a quantile of");
  std::sort(samples.begin(), samples.end());
  const double place = share * static_cast<double>(samples.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, samples.size() - 1);
  return std::lerp(samples[below], samples[above],
                   place - static_cast<double>(below));
}

void minrnn::bench::measureInTurn(std::vector<Subject> &subjects,
                                  const Effort &effort) {
  for (std::size_t i = 0; i < effort.warmUps; ++i)
    for (const Subject &subject : subjects)
      subject.seconds();
  const auto start = Clock::now();
  const double all = effort.seconds * static_cast<double>(subjects.size());
  for (std::size_t runs = 0;
       runs < effort.leastRuns || secondsSince(start) < all; ++runs)
    for (Subject &subject : subjects) {
      subject.samples.push_back(subject.seconds());
      if (subject.processorSeconds)
        subject.processorSamples.push_back(subject.processorSeconds());
    }
}

Stopwatch::Stopwatch(std::shared_ptr<Device> device, bool coldCaches)
    : device(std::move(device)) {
  if (coldCaches)
    ballast = {this->device,
               this->device->name() == "host" ? ballastOfHost() : ballastOfGpu};
}

void Stopwatch::cool() {
  if (ballast.size() == 0)
    return;
  if (device->name() != "host") {
    ballast.clear();
    return;
  }
  inPieces(ballast.size(), [&](std::size_t first, std::size_t bytes) {
    std::memset(ballast.data() + first, 0, bytes);
  });
}

double Stopwatch::secondsOf(const std::function<void()> &work) {
  cool();
  const std::clock_t used = std::clock();
  const std::unique_ptr<Event> begin = device->recordEvent();
  work();
  const double seconds = device->recordEvent()->secondsSince(*begin);
  processorSeconds = processorSecondsSince(used);
  return seconds;
}

double Stopwatch::secondsUntilDone(const std::function<void()> &work) {
  device->synchronize();
  const std::clock_t used = std::clock();
  const auto start = Clock::now();
  work();
  device->synchronize();
  const double seconds = secondsSince(start);
  processorSeconds = processorSecondsSince(used);
  return seconds;
}

double Stopwatch::secondsOfCopy(std::size_t bytes) {
  const std::size_t half = std::max<std::size_t>(bytes / 2, 1);
  if (from.size() < half) {
    // The smaller ones make room first.
    from = {};
    to = {};
    from = {device, half};
    to = {device, half};
    from.clear();
  }
  return secondsOf([&] {
    if (device->name() != "host") {
      device->copyOnDevice(addressOf(to.data()), addressOf(from.data()), half);
      return;
    }
    inPieces(half, [&](std::size_t first, std::size_t piece) {
      std::memcpy(to.data() + first, from.data() + first, piece);
    });
  });
}
