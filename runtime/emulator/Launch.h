//===- Launch.h - Runs an entry of a PTX module -----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_LAUNCH_H
#define MINRNN_RUNTIME_EMULATOR_LAUNCH_H

#include "runtime/emulator/Memory.h"
#include "runtime/emulator/Program.h"
#include "runtime/emulator/Statistics.h"

#include <span>
#include <utility>

namespace minrnn::emulator {

/// A program and the memory it works on, which must outlive it.
class Module {
public:
  Module(Memory &memory, Program program)
      : device(memory), loaded(std::move(program)) {}

  Memory &memory() const { return device; }
  const Program &program() const { return loaded; }

private:
  Memory &device;
  Program loaded;
};

struct LaunchOptions {
  /// Orders blocks and warps, and the lengths of their turns. 0 keeps their
  /// natural order.
  uint64_t seed = 0;
  /// Reads of global or shared memory that nothing wrote are errors.
  bool checkUninitialised = true;
  /// Unordered accesses to shared memory by different threads are errors.
  bool checkRaces = true;
  /// Count sectors, bank conflicts and distinct bytes; instructions are always
  /// counted.
  bool countTraffic = true;
  /// Host threads; 0 is one for each core. An entry whose blocks may talk to
  /// each other runs on one, whatever is asked for.
  unsigned threads = 0;
  /// Blocks that run interleaved on one host thread, as on a GPU that holds so
  /// many at once. A grid larger than this whose blocks all wait for the last
  /// one is a deadlock.
  unsigned residentBlocks = 1024;
  /// Instructions a warp may execute while no thread of the launch changes
  /// memory, before that counts as a deadlock. A warp whose state repeats
  /// exactly is caught much sooner.
  uint64_t idleLimit = uint64_t(1) << 26;
  /// Instructions all warps of a block together may execute.
  uint64_t instructionLimit = uint64_t(1) << 40;
};

/// Runs `entry` to its end. `arguments` holds one of 64 bits for each parameter
/// (its low bytes where the parameter is narrower; as many as its size needs
/// where it is a structure). A grid with no block runs nothing.
/// Throws `Error`, after which memory holds what was written until then.
Statistics launch(const Module &module, std::string_view entry, Dim3 grid,
                  Dim3 block, uint64_t dynamicSharedBytes,
                  std::span<const uint64_t> arguments,
                  const LaunchOptions &options = {});

/// Shared memory a block may have on `target`, in bytes: 65536 on sm_75.
uint64_t sharedLimit(std::string_view target);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_LAUNCH_H
