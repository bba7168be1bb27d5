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
/// Compares 32 lanes of two operands; the result has one bit a lane.
using Compare = uint32_t (*)(const void *a, const void *b);
/// Widens or narrows 32 lanes.
using Convert = void (*)(void *to, const void *from);

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
  /// mode, a boolean operator, ...
  uint8_t mode = 0;
  Access access;
  uint32_t line = 0;
  /// Where a branch goes; the function of a call.
  uint32_t target = noTarget;
  /// Where the lanes of a divergent branch reconverge, if anywhere.
  uint32_t reconvergence = noTarget;
  /// An address offset, a lookup table, ...
  int64_t immediate = 0;
  union {
    Compare compare = nullptr;
    Convert convert;
    void (*operation)(void *destination, const void *a, const void *b);
  };
};

/// Bytes that a call copies between its caller's and its callee's parameters,
/// offsets in a thread's local memory.
struct ParameterCopy {
  uint32_t from = 0, to = 0, bytes = 0;
};

struct CallSite {
  uint32_t target = noTarget;
  std::vector<ParameterCopy> arguments;
  std::vector<ParameterCopy> results;
};

/// A constant that holds the address of a module variable plus `addend`, to be
/// filled in where the module is loaded.
struct Relocation {
  uint32_t offset = 0;
  /// 4 or 8 bytes for each lane.
  uint32_t width = 8;
  uint32_t variable = 0;
  uint64_t addend = 0;
};

/// Special registers that differ between threads, with the place each of them
/// was given. Those that are the same for a whole block follow `LaneId`.
enum class SpecialRegister : uint8_t {
  TidX,
  TidY,
  TidZ,
  LaneId,
  WarpId,
  NumWarps,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneMaskEq,
  LaneMaskLe,
  LaneMaskLt,
  LaneMaskGe,
  LaneMaskGt,
  DynamicSharedSize,
  TotalSharedSize,
  SmId,
  NumSms,
  Zero,
};

struct SpecialSlot {
  SpecialRegister which;
  Slot slot;
};

/// An entry with every function it calls.
struct EntryImage {
  EntryInfo info;
  std::vector<Instruction> code;
  std::vector<CallSite> calls;
  std::vector<SpecialSlot> specialRegisters;
  uint32_t registerBytes = 0;
  /// Bytes of parameter space.
  uint64_t parameterBytes = 0;
  /// log2 of the narrowest access to shared memory.
  unsigned sharedGranuleLog2 = 2;
  std::vector<std::byte> constants;
  std::vector<Relocation> relocations;
};

/// A .global or .const variable of the module.
struct ModuleVariable {
  std::string name;
  Space space = Space::Global;
  uint64_t bytes = 0;
  uint64_t alignment = 1;
  std::vector<std::byte> initial;
  /// Addresses within `initial`.
  std::vector<Relocation> relocations;
};

struct Image {
  std::string text;
  std::string target;
  std::vector<ModuleVariable> variables;
  std::vector<EntryImage> entries;
  std::vector<EntryInfo> infos;
};

/// Where shared, local and parameter memory appear in the generic address
/// space; global memory lies above all of them.
constexpr uint64_t sharedWindow = uint64_t(1) << 40;
constexpr uint64_t localWindow = uint64_t(2) << 40;
constexpr uint64_t parameterWindow = uint64_t(3) << 40;
constexpr uint64_t windowSize = uint64_t(1) << 40;

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_INSTRUCTION_H
