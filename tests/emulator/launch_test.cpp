//===- launch_test.cpp - Launches, device memory and statistics -----------===//
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

/// out[i * stride + offset] = in[i * stride + offset] for 4-byte elements.
std::string copyKernel() {
  return kernelOf(R"(
    ld.param.u64 %l1, [p0]; ld.param.u64 %l2, [p1]; ld.param.u64 %l3, [p2];
    ld.param.u64 %l4, [p3];
    mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;
    mad.lo.u32 %r4, %r1, %r2, %r3; cvt.u64.u32 %l5, %r4;
    mad.lo.u64 %l6, %l5, %l3, %l4; shl.b64 %l6, %l6, 2;
    add.u64 %l1, %l1, %l6; add.u64 %l2, %l2, %l6;
    ld.global.u32 %r5, [%l1]; st.global.u32 [%l2], %r5;)",
                  4);
}

/// Entries with limits of their own.
std::string moduleOf() {
  return R"(.version 7.8
.target sm_75
.address_size 64
.visible .entry small(.param .u64 a, .param .u64 b) .maxntid 64
{ .shared .align 4 .b8 s[4]; .reg .b32 %r<2>; mov.u32 %r1, s; ret; }
.visible .entry exact() .reqntid 8, 4, 1 { ret; }
)";
}

Statistics copy(uint64_t stride, uint64_t offset, uint32_t blocks = 4,
                uint32_t threads = 64, LaunchOptions options = {}) {
  Device device(copyKernel());
  size_t count =
      size_t(blocks) * threads * std::max<uint64_t>(stride, 1) + offset;
  uint64_t in = device.upload(std::vector<uint32_t>(count, 3));
  uint64_t out = device.reserve<uint32_t>(count);
  return device.run("k", {blocks}, {threads}, {in, out, stride, offset},
                    options);
}

} // namespace

TEST(Statistics, Coalescing) {
  Statistics packed = copy(1, 0);
  EXPECT_EQ(packed.globalLoads.requests, 8u);
  EXPECT_EQ(packed.globalLoads.bytesRequested, 1024u);
  EXPECT_EQ(packed.globalLoads.sectors, 32u);
  EXPECT_EQ(packed.globalLoads.bytesMoved(), 1024u);
  EXPECT_EQ(packed.globalLoads.bytesNeeded, 1024u);
  EXPECT_TRUE(packed.globalStores == packed.globalLoads);
  // Off by one element, every warp touches one sector more.
  EXPECT_EQ(copy(1, 1).globalLoads.sectors, 40u);
  // Every second element: twice the sectors; every eighth: one a lane.
  EXPECT_EQ(copy(2, 0).globalStores.sectors, 64u);
  EXPECT_EQ(copy(8, 0).globalLoads.sectors, 256u);
  EXPECT_EQ(copy(64, 0).globalLoads.bytesMoved(), 256u * 32);
  EXPECT_EQ(copy(64, 0).globalLoads.bytesNeeded, 1024u);
  // All lanes at one place.
  Statistics same = copy(0, 0, 1, 32);
  EXPECT_EQ(same.globalLoads.bytesRequested, 128u);
  EXPECT_EQ(same.globalLoads.sectors, 1u);
  EXPECT_EQ(same.globalLoads.bytesNeeded, 4u);
}

TEST(Statistics, InstructionsAreCountedExactly) {
  Statistics statistics = copy(1, 0, 3, 40);
  EXPECT_EQ(statistics.warpInstructions, 6u * 16);
  EXPECT_EQ(statistics.threadInstructions, 120u * 16);
  EXPECT_EQ(statistics.blocks, 3u);
  EXPECT_EQ(statistics.threads, 120u);
  EXPECT_EQ(statistics.divergentBranches, 0u);
  LaunchOptions options;
  options.threads = 1;
  EXPECT_TRUE(copy(1, 0, 3, 40, options) == statistics);
  options.threads = 3;
  options.seed = 5;
  EXPECT_TRUE(copy(1, 0, 3, 40, options) == statistics);
}

TEST(Statistics, PredicatedLanesMoveNothing) {
  Device device(kernelOf("ld.param.u64 %l1, [p0]; mov.u32 %r1, %tid.x;"
                         "setp.lt.u32 %p1, %r1, 8; mul.wide.u32 %l2, %r1, 4;"
                         "add.u64 %l1, %l1, %l2;"
                         "@%p1 st.global.u32 [%l1], %r1;",
                         1));
  uint64_t out = device.reserve<uint32_t>(32);
  Statistics statistics = device.run("k", {1}, {32}, {out});
  EXPECT_EQ(statistics.globalStores.bytesRequested, 32u);
  EXPECT_EQ(statistics.globalStores.sectors, 1u);
  EXPECT_EQ(statistics.threadInstructions, 32u * 6 + 8);
  EXPECT_EQ(device.download<uint32_t>(out, 8)[7], 7u);
  expectFault(Fault::Uninitialised, "", "byte 32 of",
              [&] { device.download<uint32_t>(out, 9); });
}

TEST(Statistics, BankConflicts) {
  auto conflicts = [](const std::string &address, const std::string &store) {
    Device device(
        kernelOf("mov.u32 %r1, %tid.x; mov.u32 %r2, s;" + address + store, 0,
                 ".shared .align 16 .b8 s[8192];"));
    return device.run("k", {1}, {32}, {}).sharedBankConflicts;
  };
  std::string word = "st.shared.u32 [%r3], %r1;";
  EXPECT_EQ(conflicts("mad.lo.u32 %r3, %r1, 4, %r2;", word), 0u);
  EXPECT_EQ(conflicts("mad.lo.u32 %r3, %r1, 8, %r2;", word), 1u);
  EXPECT_EQ(conflicts("mad.lo.u32 %r3, %r1, 128, %r2;", word), 31u);
  EXPECT_EQ(conflicts("mad.lo.u32 %r3, %r1, 132, %r2;", word), 0u);
  EXPECT_EQ(conflicts("mad.lo.u32 %r3, %r1, 64, %r2;", word), 15u);
  // One word for all is a broadcast.
  EXPECT_EQ(conflicts("mov.u32 %r3, %r2; st.shared.u32 [%r3], 1;"
                      "bar.sync 0;",
                      "ld.shared.u32 %r4, [%r3];"),
            0u);
  // Wide accesses go in halves and quarters of the warp.
  EXPECT_EQ(conflicts("mad.lo.u32 %r3, %r1, 8, %r2;",
                      "st.shared.v2.u32 [%r3], {%r1, %r1};"),
            0u);
  EXPECT_EQ(conflicts("mad.lo.u32 %r3, %r1, 16, %r2;",
                      "st.shared.v4.u32 [%r3], {%r1, %r1, %r1, %r1};"),
            0u);
  EXPECT_EQ(conflicts("mad.lo.u32 %r3, %r1, 16, %r2;",
                      "st.shared.v2.u32 [%r3], {%r1, %r1};"),
            2u);
  EXPECT_EQ(
      conflicts("mad.lo.u32 %r3, %r1, 4, %r2;", "st.shared.u8 [%r3], %r1;"),
      0u);
}

TEST(Statistics, SpecialFunctionsAndBarriers) {
  Device device(kernelOf("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 10;"
                         "ex2.approx.f32 %r2, 0f3F800000;"
                         "@%p1 lg2.approx.ftz.f32 %r2, %r2;"
                         "sqrt.rn.f32 %r3, %r2; rcp.approx.ftz.f32 %r3, %r2;"
                         "bar.sync 0; bar.sync 0;",
                         0));
  Statistics statistics = device.run("k", {2}, {64}, {});
  EXPECT_EQ(statistics.specialFunctions, 2u * (64 + 10 + 64));
  EXPECT_EQ(statistics.barriers, 4u);
  Statistics twice = statistics;
  twice += statistics;
  EXPECT_EQ(twice.specialFunctions, 2 * statistics.specialFunctions);
  EXPECT_EQ(twice.barriers, 8u);
}

TEST(Launch, RefusesWhatCannotBe) {
  Device device(moduleOf());
  auto expectRefused = [&](const std::string &message, Dim3 grid, Dim3 block,
                           std::vector<uint64_t> parameters,
                           uint64_t shared = 0, const char *entry = "small") {
    expectFault(Fault::Launch, "", message, [&] {
      device.run(entry, grid, block, parameters, {}, shared);
    });
  };
  expectRefused("no entry 'none'", {1}, {1}, {}, 0, "none");
  expectRefused("expected 2 arguments of 64 bits, found 1", {1}, {64}, {1});
  expectRefused("1 to 1024 threads", {1}, {0}, {1, 2});
  expectRefused("1 to 1024 threads", {1}, {32, 33}, {1, 2});
  expectRefused("1 to 1024 threads", {1}, {1, 1, 65}, {1, 2});
  expectRefused("65535", {1, 65536}, {64}, {1, 2});
  expectRefused(".maxntid", {1}, {65}, {1, 2});
  expectRefused("65536 bytes of shared memory on sm_75", {1}, {64}, {1, 2},
                65536);
  expectRefused(".reqntid", {1}, {64}, {}, 0, "exact");
  device.run("small", {1}, {64}, {1, 2}, {}, 65536 - 4);
  device.run("exact", {1}, {8, 4}, {});
  // An empty grid is nothing to do.
  EXPECT_EQ(device.run("small", {0}, {64}, {1, 2}).warpInstructions, 0u);
}

TEST(Launch, DynamicSharedMemoryFollowsTheStatic) {
  Device device(".version 7.8\n.target sm_75\n.address_size 64\n"
                ".extern .shared .align 16 .b8 dynamic[];\n"
                ".shared .align 4 .b8 fixed[20];\n"
                ".visible .entry k(.param .u64 out) {\n"
                ".reg .b32 %r<9>; .reg .b64 %l<4>;\n"
                "mov.u32 %r1, fixed; mov.u32 %r2, dynamic;\n"
                "mov.u32 %r3, 64;\n"
                "st.shared.u32 [%r2+60], %r2; ld.shared.u32 %r4, [%r2+60];\n"
                "ld.param.u64 %l1, [out];\n"
                "st.global.v4.u32 [%l1], {%r1, %r2, %r3, %r4};\n}");
  uint64_t out = device.reserve<uint32_t>(4);
  device.run("k", {1}, {1}, {out}, {}, 64);
  EXPECT_EQ(device.download<uint32_t>(out, 4),
            (std::vector<uint32_t>{0, 32, 64, 32}));
  expectFault(Fault::OutOfBounds, "st.shared.u32", "95 bytes of shared memory",
              [&] { device.run("k", {1}, {1}, {out}, {}, 63); });
}

TEST(Launch, ParametersOfEveryKind) {
  Device device(
      ".version 7.8\n.target sm_75\n.address_size 64\n"
      ".visible .entry k(.param .u32 a, .param .f64 b,\n"
      "  .param .align 4 .b8 c[12], .param .u8 d, .param .u64 out) {\n"
      ".reg .b32 %r<9>; .reg .b64 %l<6>;\n"
      "ld.param.u64 %l1, [out]; ld.param.u32 %r1, [a];\n"
      "ld.param.f64 %l2, [b]; ld.param.u32 %r2, [c+8];\n"
      "ld.param.u8 %r3, [d]; ld.param.u32 %r4, [c+4];\n"
      "st.global.v4.u32 [%l1], {%r1, %r2, %r3, %r4};\n"
      "st.global.u64 [%l1+16], %l2;\n}");
  uint64_t out = device.reserve<uint32_t>(6);
  device.run(
      "k", {1}, {1},
      {0xFF00000007, 0x3FF8000000000000, 0x0000000B0000000A, 0xC, 0x1FF, out});
  EXPECT_EQ(device.download<uint32_t>(out, 6),
            (std::vector<uint32_t>{7, 0xC, 0xFF, 0xB, 0, 0x3FF80000}));
}

TEST(Memory, HostSide) {
  Memory memory;
  uint64_t a = memory.allocate(100, "a"), b = memory.allocate(0, "b", 4096);
  EXPECT_EQ(a % 256, 0u);
  EXPECT_EQ(b % 4096, 0u);
  EXPECT_NE(b, 0u);
  EXPECT_EQ(memory.bytesInUse(), 100u);
  std::vector<uint8_t> bytes(100);
  expectFault(Fault::Uninitialised, "", "byte 0 of allocation 'a'",
              [&] { memory.copyToHost(bytes.data(), a, 100); });
  std::iota(bytes.begin(), bytes.end(), 0);
  memory.copyToDevice(a + 10, bytes.data(), 90);
  uint64_t c = memory.allocate(100, "c");
  memory.copyOnDevice(c, a, 100);
  expectFault(Fault::Uninitialised, "", "byte 9 of allocation 'c'",
              [&] { memory.copyToHost(bytes.data(), c + 9, 2); });
  memory.fill(c, 7, 10);
  memory.copyToHost(bytes.data(), c, 100);
  EXPECT_EQ(bytes[9], 7);
  EXPECT_EQ(bytes[10], 0);
  EXPECT_EQ(bytes[99], 89);
  expectFault(Fault::Host, "", "cannot copy to the host 101 bytes",
              [&] { memory.copyToHost(bytes.data(), a, 101); });
  expectFault(Fault::Host, "", "cannot copy to the device 1 bytes",
              [&] { memory.copyToDevice(b, bytes.data(), 1); });
  expectFault(Fault::Host, "", "cannot fill",
              [&] { memory.fill(a + 99, 0, 2); });
  expectFault(Fault::Host, "", "power of two",
              [&] { memory.allocate(1, "", 3); });
  expectFault(Fault::Host, "", "out of device memory",
              [&] { memory.allocate(uint64_t(1) << 60); });
  Memory small(1000);
  small.allocate(600);
  expectFault(Fault::Host, "", "401 bytes asked for, 600 of 1000 in use",
              [&] { small.allocate(401); });
  small.allocate(400);
  memory.release(c);
  expectFault(Fault::Host, "", "which was released",
              [&] { memory.release(c); });
  EXPECT_EQ(memory.bytesInUse(), 100u);
  EXPECT_EQ(memory.peakBytes(), 200u);
  // Addresses are never used twice.
  EXPECT_GT(memory.allocate(100), c);
}
