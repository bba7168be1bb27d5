//===- Barriers.cpp - Barriers, fences and control flow -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ControlFlow.h"
#include "runtime/emulator/Decoder.h"
#include "runtime/emulator/Lanewise.h"
#include "runtime/emulator/Selection.h"

#include <bit>

using namespace minrnn::emulator;

namespace minrnn::emulator {
void selectWarpSync(Selection &selection);
} // namespace minrnn::emulator

namespace {

//===----------------------------------------------------------------------===//
// Barriers of the block
//===----------------------------------------------------------------------===//

enum BarrierMode : uint8_t { Sync, Arrive, ReducePopc, ReduceAnd, ReduceOr };
/// Added to the mode: lanes of one warp may come one by one.
constexpr uint8_t unaligned = 8;

/// A value that all lanes have to agree on.
uint32_t uniform(Warp &warp, const Instruction &instruction, Slot slot,
                 uint32_t mask, const char *what) {
  const uint32_t *values = warp.lanes<uint32_t>(slot);
  unsigned first = std::countr_zero(mask);
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    if (values[std::countr_zero(rest)] != values[first])
      raise(warp, instruction, Fault::Barrier, std::countr_zero(rest),
            std::string("the threads of the warp name different ") + what);
  return values[first];
}

void executeBarrier(Warp &warp, const Instruction &instruction, uint32_t mask) {
  bool aligned = !(instruction.mode & unaligned);
  unsigned mode = instruction.mode & ~unaligned;
  if (aligned) {
    // All threads of the warp have to execute it; those that have not come yet
    // may still do so, or exit.
    mask = converge(warp, instruction, mask, allLanes);
    if (!mask)
      return;
  }
  uint32_t number =
      uniform(warp, instruction, instruction.source[0], mask, "barriers");
  if (number > 15)
    raise(warp, instruction, Fault::Barrier, std::countr_zero(mask),
          "expected a barrier from 0 to 15, found " + std::to_string(number));
  uint32_t threads = 0;
  if (instruction.source[1] != noSlot) {
    threads = uniform(warp, instruction, instruction.source[1], mask,
                      "numbers of threads");
    if (!threads || threads % warpSize)
      raise(warp, instruction, Fault::Barrier, std::countr_zero(mask),
            "expected a number of threads that is a multiple of 32, found " +
                std::to_string(threads));
  }
  uint32_t predicate = 0;
  if (instruction.source[2] != noSlot)
    predicate = predicateSource(warp, instruction, 2);
  Block &block = *warp.block;
  bool complete =
      block.arrive(warp, instruction, number, threads, mask, predicate);
  if (mode != Arrive) {
    // Lanes that the instruction's guard holds back go on by themselves.
    uint32_t rest = warp.mask & ~mask;
    warp.mask &= ~rest;
    uint32_t after = warp.pc;
    // Lanes that came here apart from these wait with them.
    for (Fragment &fragment : warp.fragments)
      if ((fragment.mask & mask) && fragment.pc == after &&
          fragment.state == Fragment::State::Ready) {
        fragment.state = Fragment::State::AtBarrier;
        fragment.waitsFor = number;
      }
    suspend(warp, Fragment::State::AtBarrier, number, after);
    if (rest) {
      warp.mask = rest;
      warp.isRunning = true;
      warp.suspended = false;
    }
  }
  if (complete)
    block.finishBarrier(number);
}

void selectBarrier(Selection &selection) {
  Instruction &instruction = selection.instruction;
  if (selection.take("warp")) {
    if (!selection.take("sync"))
      selection.fail("expected .sync");
    return selectWarpSync(selection);
  }
  bool isBar = selection.base() == "bar";
  selection.take("cta");
  int mode = selection.takeOneOf({"sync", "arrive", "red"});
  if (mode < 0)
    selection.fail("expected .sync, .arrive or .red");
  bool aligned = selection.take("aligned") || isBar;
  size_t next = 0;
  if (mode == 2) {
    int operation = selection.takeOneOf({"popc", "and", "or"});
    if (operation < 0)
      selection.fail("expected .popc, .and or .or");
    mode = ReducePopc + operation;
    Type type = selection.takeType();
    if ((mode == ReducePopc) != (type == Type::U32))
      selection.wrongType(type);
    selection.expectOperands(3, 4);
    instruction.destination[0] = selection.destination(next++, type);
  } else {
    selection.expectOperands(mode == Arrive ? 2 : 1, 2);
  }
  instruction.source[0] = selection.source(next++, Type::B32);
  size_t last = selection.operandCount() - (mode >= ReducePopc);
  if (next < last)
    instruction.source[1] = selection.source(next++, Type::B32);
  if (mode >= ReducePopc)
    selection.predicateSource(2, selection.operand(next));
  instruction.mode = mode | (aligned ? 0 : unaligned);
  instruction.isBarrier = true;
  instruction.handler = executeBarrier;
}

//===----------------------------------------------------------------------===//
// Fences
//===----------------------------------------------------------------------===//

void executeFence(Warp &warp, const Instruction &, uint32_t) {
  if (warp.block->context->options.checkRaces)
    warp.block->races.fence(warp.index);
}

void selectFence(Selection &selection) {
  selection.takeOneOf({"sc", "acq_rel", "acquire", "release"});
  int scope = selection.takeOneOf({"cta", "cluster", "gpu", "gl", "sys"});
  if (scope < 0)
    selection.fail("expected a scope such as .gpu");
  if (scope > 0)
    selection.decoder.image.info.synchronisesBlocks = true;
  selection.expectOperands(0);
  selection.instruction.handler = executeFence;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void selectBranch(Selection &selection) {
  selection.take("uni");
  selection.expectOperands(1);
  Instruction &instruction = selection.instruction;
  instruction.target = selection.decoder.label(
      selection.operand(0).name, selection.scope(), selection.line());
  instruction.always = true;
  instruction.handler = branchHandler();
}

void selectCall(Selection &selection) {
  selection.take("uni");
  selection.expectOperands(1, 3);
  auto isList = [&](size_t i) {
    return i < selection.operandCount() &&
           selection.operand(i).kind == OperandSyntax::Kind::List;
  };
  auto symbols = [&](const OperandSyntax &list) {
    std::vector<Symbol> result;
    for (const OperandSyntax &element : list.elements) {
      auto symbol = selection.symbol(element);
      if (element.kind != OperandSyntax::Kind::Name || !symbol ||
          symbol->kind != Symbol::Kind::Local)
        selection.unsupported("an argument of a call that is no .param");
      result.push_back(*symbol);
    }
    return result;
  };
  size_t next = 0;
  std::vector<Symbol> results, arguments;
  if (isList(next))
    results = symbols(selection.operand(next++));
  const OperandSyntax &callee = selection.operand(next++);
  if (isList(next))
    arguments = symbols(selection.operand(next++));
  if (next != selection.operandCount() ||
      callee.kind != OperandSyntax::Kind::Name || callee.name[0] == '%')
    selection.unsupported("a call through a pointer");
  selection.instruction.immediate =
      selection.decoder.call(callee.name, results, arguments, selection.line());
  selection.instruction.handler = callHandler();
}

void selectReturn(Selection &selection) {
  selection.take("uni");
  selection.expectOperands(0);
  selection.instruction.always = true;
  selection.instruction.handler =
      selection.decoder.inEntry() ? exitHandler() : returnHandler();
}

void selectExit(Selection &selection) {
  selection.expectOperands(0);
  selection.instruction.always = true;
  selection.instruction.handler = exitHandler();
}

void selectTrap(Selection &selection) {
  selection.expectOperands(0);
  selection.instruction.handler = trapHandler();
}

} // namespace

void minrnn::emulator::storeBarrierReduction(Warp &warp,
                                             const Instruction &instruction,
                                             uint32_t mask,
                                             const Barrier &barrier) {
  switch (instruction.mode & ~unaligned) {
  case ReducePopc: {
    uint32_t values[warpSize];
    std::fill_n(values, warpSize, barrier.count);
    storeLanes(warp, instruction.destination[0], values, mask);
    return;
  }
  case ReduceAnd:
    return storePredicate(warp, instruction.destination[0],
                          barrier.all ? allLanes : 0, mask);
  case ReduceOr:
    return storePredicate(warp, instruction.destination[0],
                          barrier.any ? allLanes : 0, mask);
  default:
    return;
  }
}

void minrnn::emulator::addBarrierInstructions(SelectorTable &table) {
  table["bar"] = table["barrier"] = selectBarrier;
  table["fence"] = table["membar"] = selectFence;
  table["bra"] = selectBranch;
  table["call"] = selectCall;
  table["ret"] = selectReturn;
  table["exit"] = selectExit;
  table["trap"] = selectTrap;
}
