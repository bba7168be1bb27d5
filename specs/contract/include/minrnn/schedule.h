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

/// The rule: lookback where the blocks of carry are at most one for this many
/// multiprocessors,
inline constexpr std::int64_t multiprocessorsPerBlock = 2;
/// and time is at least so many tiles of lookback's `forward`.
inline constexpr std::int64_t fewestLookbackTiles = 8;

/// What a layer runs for `procedure` on a GPU of so many multiprocessors: the
/// procedure itself, or where the manifest holds both schedules and the rule
/// says so, the same under `lookback`. `forward` and `backward` of the same
/// sizes are of one schedule. Throws Error as `KernelEntry::tileCount` does.
Procedure scheduledProcedure(const Manifest &manifest, Procedure procedure,
                             std::int64_t batch, std::int64_t time,
                             std::int64_t channels,
                             std::int64_t multiprocessors);

} // namespace minrnn

#endif // MINRNN_SCHEDULE_H
