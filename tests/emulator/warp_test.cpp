//===- warp_test.cpp - Divergence, shuffles, votes, barriers, atomics -----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/EmulatorTest.h"

#include <algorithm>
#include <bit>
#include <numeric>

using namespace minrnn::emulator;

namespace {

/// Runs a body that leaves its result of each thread in %r0; %r1 holds %tid.x
/// and %l1 the address of p1, if given.
std::vector<uint32_t> resultsOf(const std::string &body, unsigned threads = 32,
                                const std::vector<uint32_t> &data = {0},
                                uint64_t seed = 0,
                                const std::string &before = "",
                                std::vector<uint32_t> *dataAfter = nullptr) {
  Device device(kernelOf("ld.param.u64 %l0, [p0]; ld.param.u64 %l1, [p1];"
                         "mov.u32 %r1, %tid.x; mul.wide.u32 %l2, %r1, 4;"
                         "add.u64 %l0, %l0, %l2; mov.u32 %r0, 0;\n" +
                             body + "\nst.global.u32 [%l0], %r0;",
                         2, before));
  uint64_t out = device.reserve<uint32_t>(threads);
  uint64_t in = device.upload(data);
  LaunchOptions options;
  options.seed = seed;
  device.run("k", {1}, {threads}, {out, in}, options);
  if (dataAfter)
    *dataAfter = device.download<uint32_t>(in, data.size());
  return device.download<uint32_t>(out, threads);
}

template <typename F>
void expectLanes(const std::vector<uint32_t> &found, F want) {
  for (unsigned i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], uint32_t(want(i))) << "thread " << i;
}

} // namespace

TEST(Warp, ShuffleModes) {
  auto shuffle = [](const std::string &operands) {
    return resultsOf("mul.lo.u32 %r2, %r1, 10;\nshfl.sync." + operands + ";");
  };
  expectLanes(shuffle("up.b32 %r0, %r2, 3, 0, -1"),
              [](int i) { return 10 * (i < 3 ? i : i - 3); });
  expectLanes(shuffle("down.b32 %r0, %r2, 3, 31, -1"),
              [](int i) { return 10 * (i > 28 ? i : i + 3); });
  expectLanes(shuffle("bfly.b32 %r0, %r2, 5, 31, -1"),
              [](int i) { return 10 * (i ^ 5); });
  expectLanes(shuffle("idx.b32 %r0, %r2, 9, 31, -1"), [](int) { return 90; });
  // Segments of 8 lanes: c = (32 - 8) << 8 | clamp.
  expectLanes(shuffle("up.b32 %r0, %r2, 2, 0x1800, -1"),
              [](int i) { return 10 * (i % 8 < 2 ? i : i - 2); });
  expectLanes(shuffle("down.b32 %r0, %r2, 2, 0x181F, -1"),
              [](int i) { return 10 * (i % 8 > 5 ? i : i + 2); });
  expectLanes(shuffle("idx.b32 %r0, %r2, 3, 0x181F, -1"),
              [](int i) { return 10 * (i / 8 * 8 + 3); });
  expectLanes(resultsOf("shfl.sync.down.b32 %r3|%p1, %r1, 4, 31, -1;"
                        "selp.u32 %r0, 1, 0, %p1;"),
              [](int i) { return i + 4 < 32; });
}

TEST(Warp, ShuffleInDivergentCode) {
  // Even lanes and odd lanes each shuffle among themselves.
  expectLanes(resultsOf(R"(
    and.b32 %r2, %r1, 1; setp.eq.u32 %p1, %r2, 0;
    @%p1 bra EVEN;
    shfl.sync.idx.b32 %r0, %r1, 31, 31, 0xAAAAAAAA;
    bra END;
    EVEN: shfl.sync.idx.b32 %r0, %r1, 30, 31, 0x55555555;
    END:)"),
              [](int i) { return i % 2 ? 31 : 30; });
  // One instruction, members named by each lane's own mask.
  expectLanes(resultsOf(R"(
    shr.u32 %r2, %r1, 3; mov.u32 %r3, 0xFF; shl.b32 %r4, %r2, 3;
    shl.b32 %r3, %r3, %r4;
    shfl.sync.bfly.b32 %r0, %r1, 7, 31, %r3;)"),
              [](int i) { return i ^ 7; });
  // Lanes come to one shuffle by two ways.
  expectLanes(resultsOf(R"(
    setp.lt.u32 %p1, %r1, 7;
    mov.u32 %r2, %r1;
    @%p1 bra A;
    add.u32 %r2, %r2, 100;
    bra B;
    A: add.u32 %r2, %r2, 200;
    B: shfl.sync.bfly.b32 %r0, %r2, 16, 31, -1;)"),
              [](int i) { return (i ^ 16) + ((i ^ 16) < 7 ? 200 : 100); });
}

TEST(Warp, Votes) {
  expectLanes(resultsOf("setp.gt.u32 %p1, %r1, 20;"
                        "vote.sync.ballot.b32 %r0, %p1, -1;"),
              [](int) { return 0xFFE00000; });
  expectLanes(resultsOf("setp.gt.u32 %p1, %r1, 20;"
                        "vote.sync.ballot.b32 %r0, !%p1, -1;"),
              [](int) { return 0x001FFFFF; });
}

TEST(Warp, ThreeDimensionalIndices) {
  Device device(kernelOf(R"(
    mov.u32 %r1, %tid.x; mov.u32 %r2, %tid.y; mov.u32 %r3, %tid.z;
    mov.u32 %r4, %ntid.x; mov.u32 %r5, %ntid.y; mov.u32 %r6, %ntid.z;
    mad.lo.u32 %r7, %r3, %r5, %r2; mad.lo.u32 %r7, %r7, %r4, %r1;
    mov.u32 %r11, %ctaid.x; mov.u32 %r12, %ctaid.y; mov.u32 %r13, %ctaid.z;
    mov.u32 %r14, %nctaid.x; mov.u32 %r15, %nctaid.y;
    mad.lo.u32 %r17, %r13, %r15, %r12; mad.lo.u32 %r17, %r17, %r14, %r11;
    mul.lo.u32 %r8, %r4, %r5; mul.lo.u32 %r8, %r8, %r6;
    mad.lo.u32 %r9, %r17, %r8, %r7;
    ld.param.u64 %l0, [p0]; mul.wide.u32 %l1, %r9, 4; add.u64 %l0, %l0, %l1;
    st.global.u32 [%l0], %r9;)",
                         1));
  size_t count = size_t(2) * 3 * 4 * 5 * 3 * 7;
  for (uint64_t seed : {0, 9}) {
    LaunchOptions options;
    options.seed = seed;
    uint64_t out = device.reserve<uint32_t>(count);
    Statistics statistics =
        device.run("k", {2, 3, 4}, {5, 3, 7}, {out}, options);
    expectLanes(device.download<uint32_t>(out, count), [](int i) { return i; });
    EXPECT_EQ(statistics.blocks, 24u);
    EXPECT_EQ(statistics.threads, count);
  }
}

TEST(Warp, NestedDivergenceAndLoops) {
  // Sum over j < tid % 5 of (j odd ? j : 10 j), with an early exit at tid 17.
  auto want = [](int i) {
    int sum = 0;
    for (int j = 0; j < i % 5; ++j)
      sum += j % 2 ? j : 10 * j;
    return sum;
  };
  for (uint64_t seed = 0; seed < 4; ++seed) {
    auto found = resultsOf(R"(
    rem.u32 %r2, %r1, 5; mov.u32 %r3, 0;
    LOOP: setp.ge.u32 %p1, %r3, %r2;
    @%p1 bra END;
    and.b32 %r4, %r3, 1; setp.eq.u32 %p2, %r4, 1;
    @%p2 bra ODD;
    mad.lo.u32 %r0, %r3, 10, %r0;
    bra NEXT;
    ODD: add.u32 %r0, %r0, %r3;
    NEXT: add.u32 %r3, %r3, 1;
    bra LOOP;
    END: bar.warp.sync -1;)",
                           64, {0}, seed);
    expectLanes(found, want);
  }
}

TEST(Warp, ReconvergesAfterABranch) {
  // A loop that lanes leave one by one, and a branch: afterwards the warp is
  // whole, so that instructions are not issued once per lane.
  Device device(kernelOf(R"(
    mov.u32 %r1, %tid.x; mov.u32 %r3, 0;
    LOOP: add.u32 %r3, %r3, 1;
    setp.lt.u32 %p1, %r3, %r1;
    @%p1 bra LOOP;
    mov.u32 %r0, %r3;
    ld.param.u64 %l0, [p0]; mul.wide.u32 %l1, %r1, 4; add.u64 %l0, %l0, %l1;
    st.global.u32 [%l0], %r0;)",
                         1));
  uint64_t out = device.reserve<uint32_t>(32);
  Statistics statistics = device.run("k", {1}, {32}, {out});
  expectLanes(device.download<uint32_t>(out, 32),
              [](int i) { return std::max(i, 1); });
  EXPECT_EQ(statistics.warpInstructions, 2u + 3 * 31 + 6);
  EXPECT_EQ(statistics.divergentBranches, 30u);
}

TEST(Warp, Atomics) {
  auto apply = [](const std::string &op, uint32_t start) {
    std::vector<uint32_t> after;
    auto before =
        resultsOf("atom.global." + op + ";", 8, {start}, 0, "", &after);
    // Lanes take their turns in order.
    return std::make_pair(before, after[0]);
  };
  auto [before, after] = apply("add.u32 %r0, [%l1], 3", 100);
  expectLanes(before, [](int i) { return 100 + 3 * i; });
  EXPECT_EQ(after, 124u);
  EXPECT_EQ(apply("add.relaxed.gpu.s32 %r0, [%l1], -1", 3).second,
            uint32_t(-5));
  EXPECT_EQ(apply("inc.u32 %r0, [%l1], 5", 4).second, 0u);
  EXPECT_EQ(apply("exch.b32 %r0, [%l1], %r1", 9).second, 7u);
  EXPECT_EQ(apply("cas.b32 %r0, [%l1], %r1, 5", 2).second, 5u);
  std::vector<uint32_t> wide;
  auto applyWide = [&](const std::string &op) {
    resultsOf("cvt.u64.u32 %l5, %r1;" + op + ";", 40, {0, 0}, 0, "", &wide);
    return uint64_t(wide[1]) << 32 | wide[0];
  };
  EXPECT_EQ(applyWide("red.release.gpu.global.add.u64 [%l1], 0x100000001"),
            0x2800000028u);
  EXPECT_EQ(applyWide("atom.global.exch.b64 %l6, [%l1], %l5"), 39u);
  EXPECT_EQ(applyWide("atom.global.cas.b64 %l6, [%l1], 0, %l5"), 1u);
}

TEST(Warp, EarlyExit) {
  for (uint64_t seed = 0; seed < 3; ++seed)
    expectLanes(resultsOf(R"(
    setp.eq.u32 %p1, %r1, 5;
    @%p1 st.global.u32 [%l0], 555;
    @%p1 exit;
    setp.lt.u32 %p2, %r1, 30;
    mov.u32 %r0, 1;
    @!%p2 bra SKIP;
    mad.lo.u32 %r0, %r1, 3, 1000;
    SKIP:)",
                          32, {0}, seed),
                [](int i) { return i == 5   ? 555
                                   : i > 29 ? 1
                                            : 3 * i + 1000; });
}

TEST(Warp, VectorLoadsStoresAndNarrowTypes) {
  std::vector<uint32_t> after;
  resultsOf(R"(
    setp.ne.u32 %p1, %r1, 0;
    @%p1 bra END;
    ld.global.nc.L1::evict_last.L2::128B.v4.u32 {%r2, %r3, %r4, %r5}, [%l1];
    st.global.cs.v4.b32 [%l1+16], {%r5, %r4, %r3, %r2};
    ld.global.v2.u16 {%h1, %h2}, [%l1];
    st.global.v2.u16 [%l1+32], {%h2, %h1};
    ld.global.s8 %r6, [%l1+3]; st.global.u32 [%l1+36], %r6;
    ld.global.u8 %h3, [%l1+3]; st.global.u16 [%l1+40], %h3;
    st.global.u8 [%l1+42], %r3; st.global.u8 [%l1+43], 0;
    ld.global.s16 %l5, [%l1+2]; st.global.u32 [%l1+44], %l5;
    END:)",
            32, {0x80010203, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}, 0, "", &after);
  EXPECT_EQ(after, (std::vector<uint32_t>{0x80010203, 2, 3, 4, 4, 3, 2,
                                          0x80010203, 0x02038001, 0xFFFFFF80,
                                          0x00020080, 0xFFFF8001}));
}
