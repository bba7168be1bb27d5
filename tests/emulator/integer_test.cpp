//===- integer_test.cpp - Integer and bit instructions --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected values follow from the definitions in the PTX ISA.
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/SingleInstruction.h"

using namespace minrnn::emulator;

TEST(Integer, AddAndSubWrap) {
  check({
      {"add.s32 %r0, %r1, %r2;", {r(2000000000), r(2000000000)}, r(4000000000)},
      {"add.u16 %h0, %h1, %h2;", {h(65535), h(2)}, h(1)},
      {"add.s64 %l0, %l1, %l2;", {l(~0ull), l(5)}, l(4)},
      {"add.s32 %r0, %r1, -7;", {r(3)}, r(uint32_t(-4))},
      {"sub.s32 %r0, %r1, %r2;", {r(3), r(5)}, r(uint32_t(-2))},
      {"sub.u64 %l0, %l1, %l2;", {l(0), l(1)}, l(~0ull)},
  });
}

TEST(Integer, Multiply) {
  check({
      {"mul.lo.s32 %r0, %r1, %r2;", {r(100000), r(100000)}, r(1410065408)},
      {"mul.hi.u32 %r0, %r1, %r2;",
       {r(0xFFFFFFFF), r(0xFFFFFFFF)},
       r(0xFFFFFFFE)},
      {"mul.hi.s32 %r0, %r1, %r2;", {r(uint32_t(-2)), r(3)}, r(0xFFFFFFFF)},
      {"mul.hi.u64 %l0, %l1, %l2;",
       {l(0xFFFFFFFFFFFFFFFF), l(0x100000003)},
       l(0x100000002)},
      {"mul.hi.s64 %l0, %l1, %l2;", {l(uint64_t(-2)), l(3)}, l(~uint64_t(0))},
      {"mul.wide.s32 %l0, %r1, %r2;",
       {r(uint32_t(-3)), r(5)},
       l(uint64_t(-15))},
      {"mul.wide.u32 %l0, %r1, 8;", {r(0xFFFFFFFF)}, l(0x7FFFFFFF8)},
      {"mul.lo.u16 %h0, %h1, %h2;", {h(65535), h(65535)}, h(1)},
      {"mul.lo.s64 %l0, %l1, %l2;",
       {l(1ull << 40), l((1ull << 40) + 3)},
       l(3ull << 40)},
      {"mad.lo.s32 %r0, %r1, %r2, %r3;", {r(7), r(6), r(uint32_t(-2))}, r(40)},
      {"mad.lo.s64 %l0, %l1, %l2, %l3;", {l(5), l(6), l(7)}, l(37)},
  });
}

TEST(Integer, DivideAndRemainder) {
  check({
      {"div.s32 %r0, %r1, %r2;", {r(uint32_t(-7)), r(2)}, r(uint32_t(-3))},
      {"rem.s32 %r0, %r1, %r2;", {r(uint32_t(-7)), r(2)}, r(uint32_t(-1))},
      {"div.u32 %r0, %r1, %r2;", {r(0xFFFFFFF9), r(2)}, r(0x7FFFFFFC)},
      {"rem.u64 %l0, %l1, %l2;",
       {l(1000000007ull * 5 + 3), l(5)},
       l((1000000007ull * 5 + 3) % 5)},
      {"div.s64 %l0, %l1, %l2;", {l(uint64_t(-100)), l(7)}, l(uint64_t(-14))},
      {"div.s32 %r0, %r1, %r2;",
       {r(0x80000000), r(uint32_t(-1))},
       r(0x80000000)},
      {"rem.s32 %r0, %r1, %r2;", {r(0x80000000), r(uint32_t(-1))}, r(0)},
      {"div.u16 %h0, %h1, %h2;", {h(1000), h(7)}, h(142)},
      {"rem.s16 %h0, %h1, %h2;", {h(uint16_t(-1000)), h(7)}, h(uint16_t(-6))},
  });
}

TEST(Integer, MinMaxAbsNeg) {
  check({
      {"min.s32 %r0, %r1, %r2;", {r(uint32_t(-1)), r(1)}, r(uint32_t(-1))},
      {"min.u32 %r0, %r1, %r2;", {r(uint32_t(-1)), r(1)}, r(1)},
      {"max.s64 %l0, %l1, %l2;", {l(uint64_t(-1)), l(1)}, l(1)},
      {"max.u16 %h0, %h1, %h2;", {h(0x8000), h(1)}, h(0x8000)},
      {"abs.s32 %r0, %r1;", {r(uint32_t(-9))}, r(9)},
      {"abs.s64 %l0, %l1;", {l(uint64_t(-9))}, l(9)},
      {"abs.s32 %r0, %r1;", {r(0x80000000)}, r(0x80000000)},
      {"neg.s32 %r0, %r1;", {r(9)}, r(uint32_t(-9))},
      {"neg.s16 %h0, %h1;", {h(9)}, h(uint16_t(-9))},
  });
}

TEST(Bits, Logic) {
  check({
      {"and.b32 %r0, %r1, %r2;", {r(0xF0F0), r(0xFF00)}, r(0xF000)},
      {"or.b64 %l0, %l1, %l2;", {l(1ull << 60), l(1)}, l((1ull << 60) | 1)},
      {"xor.b16 %h0, %h1, %h2;", {h(0xFFFF), h(0x00FF)}, h(0xFF00)},
      {"not.b32 %r0, %r1;", {r(0x0F)}, r(0xFFFFFFF0)},
      {"not.b16 %h0, %h1;", {h(1)}, h(0xFFFE)},
      {"and.pred %p0, %p1, %p2;", {p(true), p(false)}, p(false)},
      {"and.pred %p0, %p1, !%p2;", {p(true), p(false)}, p(true)},
      {"or.pred %p0, %p1, %p2;", {p(true), p(false)}, p(true)},
      {"xor.pred %p0, %p1, %p2;", {p(true), p(true)}, p(false)},
      {"not.pred %p0, %p1;", {p(false)}, p(true)},
  });
}

TEST(Bits, ShiftsClampTheirAmount) {
  check({
      {"shl.b32 %r0, %r1, %r2;", {r(1), r(31)}, r(0x80000000)},
      {"shl.b32 %r0, %r1, %r2;", {r(1), r(32)}, r(0)},
      {"shl.b64 %l0, %l1, %r2;", {l(1), r(40)}, l(1ull << 40)},
      {"shl.b16 %h0, %h1, %r2;", {h(3), r(15)}, h(0x8000)},
      {"shr.u32 %r0, %r1, %r2;", {r(0x80000000), r(31)}, r(1)},
      {"shr.u32 %r0, %r1, %r2;", {r(0x80000000), r(99)}, r(0)},
      {"shr.s32 %r0, %r1, %r2;", {r(0x80000000), r(31)}, r(0xFFFFFFFF)},
      {"shr.s32 %r0, %r1, %r2;", {r(0x80000000), r(64)}, r(0xFFFFFFFF)},
      {"shr.s64 %l0, %l1, 4;", {l(uint64_t(-32))}, l(uint64_t(-2))},
      {"shr.s16 %h0, %h1, 1;", {h(0x8000)}, h(0xC000)},
  });
}

TEST(Bits, Fields) {
  check({
      {"brev.b32 %r0, %r1;", {r(1)}, r(0x80000000)},
      {"brev.b64 %l0, %l1;", {l(6)}, l(3ull << 61)},
      {"bfind.shiftamt.u32 %r0, %r1;", {r(0x00100000)}, r(11)},
      {"bfe.u32 %r0, %r1, %r2, %r3;", {r(0x12345678), r(8), r(12)}, r(0x456)},
      {"bfe.s32 %r0, %r1, %r2, %r3;",
       {r(0x00000F00), r(8), r(4)},
       r(0xFFFFFFFF)},
      {"bfe.s32 %r0, %r1, %r2, %r3;",
       {r(0x80000000), r(28), r(16)},
       r(0xFFFFFFF8)},
      {"bfe.s64 %l0, %l1, %r2, %r3;",
       {l(0xF0ull << 32), r(36), r(4)},
       l(~0ull)},
      {"bfe.u32 %r0, %r1, %r2, %r3;", {r(0xFFFFFFFF), r(40), r(4)}, r(0)},
      {"bfe.u32 %r0, %r1, %r2, %r3;", {r(0xFFFFFFFF), r(4), r(0)}, r(0)},
      {"bfi.b32 %r0, %r1, %r2, %r3, %r4;",
       {r(0xAB), r(0xFFFFFFFF), r(8), r(8)},
       r(0xFFFFABFF)},
      {"bfi.b32 %r0, %r1, %r2, %r3, %r4;", {r(0xAB), r(7), r(32), r(8)}, r(7)},
      {"bfi.b64 %l0, %l1, %l2, %r3, %r4;",
       {l(~0ull), l(0), r(60), r(8)},
       l(0xFull << 60)},
  });
}

TEST(Move, RegistersConstantsAndVectors) {
  check({
      {"mov.b32 %r0, 0x12345678;", {}, r(0x12345678)},
      {"mov.b32 %r0, -1;", {}, r(0xFFFFFFFF)},
      {"mov.b32 %r0, 0f3F800000;", {}, f(1)},
      {"mov.f64 %l0, 0d3FF8000000000000;", {}, d(1.5)},
      {"mov.pred %p0, %p1;", {p(true)}, p(true)},
      {"mov.pred %p0, 1;", {}, p(true)},
      {"mov.b64 %l0, {%r1, %r2};", {r(5), r(6)}, l(6ull << 32 | 5)},
      {"mov.b32 %r0, {%h1, %h2};", {h(5), h(6)}, r(6 << 16 | 5)},
      {"mov.b64 %l0, {%h1, %h2, %h3, %h4};",
       {h(1), h(2), h(3), h(4)},
       l(0x0004000300020001)},
      {"mov.b64 {%r0, %r9}, %l1;", {l(0x500000003)}, r(3)},
      {"mov.b64 {%r9, %r0}, %l1;", {l(0x500000003)}, r(5)},
      {"mov.b64 {_, %r0}, %l1;", {l(0x500000003)}, r(5)},
      {"mov.b32 {%h9, %h0}, %r1;", {r(0x00070003)}, h(7)},
  });
}
