//===- parser_test.cpp - What is PTX and what is not ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/EmulatorTest.h"

using namespace minrnn::emulator;

namespace {

std::string moduleOf(const std::string &rest) {
  return ".version 7.8\n.target sm_75\n.address_size 64\n" + rest;
}

/// Where the body of `kernelOf` begins.
constexpr uint32_t bodyLine = 11;

void expectRejected(Fault fault, const std::string &ptx, uint32_t line,
                    const std::string &message) {
  std::optional<Error> error = errorOf([&] { parse(ptx); });
  if (!error)
    return;
  EXPECT_EQ(int(error->fault()), int(fault)) << error->what();
  EXPECT_EQ(error->line(), line) << error->what();
  EXPECT_NE(std::string(error->what()).find(message), std::string::npos)
      << error->what();
}

} // namespace

TEST(Parser, UnknownInstructionsAndModifiers) {
  auto body = [](const std::string &text) { return kernelOf(text, 0); };
  expectRejected(Fault::Unsupported, body("frobnicate.b32 %r1, %r2;"), bodyLine,
                 "found 'frobnicate', which the emulator does not know");
  expectRejected(Fault::Unsupported, body("\n\nadd.woolly.f32 %r1, %r2, %r3;"),
                 bodyLine + 2, "modifier '.woolly'");
  expectRejected(Fault::Unsupported, body("wmma.load.a.sync %r1, [%l1];"),
                 bodyLine, "'wmma'");
  expectRejected(Fault::Unsupported, body("mul.lo.f32x2 %l1, %l2, %l3;"),
                 bodyLine, "");
  expectRejected(Fault::Unsupported,
                 body("T: .branchtargets L;\nbrx.idx %r1, T;\nL:"), bodyLine,
                 "branches through a table");
}

TEST(Parser, WrongOperands) {
  auto body = [](const std::string &text) { return kernelOf(text, 0); };
  expectRejected(Fault::Syntax, body("add.s32 %r1, %r2;"), bodyLine,
                 "expected 3 operands of 'add', found 2");
  expectRejected(Fault::Syntax, body("add.s32 %r1, %l2, %r3;"), bodyLine,
                 "expected a register of 32 bits, found '%l2' of 64 bits");
  expectRejected(Fault::Syntax, body("add.s32 %r1, %r99, %r3;"), bodyLine,
                 "'%r99' is not declared");
  expectRejected(Fault::Syntax, body("add.f32 %r1, %r2, 1;"), bodyLine,
                 "the integer 1");
  expectRejected(Fault::Unsupported, body("setp.nan.s32 %p1, %r2, %r3;"),
                 bodyLine, "modifiers '.nan.s32'");
  expectRejected(Fault::Syntax, body("bra NOWHERE;"), bodyLine,
                 "which the entry does not define");
  expectRejected(Fault::Syntax, body("@%r1 bra L; L:"), bodyLine,
                 "expected a predicate register");
  expectRejected(Fault::Syntax, body("ld.global.v2.u32 %r1, [%l2];"), bodyLine,
                 "vector of 2");
  expectRejected(Fault::Syntax, body("mov.b64 {%r1, %r2, %r3}, %l1;"), bodyLine,
                 "2 or 4 elements");
  expectRejected(Fault::OutOfBounds, kernelOf("ld.param.u64 %l1, [p0+8];", 1),
                 bodyLine, "within the 8 bytes of 'p0'");
}

TEST(Parser, BrokenText) {
  expectRejected(Fault::Syntax, "", 1, "no");
  expectRejected(Fault::Syntax, "hello, world", 1, "expected a directive");
  expectRejected(Fault::Syntax, moduleOf(".visible .entry k() {"), 4,
                 "found the end of the text");
  expectRejected(Fault::Syntax, moduleOf(".visible .entry k() { add.s32"), 4,
                 "expected");
  expectRejected(Fault::Syntax, moduleOf("/* never closed"), 4,
                 "close the comment");
  expectRejected(Fault::Syntax, moduleOf(".file 1 \"never closed"), 4,
                 "close the string");
  expectRejected(Fault::Syntax, moduleOf("\x01"), 4, "byte with value 1");
  expectRejected(Fault::Syntax, moduleOf(".global .u32 a = 0f3F8;"), 4,
                 "expected a number");
  expectRejected(Fault::Syntax, moduleOf(".global .align 3 .u32 a;"), 4,
                 "power of two");
  expectRejected(Fault::Syntax,
                 ".version 7.8\n.target sm_75\n"
                 ".address_size 32\n",
                 3, "address size of 64");
}

TEST(Parser, EveryTruncationIsAnErrorOrAProgram) {
  for (const char *file : {"control.ptx", "recurrence.ptx"}) {
    std::string text = readKernel(file);
    for (size_t length = 0; length < text.size(); length += 7) {
      try {
        parse(std::string_view(text).substr(0, length));
      } catch (const Error &error) {
        EXPECT_FALSE(std::string(error.what()).empty());
      }
    }
  }
}

TEST(Parser, WhatIsNotSupported) {
  expectRejected(Fault::Syntax, kernelOf("call f;", 0), bodyLine,
                 "expected a function of the module, found 'f'");
  expectRejected(Fault::Unsupported,
                 kernelOf("call f;", 0, ".func f() { call f; ret; }\n"), 4,
                 "a function that calls itself is not supported");
  expectRejected(Fault::Unsupported, kernelOf(".local .b8 a[4];", 0), bodyLine,
                 "found '.local'");
  expectRejected(Fault::Unsupported, kernelOf("bar.sync 1;", 0), bodyLine,
                 "barriers other than 0");
  expectRejected(Fault::Unsupported,
                 kernelOf("atom.global.add.f32 %r1, [%l1], %r2;", 0), bodyLine,
                 "'atom' does not work on operands of type .f32");
}

TEST(Parser, DebugDirectivesAndScopes) {
  Device device(moduleOf(R"(
.file 1 "kernel.cu"
// a comment .entry nothing()
/* another
   one */
.visible .entry k(.param .u64 .ptr .global .align 8 out)
.maxntid 64, 1, 1
.minnctapersm 2
{
  .loc 1 3 0
  .reg .b32 x, y;
  .reg .b64 a;
  .pragma "nounroll";
  mov.u32 x, 1;
  { .reg .b32 x; .reg .pred p; mov.u32 x, 7; setp.ne.u32 p, x, 7;
    @p bra DONE;
    mov.u32 y, x;
    DONE: }
  { .reg .b32 x; mov.u32 x, 5; add.u32 y, y, x; bra DONE; add.u32 y, y, 1;
    DONE: }
  .loc 1 4 0, function_name info, inlined_at 1 2 3
  add.u32 y, y, x;
  ld.param.u64 a, [out];
  st.global.u32 [a], y;
}
.section .debug_str { info: .b8 0 }
)"));
  uint64_t out = device.reserve<uint32_t>(1);
  device.run("k", {1}, {1}, {out});
  EXPECT_EQ(device.download<uint32_t>(out, 1)[0], 13u);
  const EntryInfo *info = device.module.program().find("k");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->maxThreads, (Dim3{64, 1, 1}));
  ASSERT_EQ(info->parameters.size(), 1u);
  EXPECT_EQ(info->parameters[0].name, "out");
  EXPECT_EQ(device.module.program().target(), "sm_75");
}

TEST(Parser, FunctionsAreReadWhereTheyAreCalled) {
  // One calls another, returns from within a branch, and has registers and
  // parameters of the caller's names.
  Device device(moduleOf(R"(
.func (.param .b32 result) twice(.param .b32 a)
{
  .reg .b32 x;
  ld.param.b32 x, [a];
  add.u32 x, x, x;
  st.param.b32 [result], x;
  ret;
}
.func (.param .b32 result) twiceIfOdd(.param .b32 a)
{
  .reg .b32 x, y;
  .reg .pred p;
  ld.param.b32 x, [a];
  st.param.b32 [result], x;
  and.b32 y, x, 1;
  setp.eq.u32 p, y, 0;
  @p ret;
  { .param .b32 argument;
    st.param.b32 [argument], x;
    .param .b32 returned;
    call.uni (returned), twice, (argument);
    ld.param.b32 x, [returned]; }
  st.param.b32 [result], x;
  ret;
}
.func (.param .b64 result) sum(.param .b64 b, .param .b64 c)
{
  .reg .b64 x, y;
  ld.param.b64 x, [b];
  ld.param.b64 y, [c];
  add.s64 x, x, y;
  st.param.b64 [result], x;
  ret;
}
.visible .entry k(.param .u64 out)
{
  .reg .b32 x;
  .reg .b64 a, at;
  mov.u32 x, %tid.x;
  mul.wide.u32 at, x, 4;
  { .param .b32 a;
    st.param.b32 [a], x;
    .param .b32 result;
    call.uni (result), twiceIfOdd, (a);
    ld.param.b32 x, [result]; }
  ld.param.u64 a, [out];
  { .param .b64 b, c, result;
    st.param.b64 [b], a;
    st.param.b64 [c], at;
    call.uni (result), sum, (c, b);
    ld.param.b64 a, [result]; }
  st.global.u32 [a], x;
  ret;
}
)"));
  uint64_t out = device.reserve<uint32_t>(4);
  device.run("k", {1}, {4}, {out});
  EXPECT_EQ(device.download<uint32_t>(out, 4),
            (std::vector<uint32_t>{0, 2, 2, 6}));
}

TEST(Parser, VariablesInGlobalMemory) {
  // Compilers write down constants that no instruction reads.
  std::string variables = R"(.global .align 4 .u32 lanes = 32;
.global .align 8 .u64 pointers[2] = {lanes, generic(lanes)+4}, other;
)";
  parse(kernelOf("", 0, variables));
  expectRejected(Fault::Unsupported,
                 kernelOf("mov.u64 %l1, pointers;", 0, variables), bodyLine + 2,
                 "'pointers', a variable in global memory, is not supported");
}

TEST(Parser, KernelsOfBothCompilersAreUnderstood) {
  for (const char *file : {"control.ptx", "faults.ptx", "mathematics.ptx",
                           "recurrence.ptx", "reduction.ptx"})
    EXPECT_FALSE(parse(readKernel(file)).entries().empty()) << file;
}
