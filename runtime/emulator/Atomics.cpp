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

#include "runtime/core/HalfFormats.h"
#include "runtime/emulator/Decoder.h"
#include "runtime/emulator/FloatFormats.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/MemoryAccess.h"
#include "runtime/emulator/MemoryOperands.h"
#include "runtime/emulator/Selection.h"

#include <algorithm>
#include <bit>
#include <cstring>

using namespace minrnn;
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

struct Wide {
  uint64_t low, high;
  bool operator==(const Wide &) const = default;
};

template <typename Format> uint16_t addHalf(uint16_t a, uint16_t b) {
  return roundTo<Format>(addToOdd(valueOf<Format>(a), valueOf<Format>(b)),
                         Rounding::Nearest);
}

template <typename Format> uint32_t addPair(uint32_t a, uint32_t b) {
  return uint32_t(addHalf<Format>(a >> 16, b >> 16)) << 16 |
         addHalf<Format>(a, b);
}

template <typename T> Operation integerOperation(std::string_view name) {
  using U = std::make_unsigned_t<T>;
  if (name == "add")
    return make<T>([](T a, T b) { return T(U(a) + U(b)); });
  if (name == "min")
    return make<T>([](T a, T b) { return std::min(a, b); });
  if (name == "max")
    return make<T>([](T a, T b) { return std::max(a, b); });
  return nullptr;
}

template <typename T> Operation bitOperation(std::string_view name) {
  if (name == "and")
    return make<T>([](T a, T b) { return a & b; });
  if (name == "or")
    return make<T>([](T a, T b) { return a | b; });
  if (name == "xor")
    return make<T>([](T a, T b) { return a ^ b; });
  if (name == "exch")
    return make<T>([](T, T b) { return b; });
  if (name == "cas")
    return compareAndSwap<T>;
  return nullptr;
}

Operation floatOperation(std::string_view name, Type type) {
  if (name != "add")
    return nullptr;
  switch (type) {
  case Type::F32:
    return make<float>([](float a, float b) { return canonical(a + b); });
  case Type::F64:
    return make<double>([](double a, double b) { return a + b; });
  case Type::F16:
    return make<uint16_t>(
        [](uint16_t a, uint16_t b) { return addHalf<Half>(a, b); });
  case Type::BF16:
    return make<uint16_t>(
        [](uint16_t a, uint16_t b) { return addHalf<BFloat>(a, b); });
  case Type::F16x2:
    return make<uint32_t>(
        [](uint32_t a, uint32_t b) { return addPair<Half>(a, b); });
  case Type::BF16x2:
    return make<uint32_t>(
        [](uint32_t a, uint32_t b) { return addPair<BFloat>(a, b); });
  default:
    return nullptr;
  }
}

Operation chooseOperation(std::string_view name, Type type) {
  if (isFloat(type))
    return floatOperation(name, type);
  if (type == Type::U32 && name == "inc")
    return make<uint32_t>(
        [](uint32_t a, uint32_t b) { return a >= b ? 0 : a + 1; });
  if (type == Type::U32 && name == "dec")
    return make<uint32_t>(
        [](uint32_t a, uint32_t b) { return a == 0 || a > b ? b : a - 1; });
  switch (type) {
  case Type::U32:
    return integerOperation<uint32_t>(name);
  case Type::S32:
    return integerOperation<int32_t>(name);
  case Type::U64:
    return integerOperation<uint64_t>(name);
  case Type::S64:
    return integerOperation<int64_t>(name);
  case Type::B16:
    return name == "cas" ? compareAndSwap<uint16_t> : nullptr;
  case Type::B32:
    return bitOperation<uint32_t>(name);
  case Type::B64:
    return bitOperation<uint64_t>(name);
  case Type::B128:
    if (name == "exch")
      return make<Wide>([](Wide, Wide b) { return b; });
    return name == "cas" ? compareAndSwap<Wide> : nullptr;
  default:
    return nullptr;
  }
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
  if (space != Space::Global)
    raise(warp, instruction, Fault::OutOfBounds, lane,
          "atomic on memory that is neither global nor shared");
  uint64_t offset;
  Allocation &to =
      globalPlace(warp, instruction, lane, address, bytes, "atomic", offset);
  if (to.readOnly)
    raise(warp, instruction, Fault::OutOfBounds, lane,
          "atomic on constant variable '" + to.name + "'");
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
  alignas(16) std::byte results[warpSize * 16];
  for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
    unsigned lane = std::countr_zero(lanes);
    uint64_t address = addresses[lane];
    Space space = access.generic ? spaceOf(address) : access.space;
    uint8_t *memory = placeOf(warp, instruction, lane, space, address);
    if (space == Space::Shared) {
      inShared |= 1u << lane;
      addresses[lane] = address;
    }
    std::byte *before = results + lane * bytes;
    std::memcpy(before, memory, bytes);
    instruction.operation(memory, b + lane * bytes, c + lane * bytes);
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

void selectAtomic(Selection &selection) {
  bool returns = selection.base() == "atom";
  Instruction &instruction = selection.instruction;
  takeSpace(selection, false);
  takeOrder(selection);
  instruction.access.strong = true;
  if (instruction.access.space != Space::Shared)
    selection.decoder.image.info.synchronisesBlocks = true;
  static constexpr std::string_view names[] = {
      "add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"};
  std::string_view name;
  for (std::string_view candidate : names)
    if (name.empty() && selection.take(candidate))
      name = candidate;
  if (name.empty())
    selection.fail("expected an operation such as .add");
  if (!returns && (name == "exch" || name == "cas"))
    selection.unsupported("'red' with ." + std::string(name));
  selection.take("noftz");
  Type type = selection.takeType();
  instruction.operation = chooseOperation(name, type);
  if (!instruction.operation)
    selection.wrongType(type);
  instruction.access.elementBytes = byteWidth(type);
  unsigned first = returns ? 1 : 0;
  bool three = name == "cas";
  selection.expectOperands(first + (three ? 3 : 2));
  takeAddress(selection, selection.operand(first));
  noteGranule(selection);
  instruction.destination[0] = returns
                                   ? selection.destination(size_t(0), type)
                                   : selection.decoder.sink(byteWidth(type));
  instruction.source[1] = selection.source(first + 1, type);
  if (three)
    instruction.source[2] = selection.source(first + 2, type);
  instruction.handler = executeAtomic;
}

} // namespace

void minrnn::emulator::addAtomicInstructions(SelectorTable &table) {
  table["atom"] = table["red"] = selectAtomic;
}
