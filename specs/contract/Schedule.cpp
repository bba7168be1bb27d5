//===- Schedule.cpp - Which schedule a layer runs -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/schedule.h"

#include "minrnn/options.h"

using namespace minrnn;

/// Whether carry has so many blocks or fewer, and any.
static bool hasFewBlocks(std::int64_t batch, std::int64_t channels,
                         std::int64_t mostBlocks) {
  if (batch < 1 || channels < 1)
    return false;
  const std::int64_t blocksOfRow = (channels - 1) / channelsPerBlock + 1;
  return batch <= mostBlocks / blocksOfRow;
}

bool minrnn::takesLookback(std::int64_t batch, std::int64_t time,
                           std::int64_t channels,
                           std::int64_t multiprocessors) {
  return time >= fewestLookbackSteps &&
         hasFewBlocks(batch, channels,
                      multiprocessors / multiprocessorsPerBlock);
}

int minrnn::numWarpsOf(std::int64_t batch, std::int64_t channels,
                       std::int64_t multiprocessors) {
  return hasFewBlocks(batch, channels, multiprocessors)
             ? numWarpsChoices.back()
             : numWarpsChoices.front();
}

Procedure minrnn::scheduledProcedure(const Manifest &manifest,
                                     Procedure procedure, bool takesLookback) {
  if (!takesLookback ||
      !manifest.findEntry(procedureName(Procedure::ForwardLookback)))
    return procedure;
  switch (procedure) {
  case Procedure::Forward:
    return Procedure::ForwardLookback;
  case Procedure::Backward:
    return Procedure::BackwardLookback;
  default:
    return procedure;
  }
}
