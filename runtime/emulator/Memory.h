//===- Memory.h - The global memory of an emulated device -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_MEMORY_H
#define MINRNN_RUNTIME_EMULATOR_MEMORY_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace minrnn::emulator {

/// A span of device memory. Each byte carries a flag that says whether it was
/// written, and two that say whether the present launch touched it; whole
/// bytes, so that blocks on different host threads may set neighbours.
struct Allocation {
  uint64_t base = 0;
  uint64_t size = 0;
  std::string name;
  /// Set when a launch first looks this allocation up: its touched flags are
  /// then to be counted, and cleared before the next launch.
  std::atomic<bool> touched = false;
  std::unique_ptr<uint8_t[]> data;
  std::unique_ptr<uint8_t[]> written;
  std::unique_ptr<uint8_t[]> loaded;
  std::unique_ptr<uint8_t[]> stored;

  bool holds(uint64_t address, uint64_t bytes) const {
    return address - base <= size && bytes <= size - (address - base);
  }
};

/// The device's memory as the host sees it: 64-bit addresses that mean nothing
/// on the host, with guard gaps between allocations and never used twice, so
/// that a stray access meets nothing. Unwritten memory holds the byte 0xFB
/// (as f32 about -2.6e36). Not for use by several host threads at once; a
/// launch must not overlap with any other use.
class Memory {
public:
  /// A device with `capacity` bytes; the host needs four for each that is in
  /// use.
  explicit Memory(uint64_t capacity = uint64_t(16) << 30);
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  /// Reserves `bytes` bytes at a multiple of `alignment` (a power of two) and
  /// returns the address, never 0, also when `bytes` is 0. `name` appears in
  /// error messages. Throws `Error` (Host), naming the sizes, when the memory
  /// is full.
  uint64_t allocate(uint64_t bytes, std::string_view name = {},
                    uint64_t alignment = 256);
  /// Gives an allocation back; `address` is what `allocate` returned.
  void release(uint64_t address);

  /// Copies `bytes` bytes; the device side must lie in one allocation. Throws
  /// `Error` (Host), before any byte is copied.
  void copyToDevice(uint64_t destination, const void *source, uint64_t bytes);
  /// As `copyToDevice`; bytes that nothing wrote are an error, too.
  void copyToHost(void *destination, uint64_t source, uint64_t bytes) const;
  /// As cuMemcpyDtoD: the written flags travel with the bytes.
  void copyOnDevice(uint64_t destination, uint64_t source, uint64_t bytes);
  /// Sets every byte, which counts as a write.
  void fill(uint64_t destination, uint8_t value, uint64_t bytes);

  /// Bytes now reserved, and the most there ever were.
  uint64_t bytesInUse() const { return inUse; }
  uint64_t peakBytes() const { return peak; }

  /// The allocation that an access at `address` falls into or behind: the one
  /// with the greatest base not above it. Null when there is none. For the
  /// executor, as are the next two.
  Allocation *nearest(uint64_t address) const;
  /// One sentence about what lies at an address that no allocation holds.
  std::string describe(uint64_t address) const;
  /// Clears the touched flags; sums them up.
  void beginLaunch();
  void countTouched(uint64_t &loaded, uint64_t &stored) const;

private:
  Allocation &expect(uint64_t address, uint64_t bytes, const char *what) const;

  std::map<uint64_t, std::unique_ptr<Allocation>> allocations;
  struct Released {
    uint64_t size;
    std::string name;
  };
  std::map<uint64_t, Released> released;
  uint64_t next;
  uint64_t limit;
  uint64_t inUse = 0;
  uint64_t peak = 0;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_MEMORY_H
