//===- HostLayerBench.cpp - A layer's forward and backward on the host ----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The median time of a layer's forward and of its backward, with the gradients
// of all weights and of the input, at numbers of threads; and the processor
// time of all threads, which tells waiting from work.
//
//   host_layer_bench CELL.mlir THREADS... [-- B T D H]
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "minrnn/layer.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <omp.h>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Times {
  double wall = 0;
  double processor = 0;
};

/// Medians over repetitions that take some three seconds together.
Times measure(const std::function<void()> &run) {
  using Clock = std::chrono::steady_clock;
  run();
  std::vector<double> wall;
  std::vector<double> processor;
  const auto start = Clock::now();
  while (wall.size() < 5 ||
         std::chrono::duration<double>(Clock::now() - start).count() < 3) {
    const auto before = Clock::now();
    const std::clock_t used = std::clock();
    run();
    processor.push_back(static_cast<double>(std::clock() - used) /
                        CLOCKS_PER_SEC);
    wall.push_back(
        std::chrono::duration<double>(Clock::now() - before).count());
  }
  const auto median = [](std::vector<double> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  };
  return {median(wall), median(processor)};
}

/// The tensors that a caller gives, with numbers that are the same in every
/// run.
class Tensors {
public:
  explicit Tensors(const minrnn::Layer &layer) {
    // NOLINTNEXTLINE(bugprone-random-generator-seed)
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0, 0.1F);
    for (const minrnn::LayerTensor &tensor : layer.tensors()) {
      const bool isOwn = tensor.role == minrnn::Role::Saved ||
                         tensor.role == minrnn::Role::Scratch;
      if (isOwn || tensor.element != "f32")
        continue;
      auto &[name, numbers] =
          *data.emplace(tensor.name, tensor.bytes / sizeof(float)).first;
      std::generate(numbers.begin(), numbers.end(),
                    [&] { return normal(generator); });
      if (tensor.role != minrnn::Role::Gradient)
        forward.emplace_back(name, numbers.data());
      backward.emplace_back(name, numbers.data());
    }
  }

  std::vector<minrnn::NamedTensor> forward;
  std::vector<minrnn::NamedTensor> backward;

private:
  std::map<std::string, std::vector<float>> data;
};

/// 0 where it is none.
std::int64_t toNumber(const char *text) {
  return std::strtoll(text, nullptr, 10);
}

void report(const char *cell, int threads, const char *procedure,
            const Times &times) {
  std::printf("%-28s %2d threads %-8s %8.1f ms, processor %8.1f ms\n", cell,
              threads, procedure, times.wall * 1e3, times.processor * 1e3);
}

} // namespace

int main(int argc, char **argv) try {
  minrnn::LayerSizes sizes{
      .batch = 64, .time = 1000, .inputs = 10, .channels = 100};
  std::vector<int> threads;
  int at = 2;
  for (; at < argc && std::string_view(argv[at]) != "--"; ++at)
    threads.push_back(static_cast<int>(toNumber(argv[at])));
  if (threads.empty() || (at < argc && argc - at != 5)) {
    std::fprintf(stderr, "usage: %s CELL.mlir THREADS... [-- B T D H]\n",
                 argv[0]);
    return 2;
  }
  if (at < argc)
    sizes = {toNumber(argv[at + 1]), toNumber(argv[at + 2]),
             toNumber(argv[at + 3]), toNumber(argv[at + 4])};
  for (const int count : threads) {
    omp_set_num_threads(count);
    minrnn::Layer layer(minrnn::compileCellFile(argv[1]), sizes);
    const Tensors tensors(layer);
    const Times forward = measure([&] { layer.forward(tensors.forward); });
    const Times backward = measure([&] { layer.backward(tensors.backward); });
    report(argv[1], count, "forward", forward);
    report(argv[1], count, "backward", backward);
    report(
        argv[1], count, "both",
        {forward.wall + backward.wall, forward.processor + backward.processor});
  }
  return 0;
} catch (const minrnn::Error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
