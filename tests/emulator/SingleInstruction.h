//===- SingleInstruction.h - Runs one instruction on given operands *- C++
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_EMULATOR_SINGLEINSTRUCTION_H
#define MINRNN_TESTS_EMULATOR_SINGLEINSTRUCTION_H

#include "tests/emulator/EmulatorTest.h"

#include <bit>

namespace minrnn::emulator {

/// The bits of an operand and the width of its register in bytes; 0 for a
/// predicate.
struct Bits {
  uint64_t value;
  unsigned width;
};

inline Bits h(uint16_t value) { return {value, 2}; }
inline Bits r(uint32_t value) { return {value, 4}; }
inline Bits l(uint64_t value) { return {value, 8}; }
inline Bits f(float value) { return {std::bit_cast<uint32_t>(value), 4}; }
inline Bits d(double value) { return {std::bit_cast<uint64_t>(value), 8}; }
inline Bits p(bool value) { return {value, 0}; }

/// An instruction whose result is register 0 of its width and whose sources are
/// registers 1, 2, ... of theirs: "add.s32 %r0, %r1, %r2;".
struct Case {
  std::string instruction;
  std::vector<Bits> sources;
  Bits result;
};

/// The result's bits, the same in every lane and with a part of the lanes
/// switched off.
inline uint64_t execute(const std::string &instruction,
                        const std::vector<Bits> &sources, unsigned width) {
  auto letter = [](unsigned bytes) {
    return bytes == 0 ? "p" : bytes == 2 ? "h" : bytes == 4 ? "r" : "l";
  };
  std::string body = "ld.param.u64 %l40, [p0];\nld.param.u64 %l41, [p1];\n"
                     "mov.u32 %r40, %tid.x;\nmul.wide.u32 %l42, %r40, 8;\n"
                     "add.s64 %l41, %l41, %l42;\n";
  std::vector<uint64_t> words;
  for (size_t i = 0; i < sources.size(); ++i) {
    std::string at = "[%l40+" + std::to_string(8 * i) + "];\n";
    std::string number = std::to_string(i + 1);
    words.push_back(sources[i].value);
    if (sources[i].width == 0)
      body.append("ld.global.u32 %r50, ")
          .append(at)
          .append("setp.ne.u32 %p")
          .append(number)
          .append(", %r50, 0;\n");
    else
      body.append("ld.global.b")
          .append(std::to_string(8 * sources[i].width))
          .append(" %")
          .append(letter(sources[i].width))
          .append(number)
          .append(", ")
          .append(at);
  }
  words.push_back(0);
  // Lane 7 does not execute the instruction and keeps its 0.
  std::string zero = "mov.u64 %l0, 0;\nmov.u32 %r0, 0;\nmov.u16 %h0, 0;\n"
                     "setp.ne.u32 %p0, %r40, %r40;\n";
  body += zero + "setp.ne.u32 %p20, %r40, 7;\n";
  body += "@%p20 " + instruction + "\n";
  if (width == 0)
    body += "selp.u64 %l30, 1, 0, %p0;\n";
  else if (width == 8)
    body += "mov.u64 %l30, %l0;\n";
  else
    body += "cvt.u64.u" + std::to_string(8 * width) + " %l30, %" +
            letter(width) + "0;\n";
  body += "st.global.u64 [%l41], %l30;\n";
  Device device(kernelOf(body, 2));
  uint64_t in = device.upload(words), out = device.reserve<uint64_t>(32);
  device.run("k", {1}, {32}, {in, out});
  auto masked = device.download<uint64_t>(out, 32);
  // The same once more with all lanes.
  body.replace(body.find("@%p20 "), 6, "");
  Device whole(kernelOf(body, 2));
  in = whole.upload(words), out = whole.reserve<uint64_t>(32);
  whole.run("k", {1}, {32}, {in, out});
  auto all = whole.download<uint64_t>(out, 32);
  for (unsigned lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(all[lane], all[0]) << instruction << ", lane " << lane;
    EXPECT_EQ(masked[lane], lane == 7 ? 0 : all[0])
        << instruction << ", lane " << lane;
  }
  return all[0];
}

inline void check(const std::vector<Case> &cases) {
  for (const Case &one : cases) {
    std::ostringstream operands;
    for (const Bits &source : one.sources)
      operands << " 0x" << std::hex << source.value;
    uint64_t found = execute(one.instruction, one.sources, one.result.width);
    EXPECT_EQ(found, one.result.value)
        << one.instruction << operands.str() << ": expected 0x" << std::hex
        << one.result.value << ", found 0x" << found;
  }
}

} // namespace minrnn::emulator

#endif // MINRNN_TESTS_EMULATOR_SINGLEINSTRUCTION_H
