//===- schedule.h - Which schedule a layer runs -----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A manifest may hold a parallel cell's kernels under both schedules. `carry`
// has a block for each row and 32 channels, which takes all of time; `lookback`
// has one for each tile of time besides. The rule by which a layer takes one of
// them stands here and nowhere else; specs/rationale.md says what it was
// derived from.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SCHEDULE_H
#define MINRNN_SCHEDULE_H

#include "minrnn/manifest.h"

namespace minrnn {

/// The rule: lookback where the GPU has so many multiprocessors or more for
/// each block of carry,
inline constexpr std::int64_t multiprocessorsPerBlock = 2;
/// which has so many channels of a row,
inline constexpr std::int64_t channelsPerBlock = 32;
/// and there are so many steps or more.
inline constexpr std::int64_t fewestLookbackSteps = 1024;

/// What it says of a layer of these sizes.
bool takesLookback(std::int64_t batch, std::int64_t time, std::int64_t channels,
                   std::int64_t multiprocessors);

/// The warps of a block of carry for a layer of these sizes: 16 where each
/// block has a multiprocessor for itself, which 8 would leave half empty.
int numWarpsOf(std::int64_t batch, std::int64_t channels,
               std::int64_t multiprocessors);

/// What a layer of these sizes runs for `procedure`: the procedure itself, or
/// where the manifest holds both schedules and the rule says so, the same under
/// `lookback`.
Procedure scheduledProcedure(const Manifest &manifest, Procedure procedure,
                             bool takesLookback);

} // namespace minrnn

#endif // MINRNN_SCHEDULE_H
