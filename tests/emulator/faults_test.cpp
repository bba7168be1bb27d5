//===- faults_test.cpp - Planted faults, each caught at its line ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/EmulatorTest.h"

#include <numeric>

using namespace minrnn::emulator;

namespace {

class Planted : public ::testing::Test {
protected:
  Device device{readKernel("faults.ptx")};

  uint64_t floats(size_t count) {
    return device.upload(std::vector<float>(count, 1.0f), "data");
  }
  void expect(Fault fault, const std::string &line, const std::string &message,
              const std::string &entry, Dim3 grid, Dim3 block,
              std::vector<uint64_t> parameters, LaunchOptions options = {}) {
    for (uint64_t seed : {0, 1, 2}) {
      options.seed = seed;
      expectFault(fault, line, message,
                  [&] { device.run(entry, grid, block, parameters, options); });
    }
  }
};

} // namespace

TEST_F(Planted, OutOfBoundsWrite) {
  uint64_t out = device.reserve<float>(100, "out");
  expect(Fault::OutOfBounds, "st.global.f32",
         "0 bytes past the end of allocation 'out' of 400 bytes (block (3, 0, "
         "0), thread (4, 0, 0))",
         "outOfBounds", {4}, {32}, {out, 100});
  try {
    device.run("outOfBounds", {4}, {32}, {out, 100});
    FAIL();
  } catch (const Error &error) {
    Error::Place place = error.place().value_or(Error::Place{});
    EXPECT_EQ(place.block, (Dim3{3, 0, 0}));
    EXPECT_EQ(place.thread, (Dim3{4, 0, 0}));
    EXPECT_GT(error.line(), 0u);
  }
  // Without the fault, all is well.
  device.run("outOfBounds", {4}, {32}, {out, 99});
  EXPECT_EQ(device.download<float>(out, 100)[99], 99);
}

TEST_F(Planted, NullAndReleasedPointers) {
  expect(Fault::OutOfBounds, "st.global", "the null address", "nullPointer",
         {1}, {1}, {0});
  uint64_t gone = floats(4);
  device.memory.release(gone);
  expect(Fault::OutOfBounds, "st.global", "which was released", "nullPointer",
         {1}, {1}, {gone});
}

TEST_F(Planted, MissingBarrier) {
  uint64_t in = floats(128), out = floats(128);
  // The first warp reads what the last one has not written yet.
  expect(Fault::Uninitialised, "ld.shared.f32", "nothing wrote",
         "missingBarrier", {1}, {128}, {in, out});
  LaunchOptions unchecked;
  unchecked.checkUninitialised = false;
  expect(Fault::Race, ".shared.f32", "race on shared address", "missingBarrier",
         {1}, {128}, {in, out}, unchecked);
  unchecked.checkRaces = false;
  device.run("missingBarrier", {1}, {128}, {in, out}, unchecked);
}

TEST_F(Planted, RaceOfTwoWriters) {
  uint64_t out = floats(64);
  expect(Fault::Race, "st.shared.f32",
         "this write is not ordered after the "
         "write",
         "writeRace", {1}, {64}, {out});
}

TEST_F(Planted, MissingBarrierInALoop) {
  uint64_t data = floats(128);
  // One round needs no second barrier; two do.
  device.run("loopRace", {1}, {128}, {data, 1});
  expect(Fault::Race, ".shared.f32", "race on shared address", "loopRace", {1},
         {128}, {data, 2});
}

TEST_F(Planted, DivergentBarrier) {
  uint64_t data = floats(64);
  expect(Fault::Barrier, "bar.sync",
         "reached by 16 of the warp's 32 threads; the others exited",
         "divergentBarrier", {1}, {64}, {data});
}

TEST_F(Planted, BarrierThatAWarpExitsBefore) {
  uint64_t data = floats(64);
  expect(Fault::Barrier, "bar.sync", "warp 1 (32 threads) exited at line",
         "missingWarp", {1}, {64}, {data});
}

TEST_F(Planted, MisalignedVectorLoad) {
  uint64_t in = floats(64), out = floats(32);
  device.run("misaligned", {1}, {32}, {in, out, 4});
  expect(Fault::Misaligned, "ld.global.v4.f32", "misaligned read of 16 bytes",
         "misaligned", {1}, {32}, {in, out, 1});
}

TEST_F(Planted, UninitialisedGlobalRead) {
  uint64_t in = device.reserve<float>(64, "in"), out = floats(64);
  std::vector<float> ones(63, 1.0f);
  device.memory.copyToDevice(in, ones.data(), 63 * sizeof(float));
  expect(Fault::Uninitialised, "ld.global.f32",
         "byte 252 of allocation 'in' of 256 bytes", "uninitialisedGlobal", {1},
         {64}, {in, out});
  LaunchOptions unchecked;
  unchecked.checkUninitialised = false;
  device.run("uninitialisedGlobal", {1}, {64}, {in, out}, unchecked);
  EXPECT_LT(device.download<float>(out, 64)[63], -1e36);
}

TEST_F(Planted, UninitialisedSharedRead) {
  uint64_t out = floats(64);
  expect(Fault::Uninitialised, "ld.shared.f32", "shared address 0x14",
         "uninitialisedShared", {1}, {64}, {out});
}

TEST_F(Planted, BlocksThatWaitForEachOther) {
  uint64_t flags = device.upload<int>({0, 0});
  expect(Fault::Deadlock, "", "waits here for memory to change", "deadlock",
         {2}, {32}, {flags});
}

TEST_F(Planted, Trap) {
  uint64_t in = device.upload<int>({1, -1});
  expect(Fault::Trap, "trap", "thread (1, 0, 0)", "trapped", {1}, {2}, {in});
}

//===----------------------------------------------------------------------===//
// Written by hand, where a compiler would not oblige
//===----------------------------------------------------------------------===//

namespace {

void expectFaultOf(Fault fault, const std::string &line,
                   const std::string &message, const std::string &body,
                   Dim3 block, const std::string &before = "") {
  Device device(kernelOf(body, 1, before));
  uint64_t data = device.upload(std::vector<uint64_t>(64, 0), "data");
  expectFault(fault, line, message,
              [&] { device.run("k", {1}, block, {data}); });
}

} // namespace

TEST(Fault, BranchesToDifferentBarriers) {
  expectFaultOf(Fault::Barrier, "bar.sync", "not all threads reach", R"(
    mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16;
    @%p1 bra A;
    bar.sync 0; bra B;
    A: bar.sync 0;
    B:)",
                {32});
}

TEST(Fault, BarrierUnderAPredicate) {
  expectFaultOf(Fault::Barrier, "@%p1 bar.sync 0;", "not all threads reach",
                R"(mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16;
@%p1 bar.sync 0;
bar.sync 0;)",
                {32});
}

TEST(Fault, BarrierAfterLanesExited) {
  expectFaultOf(Fault::Barrier, "bar.sync",
                "reached by 16 of the warp's 32 threads", R"(
    mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16;
    @!%p1 exit;
    bar.sync 0;)",
                {32});
}

TEST(Fault, ShuffleThatSomeLanesNeverReach) {
  expectFaultOf(Fault::Deadlock, "shfl.sync",
                "not all threads reach this instruction", R"(
    mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16; mov.u32 %r2, -1;
    @!%p1 bra B;
    shfl.sync.idx.b32 %r3, %r1, 0, 31, %r2;
    bra C;
    B: bar.warp.sync 0xFFFFFFFF;
    C:)",
                {32});
}

TEST(Fault, ShuffleFromALaneThatTakesNoPart) {
  expectFaultOf(Fault::Uninitialised, "shfl.sync", "reads from lane 20", R"(
    mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16;
    @%p1 shfl.sync.idx.b32 %r3, %r1, 20, 31, 0xFFFF;)",
                {32});
}

TEST(Fault, LaneOutsideItsMemberMask) {
  expectFaultOf(Fault::Barrier, "bar.warp.sync",
                "not in the instruction's "
                "membermask",
                "bar.warp.sync 0xFFFF;", {32});
}

TEST(Fault, SharedAccessOutOfBoundsAndMisaligned) {
  std::string shared = ".shared .align 16 .b8 s[64];";
  expectFaultOf(Fault::OutOfBounds, "st.shared.u32",
                "shared address 0x40; the block has 64 bytes",
                "mov.u32 %r1, s;\nst.shared.u32 [%r1+64], %r1;", {1}, shared);
  expectFaultOf(Fault::Misaligned, "st.shared.v2.b32", "multiple of 8",
                "mov.u32 %r1, s;\nst.shared.v2.b32 [%r1+4], {%r1, %r1};", {1},
                shared);
}

TEST(Fault, GenericAddressesAreCheckedWhereTheyPoint) {
  expectFaultOf(Fault::Uninitialised, "ld.u32", "shared address 0x8", R"(
    mov.u64 %l1, s; cvta.shared.u64 %l2, %l1;
    st.u32 [%l2], %r1;
    ld.u32 %r2, [%l2];
    ld.u32 %r2, [%l2+8];)",
                {1}, ".shared .align 16 .b8 s[64];");
  expectFaultOf(Fault::OutOfBounds, "st.u32", "in no allocation",
                "mov.u64 %l1, 0x123456789000;\nst.u32 [%l1], %r1;", {1});
}

TEST(Fault, MisalignedAtomicAndScalar) {
  expectFaultOf(Fault::Misaligned, "atom.global.add.u64", "multiple of 8",
                "ld.param.u64 %l1, [p0];\n"
                "atom.global.add.u64 %l2, [%l1+4], 1;",
                {1});
  expectFaultOf(Fault::Misaligned, "ld.global.u16", "multiple of 2",
                "ld.param.u64 %l1, [p0];\nld.global.u16 %h1, [%l1+1];", {1});
}

TEST(Fault, EndlessLoopWithoutMemory) {
  expectFaultOf(Fault::Deadlock, "", "waits here", "A: bra A;", {32});
}

TEST(Fault, EndlessLoopThatCounts) {
  Device device(kernelOf("A: add.u32 %r1, %r1, 1; bra A;", 0));
  LaunchOptions options;
  options.idleLimit = 1 << 20;
  expectFault(Fault::Deadlock, "", "waits here",
              [&] { device.run("k", {1}, {32}, {}, options); });
}

TEST(Fault, InstructionLimit) {
  Device device(kernelOf("ld.param.u64 %l1, [p0];\n"
                         "A: st.global.u64 [%l1], %l1; bra A;",
                         1));
  uint64_t data = device.reserve<uint64_t>(1);
  LaunchOptions options;
  options.instructionLimit = 1 << 20;
  expectFault(Fault::Limit, "", "1048576 instructions",
              [&] { device.run("k", {1}, {32}, {data}, options); });
}

TEST(Fault, GridLargerThanWhatIsResident) {
  // Every block waits until all have come.
  std::string body = R"(
    ld.param.u64 %l1, [p0]; ld.param.u64 %l2, [p1]; cvt.u32.u64 %r9, %l2;
    atom.global.add.u32 %r1, [%l1], 1;
    A: ld.volatile.global.u32 %r2, [%l1];
    setp.lt.u32 %p1, %r2, %r9;
    @%p1 bra A;)";
  Device device(kernelOf(body, 2));
  LaunchOptions options;
  options.residentBlocks = 8;
  uint64_t counter = device.upload<uint32_t>({0});
  for (options.seed = 0; options.seed < 3; ++options.seed) {
    device.memory.fill(counter, 0, 4);
    device.run("k", {8}, {1}, {counter, 8}, options);
  }
  device.memory.fill(counter, 0, 4);
  expectFault(Fault::Deadlock, "", "8 of 9 blocks have started",
              [&] { device.run("k", {9}, {1}, {counter, 9}, options); });
}

//===----------------------------------------------------------------------===//
// What the race checker must not report
//===----------------------------------------------------------------------===//

TEST(Races, WarpSynchronisationOrdersLanes) {
  std::string exchange = R"(
    mov.u32 %r1, %tid.x; mov.u32 %r2, s; shl.b32 %r3, %r1, 2;
    add.u32 %r4, %r2, %r3; xor.b32 %r5, %r3, 4; add.u32 %r5, %r2, %r5;
    st.shared.u32 [%r4], %r1;
    SYNC
    ld.shared.u32 %r6, [%r5];)";
  auto run = [&](const std::string &sync) {
    std::string body = exchange;
    body.replace(body.find("SYNC"), 4, sync);
    Device device(kernelOf(body, 0, ".shared .align 4 .b8 s[256];"));
    device.run("k", {1}, {64}, {});
  };
  run("bar.warp.sync -1;");
  run("bar.sync 0;");
  run("barrier.sync.aligned 0;");
  // Pairs of lanes synchronise.
  run("and.b32 %r7, %r1, 30; shl.b32 %r8, 3, %r7; bar.warp.sync %r8;");
  // A vote or a shuffle orders no memory accesses.
  expectFault(Fault::Race, "ld.shared.u32", "race",
              [&] { run("vote.sync.ballot.b32 %r7, %p1, -1;"); });
  expectFault(Fault::Race, "ld.shared.u32", "race", [&] { run(""); });
}

TEST(Races, FencesAndFlagsOrderWarps) {
  // Warp 1 waits for a flag that warp 0 raises after it wrote.
  auto body = [](const std::string &fence) {
    return R"(
    mov.u32 %r1, %tid.x; mov.u32 %r2, s;
    setp.eq.u32 %p1, %r1, 0; setp.eq.u32 %p2, %r1, 32;
    @%p1 st.volatile.shared.u32 [%r2], 0;
    bar.sync 0;
    @%p1 bra WRITE;
    @%p2 bra READ;
    bra END;
    WRITE: st.shared.u32 [%r2+4], 7;
    )" + fence +
           R"(
    st.volatile.shared.u32 [%r2], 1;
    bra END;
    READ: ld.volatile.shared.u32 %r3, [%r2];
    setp.eq.u32 %p3, %r3, 0;
    @%p3 bra READ;
    )" + fence +
           R"(
    ld.shared.u32 %r4, [%r2+4];
    END:)";
  };
  std::string shared = ".shared .align 4 .b8 s[16];";
  for (uint64_t seed : {0, 1, 2, 3}) {
    LaunchOptions options;
    options.seed = seed;
    Device ordered(kernelOf(body("membar.cta;"), 0, shared));
    ordered.run("k", {1}, {64}, {}, options);
    Device unordered(kernelOf(body(""), 0, shared));
    expectFault(Fault::Race, "ld.shared.u32", "race",
                [&] { unordered.run("k", {1}, {64}, {}, options); });
  }
}

TEST(Races, EqualValuesAndAtomicsAreFine) {
  Device device(kernelOf(R"(
    mov.u32 %r2, s;
    st.shared.u32 [%r2], 5;
    bar.sync 0;
    atom.shared.add.u32 %r3, [%r2], 1;
    bar.sync 0;
    ld.shared.u32 %r4, [%r2];
    ld.param.u64 %l1, [p0];
    st.global.u32 [%l1], %r4;)",
                         1, ".shared .align 4 .b8 s[4];"));
  uint64_t out = device.reserve<uint32_t>(1);
  device.run("k", {1}, {96}, {out});
  EXPECT_EQ(device.download<uint32_t>(out, 1)[0], 5u + 96);
}

TEST(Races, BytesOfOneWordAreApart) {
  Device device(kernelOf(R"(
    mov.u32 %r1, %tid.x; mov.u32 %r2, s; add.u32 %r2, %r2, %r1;
    st.shared.u8 [%r2], %r1;
    ld.shared.u8 %r3, [%r2];)",
                         0, ".shared .align 4 .b8 s[64];"));
  device.run("k", {1}, {64}, {});
}

TEST(Races, AtomicAgainstPlainAccess) {
  Device device(kernelOf(R"(
    mov.u32 %r1, %tid.x; mov.u32 %r2, s; setp.eq.u32 %p1, %r1, 0;
    @%p1 st.shared.u32 [%r2], 0;
    bar.sync 0;
    atom.shared.add.u32 %r3, [%r2], 1;
    @%p1 ld.shared.u32 %r4, [%r2];)",
                         0, ".shared .align 4 .b8 s[4];"));
  expectFault(Fault::Race, ".shared", "race",
              [&] { device.run("k", {1}, {64}, {}); });
}
