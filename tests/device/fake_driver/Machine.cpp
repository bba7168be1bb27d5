//===- Machine.cpp - The fake driver's GPUs and what lives on them --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/fake_driver/Machine.h"

#include "tests/device/fake_driver/Control.h"

#include <cstdlib>
#include <iostream>

using namespace minrnn;
using namespace minrnn::fake;

namespace {

std::uint64_t setting(const char *name, std::uint64_t otherwise) {
  const char *value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

/// What a GPU makes of a fault that the emulator finds.
Result resultOf(emulator::Fault fault) {
  switch (fault) {
  case emulator::Fault::Misaligned:
    return misalignedAddress;
  case emulator::Fault::Deadlock:
  case emulator::Fault::Limit:
    return launchTimeout;
  case emulator::Fault::OutOfBounds:
  case emulator::Fault::Uninitialised:
  case emulator::Fault::Host:
    return illegalAddress;
  default:
    return launchFailed;
  }
}

} // namespace

Machine &Machine::get() {
  // Lives until the process ends: threads may outlast static objects.
  static auto &machine = *new Machine;
  return machine;
}

void Machine::reset() {
  // Work and captures hold on to modules, and those to memory.
  streams = {};
  ending.clear();
  events = {};
  captures.clear();
  graphs = {};
  executables = {};
  functions = {};
  modules = {};
  currentOf.clear();
  contexts.clear();
  retired.clear();
  isStarted = false;
  sticky = success;
  message.clear();
  lost = 0;
  unscopedProducts = 0;
}

std::unique_ptr<Context> Machine::makeContext(std::size_t device) const {
  static std::uintptr_t made = 0;
  constexpr std::uintptr_t kind = 0x50;
  auto context = std::make_unique<Context>(memoryBytes);
  context->handle =
      reinterpret_cast<Handle>((kind << 40) + 16 * ++made); // NOLINT
  // One GPU's addresses mean nothing on another: some gigabytes between them.
  constexpr std::size_t gaps = 4096;
  for (std::size_t i = 0; i < gaps * device; ++i)
    context->memory.release(context->memory.allocate(0));
  return context;
}

void Machine::start() {
  constexpr std::uint64_t usualMemory = std::uint64_t{1} << 30;
  deviceCount = static_cast<int>(setting("MINRNN_FAKE_DRIVER_DEVICES", 1));
  capability = static_cast<int>(setting("MINRNN_FAKE_DRIVER_CAPABILITY", 75));
  version = static_cast<int>(setting("MINRNN_FAKE_DRIVER_VERSION", 13000));
  memoryBytes = setting("MINRNN_FAKE_DRIVER_MEMORY", usualMemory);
  seed(setting("MINRNN_FAKE_DRIVER_SEED", 0));
  contexts.clear();
  for (int device = 0; device < deviceCount; ++device)
    contexts.push_back(nullptr);
  isStarted = true;
}

Context *Machine::current() {
  const auto found = currentOf.find(std::this_thread::get_id());
  return found == currentOf.end() ? nullptr : found->second;
}

void Machine::runGuarded(const std::function<void()> &run) {
  try {
    run();
  } catch (const emulator::Error &error) {
    sticky = refuse(resultOf(error.fault()), error.what());
    std::cerr << "fake CUDA driver: " << message << '\n';
  }
}

Result Machine::expectNoCapture(const char *what) {
  Result result = success;
  for (const std::shared_ptr<Capture> &capture : captures)
    if (capture->thread == std::this_thread::get_id() &&
        capture->mode != captureRelaxed)
      result = breakCapture(*capture, captureUnsupported, what);
  return result;
}

Result Machine::breakCapture(Capture &capture, Result result, const char *why) {
  capture.isInvalid = true;
  return refuse(result, std::string(why) + ", in a capture");
}

//===----------------------------------------------------------------------===//
// What tests ask
//===----------------------------------------------------------------------===//

void minrnnFakeDriverReset() {
  Machine &machine = Machine::get();
  const std::scoped_lock lock(machine.mutex);
  machine.reset();
}

long minrnnFakeDriverCount(const char *what) {
  Machine &machine = Machine::get();
  const std::scoped_lock lock(machine.mutex);
  std::size_t retained = 0;
  std::size_t allocations = 0;
  for (const std::unique_ptr<Context> &context : machine.contexts)
    if (context != nullptr) {
      retained += context->retained;
      allocations += context->allocations.size();
    }
  std::size_t pending = 0;
  for (const auto &[handle, stream] : machine.streams)
    pending += stream->work.size();
  for (const std::shared_ptr<Stream> &stream : machine.ending)
    pending += stream->work.size();
  const std::map<std::string, std::size_t, std::less<>> counts = {
      {"contexts", retained},
      {"streams", machine.streams.size()},
      {"events", machine.events.size()},
      {"modules", machine.modules.size()},
      {"graphs", machine.graphs.size()},
      {"executables", machine.executables.size()},
      {"allocations", allocations},
      {"lost", machine.lost},
      {"pending", pending},
      {"unscoped products", machine.unscopedProducts}};
  const auto found = counts.find(std::string_view(what));
  return found == counts.end() ? -1 : static_cast<long>(found->second);
}

const char *minrnnFakeDriverMessage() { return Machine::get().message.c_str(); }

void minrnnFakeDriverSeed(unsigned long long seed) {
  Machine &machine = Machine::get();
  const std::scoped_lock lock(machine.mutex);
  machine.seed(seed);
}

Result fake::queueWork(Handle stream, std::function<void()> work) {
  return callInContext([&](Machine &machine, Context & /*context*/) {
    return machine.push(stream, std::move(work));
  });
}

void fake::readMemory(void *destination, Address source, std::size_t bytes) {
  Machine::get().running->copyToHost(destination, source, bytes);
}

void fake::writeMemory(Address destination, const void *source,
                       std::size_t bytes) {
  Machine::get().running->copyToDevice(destination, source, bytes);
}

bool fake::holdsMemory(Address address, std::size_t bytes) {
  Machine &machine = Machine::get();
  const std::scoped_lock lock(machine.mutex);
  const Context *context = machine.current();
  if (context == nullptr || context->wasDestroyed)
    return false;
  const emulator::Allocation *nearest = context->memory.nearest(address);
  return nearest != nullptr && nearest->holds(address, bytes);
}

void fake::countUnscopedProduct() { ++Machine::get().unscopedProducts; }
