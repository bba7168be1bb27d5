//===- Block.cpp - Warps of one block, their turns and barriers -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Execution.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

using namespace minrnn::emulator;

namespace {

/// Instructions a warp executes before the next warp has its turn.
constexpr uint64_t longestSlice = 1 << 16;
/// Instructions without a change of memory before a warp is suspected to wait.
constexpr uint64_t idleSlices = 4 * longestSlice;
/// Instructions within which a waiting loop is seen to repeat itself.
constexpr unsigned longestWaitingLoop = 4096;

/// Registers start as this byte: as f32 a NaN, as a predicate true.
constexpr int registerPoison = 0xFF;
constexpr uint8_t sharedPoison = 0xFB;

Dim3 specialValue(const Block &block, unsigned thread, SpecialRegister which) {
  const LaunchContext &launch = *block.context;
  switch (which) {
  case SpecialRegister::Tid:
    return threadIndex(launch, thread);
  case SpecialRegister::Ntid:
    return launch.block;
  case SpecialRegister::Ctaid:
    return block.index;
  default:
    return launch.grid;
  }
}

/// A hash of all that decides what the warp does next, memory apart.
uint64_t stateHash(const Block &block, const Warp &warp) {
  uint64_t hash = 0xcbf29ce484222325ull;
  auto mix = [&](uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    hash ^= hash >> 29;
  };
  uint32_t bytes = block.context->entry.registerBytes;
  for (uint32_t i = 0; i + 8 <= bytes; i += 8) {
    uint64_t word;
    std::memcpy(&word, warp.base[0] + i, 8);
    mix(word);
  }
  mix(uint64_t(warp.isRunning) << 32 | warp.mask);
  mix(warp.pc);
  for (const Fragment &fragment : warp.fragments) {
    mix(uint64_t(fragment.mask) << 32 | fragment.pc);
    mix(uint64_t(fragment.state));
  }
  return hash;
}

/// Whether the warp comes back to the state it is in now, memory unchanged:
/// then it never leaves it unless memory changes.
bool repeatsItself(Block &block, Warp &warp) {
  uint64_t changes = block.worker->memoryChanges;
  uint64_t hash = stateHash(block, warp);
  uint32_t pc = warp.pc;
  unsigned visits = 0;
  for (unsigned i = 0; i < longestWaitingLoop; ++i) {
    warp.turns = 1;
    warp.polls = 0;
    runWarp(warp);
    if (block.worker->memoryChanges != changes || !hasReadyFragment(warp))
      return false;
    if (!warp.isRunning || warp.pc != pc)
      continue;
    // The state is costly to hash: after 1, 2, 4, ... rounds will do.
    if (std::has_single_bit(++visits) && stateHash(block, warp) == hash)
      return true;
  }
  return false;
}

} // namespace

void Block::start(const LaunchContext &launch, Worker &runner,
                  uint64_t blockNumber) {
  context = &launch;
  worker = &runner;
  number = blockNumber;
  index = {uint32_t(number % launch.grid.x),
           uint32_t(number / launch.grid.x % launch.grid.y),
           uint32_t(number / launch.grid.x / launch.grid.y)};
  threads = launch.block.count();
  unsigned warpCount = (threads + warpSize - 1) / warpSize;
  const EntryImage &entry = launch.entry;
  size_t sharedBytes = entry.info.sharedBytes + launch.dynamicSharedBytes;
  shared.assign(sharedBytes, sharedPoison);
  sharedWritten.assign(sharedBytes, 0);
  if (launch.options.checkRaces)
    races.start(warpCount, sharedBytes, entry.sharedGranuleLog2);
  registers.resize(size_t(entry.registerBytes) * warpCount + 64);
  std::memset(registers.data(), registerPoison, registers.size());
  instructions = 0;
  arrived = 0;
  warps.assign(warpCount, {});
  for (unsigned i = 0; i < warpCount; ++i) {
    Warp &warp = warps[i];
    warp.base[0] = registers.data() + size_t(entry.registerBytes) * i;
    warp.base[1] = const_cast<std::byte *>(entry.constants.data());
    warp.block = this;
    warp.worker = &runner;
    warp.index = i;
    unsigned lanes = std::min(warpSize, threads - i * warpSize);
    warp.launched = warp.live =
        lanes == warpSize ? allLanes : (1u << lanes) - 1;
    warp.fragments.push_back({warp.live, 0, noPoint});
    for (const SpecialSlot &special : entry.specialRegisters)
      for (unsigned lane = 0; lane < warpSize; ++lane) {
        Dim3 value = specialValue(*this, i * warpSize + lane, special.which);
        warp.lanes<uint32_t>(special.slot)[lane] = special.axis == 0 ? value.x
                                                   : special.axis == 1
                                                       ? value.y
                                                       : value.z;
      }
  }
  order.resize(warpCount);
  std::iota(order.begin(), order.end(), 0);
}

Block::Outcome Block::run() {
  const LaunchOptions &options = context->options;
  bool mayRelease = true;
  for (;;) {
    if (options.seed)
      std::shuffle(order.begin(), order.end(), worker->random);
    bool anyLive = false, anyAdvances = false;
    for (unsigned i : order) {
      Warp &warp = warps[i];
      anyLive |= warp.live != 0;
      if (!hasReadyFragment(warp) || warp.repeatsAt == worker->memoryChanges)
        continue;
      uint64_t slice = longestSlice;
      if (options.seed)
        slice = 64 + worker->random() % (longestSlice - 64);
      if (warp.idleSince != worker->memoryChanges) {
        warp.idleSince = worker->memoryChanges;
        warp.idle = 0;
      }
      warp.turns = slice;
      warp.polls = 0;
      warp.repeatsAt = ~uint64_t(0);
      runWarp(warp);
      if (instructions > options.instructionLimit)
        throw Error(Fault::Limit,
                    "a block executed more than " +
                        std::to_string(options.instructionLimit) +
                        " instructions, the launch's limit",
                    0, {}, Error::Place{index, {0, 0, 0}});
      bool suspicious = warp.polls >= longestPoll || warp.idle > idleSlices;
      if (hasReadyFragment(warp) && suspicious &&
          warp.idleSince == worker->memoryChanges &&
          (repeatsItself(*this, warp) || warp.idle > options.idleLimit))
        warp.repeatsAt = worker->memoryChanges;
      else
        anyAdvances = true;
    }
    if (!anyLive)
      return Outcome::Finished;
    if (anyAdvances) {
      mayRelease = true;
      continue;
    }
    if (std::none_of(warps.begin(), warps.end(),
                     [&](const Warp &warp) { return hasReadyFragment(warp); }))
      reportStuck();
    // Every warp waits for memory to change; lanes that wait only for their
    // warp to meet again may be the ones to change it.
    bool released = false;
    if (mayRelease)
      for (Warp &warp : warps)
        if (releasePoints(warp)) {
          warp.repeatsAt = ~uint64_t(0);
          released = true;
        }
    mayRelease = false;
    if (!released)
      return Outcome::Waiting;
  }
}

//===----------------------------------------------------------------------===//
// The barrier
//===----------------------------------------------------------------------===//

bool Block::arrive(Warp &warp, const Instruction &instruction, uint32_t mask) {
  if (warp.live != warp.launched)
    raise(warp, instruction, Fault::Barrier, std::countr_zero(mask),
          "the barrier is reached by " +
              std::to_string(std::popcount(warp.live)) + " of the warp's " +
              std::to_string(std::popcount(warp.launched)) +
              " threads; the others exited at line " +
              std::to_string(warp.exitLine));
  return ++arrived == warps.size();
}

void Block::finishBarrier() {
  arrived = 0;
  if (context->options.checkRaces)
    races.blockBarrier();
  for (Warp &warp : warps)
    for (Fragment &fragment : warp.fragments)
      if (fragment.state == Fragment::State::AtBarrier)
        fragment.state = Fragment::State::Ready;
  ++worker->statistics.barriers;
}

void Block::reportStuck() {
  const auto &code = context->entry.code;
  const Warp *culprit = nullptr;
  const Instruction *at = nullptr;
  uint32_t lanes = 0;
  std::string story;
  auto where = [](const Warp &warp, uint32_t mask) {
    return "warp " + std::to_string(warp.index) + " (" +
           std::to_string(std::popcount(mask)) + " threads)";
  };
  unsigned told = 0;
  bool atBarrier = false;
  for (const Warp &warp : warps) {
    for (const Fragment &fragment : warp.fragments) {
      bool barrier = fragment.state == Fragment::State::AtBarrier;
      const Instruction &instruction =
          code[barrier ? fragment.pc - 1 : fragment.pc];
      bool partial = !barrier;
      if (!culprit || (partial && !lanes)) {
        culprit = &warp;
        at = &instruction;
        lanes = fragment.mask;
        atBarrier = barrier || instruction.isBarrier;
      }
      if (told++ < 8)
        story += "; " + where(warp, fragment.mask) + " waits at line " +
                 std::to_string(instruction.line);
    }
    for (const ReconvergencePoint &point : warp.points)
      if (point.inUse && point.arrived && told++ < 8)
        story += "; " + where(warp, point.arrived) +
                 " waits after the branch, before line " +
                 std::to_string(code[point.pc].line);
    uint32_t exited = warp.launched & ~warp.live;
    if (exited && told++ < 8)
      story += "; " + where(warp, exited) + " exited at line " +
               std::to_string(warp.exitLine);
  }
  if (told > 8)
    story += "; and " + std::to_string(told - 8) + " more";
  raise(*culprit, *at, atBarrier ? Fault::Barrier : Fault::Deadlock,
        std::countr_zero(lanes),
        (atBarrier ? "not all threads reach this barrier"
                   : "not all threads reach this instruction") +
            story);
}
