//===- LoadStore.cpp - ld, st and their relatives -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section "Data Movement and Conversion Instructions" of the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ControlFlow.h"
#include "runtime/emulator/Decoder.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/MemoryAccess.h"
#include "runtime/emulator/MemoryOperands.h"
#include "runtime/emulator/Selection.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

using namespace minrnn::emulator;

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

void minrnn::emulator::takeSpace(Selection &selection, bool required) {
  Access &access = selection.instruction.access;
  int space =
      selection.takeOneOf({"global", "const", "shared", "shared::cta", "local",
                           "param", "param::entry", "param::func"});
  switch (space) {
  case 0:
    access.space = Space::Global;
    break;
  case 1:
    access.space = Space::Const;
    break;
  case 2:
  case 3:
    access.space = Space::Shared;
    break;
  case 4:
    access.space = Space::Local;
    break;
  case 5:
  case 6:
  case 7:
    access.space = Space::Param;
    break;
  default:
    if (required)
      selection.fail("expected a state space such as .global");
    access.generic = true;
  }
}

void minrnn::emulator::takeOrder(Selection &selection) {
  Access &access = selection.instruction.access;
  selection.take("weak");
  int order = selection.takeOneOf(
      {"volatile", "relaxed", "acquire", "release", "acq_rel", "mmio"});
  access.strong = order >= 0;
  access.acquires = order == 2 || order == 4;
  access.releases = order == 3 || order == 4;
  bool scoped = selection.takeOneOf({"cta", "cluster", "gpu", "sys"}) >= 0;
  if (scoped && !access.strong)
    selection.fail("expected .relaxed, .acquire or .release before a scope");
  if (access.strong && access.space != Space::Shared &&
      access.space != Space::Local && access.space != Space::Param)
    selection.decoder.image.info.synchronisesBlocks = true;
}

void minrnn::emulator::takeAddress(Selection &selection,
                                   const OperandSyntax &operand) {
  Instruction &instruction = selection.instruction;
  Access &access = instruction.access;
  if (operand.kind != OperandSyntax::Kind::Address)
    selection.fail("expected an address such as [%rd1+4]");
  instruction.immediate = int64_t(operand.integer);
  if (operand.name.empty()) {
    instruction.source[0] = selection.constant(0, 8);
    return;
  }
  auto symbol = selection.symbol(operand);
  if (!symbol)
    selection.fail("'" + std::string(operand.name) + "' is not declared");
  switch (symbol->kind) {
  case Symbol::Kind::Register:
    access.wideAddress = symbol->bytes == 8;
    if (symbol->bytes != 8 && symbol->bytes != 4)
      selection.fail("expected an address register of 32 or 64 bits");
    instruction.source[0] = symbol->offset;
    // In a device function a parameter's address is one in local memory.
    if (access.space == Space::Param && !selection.decoder.inEntry())
      access.space = Space::Local;
    return;
  case Symbol::Kind::Module:
    if (!access.generic && access.space != symbol->space)
      selection.fail("expected a variable of the instruction's state space");
    instruction.source[0] = selection.decoder.address(symbol->offset, 0, 8);
    return;
  case Symbol::Kind::Shared:
    if (!access.generic && access.space != Space::Shared)
      selection.fail("expected a variable of the instruction's state space");
    instruction.source[0] = selection.constant(
        symbol->offset + (access.generic ? sharedWindow : 0), 8);
    return;
  case Symbol::Kind::Local:
    if (!access.generic && access.space != Space::Local &&
        access.space != Space::Param)
      selection.fail("expected a variable of the instruction's state space");
    instruction.source[0] = selection.constant(
        symbol->offset + (access.generic ? localWindow : 0), 8);
    // Parameters of functions and calls live in local memory.
    if (access.space == Space::Param)
      access.space = Space::Local;
    break;
  case Symbol::Kind::EntryParameter:
    if (access.generic || access.space != Space::Param)
      selection.fail("expected a variable of the instruction's state space");
    instruction.source[0] = selection.constant(symbol->offset, 8);
    break;
  }
  uint64_t end = operand.integer + access.bytes();
  if (end > symbol->bytes || end < access.bytes())
    selection.fail("expected an access within the " +
                       std::to_string(symbol->bytes) + " bytes of '" +
                       std::string(operand.name) + "'",
                   Fault::OutOfBounds);
}

void minrnn::emulator::noteGranule(Selection &selection) {
  const Access &access = selection.instruction.access;
  if (!access.generic && access.space != Space::Shared)
    return;
  unsigned &granule = selection.decoder.image.sharedGranuleLog2;
  granule = std::min(granule, unsigned(std::countr_zero(access.bytes())));
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

namespace {

template <typename To, typename From>
void convertLanes(void *to, const void *from) {
  To *out = static_cast<To *>(to);
  const From *in = static_cast<const From *>(from);
  for (unsigned i = 0; i < warpSize; ++i)
    out[i] = static_cast<To>(static_cast<std::make_signed_t<To>>(in[i]));
}

/// Extends a loaded element to a wider register, by its type's sign.
template <typename From> Convert extendTo(unsigned width) {
  switch (width) {
  case 2:
    return convertLanes<uint16_t, From>;
  case 4:
    return convertLanes<uint32_t, From>;
  default:
    return convertLanes<uint64_t, From>;
  }
}

Convert extension(Type type, unsigned width) {
  switch (byteWidth(type)) {
  case 1:
    return isSigned(type) ? extendTo<int8_t>(width) : extendTo<uint8_t>(width);
  case 2:
    return isSigned(type) ? extendTo<int16_t>(width)
                          : extendTo<uint16_t>(width);
  default:
    return isSigned(type) ? extendTo<int32_t>(width)
                          : extendTo<uint32_t>(width);
  }
}

template <typename To> Convert narrowFrom(unsigned width) {
  switch (width) {
  case 2:
    return convertLanes<To, uint16_t>;
  case 4:
    return convertLanes<To, uint32_t>;
  default:
    return convertLanes<To, uint64_t>;
  }
}

Convert narrowing(Type type, unsigned width) {
  switch (byteWidth(type)) {
  case 1:
    return narrowFrom<uint8_t>(width);
  case 2:
    return narrowFrom<uint16_t>(width);
  default:
    return narrowFrom<uint32_t>(width);
  }
}

/// Element `element` of each lane, lanes `stride` elements apart, to lanes side
/// by side, and back.
template <typename T>
void gather(T *to, const std::byte *from, unsigned element, unsigned stride) {
  for (unsigned i = 0; i < warpSize; ++i)
    std::memcpy(&to[i], from + (size_t(i) * stride + element) * sizeof(T),
                sizeof(T));
}

template <typename T>
void scatter(std::byte *to, const T *from, unsigned element, unsigned stride) {
  for (unsigned i = 0; i < warpSize; ++i)
    std::memcpy(to + (size_t(i) * stride + element) * sizeof(T), &from[i],
                sizeof(T));
}

struct Wide {
  uint64_t low, high;
};

template <typename T>
void executeLoad(Warp &warp, const Instruction &instruction, uint32_t mask) {
  uint64_t addresses[warpSize];
  addressesOf(warp, instruction, addresses);
  unsigned count = instruction.access.elements;
  alignas(64) std::byte data[warpSize * 32];
  loadLanes(warp, instruction, mask, addresses, data);
  for (unsigned element = 0; element < count; ++element) {
    T values[warpSize];
    gather(values, data, element, count);
    if (!instruction.convert) {
      storeLanes(warp, instruction.destination[element], values, mask);
      continue;
    }
    // The register is wider; `mode` is its width.
    alignas(64) std::byte extended[warpSize * 8];
    instruction.convert(extended, values);
    switch (instruction.mode) {
    case 2:
      storeLanes(warp, instruction.destination[element],
                 reinterpret_cast<const uint16_t *>(extended), mask);
      break;
    case 4:
      storeLanes(warp, instruction.destination[element],
                 reinterpret_cast<const uint32_t *>(extended), mask);
      break;
    default:
      storeLanes(warp, instruction.destination[element],
                 reinterpret_cast<const uint64_t *>(extended), mask);
    }
  }
}

template <typename T>
void executeStore(Warp &warp, const Instruction &instruction, uint32_t mask) {
  uint64_t addresses[warpSize];
  addressesOf(warp, instruction, addresses);
  unsigned count = instruction.access.elements;
  alignas(64) std::byte data[warpSize * 32];
  for (unsigned element = 0; element < count; ++element) {
    // The address is source 0; elements beyond the first are found among the
    // destinations, of which a store has none.
    const std::byte *source = warp.lanes<std::byte>(
        element ? instruction.destination[element] : instruction.source[1]);
    alignas(64) T narrowed[warpSize];
    if (instruction.convert) {
      instruction.convert(narrowed, source);
      source = reinterpret_cast<const std::byte *>(narrowed);
    }
    scatter(data, reinterpret_cast<const T *>(source), element, count);
  }
  storeLanes(warp, instruction, mask, addresses, data);
}

Handler loadOf(Selection &selection, Type type) {
  switch (byteWidth(type)) {
  case 1:
    return executeLoad<uint8_t>;
  case 2:
    return executeLoad<uint16_t>;
  case 4:
    return executeLoad<uint32_t>;
  case 8:
    return executeLoad<uint64_t>;
  case 16:
    return executeLoad<Wide>;
  default:
    selection.wrongType(type);
  }
}

Handler storeOf(Selection &selection, Type type) {
  switch (byteWidth(type)) {
  case 1:
    return executeStore<uint8_t>;
  case 2:
    return executeStore<uint16_t>;
  case 4:
    return executeStore<uint32_t>;
  case 8:
    return executeStore<uint64_t>;
  case 16:
    return executeStore<Wide>;
  default:
    selection.wrongType(type);
  }
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

/// Hints to the caches, which have no effect here. A .L2::cache_hint adds an
/// operand.
bool takeCacheHints(Selection &selection) {
  selection.takeOneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  selection.take("nc");
  selection.takeOneOf({"L1::evict_normal", "L1::evict_unchanged",
                       "L1::evict_first", "L1::evict_last", "L1::no_allocate"});
  selection.takeOneOf(
      {"L2::evict_normal", "L2::evict_first", "L2::evict_last"});
  selection.takeOneOf({"L2::64B", "L2::128B", "L2::256B"});
  return selection.take("L2::cache_hint");
}

Type bitsOf(unsigned width) {
  switch (width) {
  case 1:
    return Type::B8;
  case 2:
    return Type::B16;
  case 4:
    return Type::B32;
  case 8:
    return Type::B64;
  default:
    return Type::B128;
  }
}

void selectLoadOrStore(Selection &selection) {
  bool load = selection.base() != "st";
  Instruction &instruction = selection.instruction;
  Access &access = instruction.access;
  takeSpace(selection, false);
  takeOrder(selection);
  bool hint = takeCacheHints(selection);
  selection.take("unified");
  unsigned count = selection.take("v2") ? 2 : selection.take("v4") ? 4 : 1;
  Type type = selection.takeType();
  if (type == Type::Pred)
    selection.wrongType(type);
  access.elementBytes = byteWidth(type);
  access.elements = count;
  if (access.bytes() > 32)
    selection.unsupported("a vector of more than 32 bytes");
  selection.expectOperands(hint ? 3 : 2);
  takeAddress(selection, selection.operand(load ? 1 : 0));
  noteGranule(selection);
  const OperandSyntax &data = selection.operand(load ? 0 : 1);
  if ((data.kind == OperandSyntax::Kind::Vector) != (count > 1) ||
      (count > 1 && data.elements.size() != count))
    selection.fail("expected " +
                   (count > 1
                        ? "a vector of " + std::to_string(count) + " registers"
                        : std::string("one register")));
  unsigned width = 0;
  for (unsigned i = 0; i < count; ++i) {
    const OperandSyntax &element = count > 1 ? data.elements[i] : data;
    unsigned own = selection.registerWidth(element);
    bool mayBeWider = byteWidth(type) < 8 && !isFloat(type);
    width = std::max(
        width, mayBeWider && own > byteWidth(type) ? own : byteWidth(type));
  }
  for (unsigned i = 0; i < count; ++i) {
    const OperandSyntax &element = count > 1 ? data.elements[i] : data;
    Type as = width == byteWidth(type) ? type : bitsOf(width);
    if (load)
      instruction.destination[i] = selection.destination(element, as);
    else
      (i ? instruction.destination[i] : instruction.source[1]) =
          selection.source(element, as);
  }
  instruction.mode = width;
  if (width != byteWidth(type))
    instruction.convert =
        load ? extension(type, width) : narrowing(type, width);
  else
    instruction.convert = nullptr;
  instruction.handler =
      load ? loadOf(selection, type) : storeOf(selection, type);
}

} // namespace

void minrnn::emulator::addMemoryInstructions(SelectorTable &table) {
  table["ld"] = table["st"] = selectLoadOrStore;
}
