//===- Instruction.h - A decoded instruction --------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compact form the warps execute: registers are places in a register file,
// types are chosen handlers. Internal to the emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_INSTRUCTION_H
#define MINRNN_RUNTIME_EMULATOR_INSTRUCTION_H

#include "runtime/emulator/Program.h"
#include "runtime/emulator/Syntax.h"

#include <cstddef>

namespace minrnn::emulator {

struct Instruction;
struct Warp;

constexpr unsigned warpSize = 32;
constexpr uint32_t allLanes = ~uint32_t(0);

/// Where an operand lies: a byte offset into the warp's register file, or, with
/// the top bit set, into the entry's constants. A value takes 32 times its
/// width, lane by lane; a predicate is one 32-bit mask.
using Slot = uint32_t;
constexpr Slot constantSlot = uint32_t(1) << 31;
constexpr Slot noSlot = ~uint32_t(0);

constexpr uint32_t noTarget = ~uint32_t(0);

/// Executes an instruction for the lanes of `mask`.
using Handler = void (*)(Warp &warp, const Instruction &instruction,
                         uint32_t mask);

/// What a memory instruction accesses.
struct Access {
  Space space = Space::Global;
  /// An address that says by itself which space it is in.
  bool generic = false;
  /// Address register of 64 bits rather than 32.
  bool wideAddress = true;
  /// Volatile, relaxed, acquire or release.
  bool strong = false;
  bool acquires = false;
  bool releases = false;
  uint8_t elementBytes = 4;
  uint8_t elements = 1;
  uint8_t bytes() const { return elementBytes * elements; }
};

struct Instruction {
  Handler handler = nullptr;
  Slot destination[4] = {noSlot, noSlot, noSlot, noSlot};
  Slot source[4] = {noSlot, noSlot, noSlot, noSlot};
  Slot guard = noSlot;
  bool guardNegated = false;
  /// Bit i: source i is a negated predicate.
  uint8_t negated = 0;
  /// A reconvergence point of a divergent branch.
  bool isJoin = false;
  /// Runs even when no lane is active: control flow.
  bool always = false;
  /// A barrier of the block, for messages.
  bool isBarrier = false;
  /// Special function operations of each thread.
  uint8_t specialFunctions = 0;
  /// A small number whose meaning is the handler's: a rounding mode, a shuffle
  /// mode, the width of a register, ...
  uint8_t mode = 0;
  Access access;
  uint32_t line = 0;
  /// Where a branch goes.
  uint32_t target = noTarget;
  /// Where the lanes of a divergent branch reconverge, if anywhere.
  uint32_t reconvergence = noTarget;
  /// An address offset.
  int64_t immediate = 0;
  /// What an atomic instruction does to memory.
  void (*update)(void *memory, const void *b, const void *c) = nullptr;
};

/// Special registers, each an index or an extent along x, y and z.
enum class SpecialRegister : uint8_t {
  Tid,
  Ntid,
  Ctaid,
  Nctaid,
};

/// The place a special register was given; `axis` is 0 for x.
struct SpecialSlot {
  SpecialRegister which;
  unsigned axis;
  Slot slot;
};

struct EntryImage {
  EntryInfo info;
  std::vector<Instruction> code;
  std::vector<SpecialSlot> specialRegisters;
  uint32_t registerBytes = 0;
  /// Bytes of parameter space.
  uint64_t parameterBytes = 0;
  /// log2 of the narrowest access to shared memory.
  unsigned sharedGranuleLog2 = 4;
  std::vector<std::byte> constants;
};

struct Image {
  std::string text;
  std::string target;
  std::vector<EntryImage> entries;
  /// Of each entry.
  std::vector<EntryInfo> infos;
};

/// Where shared memory appears in the generic address space; global memory lies
/// above it.
constexpr uint64_t sharedWindow = uint64_t(1) << 40;
constexpr uint64_t windowSize = uint64_t(1) << 40;

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_INSTRUCTION_H
