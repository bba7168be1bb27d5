//===- Statistics.h - What a launch moved and executed ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_STATISTICS_H
#define MINRNN_RUNTIME_EMULATOR_STATISTICS_H

#include <cstdint>

namespace minrnn::emulator {

/// Global memory traffic in one direction. A sector is 32 bytes, the unit in
/// which the memory system of an NVIDIA GPU moves data.
struct Traffic {
  /// Warp-level instructions that accessed global memory.
  uint64_t requests = 0;
  /// Bytes the threads asked for, each thread's counted.
  uint64_t bytesRequested = 0;
  /// Distinct sectors of each warp-level instruction, summed: no cache is
  /// modelled between one instruction and the next.
  uint64_t sectors = 0;
  /// Distinct bytes touched in the whole launch: what a perfect kernel that
  /// touches the same data would move.
  uint64_t bytesNeeded = 0;

  uint64_t bytesMoved() const { return sectors * 32; }
  bool operator==(const Traffic &) const = default;
};

/// Counts of one launch; sums of several with `+=`, except that `bytesNeeded`
/// then counts a byte once for each launch that touched it.
struct Statistics {
  Traffic globalLoads, globalStores;
  /// Thread-level atomic operations on global memory; their traffic is not in
  /// `globalLoads` or `globalStores`.
  uint64_t globalAtomics = 0;
  /// Warp-level instructions that accessed shared memory, atomics included.
  uint64_t sharedRequests = 0;
  /// Extra wavefronts: passes over the 32 banks beyond the ones that a
  /// conflict-free access of the same width needs.
  uint64_t sharedBankConflicts = 0;
  /// Thread-level operations of the special function unit: ex2, lg2 and rcp in
  /// their approximate forms.
  uint64_t specialFunctions = 0;
  uint64_t warpInstructions = 0;
  uint64_t threadInstructions = 0;
  /// Branches whose warp went both ways.
  uint64_t divergentBranches = 0;
  /// Block-level barriers completed.
  uint64_t barriers = 0;
  uint64_t blocks = 0;
  uint64_t threads = 0;

  Statistics &operator+=(const Statistics &other);
  bool operator==(const Statistics &) const = default;
};

/// Distinct 32-byte sectors that a warp's access touches: lane i, when bit i
/// of `mask` is set, touches `bytes` bytes at `addresses[i]`, which is a
/// multiple of `bytes`, and `bytes` is at most 32.
unsigned countSectors(const uint64_t *addresses, uint32_t mask, unsigned bytes);

/// Extra wavefronts of a warp's access to shared memory, 32 banks of 4 bytes.
/// Accesses of 8 bytes go in two halves of the warp, of 16 bytes in four
/// quarters; within one, lanes that read the same word share it.
unsigned countBankConflicts(const uint64_t *addresses, uint32_t mask,
                            unsigned bytes);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_STATISTICS_H
