//===- emulator_device.h - Runs PTX on the processor ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The very PTX that a GPU would run, on the processor: blocks, warps, shared
// memory and barriers, with checks that a GPU does not make (accesses out of
// bounds or misaligned, reads of memory that nothing wrote, races on shared
// memory, barriers that some threads miss, blocks that wait for ever), and
// with counts of what was moved. Correct, not fast. It is a library of its own,
// minrnn_emulator_device, which tools and tests link.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_EMULATOR_DEVICE_H
#define MINRNN_EMULATOR_DEVICE_H

#include "minrnn/open_device.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

struct EmulatorOptions {
  /// The GPU that is emulated.
  std::string target = "sm_75";
  /// How many multiprocessors it has; the default is a T4's. What runs does not
  /// depend on it, but which schedule a layer takes does.
  std::int64_t multiprocessors = 40;
  /// Orders blocks and warps, and the lengths of their turns; results must not
  /// depend on it. 0 keeps the natural order.
  std::uint64_t seed = 0;
  /// Arithmetic on f32 is that of integers modulo 2^32, in which sums and
  /// products are exact: kernels that compute the same in another order give
  /// the same bits. For tests; see runtime/emulator/ModularArithmetic.h.
  bool modularArithmetic = false;
  /// Threads of the processor; 0: one a core.
  unsigned threads = 0;
  /// The device's memory in bytes; the processor needs four for each in use.
  std::uint64_t memoryBytes = std::uint64_t{16} << 30;
};

/// What one entry did, in all its launches.
struct EntryStatistics {
  std::string entry;
  std::uint64_t launches = 0;
  std::uint64_t blocks = 0;
  std::uint64_t threads = 0;
  /// Global memory: the distinct bytes that each launch touched, and the bytes
  /// of the 32-byte sectors that its warps' accesses moved.
  std::uint64_t bytesRead = 0;
  std::uint64_t bytesReadMoved = 0;
  std::uint64_t bytesWritten = 0;
  std::uint64_t bytesWrittenMoved = 0;
  std::uint64_t atomics = 0;
  /// Warp-level accesses to shared memory, and the passes over its banks that
  /// conflicts added.
  std::uint64_t sharedAccesses = 0;
  std::uint64_t bankConflicts = 0;
  /// Operations of the special function unit, thread by thread.
  std::uint64_t specialFunctions = 0;
  std::uint64_t warpInstructions = 0;
  std::uint64_t threadInstructions = 0;
  std::uint64_t divergentBranches = 0;
  /// Barriers that whole blocks passed.
  std::uint64_t barriers = 0;
};

/// One of these counts, and what it counts, for people: `bytes read, needed`.
struct EntryCount {
  std::string_view name;
  std::uint64_t EntryStatistics::*count;
};

/// All of them, in the order in which they are shown.
std::span<const EntryCount> entryCounts();

/// Made by `create`; everything else is as `Device` says. To copy bytes that
/// nothing wrote to the host is an Error.
class EmulatorDevice : public Device {
public:
  /// Devices are shared by the modules that are loaded on them.
  static std::shared_ptr<EmulatorDevice>
  create(const EmulatorOptions &options = {});

  /// What was launched since the device was made, in the order of first use.
  virtual const std::vector<EntryStatistics> &statistics() const = 0;
};

/// Opens one of so many threads, for `openDevice` and its like.
DeviceFactory emulatorFactory();

/// A table for people of what each entry did.
std::string describe(const std::vector<EntryStatistics> &statistics);

} // namespace minrnn

#endif // MINRNN_EMULATOR_DEVICE_H
