//===- Warp.cpp - Divergence and reconvergence of a warp ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ControlFlow.h"
#include "runtime/emulator/Execution.h"
#include "runtime/emulator/Lexer.h"

#include <algorithm>
#include <bit>
#include <cstring>

using namespace minrnn::emulator;

Dim3 minrnn::emulator::threadIndex(const LaunchContext &context,
                                   unsigned thread) {
  Dim3 block = context.block;
  return {thread % block.x, thread / block.x % block.y,
          thread / block.x / block.y};
}

void minrnn::emulator::raise(const Warp &warp, const Instruction &instruction,
                             Fault fault, unsigned lane,
                             const std::string &message) {
  const LaunchContext &context = *warp.block->context;
  throw Error(fault, message, instruction.line,
              lineOf(context.image.text, instruction.line),
              Error::Place{warp.block->index,
                           threadIndex(context, warp.index * warpSize + lane)});
}

//===----------------------------------------------------------------------===//
// Reconvergence points
//===----------------------------------------------------------------------===//

static uint32_t openPoint(Warp &warp, uint32_t pc, uint32_t expected,
                          uint32_t parent) {
  ReconvergencePoint point{pc, expected, 0, parent, true};
  for (uint32_t i = 0; i < warp.points.size(); ++i)
    if (!warp.points[i].inUse) {
      warp.points[i] = point;
      return i;
    }
  warp.points.push_back(point);
  return warp.points.size() - 1;
}

/// Closes a point that everyone came to; the lanes go on as a ready fragment.
static void completePoint(Warp &warp, uint32_t index) {
  ReconvergencePoint &point = warp.points[index];
  point.inUse = false;
  if (!point.arrived)
    return;
  warp.fragments.push_back({point.arrived, point.pc, point.parent});
}

/// The running fragment has come to its reconvergence point.
static void arriveAtPoint(Warp &warp) {
  ReconvergencePoint &point = warp.points[warp.point];
  point.arrived |= warp.mask;
  if (point.arrived == point.expected) {
    // The common case: the last to come goes on for all.
    warp.mask = point.arrived;
    point.inUse = false;
    warp.point = point.parent;
    return;
  }
  warp.isRunning = false;
  warp.suspended = true;
}

bool minrnn::emulator::releasePoints(Warp &warp) {
  bool released = false;
  for (ReconvergencePoint &point : warp.points) {
    if (!point.inUse || !point.arrived)
      continue;
    point.expected &= ~point.arrived;
    warp.fragments.push_back({point.arrived, point.pc, point.parent});
    point.arrived = 0;
    released = true;
  }
  return released;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

static void splitOff(Warp &warp, uint32_t mask, uint32_t pc) {
  warp.mask &= ~mask;
  warp.fragments.push_back({mask, pc, warp.point});
}

/// Opens the reconvergence point of a divergent branch, unless the running
/// fragment already heads for it, as in a loop that its lanes leave one by one.
static void prepareDivergence(Warp &warp, const Instruction &instruction) {
  ++warp.worker->statistics.divergentBranches;
  if (instruction.reconvergence == noTarget)
    return;
  if (warp.point != noPoint &&
      warp.points[warp.point].pc == instruction.reconvergence)
    return;
  warp.point =
      openPoint(warp, instruction.reconvergence, warp.mask, warp.point);
}

static void executeBranch(Warp &warp, const Instruction &instruction,
                          uint32_t mask) {
  if (mask == warp.mask) {
    warp.pc = instruction.target;
    return;
  }
  if (!mask)
    return;
  prepareDivergence(warp, instruction);
  splitOff(warp, mask, instruction.target);
}

/// Ends the running fragment if no lane of it is left.
static void endIfEmpty(Warp &warp) {
  if (warp.mask)
    return;
  warp.isRunning = false;
  warp.suspended = true;
}

static void executeExit(Warp &warp, const Instruction &instruction,
                        uint32_t mask) {
  if (!mask)
    return;
  warp.mask &= ~mask;
  warp.live &= ~mask;
  warp.exitLine = instruction.line;
  for (uint32_t i = 0; i < warp.points.size(); ++i) {
    ReconvergencePoint &point = warp.points[i];
    if (!point.inUse || !(point.expected & mask))
      continue;
    point.expected &= ~mask;
    if (point.expected == point.arrived)
      completePoint(warp, i);
  }
  // Lanes that wait for these to converge look again.
  for (Fragment &fragment : warp.fragments)
    if (fragment.state == Fragment::State::AtWarpSync)
      fragment.state = Fragment::State::Ready;
  endIfEmpty(warp);
}

static void executeTrap(Warp &warp, const Instruction &instruction,
                        uint32_t mask) {
  if (mask)
    raise(warp, instruction, Fault::Trap, std::countr_zero(mask),
          "the program stopped itself");
}

Handler minrnn::emulator::branchHandler() { return executeBranch; }
Handler minrnn::emulator::exitHandler() { return executeExit; }
Handler minrnn::emulator::trapHandler() { return executeTrap; }

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

void minrnn::emulator::suspend(Warp &warp, Fragment::State state,
                               uint32_t waitsFor, uint32_t pc) {
  warp.fragments.push_back({warp.mask, pc, warp.point, state, waitsFor});
  warp.isRunning = false;
  warp.suspended = true;
}

uint32_t minrnn::emulator::converge(Warp &warp, const Instruction &instruction,
                                    uint32_t mask, uint32_t members) {
  uint32_t outside = mask & ~members;
  if (outside)
    raise(warp, instruction, Fault::Barrier, std::countr_zero(outside),
          "the executing thread is not in the instruction's membermask");
  uint32_t wanted = members & warp.live;
  if ((mask & wanted) == wanted)
    return mask;
  uint32_t here = warp.pc - 1;
  auto waitsHere = [&](const Fragment &fragment) {
    return fragment.state == Fragment::State::AtWarpSync &&
           fragment.pc == here && fragment.waitsFor == members;
  };
  uint32_t together = mask;
  for (const Fragment &fragment : warp.fragments)
    if (waitsHere(fragment))
      together |= fragment.mask;
  if ((together & wanted) == wanted) {
    for (Fragment &fragment : warp.fragments)
      if (waitsHere(fragment)) {
        fragment.state = Fragment::State::Ready;
        ++fragment.pc;
      }
    return together;
  }
  warp.fragments.push_back(
      {mask, here, warp.point, Fragment::State::AtWarpSync, members});
  warp.mask &= ~mask;
  endIfEmpty(warp);
  return 0;
}

bool minrnn::emulator::hasReadyFragment(const Warp &warp) {
  return warp.isRunning ||
         std::any_of(warp.fragments.begin(), warp.fragments.end(),
                     [](const Fragment &fragment) {
                       return fragment.state == Fragment::State::Ready;
                     });
}

/// Makes a ready fragment the running one. The latest first, so that one side
/// of a branch runs to its reconvergence point before the other; with a seed,
/// any.
static bool resume(Warp &warp) {
  auto &fragments = warp.fragments;
  size_t ready = 0;
  for (const Fragment &fragment : fragments)
    ready += fragment.state == Fragment::State::Ready;
  if (!ready)
    return false;
  size_t skip = 0;
  if (ready > 1 && warp.block->context->options.seed)
    skip = warp.worker->random() % ready;
  for (size_t i = fragments.size(); i--;) {
    if (fragments[i].state != Fragment::State::Ready || skip--)
      continue;
    warp.mask = fragments[i].mask;
    warp.pc = fragments[i].pc;
    warp.point = fragments[i].point;
    fragments.erase(fragments.begin() + i);
    warp.isRunning = true;
    return true;
  }
  return false;
}

/// Gives the other ready fragments their turn.
static void rotate(Warp &warp) {
  if (!warp.isRunning ||
      !std::any_of(warp.fragments.begin(), warp.fragments.end(),
                   [](auto &f) { return f.state == Fragment::State::Ready; }))
    return;
  Fragment current{warp.mask, warp.pc, warp.point};
  warp.isRunning = false;
  resume(warp);
  warp.fragments.insert(warp.fragments.begin(), current);
}

static void runFragment(Warp &warp) {
  const Instruction *code = warp.block->context->entry.code.data();
  Statistics &statistics = warp.worker->statistics;
  uint64_t executed = 0, threads = 0;
  auto count = [&] {
    statistics.warpInstructions += executed;
    statistics.threadInstructions += threads;
    warp.block->instructions += executed;
    warp.idle += executed;
  };
  warp.suspended = false;
  unsigned lanes = std::popcount(warp.mask);
  uint32_t counted = warp.mask;
  try {
    while (warp.turns && !warp.suspended) {
      const Instruction &instruction = code[warp.pc];
      if (instruction.isJoin && warp.point != noPoint &&
          warp.points[warp.point].pc == warp.pc) {
        arriveAtPoint(warp);
        continue;
      }
      if (warp.mask != counted) {
        counted = warp.mask;
        lanes = std::popcount(counted);
      }
      uint32_t mask = warp.mask;
      unsigned active = lanes;
      if (instruction.guard != noSlot) {
        mask &= warp.predicate(instruction.guard, instruction.guardNegated);
        active = std::popcount(mask);
      }
      ++warp.pc;
      --warp.turns;
      ++executed;
      threads += active;
      if (instruction.specialFunctions)
        statistics.specialFunctions += instruction.specialFunctions * active;
      if (mask || instruction.always)
        instruction.handler(warp, instruction, mask);
    }
  } catch (...) {
    count();
    throw;
  }
  count();
}

void minrnn::emulator::runWarp(Warp &warp) {
  while (warp.turns) {
    if (!warp.isRunning && !resume(warp))
      return;
    runFragment(warp);
  }
  rotate(warp);
}
