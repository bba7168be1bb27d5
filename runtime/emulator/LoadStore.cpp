//===- LoadStore.cpp - ld, st, mov and cvta -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section "Data Movement and Conversion Instructions" of the PTX ISA. The
// elements of a vector lie side by side in memory, and each in a register of
// its own; `access` says how many and how wide, `mode` how wide the registers.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/MemoryAccess.h"
#include "runtime/emulator/Selection.h"

#include <algorithm>
#include <cstring>

using namespace minrnn::emulator;

namespace {

constexpr size_t widestVector = 16;

/// From memory's order to the registers of an instruction, an element extended
/// to a wider register, by its sign if it has one.
template <bool Signed>
void unpack(Warp &warp, const Instruction &instruction, uint32_t mask,
            const std::byte *data) {
  const Access &access = instruction.access;
  auto copy = [&](auto bytes, auto width) {
    for (unsigned i = 0; i < access.elements; ++i) {
      std::byte *to = warp.lanes<std::byte>(instruction.destination[i]);
      for (unsigned lane = 0; lane < warpSize; ++lane) {
        uint64_t value[2] = {};
        std::memcpy(value, data + (lane * access.elements + i) * bytes, bytes);
        constexpr unsigned unused = bytes < 8 ? 64 - 8 * bytes : 0;
        if (Signed)
          value[0] = uint64_t(int64_t(value[0] << unused) >> unused);
        if (mask >> lane & 1)
          std::memcpy(to + lane * width, value, width);
      }
    }
  };
  withSize(access.elementBytes, [&](auto bytes) {
    withSize(instruction.mode, [&](auto width) { copy(bytes, width); });
  });
}

/// From registers to memory's order.
void pack(Warp &warp, const Instruction &instruction, const Slot *sources,
          std::byte *data) {
  const Access &access = instruction.access;
  withSize(access.elementBytes, [&](auto bytes) {
    for (unsigned i = 0; i < access.elements; ++i) {
      const std::byte *from = warp.lanes<std::byte>(sources[i]);
      for (unsigned lane = 0; lane < warpSize; ++lane)
        std::memcpy(data + (lane * access.elements + i) * bytes,
                    from + size_t(lane) * instruction.mode, bytes);
    }
  });
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

/// One register of the element's own width, which is most of them.
template <typename T>
void loadOne(Warp &warp, const Instruction &instruction, uint32_t mask) {
  uint64_t addresses[warpSize];
  addressesOf(warp, instruction, addresses);
  alignas(64) T data[warpSize];
  loadLanes(warp, instruction, mask, addresses,
            reinterpret_cast<std::byte *>(data));
  storeLanes(warp, instruction.destination[0], data, mask);
}

template <bool Signed>
void load(Warp &warp, const Instruction &instruction, uint32_t mask) {
  uint64_t addresses[warpSize];
  addressesOf(warp, instruction, addresses);
  alignas(64) std::byte data[warpSize * widestVector];
  loadLanes(warp, instruction, mask, addresses, data);
  unpack<Signed>(warp, instruction, mask, data);
}

void storeOne(Warp &warp, const Instruction &instruction, uint32_t mask) {
  uint64_t addresses[warpSize];
  addressesOf(warp, instruction, addresses);
  storeLanes(warp, instruction, mask, addresses,
             warp.lanes<std::byte>(instruction.source[1]));
}

void store(Warp &warp, const Instruction &instruction, uint32_t mask) {
  uint64_t addresses[warpSize];
  addressesOf(warp, instruction, addresses);
  alignas(64) std::byte data[warpSize * widestVector];
  // The address is source 0, and a store has no destinations: there are the
  // registers of a vector.
  pack(warp, instruction, instruction.destination, data);
  storeLanes(warp, instruction, mask, addresses, data);
}

/// A parameter is the same for every lane.
void loadParameter(Warp &warp, const Instruction &instruction, uint32_t mask) {
  const auto &parameters = warp.block->context->parameters;
  std::byte data[warpSize * sizeof(uint64_t)];
  unsigned bytes = instruction.access.elementBytes;
  for (unsigned lane = 0; lane < warpSize; ++lane)
    std::memcpy(data + lane * bytes, &parameters[instruction.immediate], bytes);
  unpack<false>(warp, instruction, mask, data);
}

/// Hints to the caches, which have no effect here.
void takeCacheHints(Selection &selection) {
  selection.takeOneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  selection.take("nc");
  selection.takeOneOf({"L1::evict_first", "L1::evict_last", "L1::no_allocate"});
  selection.takeOneOf({"L2::64B", "L2::128B", "L2::256B"});
}

/// Takes the type, the vector's size and the registers, in `slots`; returns
/// whether there is one register of the element's own width.
bool takeData(Selection &selection, const Operand &data, bool isLoad,
              Slot *slots) {
  Instruction &instruction = selection.instruction;
  unsigned count = selection.take("v2") ? 2 : selection.take("v4") ? 4 : 1;
  Type type = selection.takeType();
  unsigned bytes = byteWidth(type);
  if (!bytes || bytes * count > widestVector)
    selection.wrongType(type);
  bool isVector = data.kind == Operand::Kind::Vector;
  if (isVector != (count > 1) || (isVector && data.elements.size() != count))
    selection.fail("expected " +
                   (count > 1
                        ? "a vector of " + std::to_string(count) + " registers"
                        : std::string("one register")));
  const Operand *elements = isVector ? data.elements.data() : &data;
  unsigned width = bytes;
  for (unsigned i = 0; i < count && !isFloat(type); ++i)
    width = std::max(width, selection.registerWidth(elements[i]));
  // A register may be wider than what it holds.
  Type as = width == bytes ? type
            : width == 2   ? Type::B16
            : width == 4   ? Type::B32
                           : Type::B64;
  for (unsigned i = 0; i < count; ++i)
    slots[i] = isLoad ? selection.destination(elements[i], as)
                      : selection.source(elements[i], as);
  instruction.access.elementBytes = bytes;
  instruction.access.elements = count;
  instruction.mode = width;
  if (isLoad)
    instruction.handler = isSigned(type) ? load<true> : load<false>;
  return count == 1 && width == bytes;
}

void selectLoadParameter(Selection &selection) {
  Instruction &instruction = selection.instruction;
  takeData(selection, selection.statement.operands[0], true,
           instruction.destination);
  const Operand &from = selection.statement.operands[1];
  auto symbol = selection.decoder.lookUp(from.name);
  if (from.kind != Operand::Kind::Address || !symbol ||
      symbol->space != Space::Param || instruction.access.elements != 1)
    selection.fail("expected a parameter of the entry, by its name");
  unsigned bytes = instruction.access.bytes();
  uint64_t end = from.integer + bytes;
  if (end > symbol->bytes || end < bytes)
    selection.fail("expected an access within the " +
                       std::to_string(symbol->bytes) + " bytes of '" +
                       std::string(from.name) + "'",
                   Fault::OutOfBounds);
  instruction.immediate = int64_t(symbol->offset + from.integer);
  instruction.handler = loadParameter;
}

} // namespace

void minrnn::emulator::selectLoad(Selection &selection) {
  selection.expectOperands(2);
  if (selection.take("param"))
    return selectLoadParameter(selection);
  takeAccess(selection);
  takeCacheHints(selection);
  Instruction &instruction = selection.instruction;
  bool isPlain = takeData(selection, selection.statement.operands[0], true,
                          instruction.destination);
  takeAddress(selection, selection.statement.operands[1]);
  if (!isPlain)
    return;
  unsigned width = instruction.mode;
  instruction.handler = width == 8   ? loadOne<uint64_t>
                        : width == 4 ? loadOne<uint32_t>
                        : width == 2 ? loadOne<uint16_t>
                                     : loadOne<uint8_t>;
}

void minrnn::emulator::selectStore(Selection &selection) {
  selection.expectOperands(2);
  takeAccess(selection);
  takeCacheHints(selection);
  Instruction &instruction = selection.instruction;
  bool isPlain = takeData(selection, selection.statement.operands[1], false,
                          instruction.destination);
  takeAddress(selection, selection.statement.operands[0]);
  instruction.source[1] = instruction.destination[0];
  instruction.handler = isPlain ? storeOne : store;
}

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

template <typename T>
static void move(Warp &warp, const Instruction &instruction, uint32_t mask) {
  storeLanes(warp, instruction.destination[0],
             warp.lanes<T>(instruction.source[0]), mask);
}

/// mov {a, b}, c: the value in c falls into its parts.
static void moveToVector(Warp &warp, const Instruction &instruction,
                         uint32_t mask) {
  std::byte whole[warpSize * sizeof(uint64_t)];
  std::memcpy(whole, warp.lanes<std::byte>(instruction.source[0]),
              warpSize * instruction.access.bytes());
  unpack<false>(warp, instruction, mask, whole);
}

/// mov c, {a, b}.
static void moveFromVector(Warp &warp, const Instruction &instruction,
                           uint32_t mask) {
  std::byte whole[warpSize * sizeof(uint64_t)];
  pack(warp, instruction, instruction.source, whole);
  std::byte *to = warp.lanes<std::byte>(instruction.destination[0]);
  size_t bytes = instruction.access.bytes();
  for (unsigned lane = 0; lane < warpSize; ++lane)
    if (mask >> lane & 1)
      std::memcpy(to + lane * bytes, whole + lane * bytes, bytes);
}

void minrnn::emulator::selectMove(Selection &selection) {
  Type type = selection.takeType();
  selection.expectOperands(2);
  Instruction &instruction = selection.instruction;
  const auto &operands = selection.statement.operands;
  bool fromVector = operands[1].kind == Operand::Kind::Vector;
  bool toVector = operands[0].kind == Operand::Kind::Vector;
  unsigned width = byteWidth(type);
  if (width < 2)
    selection.wrongType(type);
  if (!fromVector)
    selection.setSource(0, 1, type);
  if (!toVector)
    selection.setDestination(0, 0, type);
  if (!fromVector && !toVector) {
    instruction.handler = width == 8   ? move<uint64_t>
                          : width == 4 ? move<uint32_t>
                                       : move<uint16_t>;
    return;
  }
  const auto &elements = operands[fromVector ? 1 : 0].elements;
  unsigned count = elements.size();
  if ((count != 2 && count != 4) || width < 2 * count)
    selection.fail("expected a vector of 2 or 4 elements, found " +
                   std::to_string(count));
  Type part = width / count == 4 ? Type::B32 : Type::B16;
  for (unsigned i = 0; i < count; ++i)
    if (fromVector)
      instruction.source[i] = selection.source(elements[i], part);
    else
      instruction.destination[i] = selection.destination(elements[i], part);
  instruction.access.elementBytes = instruction.mode = width / count;
  instruction.access.elements = count;
  instruction.handler = fromVector ? moveFromVector : moveToVector;
}

/// cvta[.to].space: adds or takes away the space's window. Global addresses are
/// their own generic addresses.
void minrnn::emulator::selectConvertAddress(Selection &selection) {
  bool to = selection.take("to");
  int space = selection.takeOneOf({"global", "shared"});
  if (space < 0)
    selection.fail("expected .global or .shared", Fault::Unsupported);
  Type type = selection.takeType();
  if (byteWidth(type) != 8)
    selection.wrongType(type);
  selection.expectOperands(2);
  selection.setDestination(0, 0, type);
  selection.setSource(0, 1, type);
  uint64_t window = space == 1 ? sharedWindow : 0;
  selection.instruction.source[1] =
      selection.decoder.constant(to ? -window : window, 8);
  selection.instruction.handler = lanewise<uint64_t, uint64_t, uint64_t>(
      [](uint64_t a, uint64_t b) { return a + b; });
}
