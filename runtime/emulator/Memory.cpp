//===- Memory.cpp - The global memory of an emulated device ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Memory.h"

#include "runtime/emulator/Error.h"

#include <algorithm>
#include <cstring>
#include <new>

using namespace minrnn::emulator;

namespace {

constexpr uint64_t firstAddress = uint64_t(0x7) << 44;
/// Wide enough that a stray index by a whole row seldom jumps over it.
constexpr uint64_t guardGap = uint64_t(1) << 20;
constexpr uint8_t poisonByte = 0xFB;
/// Descriptions of released memory are for messages only; old ones may go.
constexpr size_t mostReleased = 4096;

std::string quoted(const std::string &name) {
  return name.empty() ? std::string() : " '" + name + "'";
}

} // namespace

Memory::Memory(uint64_t capacity) : next(firstAddress), limit(capacity) {}
Memory::~Memory() = default;

uint64_t Memory::allocate(uint64_t bytes, std::string_view name,
                          uint64_t alignment) {
  if (!alignment || (alignment & (alignment - 1)))
    throw Error(Fault::Host, "expected an alignment that is a power of two, "
                             "found " +
                                 std::to_string(alignment));
  auto fail = [&](const char *memory) {
    throw Error(Fault::Host, std::string("out of ") + memory +
                                 " memory: " + std::to_string(bytes) +
                                 " bytes asked for, " + std::to_string(inUse) +
                                 " of " + std::to_string(limit) + " in use");
  };
  if (bytes > limit - inUse)
    fail("device");
  auto allocation = std::make_unique<Allocation>();
  allocation->base = (next + alignment - 1) & ~(alignment - 1);
  allocation->size = bytes;
  allocation->name = name;
  try {
    allocation->data = std::make_unique_for_overwrite<uint8_t[]>(bytes);
    allocation->written = std::make_unique<uint8_t[]>(bytes);
    allocation->loaded = std::make_unique<uint8_t[]>(bytes);
    allocation->stored = std::make_unique<uint8_t[]>(bytes);
  } catch (const std::bad_alloc &) {
    fail("host");
  }
  std::memset(allocation->data.get(), poisonByte, bytes);
  uint64_t base = allocation->base;
  next = base + bytes + guardGap;
  inUse += bytes;
  peak = std::max(peak, inUse);
  allocations.emplace(base, std::move(allocation));
  return base;
}

void Memory::release(uint64_t address) {
  auto found = allocations.find(address);
  if (found == allocations.end())
    throw Error(Fault::Host, "expected the start of an allocation to release, "
                             "found " +
                                 describe(address));
  inUse -= found->second->size;
  if (released.size() == mostReleased)
    released.erase(released.begin());
  released[address] = {found->second->size, found->second->name};
  allocations.erase(found);
}

Allocation *Memory::nearest(uint64_t address) const {
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin())
    return nullptr;
  return std::prev(after)->second.get();
}

std::string Memory::describe(uint64_t address) const {
  if (!address)
    return "the null address";
  std::string text = "address " + hex(address);
  if (const Allocation *before = nearest(address)) {
    uint64_t offset = address - before->base;
    if (offset < before->size)
      return text + ", byte " + std::to_string(offset) + " of allocation" +
             quoted(before->name) + " of " + std::to_string(before->size) +
             " bytes";
    if (offset - before->size < guardGap / 2)
      return text + ", " + std::to_string(offset - before->size) +
             " bytes past the end of allocation" + quoted(before->name) +
             " of " + std::to_string(before->size) + " bytes";
  }
  auto gone = released.upper_bound(address);
  if (gone != released.begin()) {
    --gone;
    if (address - gone->first < std::max<uint64_t>(gone->second.size, 1))
      return text + ", in allocation" + quoted(gone->second.name) +
             ", which was released";
  }
  auto after = allocations.upper_bound(address);
  if (after != allocations.end() && after->first - address < guardGap)
    return text + ", " + std::to_string(after->first - address) +
           " bytes before allocation" + quoted(after->second->name);
  return text + ", in no allocation";
}

Allocation &Memory::expect(uint64_t address, uint64_t bytes,
                           const char *what) const {
  Allocation *allocation = nearest(address);
  if (!allocation || !allocation->holds(address, bytes))
    throw Error(Fault::Host, std::string("cannot ") + what + " " +
                                 std::to_string(bytes) + " bytes at " +
                                 describe(address));
  return *allocation;
}

void Memory::copyToDevice(uint64_t destination, const void *source,
                          uint64_t bytes) {
  if (!bytes)
    return;
  Allocation &to = expect(destination, bytes, "copy to the device");
  uint64_t offset = destination - to.base;
  std::memcpy(&to.data[offset], source, bytes);
  std::memset(&to.written[offset], 1, bytes);
}

void Memory::copyToHost(void *destination, uint64_t source,
                        uint64_t bytes) const {
  if (!bytes)
    return;
  Allocation &from = expect(source, bytes, "copy to the host");
  uint64_t offset = source - from.base;
  const uint8_t *begin = &from.written[offset];
  const uint8_t *unwritten = std::find(begin, begin + bytes, 0);
  if (unwritten != begin + bytes)
    throw Error(Fault::Uninitialised,
                "copy to the host of memory that nothing wrote, at " +
                    describe(source + (unwritten - begin)));
  std::memcpy(destination, &from.data[offset], bytes);
}

void Memory::copyOnDevice(uint64_t destination, uint64_t source,
                          uint64_t bytes) {
  if (!bytes)
    return;
  Allocation &from = expect(source, bytes, "copy on the device");
  Allocation &to = expect(destination, bytes, "copy on the device");
  std::memmove(&to.data[destination - to.base], &from.data[source - from.base],
               bytes);
  std::memmove(&to.written[destination - to.base],
               &from.written[source - from.base], bytes);
}

void Memory::fill(uint64_t destination, uint8_t value, uint64_t bytes) {
  if (!bytes)
    return;
  Allocation &to = expect(destination, bytes, "fill");
  std::memset(&to.data[destination - to.base], value, bytes);
  std::memset(&to.written[destination - to.base], 1, bytes);
}

void Memory::beginLaunch() {
  for (auto &[base, allocation] : allocations) {
    if (!allocation->touched.exchange(false, std::memory_order_relaxed))
      continue;
    std::memset(allocation->loaded.get(), 0, allocation->size);
    std::memset(allocation->stored.get(), 0, allocation->size);
  }
}

void Memory::countTouched(uint64_t &loaded, uint64_t &stored) const {
  loaded = stored = 0;
  for (const auto &[base, allocation] : allocations)
    for (uint64_t i = 0; allocation->touched && i < allocation->size; ++i) {
      loaded += allocation->loaded[i];
      stored += allocation->stored[i];
    }
}
