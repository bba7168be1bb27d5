//===- CachingAllocator.h - Memory that is kept for the next ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_CACHINGALLOCATOR_H
#define MINRNN_RUNTIME_DEVICE_CACHINGALLOCATOR_H

#include "minrnn/device.h"

#include <cstdint>
#include <functional>
#include <map>

namespace minrnn {

/// Keeps memory that was given back, for requests of about its size: asking a
/// driver for memory is slow and stops all work.
class CachingAllocator {
public:
  /// Where memory comes from: `reserve` gives the address of so many bytes, 0
  /// when there is no room, and `free` takes one back.
  struct Source {
    std::function<std::uint64_t(std::uint64_t bytes)> reserve;
    std::function<void(std::uint64_t address)> free;
  };

  explicit CachingAllocator(Source source);
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator &) = delete;
  CachingAllocator &operator=(const CachingAllocator &) = delete;

  /// The address of `bytes` bytes; one byte for none. When the source has no
  /// room, gives back all that is kept and asks again. Throws Error, naming
  /// what was asked for, what is in use and what was kept, when that fails,
  /// too.
  std::uint64_t allocate(std::uint64_t bytes);

  /// Keeps the memory for another request. Does nothing for an address that
  /// `allocate` did not give.
  void release(std::uint64_t address) noexcept;

  /// Gives back to the source what is kept.
  void trim() noexcept;

  /// Bytes asked for and not given back.
  MemoryUse use() const { return requested; }
  /// Bytes reserved that nobody uses.
  std::uint64_t keptBytes() const { return kept; }

  /// What is reserved for a request: small ones in steps of 512 bytes, others
  /// of an eighth of their power of two, so that requests of about one size
  /// share.
  static std::uint64_t roundedUp(std::uint64_t bytes);

private:
  struct Used {
    std::uint64_t requested;
    std::uint64_t reserved;
  };

  Source source;
  std::map<std::uint64_t, Used> used;
  /// Addresses by the bytes reserved there.
  std::multimap<std::uint64_t, std::uint64_t> free;
  MemoryUse requested;
  std::uint64_t kept = 0;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CACHINGALLOCATOR_H
