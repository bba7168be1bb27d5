//===- SharedRaces.h - Unordered accesses to shared memory ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two accesses to one location by different threads, at least one of them a
// write, race unless something orders them: the barrier of the block,
// bar.warp.sync between lanes of one warp, or a fence and an ordered access on
// either side. Shuffles and votes order nothing, as in the PTX ISA. Atomic,
// volatile and relaxed accesses do not race with each other.
//
// Every access is stamped with the block's clock, which advances at each
// synchronisation; for each warp the checker knows up to which stamp the
// accesses of each other warp are ordered before what it does now. The barrier
// and fences are followed for whole warps, bar.warp.sync lane by lane.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_SHAREDRACES_H
#define MINRNN_RUNTIME_EMULATOR_SHAREDRACES_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace minrnn::emulator {

class SharedRaces {
public:
  enum class Kind : uint8_t { Read, Write, StrongRead, StrongWrite, Atomic };

  /// The earlier of two accesses that race.
  struct Conflict {
    unsigned thread = 0;
    uint32_t line = 0;
    bool wrote = false;
  };

  /// Forgets everything. `granuleLog2` is log2 of the narrowest access.
  void start(unsigned warps, size_t bytes, unsigned granuleLog2);

  /// Notes an access of `bytes` bytes at `offset` by `thread` of the block, at
  /// a line of PTX. Returns true, and fills `conflict`, when it races with an
  /// earlier one. A write that leaves every byte as it was (`changes` false)
  /// does not race with another write: threads may store the same value.
  bool access(Kind kind, unsigned thread, size_t offset, unsigned bytes,
              uint32_t line, bool changes, Conflict &conflict);

  /// All threads of the block met.
  void blockBarrier();
  /// The lanes of a warp met.
  void warpSync(unsigned warp, uint32_t lanes);
  /// membar or fence.
  void fence(unsigned warp);
  /// An access with .release or .acquire semantics, before it, after it.
  void release(unsigned warp);
  void acquire(unsigned warp);

private:
  static constexpr unsigned maxWarps = 32;
  using Clock = uint32_t;
  using Knowledge = std::array<Clock, maxWarps>;

  struct Location {
    Clock writeTime = 0;
    Clock readTime = 0;
    uint32_t writeLine = 0;
    uint32_t readLine = 0;
    uint32_t readWarps = 0;
    uint16_t writer = 0;
    uint16_t reader = 0;
    bool writeStrong = false;
    bool readStrong = false;
    /// More than one thread read.
    bool manyReaders = false;
  };

  bool ordered(unsigned earlier, Clock time, unsigned later) const;
  bool readsOrdered(const Location &location, unsigned later) const;
  bool check(Location &location, Kind kind, unsigned thread, uint32_t line,
             bool changes, Conflict &conflict) const;
  void communicate(Kind kind, unsigned warp, size_t granule);

  unsigned warpCount = 0;
  unsigned granule = 2;
  Clock clock = 1;
  Clock lastBlockBarrier = 1;
  std::vector<Location> locations;
  /// known[w][v]: what warp v did before this time is ordered before w's now.
  std::array<Knowledge, maxWarps> known{};
  std::array<Clock, maxWarps> lastWarpSync{};
  /// As `known`, between the lanes of one warp; only for warps that synchronise
  /// some of their lanes.
  std::array<std::unique_ptr<std::array<Knowledge, 32>>, maxWarps> lanesKnown;
  /// What a strong write of the warp publishes, and what its strong reads saw.
  std::array<Knowledge, maxWarps> published{};
  std::array<Knowledge, maxWarps> seen{};
  std::unordered_map<size_t, Knowledge> messages;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_SHAREDRACES_H
