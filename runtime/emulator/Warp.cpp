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
// Meeting points
//===----------------------------------------------------------------------===//

static uint32_t openMeeting(Warp &warp, uint32_t pc, uint32_t expected,
                            uint32_t parent, uint32_t call = noTarget) {
  Meeting meeting{pc, expected, 0, parent, call, true};
  for (uint32_t i = 0; i < warp.meetings.size(); ++i)
    if (!warp.meetings[i].inUse) {
      warp.meetings[i] = meeting;
      return i;
    }
  warp.meetings.push_back(meeting);
  return warp.meetings.size() - 1;
}

static void copyParameters(Warp &warp, const std::vector<ParameterCopy> &copies,
                           uint32_t mask) {
  uint64_t stride = warp.block->context->entry.info.localBytes;
  for (const ParameterCopy &copy : copies)
    for (uint32_t lanes = mask; lanes; lanes &= lanes - 1) {
      std::byte *local = warp.local + stride * std::countr_zero(lanes);
      std::memcpy(local + copy.to, local + copy.from, copy.bytes);
    }
}

/// Closes a meeting everyone came to; the lanes go on as a ready fragment.
static void completeMeeting(Warp &warp, uint32_t index) {
  Meeting &meeting = warp.meetings[index];
  meeting.inUse = false;
  if (!meeting.arrived)
    return;
  if (meeting.call != noTarget)
    copyParameters(warp, warp.block->context->entry.calls[meeting.call].results,
                   meeting.arrived);
  warp.fragments.push_back(
      {meeting.arrived, meeting.pc, meeting.parent, Fragment::State::Ready, 0});
}

/// The running fragment has come to its meeting point.
static void arriveAtMeeting(Warp &warp) {
  Meeting &meeting = warp.meetings[warp.meeting];
  meeting.arrived |= warp.mask;
  if (meeting.arrived == meeting.expected && meeting.call == noTarget) {
    // The common case: the last to come goes on for all.
    warp.mask = meeting.arrived;
    meeting.inUse = false;
    warp.meeting = meeting.parent;
    return;
  }
  if (meeting.arrived == meeting.expected)
    completeMeeting(warp, warp.meeting);
  warp.isRunning = false;
  warp.suspended = true;
}

bool minrnn::emulator::releaseMeetings(Warp &warp) {
  bool released = false;
  for (Meeting &meeting : warp.meetings) {
    if (!meeting.inUse || !meeting.arrived || meeting.call != noTarget)
      continue;
    meeting.expected &= ~meeting.arrived;
    warp.fragments.push_back({meeting.arrived, meeting.pc, meeting.parent,
                              Fragment::State::Ready, 0});
    meeting.arrived = 0;
    released = true;
  }
  return released;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

static void splitOff(Warp &warp, uint32_t mask, uint32_t pc) {
  warp.mask &= ~mask;
  warp.fragments.push_back({mask, pc, warp.meeting, Fragment::State::Ready, 0});
}

/// Opens the meeting point of a divergent branch, unless the running fragment
/// already heads for it, as in a loop that its lanes leave one by one.
static void prepareDivergence(Warp &warp, const Instruction &instruction) {
  ++warp.worker->statistics.divergentBranches;
  if (instruction.reconvergence == noTarget)
    return;
  if (warp.meeting != noMeeting &&
      warp.meetings[warp.meeting].pc == instruction.reconvergence)
    return;
  warp.meeting =
      openMeeting(warp, instruction.reconvergence, warp.mask, warp.meeting);
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

static void executeCall(Warp &warp, const Instruction &instruction,
                        uint32_t mask) {
  if (!mask)
    return;
  const CallSite &call =
      warp.block->context->entry.calls[instruction.immediate];
  copyParameters(warp, call.arguments, mask);
  uint32_t rest = warp.mask & ~mask;
  uint32_t after = warp.pc;
  uint32_t outer = warp.meeting;
  if (rest)
    splitOff(warp, rest, after);
  warp.meeting =
      openMeeting(warp, after, mask, outer, uint32_t(instruction.immediate));
  warp.pc = call.target;
}

/// Ends the running fragment if no lane of it is left.
static void endIfEmpty(Warp &warp) {
  if (warp.mask)
    return;
  warp.isRunning = false;
  warp.suspended = true;
}

static void executeReturn(Warp &warp, const Instruction &, uint32_t mask) {
  if (!mask)
    return;
  uint32_t index = warp.meeting;
  while (warp.meetings[index].call == noTarget) {
    // A meeting point inside the function that these lanes pass by.
    warp.meetings[index].expected &= ~mask;
    uint32_t parent = warp.meetings[index].parent;
    if (warp.meetings[index].expected == warp.meetings[index].arrived)
      completeMeeting(warp, index);
    index = parent;
  }
  warp.meetings[index].arrived |= mask;
  if (warp.meetings[index].arrived == warp.meetings[index].expected)
    completeMeeting(warp, index);
  warp.mask &= ~mask;
  endIfEmpty(warp);
}

static void executeExit(Warp &warp, const Instruction &instruction,
                        uint32_t mask) {
  if (!mask)
    return;
  warp.mask &= ~mask;
  warp.live &= ~mask;
  warp.exitLine = instruction.line;
  for (uint32_t i = 0; i < warp.meetings.size(); ++i) {
    Meeting &meeting = warp.meetings[i];
    if (!meeting.inUse || !(meeting.expected & mask))
      continue;
    meeting.expected &= ~mask;
    if (meeting.expected == meeting.arrived)
      completeMeeting(warp, i);
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
Handler minrnn::emulator::callHandler() { return executeCall; }
Handler minrnn::emulator::returnHandler() { return executeReturn; }
Handler minrnn::emulator::exitHandler() { return executeExit; }
Handler minrnn::emulator::trapHandler() { return executeTrap; }

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

void minrnn::emulator::suspend(Warp &warp, Fragment::State state,
                               uint32_t waitsFor, uint32_t pc) {
  warp.fragments.push_back({warp.mask, pc, warp.meeting, state, waitsFor});
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
      {mask, here, warp.meeting, Fragment::State::AtWarpSync, members});
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
/// of a branch runs to its meeting point before the other; with a seed, any.
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
    warp.meeting = fragments[i].meeting;
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
  Fragment current{warp.mask, warp.pc, warp.meeting, Fragment::State::Ready, 0};
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
      if (instruction.isJoin && warp.meeting != noMeeting &&
          warp.meetings[warp.meeting].pc == warp.pc &&
          warp.meetings[warp.meeting].call == noTarget) {
        arriveAtMeeting(warp);
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
