//===- Launch.cpp - Runs an entry of a PTX module -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Launch.h"

#include "runtime/emulator/Execution.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

using namespace minrnn::emulator;

uint64_t minrnn::emulator::sharedLimit(std::string_view target) {
  // Table "Technical Specifications per Compute Capability" of the CUDA C++
  // Programming Guide: the most shared memory of one block.
  unsigned architecture = 0;
  for (char c : target)
    if (c >= '0' && c <= '9')
      architecture = architecture * 10 + (c - '0');
  switch (architecture) {
  case 75:
    return 64 << 10;
  case 80:
  case 87:
    return 163 << 10;
  case 86:
  case 89:
  case 120:
  case 121:
    return 99 << 10;
  default:
    return architecture >= 90                         ? 227 << 10
           : architecture == 70 || architecture == 72 ? 96 << 10
                                                      : 48 << 10;
  }
}

namespace {

/// Hands out blocks and gathers what happens to them, for all workers.
class Grid {
public:
  Grid(const LaunchContext &context, unsigned workers)
      : context(context), workers(workers), count(context.grid.count()) {
    if (uint64_t seed = context.options.seed) {
      order.resize(count);
      std::iota(order.begin(), order.end(), 0);
      std::mt19937_64 random(seed);
      std::shuffle(order.begin(), order.end(), random);
    }
  }

  /// Runs one worker to its end.
  void work(unsigned id) {
    Worker worker(context.options.seed * 0x9E3779B97F4A7C15ull + id);
    worker.lastAllocation.assign(context.entry.code.size(), nullptr);
    try {
      runBlocks(worker);
    } catch (const Error &error) {
      keep(error);
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (!otherFault)
        otherFault = std::current_exception();
      failed = true;
    }
    ++stopped;
    std::lock_guard<std::mutex> lock(mutex);
    total += worker.statistics;
  }

  Statistics finish() {
    if (fault)
      throw Error(*fault);
    if (otherFault)
      std::rethrow_exception(otherFault);
    return total;
  }

private:
  /// Of several faults the one in the lowest block is reported.
  void keep(const Error &error) {
    auto number = [&](const Error &e) {
      if (!e.place())
        return ~uint64_t(0);
      Dim3 b = e.place()->block;
      return (uint64_t(b.z) * context.grid.y + b.y) * context.grid.x + b.x;
    };
    std::lock_guard<std::mutex> lock(mutex);
    if (!fault || number(error) < number(*fault))
      fault = error;
    failed = true;
  }

  bool takeBlock(uint64_t &number) {
    uint64_t position = next.fetch_add(1);
    if (position >= count)
      return false;
    number = order.empty() ? position : order[position];
    return true;
  }

  void runBlocks(Worker &worker) {
    std::deque<std::unique_ptr<Block>> resident;
    std::unique_ptr<Block> spare;
    size_t waiting = 0;
    uint64_t changesAtRoundStart = worker.memoryChanges;
    bool isStuck = false;
    while (!failed) {
      // Another block starts when none runs or all that run wait.
      if (waiting >= resident.size() &&
          resident.size() < std::max(1u, context.options.residentBlocks)) {
        uint64_t number;
        if (takeBlock(number)) {
          std::unique_ptr<Block> block =
              spare ? std::move(spare) : std::make_unique<Block>();
          block->start(context, worker, number);
          resident.push_front(std::move(block));
          waiting = 0;
        } else if (resident.empty()) {
          return;
        }
      }
      bool allWait = waiting >= resident.size() &&
                     changesAtRoundStart == worker.memoryChanges;
      if (allWait != isStuck) {
        isStuck = allWait;
        stuck += isStuck ? 1 : -1;
      }
      if (isStuck) {
        if (stuck + stopped >= workers)
          reportDeadlock(*resident.front());
        std::this_thread::yield();
      }
      if (waiting >= resident.size() || !waiting) {
        changesAtRoundStart = worker.memoryChanges;
        waiting = 0;
      }
      std::unique_ptr<Block> block = std::move(resident.front());
      resident.pop_front();
      uint64_t changes = worker.memoryChanges;
      if (block->run() == Block::Outcome::Finished) {
        ++worker.statistics.blocks;
        worker.statistics.threads += block->threads;
        ++worker.memoryChanges;
        spare = std::move(block);
        waiting = 0;
      } else {
        resident.push_back(std::move(block));
        waiting = worker.memoryChanges == changes ? waiting + 1 : 1;
      }
    }
  }

  [[noreturn]] void reportDeadlock(Block &block) {
    for (const Warp &warp : block.warps) {
      if (!hasReadyFragment(warp))
        continue;
      uint32_t pc = warp.pc, mask = warp.mask;
      if (!warp.isRunning)
        for (const Fragment &fragment : warp.fragments)
          if (fragment.state == Fragment::State::Ready) {
            pc = fragment.pc;
            mask = fragment.mask;
          }
      raise(
          warp, context.entry.code[pc], Fault::Deadlock, std::countr_zero(mask),
          "the thread waits here for memory to change, and no thread of the "
          "launch that could change it runs; " +
              std::to_string(std::min<uint64_t>(next, count)) + " of " +
              std::to_string(count) +
              " blocks have started, of which at most " +
              std::to_string(context.options.residentBlocks) + " run at once");
    }
    block.reportStuck();
  }

  const LaunchContext &context;
  const unsigned workers;
  const uint64_t count;
  /// The order in which blocks start; empty for the natural one.
  std::vector<uint64_t> order;
  std::atomic<uint64_t> next = 0;
  /// Workers that are done, and workers all of whose blocks wait.
  std::atomic<unsigned> stopped = 0, stuck = 0;
  std::atomic<bool> failed = false;
  std::mutex mutex;
  std::optional<Error> fault;
  std::exception_ptr otherFault;
  Statistics total;
};

std::string spell(Dim3 d) {
  return std::to_string(d.x) + " x " + std::to_string(d.y) + " x " +
         std::to_string(d.z);
}

void checkShape(const EntryInfo &entry, const std::string &target, Dim3 grid,
                Dim3 block, uint64_t dynamicSharedBytes) {
  auto fail = [&](const std::string &message) {
    throw Error(Fault::Launch, "launch of '" + entry.name + "': " + message);
  };
  if (!block.count() || block.count() > 1024 || block.x > 1024 ||
      block.y > 1024 || block.z > 64)
    fail("expected a block of 1 to 1024 threads, at most 1024 x 1024 x 64, "
         "found " +
         spell(block));
  if (grid.x > 0x7FFFFFFF || grid.y > 65535 || grid.z > 65535)
    fail("expected a grid of at most 2147483647 x 65535 x 65535 blocks, "
         "found " +
         spell(grid));
  if (entry.requiredThreads.x && !(entry.requiredThreads == block))
    fail("expected a block of " + spell(entry.requiredThreads) +
         " threads (.reqntid), found " + spell(block));
  if (entry.maxThreads.count() && block.count() > entry.maxThreads.count())
    fail("expected a block of at most " +
         std::to_string(entry.maxThreads.count()) +
         " threads (.maxntid), found " + spell(block));
  uint64_t shared = entry.sharedBytes + dynamicSharedBytes;
  if (shared > sharedLimit(target) || dynamicSharedBytes > shared)
    fail("expected at most " + std::to_string(sharedLimit(target)) +
         " bytes of shared memory on " + target + ", found " +
         std::to_string(entry.sharedBytes) + " of the entry and " +
         std::to_string(dynamicSharedBytes) + " of the launch");
}

std::vector<std::byte> packParameters(const EntryImage &entry,
                                      std::span<const uint64_t> arguments) {
  uint64_t expected = 0;
  for (const ParameterInfo &parameter : entry.info.parameters)
    expected += parameter.arguments();
  if (arguments.size() != expected)
    throw Error(Fault::Launch, "launch of '" + entry.info.name +
                                   "': expected " + std::to_string(expected) +
                                   " arguments of 64 bits, found " +
                                   std::to_string(arguments.size()));
  std::vector<std::byte> packed(entry.parameterBytes);
  size_t next = 0;
  for (const ParameterInfo &parameter : entry.info.parameters) {
    std::memcpy(packed.data() + parameter.offset, &arguments[next],
                parameter.bytes);
    next += parameter.arguments();
  }
  return packed;
}

} // namespace

Statistics minrnn::emulator::launch(const Module &module,
                                    std::string_view entry, Dim3 grid,
                                    Dim3 block, uint64_t dynamicSharedBytes,
                                    std::span<const uint64_t> arguments,
                                    const LaunchOptions &options) {
  const Image &image = *module.program().image();
  auto found = std::find_if(image.entries.begin(), image.entries.end(),
                            [&](const EntryImage &candidate) {
                              return candidate.info.name == entry;
                            });
  if (found == image.entries.end())
    throw Error(Fault::Launch,
                "the module has no entry '" + std::string(entry) + "'");
  checkShape(found->info, image.target, grid, block, dynamicSharedBytes);
  LaunchContext context{
      image, *found, module.memory(),    options,
      grid,  block,  dynamicSharedBytes, packParameters(*found, arguments)};
  if (!grid.count())
    return {};
  module.memory().beginLaunch();
  unsigned workers =
      options.threads ? options.threads : std::thread::hardware_concurrency();
  if (found->info.synchronisesBlocks)
    workers = 1;
  workers = std::clamp<uint64_t>(grid.count(), 1, std::max(1u, workers));
  Grid blocks(context, workers);
  if (workers == 1) {
    blocks.work(0);
  } else {
    std::vector<std::jthread> threads;
    for (unsigned id = 1; id < workers; ++id)
      threads.emplace_back([&blocks, id] { blocks.work(id); });
    blocks.work(0);
  }
  Statistics statistics = blocks.finish();
  if (options.countTraffic)
    module.memory().countTouched(statistics.globalLoads.bytesNeeded,
                                 statistics.globalStores.bytesNeeded);
  return statistics;
}
