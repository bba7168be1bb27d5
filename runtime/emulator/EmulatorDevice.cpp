//===- EmulatorDevice.cpp - Runs PTX on the processor ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/emulator_device.h"

#include "minrnn/error.h"
#include "runtime/device/ModuleCache.h"
#include "runtime/device/ProductThroughHost.h"
#include "runtime/device/TimeEvent.h"
#include "runtime/emulator/Launch.h"

#include <algorithm>
#include <utility>

using namespace minrnn;

namespace {

/// Runs `work`; the emulator's own errors become the runtime's.
template <typename Work> auto guarded(const Work &work) {
  try {
    return work();
  } catch (const emulator::Error &error) {
    throw Error(std::string("emulator: ") + error.what());
  }
}

emulator::Dim3 toDim3(const std::array<std::uint64_t, 3> &extents,
                      std::string_view entry) {
  constexpr std::uint64_t largest = 0x7FFFFFFF;
  for (const std::uint64_t extent : extents)
    if (extent > largest)
      throw Error("launch of '" + std::string(entry) + "': an extent of " +
                  std::to_string(extent) + " is more than a grid can have");
  return {static_cast<std::uint32_t>(extents[0]),
          static_cast<std::uint32_t>(extents[1]),
          static_cast<std::uint32_t>(extents[2])};
}

void add(EntryStatistics &sum, const emulator::Statistics &launch) {
  ++sum.launches;
  sum.blocks += launch.blocks;
  sum.threads += launch.threads;
  sum.bytesRead += launch.globalLoads.bytesNeeded;
  sum.bytesReadMoved += launch.globalLoads.bytesMoved();
  sum.bytesWritten += launch.globalStores.bytesNeeded;
  sum.bytesWrittenMoved += launch.globalStores.bytesMoved();
  sum.atomics += launch.globalAtomics;
  sum.sharedAccesses += launch.sharedRequests;
  sum.bankConflicts += launch.sharedBankConflicts;
  sum.specialFunctions += launch.specialFunctions;
  sum.warpInstructions += launch.warpInstructions;
  sum.threadInstructions += launch.threadInstructions;
  sum.divergentBranches += launch.divergentBranches;
  sum.barriers += launch.barriers;
}

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

class Emulated;

class Loaded : public DeviceModule {
public:
  Loaded(std::shared_ptr<Emulated> device, std::string_view ptx);

  void launch(std::string_view entry, const LaunchShape &shape,
              std::span<const std::uint64_t> arguments) const override;

private:
  std::shared_ptr<Emulated> device;
  // Shared with the graphs that launch it.
  std::shared_ptr<emulator::Module> module;
};

class Recording : public Graph {
public:
  Recording(std::shared_ptr<Emulated> device,
            std::vector<std::function<void()>> work)
      : device(std::move(device)), work(std::move(work)) {}

  void launch() override;

private:
  std::shared_ptr<Emulated> device;
  std::vector<std::function<void()>> work;
};

class Emulated : public EmulatorDevice,
                 public std::enable_shared_from_this<Emulated> {
public:
  explicit Emulated(const EmulatorOptions &options)
      : memory(options.memoryBytes), options(options) {}

  const std::vector<EntryStatistics> &statistics() const override {
    return launched;
  }

  std::string_view name() const override { return "emulator"; }

  std::string description() const override {
    return "runs the PTX of " + options.target +
           " on the processor, with checks; correct, not fast";
  }

  std::string target() const override { return options.target; }

  std::int64_t multiprocessors() const override {
    return options.multiprocessors;
  }

  std::uint64_t allocate(std::size_t bytes) override {
    expectNoRecording("a reservation of memory");
    return guarded([&] { return memory.allocate(bytes); });
  }

  void release(std::uint64_t address) noexcept override {
    if (address != 0)
      memory.release(address);
  }

  MemoryUse memoryUse() const override {
    return {memory.bytesInUse(), memory.peakBytes()};
  }

  void copyToDevice(std::uint64_t destination, const void *source,
                    std::size_t bytes) override {
    expectNoRecording("a copy to or from the host");
    guarded([&] { memory.copyToDevice(destination, source, bytes); });
  }

  void copyToHost(void *destination, std::uint64_t source,
                  std::size_t bytes) override {
    expectNoRecording("a copy to or from the host");
    guarded([&] { memory.copyToHost(destination, source, bytes); });
  }

  void copyOnDevice(std::uint64_t destination, std::uint64_t source,
                    std::size_t bytes) override {
    queue([this, destination, source, bytes] {
      memory.copyOnDevice(destination, source, bytes);
    });
  }

  void fill(std::uint64_t destination, std::uint8_t value,
            std::size_t bytes) override {
    queue([this, destination, value, bytes] {
      memory.fill(destination, value, bytes);
    });
  }

  void multiply(const MatrixProduct &product) override {
    checkProduct(product);
    if (options.modularArithmetic)
      throw Error("the emulator has no matrix product in modular arithmetic");
    if (product.m != 0 && product.n != 0)
      queue([this, product] { multiplyThroughHost(memory, product); });
  }

  std::shared_ptr<const DeviceModule> load(std::string_view ptx) override {
    return modules.find(ptx, [&] {
      expectNoRecording("the loading of PTX");
      return std::make_shared<const Loaded>(shared_from_this(), ptx);
    });
  }

  void synchronize() override { expectNoRecording("a wait for the GPU"); }

  void useStream(Stream * /*stream*/) override {
    expectNoRecording("a change of the stream");
  }

  void waitFor(Event & /*event*/) override {
    expectNoRecording("a wait for an event");
  }

  std::unique_ptr<Stream> createStream() override {
    expectNoRecording("a new stream");
    return std::make_unique<Stream>();
  }

  std::unique_ptr<Stream> foreignStream(void * /*handle*/) override {
    return createStream();
  }

  std::unique_ptr<Event> recordEvent() override {
    expectNoRecording("an event");
    return std::make_unique<TimeEvent>();
  }

  std::unique_ptr<Graph> capture(const std::function<void()> &work) override {
    if (recorded != nullptr)
      throw Error("a graph is being recorded already");
    std::vector<std::function<void()>> steps;
    recorded = &steps;
    try {
      work();
    } catch (...) {
      recorded = nullptr;
      throw;
    }
    recorded = nullptr;
    return std::make_unique<Recording>(shared_from_this(), std::move(steps));
  }

  /// Does it now, or when the graph that is being recorded is launched.
  void queue(std::function<void()> work) {
    if (recorded != nullptr)
      recorded->push_back(std::move(work));
    else
      guarded(work);
  }

  void run(const emulator::Module &module, const std::string &entry,
           emulator::Dim3 grid, emulator::Dim3 block, std::uint64_t shared,
           std::span<const std::uint64_t> arguments) {
    emulator::LaunchOptions how;
    how.seed = options.seed;
    how.threads = options.threads;
    auto sum = std::ranges::find(launched, entry, &EntryStatistics::entry);
    if (sum == launched.end()) {
      launched.emplace_back().entry = entry;
      sum = launched.end() - 1;
    }
    add(*sum,
        emulator::launch(module, entry, grid, block, shared, arguments, how));
  }

  emulator::Arithmetic arithmetic() const {
    return options.modularArithmetic ? emulator::Arithmetic::Modular
                                     : emulator::Arithmetic::Ieee;
  }

  emulator::Memory memory;

private:
  /// As a GPU, which could not record it either.
  void expectNoRecording(const char *what) const {
    if (recorded != nullptr)
      throw Error(std::string(what) + " cannot be recorded in a graph");
  }

  EmulatorOptions options;
  ModuleCache modules;
  std::vector<EntryStatistics> launched;
  /// The graph that is being recorded; null when work is done at once.
  std::vector<std::function<void()>> *recorded = nullptr;
};

Loaded::Loaded(std::shared_ptr<Emulated> owner, std::string_view ptx)
    : device(std::move(owner)), module(guarded([&] {
        return std::make_shared<emulator::Module>(
            device->memory, emulator::parse(ptx, device->arithmetic()));
      })) {}

void Loaded::launch(std::string_view entry, const LaunchShape &shape,
                    std::span<const std::uint64_t> arguments) const {
  const emulator::Dim3 grid = toDim3(shape.grid, entry);
  const emulator::Dim3 block = toDim3(shape.block, entry);
  if (module->program().find(entry) == nullptr)
    throw Error("the module has no entry '" + std::string(entry) + "'");
  if (grid.count() == 0)
    return;
  device->queue([owner = device.get(), module = module,
                 entry = std::string(entry), grid, block,
                 shared = shape.sharedBytes,
                 arguments = std::vector(arguments.begin(), arguments.end())] {
    owner->run(*module, entry, grid, block, shared, arguments);
  });
}

void Recording::launch() {
  for (const std::function<void()> &item : work)
    device->queue(item);
}

} // namespace

std::shared_ptr<EmulatorDevice>
EmulatorDevice::create(const EmulatorOptions &options) {
  return std::make_shared<Emulated>(options);
}

DeviceFactory minrnn::emulatorFactory() {
  return {"emulator", [](int threads) {
            if (threads < 0)
              throw Error("the number of threads must not be negative, found " +
                          std::to_string(threads));
            return EmulatorDevice::create(
                {.threads = static_cast<unsigned>(threads)});
          }};
}
