//===- Atomics.cpp - atom and red -----------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes of one instruction take effect one after another, in the order of their
// numbers. Entries with atomics on global memory run on one host thread, so no
// host atomics are needed.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/MemoryAccess.h"
#include "runtime/emulator/Selection.h"

#include <bit>
#include <cstring>

using namespace minrnn::emulator;

namespace {

using Operation = void (*)(void *memory, const void *b, const void *c);

template <typename T> T valueAt(const void *memory) {
  T value;
  std::memcpy(&value, memory, sizeof value);
  return value;
}

template <typename T, typename F>
void update(void *memory, const void *b, const void *) {
  T value = F{}(valueAt<T>(memory), valueAt<T>(b));
  std::memcpy(memory, &value, sizeof value);
}

template <typename T, typename F> Operation make(F) { return update<T, F>; }

template <typename T>
void compareAndSwap(void *memory, const void *b, const void *c) {
  if (valueAt<T>(memory) == valueAt<T>(b))
    std::memcpy(memory, c, sizeof(T));
}

/// Null where there is none. (On floats, a sum would depend on the order.)
Operation chooseOperation(std::string_view name, Type type) {
  if (type == Type::U32 && name == "inc")
    return make<uint32_t>(
        [](uint32_t a, uint32_t b) { return a >= b ? 0 : a + 1; });
  if (name == "add" && (type == Type::U32 || type == Type::S32))
    return make<uint32_t>([](uint32_t a, uint32_t b) { return a + b; });
  if (name == "add" && type == Type::U64)
    return make<uint64_t>([](uint64_t a, uint64_t b) { return a + b; });
  if (name == "exch" && type == Type::B32)
    return make<uint32_t>([](uint32_t, uint32_t b) { return b; });
  if (name == "exch" && type == Type::B64)
    return make<uint64_t>([](uint64_t, uint64_t b) { return b; });
  if (name == "cas" && type == Type::B32)
    return compareAndSwap<uint32_t>;
  if (name == "cas" && type == Type::B64)
    return compareAndSwap<uint64_t>;
  return nullptr;
}

/// Where a lane's atomic takes place; checked.
uint8_t *placeOf(Warp &warp, const Instruction &instruction, unsigned lane,
                 Space space, uint64_t address) {
  unsigned bytes = instruction.access.bytes();
  Block &block = *warp.block;
  if (space == Space::Shared) {
    checkShared(warp, instruction, lane, address, bytes, "atomic");
    checkWritten(warp, instruction, lane, &block.sharedWritten[address], bytes,
                 address, space);
    if (block.context->options.checkRaces)
      noteShared(warp, instruction, lane, address, bytes,
                 SharedRaces::Kind::Atomic, true);
    return &block.shared[address];
  }
  uint64_t offset;
  Allocation &to =
      globalPlace(warp, instruction, lane, address, bytes, "atomic", offset);
  checkWritten(warp, instruction, lane, &to.written[offset], bytes, address,
               space);
  std::memset(&to.loaded[offset], 1, bytes);
  std::memset(&to.stored[offset], 1, bytes);
  ++warp.worker->statistics.globalAtomics;
  return &to.data[offset];
}

void executeAtomic(Warp &warp, const Instruction &instruction, uint32_t mask) {
  uint64_t addresses[warpSize];
  addressesOf(warp, instruction, addresses);
  const Access &access = instruction.access;
  size_t bytes = access.bytes();
  const std::byte *b = warp.lanes<std::byte>(instruction.source[1]);
  const std::byte *c = instruction.source[2] == noSlot
                           ? b
                           : warp.lanes<std::byte>(instruction.source[2]);
  std::byte *to = warp.lanes<std::byte>(instruction.destination[0]);
  Block &block = *warp.block;
  bool races = block.context->options.checkRaces;
  if (races && access.releases)
    block.races.release(warp.index);
  uint32_t inShared = 0;
  // The result may be where an operand is, so all are read before.
  alignas(16) std::byte results[warpSize * sizeof(uint64_t)];
  for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
    unsigned lane = std::countr_zero(lanes);
    uint64_t address = addresses[lane];
    Space space = spaceOf(access, address);
    uint8_t *memory = placeOf(warp, instruction, lane, space, address);
    if (space == Space::Shared) {
      inShared |= 1u << lane;
      addresses[lane] = address;
    }
    std::byte *before = results + lane * bytes;
    std::memcpy(before, memory, bytes);
    instruction.update(memory, b + lane * bytes, c + lane * bytes);
    if (std::memcmp(before, memory, bytes) != 0)
      ++warp.worker->memoryChanges;
  }
  for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
    unsigned lane = std::countr_zero(lanes);
    std::memcpy(to + lane * bytes, results + lane * bytes, bytes);
  }
  if (inShared) {
    ++warp.worker->statistics.sharedRequests;
    if (block.context->options.countTraffic)
      warp.worker->statistics.sharedBankConflicts +=
          countBankConflicts(addresses, inShared, bytes);
  }
  if (races && access.acquires)
    block.races.acquire(warp.index);
  notePoll(warp);
}

} // namespace

void minrnn::emulator::selectAtomic(Selection &selection) {
  bool returns = selection.base() == "atom";
  Instruction &instruction = selection.instruction;
  takeAccess(selection, /*isAtomic=*/true);
  std::string_view name;
  for (std::string_view candidate : {"add", "inc", "exch", "cas"})
    if (name.empty() && selection.take(candidate))
      name = candidate;
  if (name.empty())
    selection.fail("expected an operation such as .add", Fault::Unsupported);
  Type type = selection.takeType();
  instruction.update = chooseOperation(name, type);
  if (!instruction.update)
    selection.wrongType(type);
  instruction.access.elementBytes = byteWidth(type);
  size_t next = returns ? 1 : 0;
  bool three = name == "cas";
  selection.expectOperands(next + (three ? 3 : 2));
  if (returns)
    selection.setDestination(0, 0, type);
  else
    instruction.destination[0] = selection.decoder.sink(byteWidth(type));
  takeAddress(selection, selection.statement.operands[next]);
  selection.setSource(1, next + 1, type);
  if (three)
    selection.setSource(2, next + 2, type);
  instruction.handler = executeAtomic;
}
