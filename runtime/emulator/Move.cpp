//===- Move.cpp - Moves and address conversions ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mov, with packing and unpacking of vectors, and cvta.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Decoder.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Selection.h"

#include <cstring>

using namespace minrnn::emulator;

namespace {

/// 128 bits as one value.
struct Wide {
  uint64_t low, high;
};

template <typename T>
void executeMove(Warp &warp, const Instruction &instruction, uint32_t mask) {
  storeLanes(warp, instruction.destination[0],
             warp.lanes<T>(instruction.source[0]), mask);
}

void executePredicateMove(Warp &warp, const Instruction &instruction,
                          uint32_t mask) {
  storePredicate(warp, instruction.destination[0],
                 predicateSource(warp, instruction, 0), mask);
}

Handler moveOf(Selection &selection, Type type) {
  switch (byteWidth(type)) {
  case 1:
    return executeMove<uint8_t>;
  case 2:
    return executeMove<uint16_t>;
  case 4:
    return executeMove<uint32_t>;
  case 8:
    return executeMove<uint64_t>;
  case 16:
    return executeMove<Wide>;
  default:
    selection.wrongType(type);
  }
}

/// `mode` elements of `access.elementBytes` bytes make one value.
void executePack(Warp &warp, const Instruction &instruction, uint32_t mask) {
  unsigned bytes = instruction.access.elementBytes;
  unsigned count = instruction.access.elements;
  std::byte *to = warp.lanes<std::byte>(instruction.destination[0]);
  alignas(16) std::byte packed[warpSize * 16];
  for (unsigned element = 0; element < count; ++element) {
    const std::byte *from = warp.lanes<std::byte>(instruction.source[element]);
    for (unsigned i = 0; i < warpSize; ++i)
      std::memcpy(packed + (i * count + element) * bytes, from + i * bytes,
                  bytes);
  }
  for (unsigned i = 0; i < warpSize; ++i)
    if (mask >> i & 1)
      std::memcpy(to + i * count * bytes, packed + i * count * bytes,
                  size_t(count) * bytes);
}

void executeUnpack(Warp &warp, const Instruction &instruction, uint32_t mask) {
  unsigned bytes = instruction.access.elementBytes;
  unsigned count = instruction.access.elements;
  alignas(16) std::byte packed[warpSize * 16];
  std::memcpy(packed, warp.lanes<std::byte>(instruction.source[0]),
              size_t(warpSize) * count * bytes);
  for (unsigned element = 0; element < count; ++element) {
    std::byte *to = warp.lanes<std::byte>(instruction.destination[element]);
    for (unsigned i = 0; i < warpSize; ++i)
      if (mask >> i & 1)
        std::memcpy(to + i * bytes, packed + (i * count + element) * bytes,
                    bytes);
  }
}

Type bitsOf(unsigned bytes) {
  switch (bytes) {
  case 1:
    return Type::B8;
  case 2:
    return Type::B16;
  case 4:
    return Type::B32;
  default:
    return Type::B64;
  }
}

void selectVectorMove(Selection &selection, Type type, bool pack) {
  const OperandSyntax &vector = selection.operand(pack ? 1 : 0);
  unsigned count = vector.elements.size();
  unsigned whole = byteWidth(type);
  if ((count != 2 && count != 4) || whole % count)
    selection.fail("expected a vector of 2 or 4 elements, found " +
                   std::to_string(count));
  Type element = bitsOf(whole / count);
  Instruction &instruction = selection.instruction;
  instruction.access.elementBytes = whole / count;
  instruction.access.elements = count;
  if (pack) {
    instruction.destination[0] = selection.destination(0, type);
    for (unsigned i = 0; i < count; ++i)
      instruction.source[i] = selection.source(vector.elements[i], element);
    instruction.handler = executePack;
    return;
  }
  instruction.source[0] = selection.source(1, type);
  for (unsigned i = 0; i < count; ++i)
    instruction.destination[i] =
        selection.destination(vector.elements[i], element);
  instruction.handler = executeUnpack;
}

void selectMove(Selection &selection) {
  Type type = selection.takeType();
  selection.expectOperands(2);
  Instruction &instruction = selection.instruction;
  if (selection.operand(1).kind == OperandSyntax::Kind::Vector)
    return selectVectorMove(selection, type, true);
  if (selection.operand(0).kind == OperandSyntax::Kind::Vector)
    return selectVectorMove(selection, type, false);
  if (type == Type::Pred) {
    instruction.destination[0] = selection.destination(0, type);
    selection.predicateSource(0, selection.operand(1));
    instruction.handler = executePredicateMove;
    return;
  }
  instruction.destination[0] = selection.destination(0, type);
  instruction.source[0] = selection.source(1, type);
  instruction.handler = moveOf(selection, type);
}

//===----------------------------------------------------------------------===//
// Generic addresses
//===----------------------------------------------------------------------===//

/// Where a space begins in the generic address space. Global and constant
/// addresses are their own generic addresses.
uint64_t windowOf(Selection &selection) {
  switch (selection.takeOneOf({"global", "const", "shared", "shared::cta",
                               "local", "param", "param::entry"})) {
  case 0:
  case 1:
    return 0;
  case 2:
  case 3:
    return sharedWindow;
  case 4:
    return localWindow;
  case 5:
  case 6:
    return parameterWindow;
  default:
    selection.fail("expected a state space such as .global");
  }
}

/// cvta[.to].space: adds or takes away the space's window.
void selectConvertAddress(Selection &selection) {
  bool to = selection.take("to");
  uint64_t window = windowOf(selection);
  Type type = selection.takeType();
  if (byteWidth(type) != 8)
    selection.unsupported("a generic address of 32 bits");
  selection.expectOperands(2);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, type);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.constant(to ? -window : window, 8);
  instruction.handler = lanewise<uint64_t, uint64_t, uint64_t>(
      [](uint64_t a, uint64_t b) { return a + b; });
}

} // namespace

void minrnn::emulator::addMoveInstructions(SelectorTable &table) {
  table["mov"] = selectMove;
  table["cvta"] = selectConvertAddress;
}
