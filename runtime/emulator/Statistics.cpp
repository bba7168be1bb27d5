//===- Statistics.cpp - What a launch moved and executed ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Statistics.h"

#include <algorithm>
#include <array>
#include <bit>

using namespace minrnn::emulator;

static void add(Traffic &sum, const Traffic &other) {
  sum.requests += other.requests;
  sum.bytesRequested += other.bytesRequested;
  sum.sectors += other.sectors;
  sum.bytesNeeded += other.bytesNeeded;
}

Statistics &Statistics::operator+=(const Statistics &other) {
  add(globalLoads, other.globalLoads);
  add(globalStores, other.globalStores);
  globalAtomics += other.globalAtomics;
  sharedRequests += other.sharedRequests;
  sharedBankConflicts += other.sharedBankConflicts;
  specialFunctions += other.specialFunctions;
  warpInstructions += other.warpInstructions;
  threadInstructions += other.threadInstructions;
  divergentBranches += other.divergentBranches;
  barriers += other.barriers;
  blocks += other.blocks;
  threads += other.threads;
  return *this;
}

unsigned minrnn::emulator::countSectors(const uint64_t *addresses,
                                        uint32_t mask, unsigned bytes) {
  std::array<uint64_t, 32> sectors;
  unsigned count = 0;
  bool ascending = true;
  for (; mask; mask &= mask - 1) {
    uint64_t sector = addresses[std::countr_zero(mask)] / 32;
    if (count && sector == sectors[count - 1])
      continue;
    ascending &= !count || sector > sectors[count - 1];
    sectors[count++] = sector;
  }
  if (!ascending) {
    std::sort(sectors.begin(), sectors.begin() + count);
    count =
        std::unique(sectors.begin(), sectors.begin() + count) - sectors.begin();
  }
  return count;
}

/// Extra passes of one phase: the most distinct words on one bank, less one.
static unsigned conflictsOfPhase(const uint64_t *addresses, uint32_t mask,
                                 unsigned words) {
  std::array<std::array<uint64_t, 32>, 32> wordsOfBank;
  std::array<uint8_t, 32> depth{};
  unsigned deepest = 1;
  for (; mask; mask &= mask - 1) {
    uint64_t first = addresses[std::countr_zero(mask)] / 4;
    for (unsigned i = 0; i < words; ++i) {
      uint64_t word = first + i;
      auto &bank = wordsOfBank[word % 32];
      uint8_t &filled = depth[word % 32];
      if (std::find(bank.begin(), bank.begin() + filled, word) !=
          bank.begin() + filled)
        continue;
      bank[filled++] = word;
      deepest = std::max<unsigned>(deepest, filled);
    }
  }
  return deepest - 1;
}

unsigned minrnn::emulator::countBankConflicts(const uint64_t *addresses,
                                              uint32_t mask, unsigned bytes) {
  unsigned words = std::max(1u, bytes / 4);
  unsigned lanes = 32 / words;
  unsigned conflicts = 0;
  for (unsigned begin = 0; begin < 32; begin += lanes) {
    uint32_t phase = lanes == 32 ? mask : mask & (((1u << lanes) - 1) << begin);
    if (phase)
      conflicts += conflictsOfPhase(addresses, phase, words);
  }
  return conflicts;
}
