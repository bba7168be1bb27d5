//===- HostDevice.cpp - Kernels on the processor --------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device.h"

#include "minrnn/error.h"
#include "runtime/device/HostProduct.h"
#include "runtime/device/TimeEvent.h"
#include "runtime/layers/rows/ColumnSums.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <omp.h>
#include <sys/mman.h>

using namespace minrnn;

namespace {

/// A cache line, and the widest vector there is.
constexpr std::align_val_t allocationAlignment{64};
/// Large memory begins at a page of this size, and asks for such pages: of
/// small ones a walk through time needs a new one at each step.
constexpr std::size_t hugePage = std::size_t{1} << 21;

std::align_val_t alignmentOf(std::size_t bytes) {
  return bytes >= hugePage ? std::align_val_t{hugePage} : allocationAlignment;
}

/// Elements (of a channel at a step) below which waking a further thread costs
/// more than it saves.
constexpr double elementsOfThread = 1 << 13;

void *toPointer(std::uint64_t address) {
  return std::bit_cast<void *>(static_cast<std::uintptr_t>(address));
}

/// How many steps of how many channels `tileCount` tiles are, about. One step
/// where the entry says nothing of time.
double elementsOf(const KernelEntry &entry,
                  std::span<const std::uint64_t> argumentBlock,
                  std::int64_t tileCount) {
  double steps = 1;
  for (std::size_t i = 0; i < entry.arguments.size(); ++i) {
    const std::string &name = entry.arguments[i].name;
    if (name == "time" || name == "count")
      steps = static_cast<double>(argumentBlock[i]);
  }
  return static_cast<double>(tileCount) *
         static_cast<double>(entry.tileChannels) * steps;
}

} // namespace

HostDevice::HostDevice(int threads) : requestedThreads(threads) {
  if (threads < 0)
    throw Error("the number of threads must not be negative, found " +
                std::to_string(threads));
}

std::string HostDevice::description() const {
  return std::to_string(threads()) + (threads() == 1 ? " thread" : " threads");
}

std::uint64_t HostDevice::allocate(std::size_t bytes) {
  void *memory = ::operator new(bytes, alignmentOf(bytes), std::nothrow);
  if (memory == nullptr)
    throw Error("out of memory: no room for " + std::to_string(bytes) +
                " bytes on the host, besides " + std::to_string(use.inUse) +
                " in use");
  // Where the system has none, small ones do.
  if (bytes >= hugePage)
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
  const std::uint64_t address = std::bit_cast<std::uintptr_t>(memory);
  held[address] = bytes;
  use.inUse += bytes;
  use.peak = std::max(use.peak, use.inUse);
  return address;
}

void HostDevice::release(std::uint64_t address) noexcept {
  const auto found = held.find(address);
  if (found == held.end())
    return;
  const std::size_t bytes = found->second;
  use.inUse -= bytes;
  held.erase(found);
  ::operator delete(toPointer(address), alignmentOf(bytes));
}

MemoryUse HostDevice::memoryUse() const { return use; }

void HostDevice::copyToDevice(std::uint64_t destination, const void *source,
                              std::size_t bytes) {
  if (bytes > 0)
    std::memcpy(toPointer(destination), source, bytes);
}

void HostDevice::copyToHost(void *destination, std::uint64_t source,
                            std::size_t bytes) {
  if (bytes > 0)
    std::memcpy(destination, toPointer(source), bytes);
}

void HostDevice::copyOnDevice(std::uint64_t destination, std::uint64_t source,
                              std::size_t bytes) {
  copyToDevice(destination, toPointer(source), bytes);
}

void HostDevice::fill(std::uint64_t destination, std::uint8_t value,
                      std::size_t bytes) {
  if (bytes > 0)
    std::memset(toPointer(destination), value, bytes);
}

void HostDevice::multiply(const MatrixProduct &product) {
  multiplyOnHost(product);
}

std::shared_ptr<const DeviceModule> HostDevice::load(std::string_view /*ptx*/) {
  throw Error("the host runs no PTX; compile for the target 'host'");
}

std::unique_ptr<Stream> HostDevice::createStream() {
  return std::make_unique<Stream>();
}

std::unique_ptr<Stream> HostDevice::foreignStream(void * /*handle*/) {
  return std::make_unique<Stream>();
}

std::unique_ptr<Event> HostDevice::recordEvent() {
  return std::make_unique<TimeEvent>();
}

std::unique_ptr<Graph>
HostDevice::capture(const std::function<void()> & /*work*/) {
  return nullptr;
}

int HostDevice::threads() const {
  return requestedThreads > 0 ? requestedThreads : omp_get_max_threads();
}

HostModule::HostModule(std::shared_ptr<HostDevice> device,
                       std::map<std::string, HostEntry, std::less<>> symbols,
                       std::shared_ptr<void> owner)
    : owner(std::move(owner)), hostDevice(std::move(device)),
      symbols(std::move(symbols)) {
  if (!hostDevice)
    throw Error("a host module needs a device, found null");
}

HostEntry HostModule::function(const KernelEntry &entry) const {
  const auto found = symbols.find(entry.symbol);
  if (found == symbols.end() || found->second == nullptr)
    throw Error("the module has no function '" + entry.symbol +
                "' for the entry '" + entry.name + "'");
  return found->second;
}

void HostModule::launch(const KernelEntry &entry,
                        std::span<const std::uint64_t> argumentBlock,
                        std::int64_t tileCount) const {
  const HostEntry function = this->function(entry);
  if (tileCount <= 0)
    return;
  // Single steps are many and short: one that a thread has done before another
  // is awake stays on this one.
  const double worthwhile =
      elementsOf(entry, argumentBlock, tileCount) / elementsOfThread + 1;
  std::int64_t threads =
      std::min<std::int64_t>(hostDevice->threads(), tileCount);
  if (worthwhile < static_cast<double>(threads))
    threads = static_cast<std::int64_t>(worthwhile);
  // A few parts for each thread, so that one that is held up does not hold up
  // the others.
  const std::int64_t parts =
      threads == 1 ? 1 : std::min(tileCount, threads * 4);

  // The block with room for the two numbers that each part sets for itself.
  std::vector<std::uint64_t> block(argumentBlock.begin(), argumentBlock.end());
  block.resize(block.size() + 2);
#pragma omp parallel for schedule(dynamic) num_threads(threads)                \
    firstprivate(block) if (threads > 1)
  for (std::int64_t part = 0; part < parts; ++part) {
    // The first `remainder` parts take one tile more; no product can overflow.
    const std::int64_t share = tileCount / parts;
    const std::int64_t remainder = tileCount % parts;
    const std::int64_t begin = part * share + std::min(part, remainder);
    const std::int64_t end = begin + share + (part < remainder ? 1 : 0);
    block[block.size() - 2] = static_cast<std::uint64_t>(begin);
    block[block.size() - 1] = static_cast<std::uint64_t>(end);
    function(block.data());
  }
}

void HostModule::sumRows(std::int64_t rows, std::int64_t columns,
                         std::uint64_t values, std::uint64_t sums) const {
  const auto *elements = static_cast<const float *>(toPointer(values));
  sumColumns(rows, columns, static_cast<float *>(toPointer(sums)),
             [&](std::int64_t row, std::int64_t column) {
               return elements[row * columns + column];
             });
}
