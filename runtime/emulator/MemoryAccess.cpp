//===- MemoryAccess.cpp - Loads and stores of a warp ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/MemoryAccess.h"

#include <algorithm>
#include <bit>
#include <cstring>

using namespace minrnn::emulator;

static std::string count(unsigned bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

void minrnn::emulator::takeAccess(Selection &selection, bool isAtomic) {
  Access &access = selection.instruction.access;
  if (selection.take("shared"))
    access.space = Space::Shared;
  else
    access.generic = !selection.take("global");
  selection.take("weak");
  int order = selection.takeOneOf(
      {"volatile", "relaxed", "acquire", "release", "acq_rel"});
  access.strong = order >= 0 || isAtomic;
  access.acquires = order == 2 || order == 4;
  access.releases = order == 3 || order == 4;
  bool scoped = selection.takeOneOf({"cta", "gpu", "sys"}) >= 0;
  if (scoped && !access.strong)
    selection.fail("expected .relaxed, .acquire or .release before a scope");
}

void minrnn::emulator::takeAddress(Selection &selection,
                                   const Operand &operand) {
  Instruction &instruction = selection.instruction;
  Access &access = instruction.access;
  EntryDecoder &decoder = selection.decoder;
  if (access.generic || access.space == Space::Shared)
    decoder.image.sharedGranuleLog2 =
        std::min(decoder.image.sharedGranuleLog2,
                 unsigned(std::countr_zero(access.bytes())));
  if (access.strong && access.space != Space::Shared)
    decoder.image.info.synchronisesBlocks = true;
  if (operand.kind != Operand::Kind::Address)
    selection.fail("expected an address such as [%rd1+4]");
  instruction.immediate = int64_t(operand.integer);
  if (operand.name.empty()) {
    instruction.source[0] = decoder.constant(0, 8);
    return;
  }
  auto symbol = decoder.lookUp(operand.name);
  if (!symbol)
    selection.fail("'" + std::string(operand.name) + "' is not declared");
  if (symbol->space == Space::Register) {
    access.wideAddress = symbol->bytes == 8;
    if (symbol->bytes != 8 && symbol->bytes != 4)
      selection.fail("expected an address register of 32 or 64 bits");
    instruction.source[0] = symbol->offset;
    return;
  }
  if (symbol->space != Space::Shared || access.space != Space::Shared)
    selection.fail("expected a variable of the instruction's state space");
  instruction.source[0] = decoder.sharedAddress(*symbol, 0, 8);
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

void minrnn::emulator::addressesOf(Warp &warp, const Instruction &instruction,
                                   uint64_t *addresses) {
  auto offset = static_cast<uint64_t>(instruction.immediate);
  if (instruction.access.wideAddress) {
    const uint64_t *base = warp.lanes<uint64_t>(instruction.source[0]);
    for (unsigned i = 0; i < warpSize; ++i)
      addresses[i] = base[i] + offset;
    return;
  }
  const uint32_t *base = warp.lanes<uint32_t>(instruction.source[0]);
  for (unsigned i = 0; i < warpSize; ++i)
    addresses[i] = uint32_t(base[i] + uint32_t(offset));
}

Space minrnn::emulator::spaceOf(const Access &access, uint64_t &address) {
  if (!access.generic)
    return access.space;
  if (address < sharedWindow || address >= sharedWindow + windowSize)
    return Space::Global;
  address -= sharedWindow;
  return Space::Shared;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static void checkAligned(Warp &warp, const Instruction &instruction,
                         unsigned lane, uint64_t address, unsigned bytes,
                         const char *what) {
  if (address & (bytes - 1))
    raise(warp, instruction, Fault::Misaligned, lane,
          "misaligned " + std::string(what) + " of " + count(bytes) +
              " at address " + hex(address) + ", expected a multiple of " +
              std::to_string(bytes));
}

Allocation &minrnn::emulator::globalPlace(Warp &warp,
                                          const Instruction &instruction,
                                          unsigned lane, uint64_t address,
                                          unsigned bytes, const char *what,
                                          uint64_t &offset) {
  size_t index = &instruction - warp.block->context->entry.code.data();
  Allocation *&cached = warp.worker->lastAllocation[index];
  if (!cached || !cached->holds(address, bytes)) {
    Memory &memory = warp.block->context->memory;
    Allocation *found = memory.nearest(address);
    if (!found || !found->holds(address, bytes))
      raise(warp, instruction, Fault::OutOfBounds, lane,
            "out-of-bounds " + std::string(what) + " of " + count(bytes) +
                " at " + memory.describe(address));
    found->touched.store(true, std::memory_order_relaxed);
    cached = found;
  }
  checkAligned(warp, instruction, lane, address, bytes, what);
  offset = address - cached->base;
  return *cached;
}

void minrnn::emulator::checkShared(Warp &warp, const Instruction &instruction,
                                   unsigned lane, uint64_t offset,
                                   unsigned bytes, const char *what) {
  size_t size = warp.block->shared.size();
  if (offset > size || bytes > size - offset)
    raise(warp, instruction, Fault::OutOfBounds, lane,
          "out-of-bounds " + std::string(what) + " of " + count(bytes) +
              " at shared address " + hex(offset) + "; the block has " +
              std::to_string(size) + " bytes of shared memory");
  checkAligned(warp, instruction, lane, offset, bytes, what);
}

void minrnn::emulator::checkWritten(Warp &warp, const Instruction &instruction,
                                    unsigned lane, const uint8_t *written,
                                    unsigned bytes, uint64_t address,
                                    Space space) {
  if (!warp.block->context->options.checkUninitialised)
    return;
  for (unsigned i = 0; i < bytes; ++i) {
    if (written[i])
      continue;
    raise(warp, instruction, Fault::Uninitialised, lane,
          "read of memory that nothing wrote, at " +
              (space == Space::Shared
                   ? "shared address " + hex(address + i)
                   : warp.block->context->memory.describe(address + i)));
  }
}

void minrnn::emulator::noteShared(Warp &warp, const Instruction &instruction,
                                  unsigned lane, uint64_t offset,
                                  unsigned bytes, SharedRaces::Kind kind,
                                  bool changes) {
  SharedRaces::Conflict other;
  unsigned thread = warp.index * warpSize + lane;
  Block &block = *warp.block;
  if (!block.races.access(kind, thread, offset, bytes, instruction.line,
                          changes, other))
    return;
  Dim3 index = threadIndex(*block.context, other.thread);
  bool writes =
      kind != SharedRaces::Kind::Read && kind != SharedRaces::Kind::StrongRead;
  raise(warp, instruction, Fault::Race, lane,
        std::string("race on shared address ") + hex(offset) + ": this " +
            (writes ? "write" : "read") + " is not ordered after the " +
            (other.wrote ? "write" : "read") + " at line " +
            std::to_string(other.line) + " by thread " + spellIndex(index));
}

//===----------------------------------------------------------------------===//
// Global memory
//===----------------------------------------------------------------------===//

namespace {

/// Lanes' data follow one another without a gap.
bool isContiguous(const uint64_t *addresses, uint32_t mask, unsigned bytes) {
  if (mask != allLanes)
    return false;
  uint64_t differences = 0;
  for (unsigned i = 0; i < warpSize; ++i)
    differences |= addresses[i] ^ (addresses[0] + uint64_t(i) * bytes);
  return differences == 0;
}

bool allSet(const uint8_t *flags, size_t bytes) {
  uint64_t all = ~uint64_t(0);
  size_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    uint64_t word;
    std::memcpy(&word, flags + i, 8);
    all &= word;
  }
  for (; i < bytes; ++i)
    all &= 0xFFFFFFFFFFFFFF00ull | flags[i];
  constexpr uint64_t ones = 0x0101010101010101ull;
  return bytes < 8 ? (all & 1) : (all & ones) == ones;
}

void countRequest(Traffic &traffic, const uint64_t *addresses, uint32_t mask,
                  unsigned bytes, bool contiguous) {
  ++traffic.requests;
  traffic.bytesRequested += uint64_t(std::popcount(mask)) * bytes;
  traffic.sectors +=
      contiguous ? (addresses[0] + uint64_t(warpSize) * bytes - 1) / 32 -
                       addresses[0] / 32 + 1
                 : countSectors(addresses, mask, bytes);
}

void loadGlobal(Warp &warp, const Instruction &instruction, uint32_t mask,
                const uint64_t *addresses, std::byte *data) {
  unsigned bytes = instruction.access.bytes();
  const LaunchOptions &options = warp.block->context->options;
  bool contiguous = isContiguous(addresses, mask, bytes);
  if (options.countTraffic)
    countRequest(warp.worker->statistics.globalLoads, addresses, mask, bytes,
                 contiguous);
  uint64_t offset;
  if (contiguous) {
    Allocation &from =
        globalPlace(warp, instruction, 0, addresses[0], bytes, "read", offset);
    size_t whole = size_t(warpSize) * bytes;
    if (from.holds(addresses[0], whole) &&
        (!options.checkUninitialised || allSet(&from.written[offset], whole))) {
      std::memcpy(data, &from.data[offset], whole);
      if (options.countTraffic)
        std::memset(&from.loaded[offset], 1, whole);
      return;
    }
  }
  withSize(bytes, [&](auto size) {
    for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
      unsigned lane = std::countr_zero(lanes);
      Allocation &from = globalPlace(warp, instruction, lane, addresses[lane],
                                     size, "read", offset);
      const uint8_t *written = &from.written[offset];
      if (!allSet(written, size))
        checkWritten(warp, instruction, lane, written, size, addresses[lane],
                     Space::Global);
      std::memcpy(data + size_t(lane) * size, &from.data[offset], size);
      std::memset(&from.loaded[offset], 1, size);
    }
  });
}

void storeGlobal(Warp &warp, const Instruction &instruction, uint32_t mask,
                 const uint64_t *addresses, const std::byte *data) {
  unsigned bytes = instruction.access.bytes();
  const LaunchOptions &options = warp.block->context->options;
  bool contiguous = isContiguous(addresses, mask, bytes);
  if (options.countTraffic)
    countRequest(warp.worker->statistics.globalStores, addresses, mask, bytes,
                 contiguous);
  ++warp.worker->memoryChanges;
  uint64_t offset;
  auto place = [&](unsigned lane) -> Allocation & {
    return globalPlace(warp, instruction, lane, addresses[lane], bytes, "write",
                       offset);
  };
  if (contiguous) {
    Allocation &to = place(0);
    size_t whole = size_t(warpSize) * bytes;
    if (to.holds(addresses[0], whole)) {
      std::memcpy(&to.data[offset], data, whole);
      std::memset(&to.written[offset], 1, whole);
      std::memset(&to.stored[offset], 1, whole);
      return;
    }
  }
  withSize(bytes, [&](auto size) {
    for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
      unsigned lane = std::countr_zero(lanes);
      Allocation &to = place(lane);
      std::memcpy(&to.data[offset], data + size_t(lane) * size, size);
      std::memset(&to.written[offset], 1, size);
      std::memset(&to.stored[offset], 1, size);
    }
  });
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

void countSharedRequest(Warp &warp, const uint64_t *addresses, uint32_t mask,
                        unsigned bytes) {
  Statistics &statistics = warp.worker->statistics;
  ++statistics.sharedRequests;
  if (warp.block->context->options.countTraffic &&
      !isContiguous(addresses, mask, bytes))
    statistics.sharedBankConflicts +=
        countBankConflicts(addresses, mask, bytes);
}

void loadShared(Warp &warp, const Instruction &instruction, uint32_t mask,
                const uint64_t *addresses, std::byte *data) {
  const Access &access = instruction.access;
  Block &block = *warp.block;
  countSharedRequest(warp, addresses, mask, access.bytes());
  bool races = block.context->options.checkRaces;
  auto kind =
      access.strong ? SharedRaces::Kind::StrongRead : SharedRaces::Kind::Read;
  withSize(access.bytes(), [&](auto size) {
    for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
      unsigned lane = std::countr_zero(lanes);
      uint64_t offset = addresses[lane];
      checkShared(warp, instruction, lane, offset, size, "read");
      if (races)
        noteShared(warp, instruction, lane, offset, size, kind, false);
      checkWritten(warp, instruction, lane, &block.sharedWritten[offset], size,
                   offset, Space::Shared);
      std::memcpy(data + size_t(lane) * size, &block.shared[offset], size);
    }
  });
  if (races && access.acquires)
    block.races.acquire(warp.index);
}

void storeShared(Warp &warp, const Instruction &instruction, uint32_t mask,
                 const uint64_t *addresses, const std::byte *data) {
  const Access &access = instruction.access;
  Block &block = *warp.block;
  countSharedRequest(warp, addresses, mask, access.bytes());
  ++warp.worker->memoryChanges;
  bool races = block.context->options.checkRaces;
  if (races && access.releases)
    block.races.release(warp.index);
  auto kind =
      access.strong ? SharedRaces::Kind::StrongWrite : SharedRaces::Kind::Write;
  withSize(access.bytes(), [&](auto size) {
    for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
      unsigned lane = std::countr_zero(lanes);
      uint64_t offset = addresses[lane];
      checkShared(warp, instruction, lane, offset, size, "write");
      const std::byte *value = data + size_t(lane) * size;
      if (races) {
        bool changes = !allSet(&block.sharedWritten[offset], size) ||
                       std::memcmp(&block.shared[offset], value, size) != 0;
        noteShared(warp, instruction, lane, offset, size, kind, changes);
      }
      std::memcpy(&block.shared[offset], value, size);
      std::memset(&block.sharedWritten[offset], 1, size);
    }
  });
}

//===----------------------------------------------------------------------===//
// Any memory
//===----------------------------------------------------------------------===//

/// Runs `global` and `shared` for the lanes whose address lies there.
template <typename Global, typename Shared>
void bySpace(const Instruction &instruction, uint32_t mask,
             const uint64_t *addresses, Global global, Shared shared) {
  const Access &access = instruction.access;
  if (!access.generic && access.space == Space::Global)
    return global(mask, addresses);
  if (!access.generic)
    return shared(mask, addresses);
  uint64_t inSpace[warpSize] = {};
  uint32_t isShared = 0;
  for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
    unsigned lane = std::countr_zero(lanes);
    inSpace[lane] = addresses[lane];
    if (spaceOf(access, inSpace[lane]) == Space::Shared)
      isShared |= 1u << lane;
  }
  if (mask & ~isShared)
    global(mask & ~isShared, inSpace);
  if (isShared)
    shared(isShared, inSpace);
}

} // namespace

void minrnn::emulator::loadLanes(Warp &warp, const Instruction &instruction,
                                 uint32_t mask, const uint64_t *addresses,
                                 std::byte *data) {
  bySpace(
      instruction, mask, addresses,
      [&](uint32_t lanes, const uint64_t *at) {
        loadGlobal(warp, instruction, lanes, at, data);
      },
      [&](uint32_t lanes, const uint64_t *at) {
        loadShared(warp, instruction, lanes, at, data);
      });
  if (instruction.access.strong)
    notePoll(warp);
}

void minrnn::emulator::storeLanes(Warp &warp, const Instruction &instruction,
                                  uint32_t mask, const uint64_t *addresses,
                                  const std::byte *data) {
  bySpace(
      instruction, mask, addresses,
      [&](uint32_t lanes, const uint64_t *at) {
        storeGlobal(warp, instruction, lanes, at, data);
      },
      [&](uint32_t lanes, const uint64_t *at) {
        storeShared(warp, instruction, lanes, at, data);
      });
}
