//===- Schedule.cpp - Which schedule a layer runs -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/schedule.h"

using namespace minrnn;

Procedure minrnn::scheduledProcedure(const Manifest &manifest,
                                     Procedure procedure, std::int64_t batch,
                                     std::int64_t time, std::int64_t channels,
                                     std::int64_t multiprocessors) {
  const KernelEntry *carry =
      manifest.findEntry(procedureName(Procedure::Forward));
  const KernelEntry *lookback =
      manifest.findEntry(procedureName(Procedure::ForwardLookback));
  if (carry == nullptr || lookback == nullptr ||
      lookback->timeTiles(time) < fewestLookbackTiles ||
      carry->tileCount(batch, time, channels) >
          multiprocessors / multiprocessorsPerBlock)
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
