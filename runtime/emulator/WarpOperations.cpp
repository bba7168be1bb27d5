//===- WarpOperations.cpp - Shuffles, votes and the like ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instructions by which the lanes of a warp exchange data. Section "Parallel
// Synchronization and Communication Instructions" of the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Selection.h"

#include <algorithm>
#include <bit>

using namespace minrnn::emulator;

namespace {

/// Runs `f(lanes, members)` for each group of lanes that name the same members,
/// once all live members are there.
template <typename F>
void forEachGroup(Warp &warp, const Instruction &instruction, uint32_t mask,
                  Slot members, F f) {
  const uint32_t *named = warp.lanes<uint32_t>(members);
  while (mask) {
    uint32_t wanted = named[std::countr_zero(mask)];
    uint32_t group = 0;
    for (uint32_t rest = mask; rest; rest &= rest - 1)
      if (named[std::countr_zero(rest)] == wanted)
        group |= rest & -rest;
    mask &= ~group;
    if (uint32_t together = converge(warp, instruction, group, wanted))
      f(together, wanted);
  }
}

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

enum ShuffleMode : uint8_t { Up, Down, Butterfly, Index };

/// The lane `lane` reads from, by the ISA's pseudo-code; `inRange` says whether
/// it lies in the lane's segment. Out of range, a lane reads its own value.
unsigned shuffleSource(uint8_t mode, unsigned lane, uint32_t b, uint32_t c,
                       bool &inRange) {
  int segmentMask = c >> 8 & 31, clamp = c & 31, own = lane;
  int step = b & 31;
  int last = (own & segmentMask) | (clamp & ~segmentMask);
  int first = own & segmentMask;
  int from = 0;
  switch (mode) {
  case Up:
    from = own - step;
    inRange = from >= last;
    break;
  case Down:
    from = own + step;
    inRange = from <= last;
    break;
  case Butterfly:
    from = own ^ step;
    inRange = from <= last;
    break;
  default:
    from = first | (step & ~segmentMask);
    inRange = from <= last;
  }
  return inRange ? from : own;
}

void executeShuffle(Warp &warp, const Instruction &instruction, uint32_t mask) {
  forEachGroup(
      warp, instruction, mask, instruction.source[3],
      [&](uint32_t lanes, uint32_t) {
        const uint32_t *a = warp.lanes<uint32_t>(instruction.source[0]);
        const uint32_t *b = warp.lanes<uint32_t>(instruction.source[1]);
        const uint32_t *c = warp.lanes<uint32_t>(instruction.source[2]);
        uint32_t values[warpSize] = {};
        uint32_t ranges = 0;
        for (uint32_t rest = lanes; rest; rest &= rest - 1) {
          unsigned lane = std::countr_zero(rest);
          bool inRange = false;
          unsigned from =
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

void selectShuffle(Selection &selection) {
  if (!selection.take("sync"))
    selection.unsupported("'shfl' without .sync");
  int mode = selection.takeOneOf({"up", "down", "bfly", "idx"});
  if (mode < 0)
    selection.fail("expected .up, .down, .bfly or .idx");
  selection.take("b32");
  selection.expectOperands(5);
  Instruction &instruction = selection.instruction;
  instruction.mode = mode;
  const OperandSyntax &to = selection.operand(0);
  if (to.kind == OperandSyntax::Kind::Pair) {
    instruction.destination[0] =
        selection.destination(to.elements[0], Type::B32);
    instruction.destination[1] =
        selection.destination(to.elements[1], Type::Pred);
  } else {
    instruction.destination[0] = selection.destination(to, Type::B32);
  }
  for (unsigned i = 0; i < 4; ++i)
    instruction.source[i] = selection.source(i + 1, Type::B32);
  instruction.handler = executeShuffle;
}

//===----------------------------------------------------------------------===//
// Votes
//===----------------------------------------------------------------------===//

enum VoteMode : uint8_t { All, Any, Uniform, Ballot };

void executeVote(Warp &warp, const Instruction &instruction, uint32_t mask) {
  forEachGroup(warp, instruction, mask, instruction.source[1],
               [&](uint32_t lanes, uint32_t) {
                 uint32_t votes = predicateSource(warp, instruction, 0) & lanes;
                 if (instruction.mode == Ballot) {
                   uint32_t values[warpSize];
                   std::fill_n(values, warpSize, votes);
                   storeLanes(warp, instruction.destination[0], values, lanes);
                   return;
                 }
                 bool all = votes == lanes, any = votes != 0;
                 bool result = instruction.mode == All   ? all
                               : instruction.mode == Any ? any
                                                         : all || !any;
                 storePredicate(warp, instruction.destination[0],
                                result ? allLanes : 0, lanes);
               });
}

void selectVote(Selection &selection) {
  if (!selection.take("sync"))
    selection.unsupported("'vote' without .sync");
  int mode = selection.takeOneOf({"all", "any", "uni", "ballot"});
  if (mode < 0)
    selection.fail("expected .all, .any, .uni or .ballot");
  Type type = selection.takeType();
  if ((mode == Ballot) != (type == Type::B32))
    selection.wrongType(type);
  selection.expectOperands(3);
  Instruction &instruction = selection.instruction;
  instruction.mode = mode;
  instruction.destination[0] = selection.destination(0, type);
  selection.predicateSource(0, selection.operand(1));
  instruction.source[1] = selection.source(2, Type::B32);
  instruction.handler = executeVote;
}

/// bar.warp.sync: orders the memory accesses of its members.
void executeWarpSync(Warp &warp, const Instruction &instruction,
                     uint32_t mask) {
  forEachGroup(warp, instruction, mask, instruction.source[0],
               [&](uint32_t lanes, uint32_t) {
                 if (!warp.block->context->options.checkRaces)
                   return;
                 bool whole = (lanes & warp.launched) == warp.launched;
                 warp.block->races.warpSync(warp.index,
                                            whole ? allLanes : lanes);
               });
}

} // namespace

namespace minrnn::emulator {
/// bar.warp.sync shares its base name with the barriers of the block.
void selectWarpSync(Selection &selection) {
  selection.expectOperands(1);
  selection.instruction.source[0] = selection.source(size_t(0), Type::B32);
  selection.instruction.handler = executeWarpSync;
}
} // namespace minrnn::emulator

void minrnn::emulator::addWarpInstructions(SelectorTable &table) {
  table["shfl"] = selectShuffle;
  table["vote"] = selectVote;
}
