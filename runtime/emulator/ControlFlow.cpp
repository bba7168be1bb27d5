//===- ControlFlow.cpp - Where lanes reconverge ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ControlFlow.h"

#include "runtime/emulator/Selection.h"

#include <algorithm>
#include <vector>

using namespace minrnn::emulator;

namespace {

/// Basic blocks of an entry; the last one is a virtual exit.
class Graph {
public:
  /// Lanes that leave early do not hinder the others, so at first
  /// only the last exit counts as one; what cannot reach it needs them all.
  Graph(EntryImage &entry, bool everyExit)
      : entry(entry), end(entry.code.size()), everyExit(everyExit),
        blockOf(end) {
    split();
    connect();
  }

  void markReconvergence() {
    std::vector<uint32_t> dominators = postDominators();
    for (uint32_t block = 0; block + 1 < starts.size(); ++block) {
      Instruction &last = entry.code[lastOf(block)];
      if (!isBranch(last) || last.reconvergence != noTarget ||
          successors[block].size() < 2)
        continue;
      uint32_t point = dominators[block];
      if (point == none || point == exit())
        continue;
      Instruction &first = entry.code[starts[point]];
      if (ends(first) && first.guard == noSlot)
        continue; // Nothing to do together there.
      last.reconvergence = starts[point];
      first.isJoin = true;
    }
  }

private:
  static constexpr uint32_t none = ~uint32_t(0);

  uint32_t exit() const { return starts.size() - 1; }
  uint32_t lastOf(uint32_t block) const { return starts[block + 1] - 1; }

  static bool isBranch(const Instruction &instruction) {
    return instruction.handler == branchHandler();
  }

  static bool ends(const Instruction &instruction) {
    return instruction.handler == exitHandler() ||
           instruction.handler == trapHandler();
  }

  void split() {
    std::vector<bool> leads(end + 1, false);
    leads[0] = leads[end] = true;
    for (uint32_t pc = 0; pc < end; ++pc) {
      const Instruction &instruction = entry.code[pc];
      if (isBranch(instruction) || ends(instruction))
        leads[pc + 1] = true;
      if (isBranch(instruction))
        leads[instruction.target] = true;
    }
    for (uint32_t pc = 0; pc <= end; ++pc) {
      if (leads[pc])
        starts.push_back(pc);
      if (pc < end)
        blockOf[pc] = starts.size() - 1;
    }
  }

  void connect() {
    successors.resize(starts.size());
    predecessors.resize(starts.size());
    for (uint32_t block = 0; block < exit(); ++block) {
      const Instruction &last = entry.code[lastOf(block)];
      auto &next = successors[block];
      if (isBranch(last))
        next.push_back(blockOf[last.target]);
      bool always = last.guard == noSlot && (isBranch(last) || ends(last));
      if (!always)
        next.push_back(block + 1);
      if (ends(last) && (everyExit || block + 1 == exit()))
        next.push_back(exit());
      std::sort(next.begin(), next.end());
      next.erase(std::unique(next.begin(), next.end()), next.end());
      for (uint32_t successor : next)
        predecessors[successor].push_back(block);
    }
  }

  /// Blocks from which the exit can be reached, it first, each after all those
  /// that it leads to, loops apart.
  std::vector<uint32_t> reversePostOrder() const {
    std::vector<uint32_t> order;
    std::vector<size_t> position(starts.size(), 0);
    std::vector<bool> seen(starts.size(), false);
    std::vector<uint32_t> stack{exit()};
    seen[exit()] = true;
    while (!stack.empty()) {
      uint32_t block = stack.back();
      if (position[block] == predecessors[block].size()) {
        order.push_back(block);
        stack.pop_back();
        continue;
      }
      uint32_t next = predecessors[block][position[block]++];
      if (!seen[next]) {
        seen[next] = true;
        stack.push_back(next);
      }
    }
    std::reverse(order.begin(), order.end());
    return order;
  }

  std::vector<uint32_t> postDominators() const {
    std::vector<uint32_t> order = reversePostOrder();
    std::vector<uint32_t> rank(starts.size(), none);
    for (uint32_t i = 0; i < order.size(); ++i)
      rank[order[i]] = i;
    std::vector<uint32_t> dominator(starts.size(), none);
    dominator[exit()] = exit();
    auto common = [&](uint32_t a, uint32_t b) {
      while (a != b) {
        while (rank[a] > rank[b])
          a = dominator[a];
        while (rank[b] > rank[a])
          b = dominator[b];
      }
      return a;
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t block : order) {
        if (block == exit())
          continue;
        uint32_t point = none;
        for (uint32_t next : successors[block])
          if (dominator[next] != none)
            point = point == none ? next : common(next, point);
        if (point != dominator[block]) {
          dominator[block] = point;
          changed = true;
        }
      }
    }
    return dominator;
  }

  EntryImage &entry;
  uint32_t end;
  bool everyExit;
  std::vector<uint32_t> blockOf;
  std::vector<uint32_t> starts;
  std::vector<std::vector<uint32_t>> successors, predecessors;
};

} // namespace

void minrnn::emulator::findReconvergence(EntryImage &entry) {
  Graph(entry, false).markReconvergence();
  Graph(entry, true).markReconvergence();
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

void minrnn::emulator::selectBranch(Selection &selection) {
  selection.take("uni");
  selection.expectOperands(1);
  selection.decoder.branchTo(selection.statement.operands[0].name);
  selection.instruction.always = true;
  selection.instruction.handler = branchHandler();
}

void minrnn::emulator::selectExit(Selection &selection) {
  selection.take("uni");
  selection.expectOperands(0);
  selection.instruction.always = true;
  selection.instruction.handler = exitHandler();
}

void minrnn::emulator::selectTrap(Selection &selection) {
  selection.expectOperands(0);
  selection.instruction.handler = trapHandler();
}
