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
// Votes and matches
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

/// match.any: the lanes with this lane's value; match.all: all members if they
/// all have it, and whether so.
template <typename T>
void executeMatch(Warp &warp, const Instruction &instruction, uint32_t mask) {
  forEachGroup(warp, instruction, mask, instruction.source[1],
               [&](uint32_t lanes, uint32_t) {
                 const T *a = warp.lanes<T>(instruction.source[0]);
                 uint32_t values[warpSize] = {};
                 bool all = true;
                 for (unsigned i = 0; i < warpSize; ++i)
                   for (unsigned j = 0; j < warpSize; ++j)
                     if ((lanes >> i & 1) && (lanes >> j & 1)) {
                       values[i] |= uint32_t(a[i] == a[j]) << j;
                       all &= a[i] == a[j];
                     }
                 if (instruction.mode) {
                   std::fill_n(values, warpSize, all ? lanes : 0);
                   if (instruction.destination[1] != noSlot)
                     storePredicate(warp, instruction.destination[1],
                                    all ? allLanes : 0, lanes);
                 }
                 storeLanes(warp, instruction.destination[0], values, lanes);
               });
}

void selectMatch(Selection &selection) {
  bool all = selection.take("all");
  if (!all && !selection.take("any"))
    selection.fail("expected .any or .all");
  if (!selection.take("sync"))
    selection.fail("expected .sync");
  Type type = selection.takeType();
  selection.expectOperands(3);
  Instruction &instruction = selection.instruction;
  const OperandSyntax &to = selection.operand(0);
  if (to.kind == OperandSyntax::Kind::Pair) {
    instruction.destination[0] =
        selection.destination(to.elements[0], Type::B32);
    instruction.destination[1] =
        selection.destination(to.elements[1], Type::Pred);
  } else {
    instruction.destination[0] = selection.destination(to, Type::B32);
  }
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, Type::B32);
  instruction.mode = all;
  if (type != Type::B32 && type != Type::B64)
    selection.wrongType(type);
  instruction.handler =
      type == Type::B32 ? executeMatch<uint32_t> : executeMatch<uint64_t>;
}

void executeActiveMask(Warp &warp, const Instruction &instruction,
                       uint32_t mask) {
  uint32_t values[warpSize];
  std::fill_n(values, warpSize, mask);
  storeLanes(warp, instruction.destination[0], values, mask);
}

void selectActiveMask(Selection &selection) {
  selection.take("b32");
  selection.expectOperands(1);
  selection.instruction.destination[0] =
      selection.destination(size_t(0), Type::B32);
  selection.instruction.handler = executeActiveMask;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

template <typename T, typename F>
void executeReduction(Warp &warp, const Instruction &instruction,
                      uint32_t mask) {
  forEachGroup(warp, instruction, mask, instruction.source[1],
               [&](uint32_t lanes, uint32_t) {
                 const T *a = warp.lanes<T>(instruction.source[0]);
                 T result = a[std::countr_zero(lanes)];
                 for (uint32_t rest = lanes & (lanes - 1); rest;
                      rest &= rest - 1)
                   result = F{}(result, a[std::countr_zero(rest)]);
                 T values[warpSize];
                 std::fill_n(values, warpSize, result);
                 storeLanes(warp, instruction.destination[0], values, lanes);
               });
}

template <typename T, typename F> Handler reduction(F) {
  return executeReduction<T, F>;
}

void selectReduction(Selection &selection) {
  if (!selection.take("sync"))
    selection.fail("expected .sync");
  int operation =
      selection.takeOneOf({"add", "min", "max", "and", "or", "xor"});
  Type type = selection.takeType();
  selection.expectOperands(3);
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(0, type);
  instruction.source[0] = selection.source(1, type);
  instruction.source[1] = selection.source(2, Type::B32);
  if (byteWidth(type) != 4 || isFloat(type))
    selection.wrongType(type);
  auto choose = [&](auto zero) {
    using T = decltype(zero);
    switch (operation) {
    case 0:
      return reduction<T>(
          [](T a, T b) { return T(uint32_t(a) + uint32_t(b)); });
    case 1:
      return reduction<T>([](T a, T b) { return std::min(a, b); });
    case 2:
      return reduction<T>([](T a, T b) { return std::max(a, b); });
    case 3:
      return reduction<T>([](T a, T b) { return T(a & b); });
    case 4:
      return reduction<T>([](T a, T b) { return T(a | b); });
    case 5:
      return reduction<T>([](T a, T b) { return T(a ^ b); });
    default:
      selection.fail("expected an operation such as .add");
    }
  };
  instruction.handler = isSigned(type) ? choose(int32_t()) : choose(uint32_t());
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

/// elect.sync: the lowest lane is the leader.
void executeElect(Warp &warp, const Instruction &instruction, uint32_t mask) {
  forEachGroup(
      warp, instruction, mask, instruction.source[0],
      [&](uint32_t lanes, uint32_t) {
        uint32_t values[warpSize];
        std::fill_n(values, warpSize, uint32_t(std::countr_zero(lanes)));
        storeLanes(warp, instruction.destination[0], values, lanes);
        storePredicate(warp, instruction.destination[1], lanes & -lanes, lanes);
      });
}

void selectElect(Selection &selection) {
  if (!selection.take("sync"))
    selection.fail("expected .sync");
  selection.expectOperands(2);
  const OperandSyntax &to = selection.operand(0);
  if (to.kind != OperandSyntax::Kind::Pair)
    selection.fail("expected a pair of registers, d|p");
  Instruction &instruction = selection.instruction;
  instruction.destination[0] = selection.destination(to.elements[0], Type::B32);
  instruction.destination[1] =
      selection.destination(to.elements[1], Type::Pred);
  instruction.source[0] = selection.source(1, Type::B32);
  instruction.handler = executeElect;
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
  table["match"] = selectMatch;
  table["activemask"] = selectActiveMask;
  table["redux"] = selectReduction;
  table["elect"] = selectElect;
}
