//===- MemoryAccess.h - Loads and stores of a warp --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks and moves the bytes of one warp-level access. Internal to the
// emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_MEMORYACCESS_H
#define MINRNN_RUNTIME_EMULATOR_MEMORYACCESS_H

#include "runtime/emulator/Execution.h"
#include "runtime/emulator/Selection.h"

#include <type_traits>

namespace minrnn::emulator {

//===--- Decoding ---------------------------------------------------------===//

/// Takes the modifiers that loads, stores and atomics share: the state space
/// (none means a generic address), .weak, .volatile, .relaxed, .acquire,
/// .release and the scope.
void takeAccess(Selection &selection, bool isAtomic = false);
/// Takes an address operand; source 0 and the immediate become its base and
/// offset. Call when the access's size is known.
void takeAddress(Selection &selection, const Operand &operand);

//===--- Execution --------------------------------------------------------===//

/// The addresses an instruction's lanes access; of inactive lanes, anything.
void addressesOf(Warp &warp, const Instruction &instruction,
                 uint64_t *addresses);

/// The space an address lies in. Takes the window of a generic one off.
Space spaceOf(const Access &access, uint64_t &address);

/// A checked place in global memory for one lane's access of `bytes` bytes:
/// within an allocation and aligned. `offset` is the place in its arrays.
Allocation &globalPlace(Warp &warp, const Instruction &instruction,
                        unsigned lane, uint64_t address, unsigned bytes,
                        const char *what, uint64_t &offset);
/// As `globalPlace` for shared memory; throws or leaves the offset as it is.
void checkShared(Warp &warp, const Instruction &instruction, unsigned lane,
                 uint64_t offset, unsigned bytes, const char *what);
/// Throws when a byte of shared or global memory that is read was not written.
void checkWritten(Warp &warp, const Instruction &instruction, unsigned lane,
                  const uint8_t *written, unsigned bytes, uint64_t address,
                  Space space);
/// Notes an access to shared memory with the race checker; throws on a race.
void noteShared(Warp &warp, const Instruction &instruction, unsigned lane,
                uint64_t offset, unsigned bytes, SharedRaces::Kind kind,
                bool changes);

/// Loads or stores `instruction.access.bytes()` bytes for each lane of `mask`,
/// lane i at `addresses[i]`; `data` holds 32 x bytes, lane by lane.
void loadLanes(Warp &warp, const Instruction &instruction, uint32_t mask,
               const uint64_t *addresses, std::byte *data);
void storeLanes(Warp &warp, const Instruction &instruction, uint32_t mask,
                const uint64_t *addresses, const std::byte *data);

/// Calls `f` with the size as a constant, so that copies become single moves.
template <typename F> void withSize(unsigned bytes, F f) {
  switch (bytes) {
  case 1:
    return f(std::integral_constant<unsigned, 1>());
  case 2:
    return f(std::integral_constant<unsigned, 2>());
  case 4:
    return f(std::integral_constant<unsigned, 4>());
  case 8:
    return f(std::integral_constant<unsigned, 8>());
  default:
    return f(std::integral_constant<unsigned, 16>());
  }
}

/// Ends the slice of a warp that polls memory, so that others may change it.
inline void notePoll(Warp &warp) {
  if (++warp.polls >= longestPoll && warp.turns)
    warp.turns = 0;
}

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_MEMORYACCESS_H
