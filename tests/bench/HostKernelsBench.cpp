//===- HostKernelsBench.cpp - Host kernels against copy bandwidth ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes that `forward` and `backward` must move, per second, as a fraction of
// what a parallel copy moves in the same run. The floor is one read of every
// input and one write of every output.
//
//   host_kernels_bench CELL.mlir...
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "tests/LaunchKernel.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

namespace {

/// The median time of `run`, in seconds, over repetitions that take about a
/// second together.
double seconds(const std::function<void()> &run) {
  using Clock = std::chrono::steady_clock;
  run();
  std::vector<double> times;
  auto start = Clock::now();
  while (times.size() < 5 ||
         std::chrono::duration<double>(Clock::now() - start).count() < 1) {
    auto before = Clock::now();
    run();
    times.push_back(
        std::chrono::duration<double>(Clock::now() - before).count());
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2,
                   times.end());
  return times[times.size() / 2];
}

/// Bytes read and written by a copy of `count` floats on all threads, per
/// second.
double copyBandwidth(std::int64_t count) {
  std::vector<float> from(count, 1.0F);
  std::vector<float> to(count);
  constexpr std::int64_t piece = 1 << 16;
  double time = seconds([&] {
#pragma omp parallel for schedule(static)
    for (std::int64_t at = 0; at < count; at += piece)
      std::memcpy(to.data() + at, from.data() + at,
                  std::min(piece, count - at) * sizeof(float));
  });
  return 2.0 * static_cast<double>(count) * sizeof(float) / time;
}

/// Numbers that are the same in every run.
std::vector<float> samples(std::int64_t count) {
  // NOLINTNEXTLINE(bugprone-random-generator-seed)
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float &value : values)
    value = normal(generator);
  return values;
}

struct Sizes {
  std::int64_t batch, time, channels;
};

void measure(const char *path, minrnn::ScanDomain scan, const char *scanName,
             const Sizes &shape) {
  minrnn::CellKernels cell = minrnn::compileCellFile(path, {.scan = scan});
  const minrnn::Manifest &manifest = cell.manifest();
  if (!manifest.recurrent.empty())
    throw minrnn::Error("cell '" + manifest.cell +
                        "' projects what it computes step by step: matrix "
                        "products decide its time, not its kernels");
  std::int64_t hidden = shape.batch * shape.time * shape.channels;
  std::int64_t packed = hidden * manifest.size(minrnn::Axis::Gates);
  std::int64_t read = manifest.readsInput() ? hidden : 0;
  bool isPlain = manifest.outputIsState();
  std::int64_t kept =
      isPlain ? 0 : hidden * manifest.size(minrnn::Axis::States);
  std::vector<float> preactivations = samples(packed);
  std::vector<float> input = samples(read);
  std::vector<float> parameters =
      samples(manifest.size(minrnn::Axis::Parameters) * shape.channels);
  std::vector<float> output(hidden);
  std::vector<float> states(kept);
  std::vector<float> gradient(hidden, 1.0F);
  std::vector<float> gateGradients(packed);
  std::vector<float> inputGradient(read);
  minrnn::test::KernelCall call{shape.batch, shape.time, shape.channels};
  call.set("preactivations", preactivations.data());
  call.set("input", input.data());
  call.set("parameters", parameters.data());
  call.set("output", output.data());
  call.set("states", states.data());
  call.set("d_output", gradient.data());
  call.set("d_preactivations", gateGradients.data());
  call.set("d_input", inputGradient.data());
  auto timeOf = [&](const char *entry) {
    return seconds([&] {
      minrnn::test::launchKernel(cell.module(), manifest.entry(entry), call);
    });
  };
  double forward = timeOf("forward");
  double backward = timeOf("backward");
  double copy = copyBandwidth(packed + hidden);
  auto report = [&](const char *entry, double time, std::int64_t elements) {
    double rate = static_cast<double>(elements) * sizeof(float) / time;
    std::printf("%-22s %-6s %-8s B=%-3lld T=%-5lld H=%-4lld %7.2f ms  %6.2f "
                "GB/s  %4.0f%% of copy\n",
                manifest.cell.c_str(), scanName, entry,
                static_cast<long long>(shape.batch),
                static_cast<long long>(shape.time),
                static_cast<long long>(shape.channels), time * 1e3, rate / 1e9,
                100 * rate / copy);
  };
  std::int64_t saved = isPlain ? hidden : kept;
  report("forward", forward, packed + read + hidden + kept);
  report("backward", backward, 2 * packed + 2 * read + hidden + saved);
}

} // namespace

int main(int argc, char **argv) try {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CELL.mlir...\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; ++i)
    for (const Sizes &shape :
         {Sizes{.batch = 16, .time = 256, .channels = 512},
          Sizes{.batch = 4, .time = 4096, .channels = 257}}) {
      measure(argv[i], minrnn::ScanDomain::Linear, "linear", shape);
      try {
        measure(argv[i], minrnn::ScanDomain::Log, "log", shape);
      } catch (const minrnn::Error &error) {
        // Where the cell is not parallel, or not proven positive.
        std::printf("%s", error.what());
      }
    }
  return 0;
} catch (const minrnn::Error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
