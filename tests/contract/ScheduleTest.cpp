//===- ScheduleTest.cpp - The rule that takes a schedule ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/schedule.h"

#include "gtest/gtest.h"
#include <limits>

using namespace minrnn;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

struct Choice {
  std::int64_t batch;
  std::int64_t time;
  std::int64_t channels;
  std::int64_t multiprocessors;
  bool isLookback;
};

/// The shapes of the study that the rule was derived from, on the GPU of the
/// study; each limit from both sides; and what no layer has.
constexpr Choice choices[] = {
    {16, 2048, 2048, 132, false},
    {8, 16384, 1536, 132, false},
    {64, 256, 768, 132, false},
    {64, 4096, 64, 132, false},
    {64, 512, 64, 132, false},
    {16, 2048, 128, 132, true},
    {1, 131072, 512, 132, true},
    {1, 65536, 256, 132, true},
    // Steps.
    {1, 1023, 32, 132, false},
    {1, 1024, 32, 132, true},
    // Rows: 66 blocks are one for two multiprocessors.
    {66, 4096, 32, 132, true},
    {67, 4096, 32, 132, false},
    {66, 4096, 32, 131, false},
    // Channels: blocks are whole.
    {33, 4096, 64, 132, true},
    {33, 4096, 65, 132, false},
    {1, 4096, 1, 2, true},
    {1, 4096, 1, 1, false},
    {1, 4096, 1, 0, false},
    // Nothing, and beyond all counting.
    {0, 4096, 32, 132, false},
    {1, 0, 32, 132, false},
    {1, 4096, 0, 132, false},
    {-1, 4096, 32, 132, false},
    {1, -4096, 32, 132, false},
    {1, 4096, -32, 132, false},
    {most, most, most, 132, false},
    {1, most, most, 132, false},
    {most, most, 1, 132, false},
    {1, most, 1, 132, true},
};

TEST(Schedule, IsTakenByTheSizesAndTheGPU) {
  for (const Choice &choice : choices)
    EXPECT_EQ(takesLookback(choice.batch, choice.time, choice.channels,
                            choice.multiprocessors),
              choice.isLookback)
        << choice.batch << ", " << choice.time << ", " << choice.channels
        << " on " << choice.multiprocessors;
}

TEST(Schedule, GivesFewBlocksMoreWarps) {
  EXPECT_EQ(numWarpsOf(64, 64, 132), 16);
  EXPECT_EQ(numWarpsOf(66, 64, 132), 16);
  EXPECT_EQ(numWarpsOf(67, 64, 132), 8);
  EXPECT_EQ(numWarpsOf(44, 65, 132), 16);
  EXPECT_EQ(numWarpsOf(45, 65, 132), 8);
  // Nothing, beyond all counting, and no GPU.
  EXPECT_EQ(numWarpsOf(0, 64, 132), 8);
  EXPECT_EQ(numWarpsOf(64, 0, 132), 8);
  EXPECT_EQ(numWarpsOf(most, most, 132), 8);
  EXPECT_EQ(numWarpsOf(1, 1, 0), 8);
}

TEST(Schedule, IsOneThatTheManifestHolds) {
  Manifest manifest;
  const auto add = [&](const char *name) {
    manifest.entries.emplace_back().name = name;
  };
  add("forward");
  add("backward");
  for (const bool takes : {false, true})
    EXPECT_EQ(scheduledProcedure(manifest, Procedure::Forward, takes),
              Procedure::Forward);
  add("forward_lookback");
  add("backward_lookback");
  EXPECT_EQ(scheduledProcedure(manifest, Procedure::Forward, false),
            Procedure::Forward);
  EXPECT_EQ(scheduledProcedure(manifest, Procedure::Forward, true),
            Procedure::ForwardLookback);
  EXPECT_EQ(scheduledProcedure(manifest, Procedure::Backward, true),
            Procedure::BackwardLookback);
  EXPECT_EQ(scheduledProcedure(manifest, Procedure::Step, true),
            Procedure::Step);
}

} // namespace
