//===- entry_parameters_test.cpp - The parameters of entries in PTX -------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/EntryParameters.h"

#include "gtest/gtest.h"
#include <map>
#include <string>
#include <vector>

using namespace minrnn;

namespace {

using Entries = std::map<std::string, std::vector<std::size_t>, std::less<>>;

TEST(EntryParameters, ListsThoseOfEachEntry) {
  EXPECT_EQ(findEntryParameters(".visible .entry first(\n"
                                "  .param .u64 a,\n  .param .f32 b\n)\n"
                                "{ ret; }\n"
                                ".entry second ( .param .u64 .ptr .global "
                                ".align 16 a )\n.maxntid 128\n{ ret; }\n"),
            (Entries{{"first", {8, 4}}, {"second", {8}}}));
}

TEST(EntryParameters, AnEntryMayHaveNone) {
  EXPECT_EQ(findEntryParameters(".entry a() { ret; }\n.entry b { ret; }\n"
                                ".entry c\n{ .param .b32 p; ret; }\n"
                                ".entry d\n.maxntid 32\n{ ret; }\n"),
            (Entries{{"a", {}}, {"b", {}}, {"c", {}}, {"d", {}}}));
  EXPECT_EQ(findEntryParameters(""), Entries{});
  EXPECT_EQ(findEntryParameters(".func f(.param .b32 x) { ret; }"), Entries{});
  EXPECT_EQ(findEntryParameters(".entry"), Entries{});
}

TEST(EntryParameters, CommentsAreNoText) {
  EXPECT_EQ(findEntryParameters(
                "// .entry no(.param .u64 a)\n/* .entry neither(\n) */"
                ".entry /* x */ yes( // .param .u64 z)\n"
                ".param .u64 a, /* .param .u32 b, */ .param .u16 c)\n{}\n"
                "/*/ .entry not(.param .u8 q) */ // the end"),
            (Entries{{"yes", {8, 2}}}));
  EXPECT_EQ(findEntryParameters("/* never closed .entry a()"), Entries{});
  EXPECT_EQ(findEntryParameters("/"), Entries{});
}

TEST(EntryParameters, StringsAreNoText) {
  EXPECT_EQ(findEntryParameters(
                ".file 1 \"/*.cu\"\n.entry a(.param .u64 x) {}\n"
                ".file 2 \"// .entry b(.param .u64 x)\" .entry c() {}\n"),
            (Entries{{"a", {8}}, {"c", {}}}));
}

TEST(EntryParameters, NamesMayLookLikeAnything) {
  EXPECT_EQ(findEntryParameters(
                ".entry param_entry(.param .b64 param, .param .u64 $param_1,\n"
                ".param .s8 %u64)\n{}\n.entry entry(.param\t.u32\nb32){}"),
            (Entries{{"param_entry", {8, 8, 1}}, {"entry", {4}}}));
}

TEST(EntryParameters, ArraysHaveAllTheirBytes) {
  EXPECT_EQ(findEntryParameters(
                ".entry a(.param .align 8 .b8 s[24], .param .u32 t[3],\n"
                ".param .f64 u [ 2 ], .param .b8 v[0x10])\n{}"),
            (Entries{{"a", {24, 12, 16, 16}}}));
}

TEST(EntryParameters, EveryTypeHasItsSize) {
  const std::map<std::string, std::size_t> sizes = {
      {"b8", 1},  {"u8", 1},  {"s8", 1},  {"b16", 2}, {"u16", 2},  {"s16", 2},
      {"f16", 2}, {"b32", 4}, {"u32", 4}, {"s32", 4}, {"f32", 4},  {"f16x2", 4},
      {"b64", 8}, {"u64", 8}, {"s64", 8}, {"f64", 8}, {"b128", 16}};
  for (const auto &[type, bytes] : sizes)
    EXPECT_EQ(findEntryParameters(".entry a(.param ." + type + " x){}"),
              (Entries{{"a", {bytes}}}))
        << type;
}

} // namespace
