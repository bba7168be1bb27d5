//===- Program.h - A PTX module, ready to run -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A functional emulator of PTX (ISA 6.3 to 9.0), as LLVM and NVRTC emit it for
// kernels of our kind. What a program computes is what the ISA defines, with
// these limits:
//
// - Memory is sequentially consistent, so a fence that is missing between
//   blocks goes unseen; within a block the race checker sees it.
// - No time passes, and no cache is modelled.
// - Approximate functions are as exact as the host's, which is better than the
//   ISA promises; their results differ from a GPU's in the last places.
// - Reading a register that nothing wrote is not detected; it holds ones.
// - Only the instructions that LLVM and NVRTC emit for our kernels are there,
//   and what a look-back across blocks needs: atomics, fences, ordered loads
//   and stores. `parse` refuses the rest: functions and their calls, local and
//   constant memory, the use of variables in global memory, branches through
//   tables, matrix instructions, asynchronous copies, clusters, textures,
//   vector registers, constant expressions, arithmetic with carry or
//   saturation or in half precision, barriers other than that of the whole
//   block.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_PROGRAM_H
#define MINRNN_RUNTIME_EMULATOR_PROGRAM_H

#include "runtime/emulator/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::emulator {

struct Image;
enum class Arithmetic : uint8_t;

/// A parameter of an entry.
struct ParameterInfo {
  std::string name;
  uint64_t bytes = 0;
  /// Its place in the parameter space.
  uint64_t offset = 0;
  /// Arguments of 64 bits that a launch passes for it: one, or more for a
  /// structure.
  uint64_t arguments() const { return bytes <= 8 ? 1 : (bytes + 7) / 8; }
};

/// What a launch needs to know of an entry.
struct EntryInfo {
  std::string name;
  std::vector<ParameterInfo> parameters;
  /// Shared memory that every block has, apart from what a launch adds.
  uint64_t sharedBytes = 0;
  /// .maxntid and .reqntid; zeros where the entry has none.
  Dim3 maxThreads{0, 0, 0};
  Dim3 requiredThreads{0, 0, 0};
  /// Whether blocks may talk to each other through global memory (atomics,
  /// fences, volatile or ordered accesses). If so, they run interleaved on one
  /// host thread; if not, on several.
  bool synchronisesBlocks = false;
};

/// A decoded module: immutable, cheap to copy, free to share among threads.
class Program {
public:
  const std::vector<EntryInfo> &entries() const;
  /// Null when there is no such entry.
  const EntryInfo *find(std::string_view entry) const;
  /// The text after `.target`, such as "sm_75".
  const std::string &target() const;

  const std::shared_ptr<const Image> &image() const { return decoded; }

private:
  Program() = default;
  friend Program parse(std::string_view ptx, Arithmetic arithmetic);
  std::shared_ptr<const Image> decoded;
};

/// What arithmetic on .f32 does.
enum class Arithmetic : uint8_t {
  /// What the ISA says, in IEEE 754.
  Ieee,
  /// Operations of a ring, which are exact: see ModularArithmetic.h.
  Modular,
};

/// Parses and decodes PTX text, which is copied. Throws `Error`: Syntax,
/// naming the line, what was expected and what was found; Unsupported for an
/// instruction, modifier or directive that the emulator does not know.
Program parse(std::string_view ptx, Arithmetic arithmetic = Arithmetic::Ieee);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_PROGRAM_H
