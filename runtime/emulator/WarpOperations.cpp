//===- WarpOperations.cpp - Shuffles, votes, barriers, fences -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instructions by which threads exchange data or wait for each other. Section
// "Parallel Synchronization and Communication Instructions" of the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Selection.h"

#include <algorithm>
#include <bit>

using namespace minrnn::emulator;

/// Runs `f(lanes)` for each group of lanes that name the same members, once all
/// live members are there.
template <typename F>
static void forEachGroup(Warp &warp, const Instruction &instruction,
                         uint32_t mask, Slot members, F f) {
  const uint32_t *named = warp.lanes<uint32_t>(members);
  while (mask) {
    uint32_t wanted = named[std::countr_zero(mask)];
    uint32_t group = 0;
    for (uint32_t rest = mask; rest; rest &= rest - 1)
      if (named[std::countr_zero(rest)] == wanted)
        group |= rest & -rest;
    mask &= ~group;
    if (uint32_t together = converge(warp, instruction, group, wanted))
      f(together);
  }
}

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

enum ShuffleMode : uint8_t { Up, Down, Butterfly, Index };

/// The lane that `own` reads from, by the ISA's pseudo-code; `inRange` says
/// whether it lies in the lane's segment. Out of range, a lane reads its own
/// value.
static int shuffleSource(uint8_t mode, int own, uint32_t b, uint32_t c,
                         bool &inRange) {
  int segmentMask = c >> 8 & 31, clamp = c & 31;
  int step = b & 31;
  int first = own & segmentMask;
  int last = first | (clamp & ~segmentMask);
  int from = mode == Up          ? own - step
             : mode == Down      ? own + step
             : mode == Butterfly ? own ^ step
                                 : first | (step & ~segmentMask);
  inRange = mode == Up ? from >= last : from <= last;
  return inRange ? from : own;
}

static void executeShuffle(Warp &warp, const Instruction &instruction,
                           uint32_t mask) {
  forEachGroup(
      warp, instruction, mask, instruction.source[3], [&](uint32_t lanes) {
        const uint32_t *a = warp.lanes<uint32_t>(instruction.source[0]);
        const uint32_t *b = warp.lanes<uint32_t>(instruction.source[1]);
        const uint32_t *c = warp.lanes<uint32_t>(instruction.source[2]);
        uint32_t values[warpSize] = {};
        uint32_t ranges = 0;
        for (uint32_t rest = lanes; rest; rest &= rest - 1) {
          unsigned lane = std::countr_zero(rest);
          bool inRange = false;
          int from =
              shuffleSource(instruction.mode, lane, b[lane], c[lane], inRange);
          if (!(lanes >> from & 1))
            raise(warp, instruction, Fault::Uninitialised, lane,
                  "the shuffle reads from lane " + std::to_string(from) +
                      ", which does not take part in it");
          values[lane] = a[from];
          ranges |= uint32_t(inRange) << lane;
        }
        storeLanes(warp, instruction.destination[0], values, lanes);
        if (instruction.destination[1] != noSlot)
          storePredicate(warp, instruction.destination[1], ranges, lanes);
      });
}

/// `shfl d[|p], a, b, c, membermask`.
void minrnn::emulator::selectShuffle(Selection &selection) {
  int mode = selection.takeOneOf({"up", "down", "bfly", "idx"});
  if (mode < 0 || !selection.take("sync"))
    selection.fail("expected .sync, and .up, .down, .bfly or .idx",
                   Fault::Unsupported);
  selection.take("b32");
  selection.expectOperands(5);
  Instruction &instruction = selection.instruction;
  instruction.mode = mode;
  const Operand &to = selection.statement.operands[0];
  bool isPair = to.kind == Operand::Kind::Pair;
  instruction.destination[0] =
      selection.destination(isPair ? to.elements[0] : to, Type::B32);
  if (isPair)
    instruction.destination[1] =
        selection.destination(to.elements[1], Type::Pred);
  for (unsigned i = 0; i < 4; ++i)
    selection.setSource(i, i + 1, Type::B32);
  instruction.handler = executeShuffle;
}

//===----------------------------------------------------------------------===//
// Votes
//===----------------------------------------------------------------------===//

static void executeBallot(Warp &warp, const Instruction &instruction,
                          uint32_t mask) {
  forEachGroup(warp, instruction, mask, instruction.source[1],
               [&](uint32_t lanes) {
                 uint32_t values[warpSize];
                 std::fill_n(values, warpSize,
                             predicateSource(warp, instruction, 0) & lanes);
                 storeLanes(warp, instruction.destination[0], values, lanes);
               });
}

void minrnn::emulator::selectVote(Selection &selection) {
  if (!selection.take("sync") || !selection.take("ballot"))
    selection.fail("expected .sync.ballot", Fault::Unsupported);
  selection.take("b32");
  selection.expectOperands(3);
  selection.setDestination(0, 0, Type::B32);
  selection.setSource(0, 1, Type::Pred);
  selection.setSource(1, 2, Type::B32);
  selection.instruction.handler = executeBallot;
}

//===----------------------------------------------------------------------===//
// Barriers and fences
//===----------------------------------------------------------------------===//

/// bar.warp.sync: orders the memory accesses of its members.
static void executeWarpSync(Warp &warp, const Instruction &instruction,
                            uint32_t mask) {
  forEachGroup(
      warp, instruction, mask, instruction.source[0], [&](uint32_t lanes) {
        if (!warp.block->context->options.checkRaces)
          return;
        bool whole = (lanes & warp.launched) == warp.launched;
        warp.block->races.warpSync(warp.index, whole ? allLanes : lanes);
      });
}

static void executeBarrier(Warp &warp, const Instruction &instruction,
                           uint32_t mask) {
  // All threads of the warp have to execute it; those that have not come yet
  // may still do so, or exit.
  mask = converge(warp, instruction, mask, allLanes);
  if (!mask)
    return;
  bool complete = warp.block->arrive(warp, instruction, mask);
  // Lanes that came here apart from these wait with them.
  for (Fragment &fragment : warp.fragments)
    if ((fragment.mask & mask) && fragment.pc == warp.pc &&
        fragment.state == Fragment::State::Ready)
      fragment.state = Fragment::State::AtBarrier;
  // Lanes that the instruction's guard holds back go on by themselves.
  uint32_t rest = warp.mask & ~mask;
  warp.mask &= ~rest;
  suspend(warp, Fragment::State::AtBarrier, 0, warp.pc);
  if (rest) {
    warp.mask = rest;
    warp.isRunning = true;
    warp.suspended = false;
  }
  if (complete)
    warp.block->finishBarrier();
}

/// `bar.sync 0`, also written barrier.sync.aligned, and `bar.warp.sync mask`.
void minrnn::emulator::selectBarrier(Selection &selection) {
  Instruction &instruction = selection.instruction;
  bool isWarp = selection.take("warp");
  selection.take("cta");
  bool isAligned = selection.base() == "bar" || selection.take("aligned");
  if (!selection.take("sync") || !isAligned)
    selection.fail("expected .sync.aligned", Fault::Unsupported);
  selection.expectOperands(1);
  if (isWarp) {
    selection.setSource(0, 0, Type::B32);
    instruction.handler = executeWarpSync;
    return;
  }
  const Operand &number = selection.statement.operands[0];
  if (number.kind != Operand::Kind::Integer || number.integer)
    selection.fail("barriers other than 0 are not supported",
                   Fault::Unsupported);
  instruction.isBarrier = true;
  instruction.handler = executeBarrier;
}

static void executeFence(Warp &warp, const Instruction &, uint32_t) {
  if (warp.block->context->options.checkRaces)
    warp.block->races.fence(warp.index);
}

void minrnn::emulator::selectFence(Selection &selection) {
  selection.takeOneOf({"sc", "acq_rel", "acquire", "release"});
  int scope = selection.takeOneOf({"cta", "gpu", "gl", "sys"});
  if (scope < 0)
    selection.fail("expected a scope such as .gpu");
  if (scope > 0)
    selection.decoder.image.info.synchronisesBlocks = true;
  selection.expectOperands(0);
  selection.instruction.handler = executeFence;
}
