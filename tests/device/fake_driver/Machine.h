//===- Machine.h - The fake driver's GPUs and what is on them ---*- C++ -*-===//
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_FAKE_DRIVER_MACHINE_H
#define MINRNN_TESTS_DEVICE_FAKE_DRIVER_MACHINE_H

#include "runtime/emulator/Launch.h"
#include "tests/device/fake_driver/DriverApi.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace minrnn::fake {

/// What is alive of one kind, by handle.
template <typename Thing> class Things {
public:
  Handle add(std::shared_ptr<Thing> thing) {
    // Of every kind its own numbers, so that no handle passes for another's.
    static std::uintptr_t next = 0;
    next += 16;
    const auto handle =
        reinterpret_cast<Handle>((Thing::kind << 40) + next); // NOLINT
    alive[handle] = std::move(thing);
    return handle;
  }
  std::shared_ptr<Thing> find(Handle handle) const {
    const auto found = alive.find(handle);
    return found == alive.end() ? nullptr : found->second;
  }
  bool remove(Handle handle) { return alive.erase(handle) > 0; }
  std::size_t size() const { return alive.size(); }
  auto begin() const { return alive.begin(); }
  auto end() const { return alive.end(); }

  /// Removes what belongs to `context`, and says how many that were.
  std::size_t removeOf(const struct Context *context) {
    return std::erase_if(alive, [&](const auto &item) {
      return item.second->context == context;
    });
  }

private:
  std::map<Handle, std::shared_ptr<Thing>> alive;
};

/// A GPU's primary context. Lives as long as the fake driver is not reset.
struct Context {
  explicit Context(std::uint64_t bytes) : memory(bytes) {}
  Handle handle = nullptr;
  unsigned retained = 0;
  bool wasDestroyed = false;
  emulator::Memory memory;
  std::set<Address> allocations;
};

/// One place in one stream's work: what an event holds.
struct Marker {
  bool isDone = false;
  std::chrono::steady_clock::time_point time;
  /// Where it was recorded in a capture: which, and behind which nodes.
  std::shared_ptr<struct Capture> capture;
  std::set<std::size_t> behind;
};

struct Operation {
  /// Orders all work as it was queued.
  std::uint64_t number = 0;
  /// Runs when this is done; null: at any time.
  std::shared_ptr<Marker> waitsFor;
  std::function<void()> run;
};

/// Work of a graph, and the earlier nodes it runs behind.
struct Node {
  std::function<void()> run;
  std::set<std::size_t> behind;
};

/// A graph in the making.
struct Capture {
  Handle origin = nullptr;
  int mode = 0;
  std::thread::id thread;
  bool isInvalid = false;
  std::vector<Node> nodes;
  /// The streams that take part, and the nodes each one's next is behind.
  std::map<Handle, std::set<std::size_t>> last;
};

struct Stream {
  static constexpr std::uintptr_t kind = 0x51;
  Context *context;
  std::deque<Operation> work;
  std::shared_ptr<Capture> capture;
};

struct Event {
  static constexpr std::uintptr_t kind = 0x52;
  Context *context;
  unsigned flags;
  std::shared_ptr<Marker> marker;
};

struct Module {
  static constexpr std::uintptr_t kind = 0x53;
  Context *context;
  std::unique_ptr<emulator::Module> code;
  bool isLoaded = true;
  std::map<std::string, Handle> functions;
};

struct Function {
  static constexpr std::uintptr_t kind = 0x54;
  Context *context;
  std::shared_ptr<Module> module;
  const emulator::EntryInfo *entry;
  std::uint64_t dynamicSharedLimit;
};

struct Graph {
  static constexpr std::uintptr_t kind = 0x55;
  Context *context;
  std::vector<Node> nodes;
};

struct Executable {
  static constexpr std::uintptr_t kind = 0x56;
  Context *context;
  std::vector<Node> nodes;
  /// The end of its last launch.
  std::shared_ptr<Marker> last;
};

/// Everything there is. Guarded by `mutex`; see `call` below.
// `start` gives the generator its seed.
// NOLINTNEXTLINE(bugprone-random-generator-seed)
class Machine {
public:
  static Machine &get();

  void reset();
  void start();

  /// Notes why a call is refused.
  Result refuse(Result result, std::string why) {
    message = std::move(why);
    return result;
  }

  /// The calling thread's context; null when it has none.
  Context *current();
  /// A context with nothing in it, for the device with this number.
  std::unique_ptr<Context> makeContext(std::size_t device) const;

  //===--- Queues -------------------------------------------------------===//

  /// Queues work on a stream, or records it where the stream is captured.
  Result push(Handle stream, std::function<void()> run,
              std::shared_ptr<Marker> waitsFor = nullptr);
  /// Does queued work, in an order that the seed decides, until `isEnough`.
  Result runUntil(const std::function<bool()> &isEnough);
  Result finish(const std::shared_ptr<Stream> &stream);
  Result finishAll(const Context &context);

  /// Does it as the device would: a fault breaks every later call.
  void runGuarded(const std::function<void()> &run);
  /// All of a graph's nodes, in an order that their dependences allow.
  void runNodes(const std::vector<Node> &nodes);

  //===--- Capture ------------------------------------------------------===//

  /// Refuses what the manual calls potentially unsafe while the calling thread
  /// captures, and breaks that capture.
  Result expectNoCapture(const char *what);
  Result breakCapture(Capture &capture, Result result, const char *why);

  std::recursive_mutex mutex;
  bool isStarted = false;
  int deviceCount = 0;
  int capability = 0;
  int version = 0;
  std::uint64_t memoryBytes = 0;
  /// What every call answers once the device has failed.
  Result sticky = success;
  std::string message;
  std::size_t lost = 0;
  std::size_t unscopedProducts = 0;

  /// By the number of the device; those before were released for good.
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<Context>> retired;
  std::map<std::thread::id, Context *> currentOf;
  Things<Stream> streams;
  /// Streams that were destroyed before their work was done.
  std::vector<std::shared_ptr<Stream>> ending;
  Things<Event> events;
  Things<Module> modules;
  Things<Function> functions;
  Things<Graph> graphs;
  Things<Executable> executables;
  std::vector<std::shared_ptr<Capture>> captures;

  void seed(std::uint64_t value) {
    shuffles = value != 0;
    random.seed(value);
  }
  std::uint64_t launchSeed() { return shuffles ? random() : 0; }
  /// The memory of the context whose work is being done.
  emulator::Memory *running = nullptr;

private:
  /// The stream whose first operation is next; null when none can run.
  Stream *choose();

  bool shuffles = false;
  std::mt19937_64 random;
  std::uint64_t pushed = 0;
  /// The stream that is preferred for now, so that one may run far ahead.
  std::uint64_t favourite = 0;
};

/// Runs a call that needs cuInit and no error before it.
template <typename Work> Result call(const Work &work) {
  Machine &machine = Machine::get();
  const std::scoped_lock lock(machine.mutex);
  if (!machine.isStarted)
    return notInitialized;
  if (machine.sticky != success)
    return machine.sticky;
  return work(machine);
}

/// Runs a call that needs a current context, too.
template <typename Work> Result callInContext(const Work &work) {
  return call([&](Machine &machine) -> Result {
    Context *context = machine.current();
    if (context == nullptr)
      return invalidContext;
    if (context->wasDestroyed)
      return contextIsDestroyed;
    return work(machine, *context);
  });
}

} // namespace minrnn::fake

#endif // MINRNN_TESTS_DEVICE_FAKE_DRIVER_MACHINE_H
