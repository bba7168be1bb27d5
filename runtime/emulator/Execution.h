//===- Execution.h - The state of blocks and warps that run -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the emulator.
//
// A warp's threads run in fragments: sets of lanes that share a program
// counter. A divergent branch splits the running fragment and opens a
// reconvergence point at the branch's immediate post-dominator; a fragment that
// gets there parks until all lanes that the reconvergence point expects have
// come or exited. Fragments otherwise run independently, so lanes may wait for
// each other.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_EXECUTION_H
#define MINRNN_RUNTIME_EMULATOR_EXECUTION_H

#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/Launch.h"
#include "runtime/emulator/SharedRaces.h"

#include <atomic>
#include <memory>
#include <random>

namespace minrnn::emulator {

struct Block;
struct Worker;

/// What all blocks of a launch share.
struct LaunchContext {
  const Image &image;
  const EntryImage &entry;
  Memory &memory;
  const LaunchOptions &options;
  Dim3 grid;
  Dim3 block;
  uint64_t dynamicSharedBytes = 0;
  std::vector<std::byte> parameters;
};

constexpr uint32_t noPoint = ~uint32_t(0);

/// Where lanes that diverged reconverge.
struct ReconvergencePoint {
  uint32_t pc = 0;
  uint32_t expected = 0;
  uint32_t arrived = 0;
  uint32_t parent = noPoint;
  bool inUse = false;
};

struct Fragment {
  enum class State { Ready, AtBarrier, AtWarpSync };
  uint32_t mask = 0;
  uint32_t pc = 0;
  /// The reconvergence point that it runs to.
  uint32_t point = noPoint;
  State state = State::Ready;
  /// AtWarpSync: the lanes it waits for.
  uint32_t waitsFor = 0;
};

struct Warp {
  /// The register file and the constants, in the order of Slot's top bit.
  std::byte *base[2] = {nullptr, nullptr};
  Block *block = nullptr;
  Worker *worker = nullptr;
  unsigned index = 0;

  // The fragment that runs.
  uint32_t mask = 0;
  uint32_t pc = 0;
  uint32_t point = noPoint;
  /// Set by a handler when the fragment cannot go on or is gone.
  bool suspended = false;
  bool isRunning = false;

  uint32_t launched = 0;
  uint32_t live = 0;
  /// Where lanes last exited, for messages.
  uint32_t exitLine = 0;
  std::vector<Fragment> fragments;
  std::vector<ReconvergencePoint> points;

  /// Turns remaining in this slice; a polling loop ends it early.
  uint64_t turns = 0;
  unsigned polls = 0;
  /// The worker's count of memory changes when this warp was last seen to
  /// repeat its state; it waits for memory to change.
  uint64_t repeatsAt = ~uint64_t(0);
  /// Instructions executed since memory last changed.
  uint64_t idle = 0;
  uint64_t idleSince = 0;

  template <typename T> T *lanes(Slot slot) {
    return reinterpret_cast<T *>(base[slot >> 31] + (slot & ~constantSlot));
  }
  uint32_t &predicate(Slot slot) { return *lanes<uint32_t>(slot); }
  uint32_t predicate(Slot slot, bool negated) {
    return *lanes<uint32_t>(slot) ^ (negated ? allLanes : 0);
  }
};

/// Ordered loads and atomics of one slice after which the slice ends: the warp
/// probably waits for another.
constexpr unsigned longestPoll = 32;

struct Block {
  const LaunchContext *context = nullptr;
  Worker *worker = nullptr;
  Dim3 index;
  uint64_t number = 0;
  unsigned threads = 0;
  std::vector<std::byte> registers;
  std::vector<uint8_t> shared;
  std::vector<uint8_t> sharedWritten;
  SharedRaces races;
  std::vector<Warp> warps;
  std::vector<unsigned> order;
  /// The warps that wait at the barrier.
  unsigned arrived = 0;
  uint64_t instructions = 0;

  /// Makes this the block number `number` of the grid, at its start.
  void start(const LaunchContext &launch, Worker &runner, uint64_t blockNumber);

  enum class Outcome { Finished, Waiting };
  /// Runs until every thread exited, or until only other blocks can help.
  Outcome run();

  /// The lanes of `mask`, all that live of the warp, arrive at the barrier.
  /// Returns whether all threads are there now; the caller then finishes it.
  bool arrive(Warp &warp, const Instruction &instruction, uint32_t mask);
  /// Frees the threads that wait at the barrier.
  void finishBarrier();
  /// Nobody can run: says who waits where.
  [[noreturn]] void reportStuck();
};

/// One host thread's share of a launch.
struct Worker {
  explicit Worker(uint64_t seed) : random(seed) {}

  Statistics statistics;
  /// Stores and atomics that changed memory.
  uint64_t memoryChanges = 0;
  std::mt19937_64 random;
  /// The allocation each memory instruction last accessed.
  std::vector<Allocation *> lastAllocation;
};

/// Runs the warp's ready fragments until none is or its slice is over.
void runWarp(Warp &warp);
/// Whether some fragment can run.
bool hasReadyFragment(const Warp &warp);
/// Frees the lanes that wait at reconvergence points, which are a convenience,
/// when the rest of the warp waits for something that those lanes may do.
bool releasePoints(Warp &warp);

/// Sets the running fragment aside in the given state.
void suspend(Warp &warp, Fragment::State state, uint32_t waitsFor, uint32_t pc);
/// For an instruction with a membermask: the lanes that execute it now. All
/// live lanes of `members` have to meet at it; until they have, those of `mask`
/// are set aside, and the result is 0.
uint32_t converge(Warp &warp, const Instruction &instruction, uint32_t mask,
                  uint32_t members);

/// Throws an `Error` about one lane (or the first of a mask) of a warp.
[[noreturn]] void raise(const Warp &warp, const Instruction &instruction,
                        Fault fault, unsigned lane, const std::string &message);
/// The thread's index in the block.
Dim3 threadIndex(const LaunchContext &context, unsigned thread);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_EXECUTION_H
