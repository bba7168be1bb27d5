//===- CachingAllocator.cpp - Memory that is kept for the next one --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CachingAllocator.h"

#include "minrnn/error.h"

#include <algorithm>
#include <bit>
#include <string>

using namespace minrnn;

CachingAllocator::CachingAllocator(Source source) : source(std::move(source)) {}

CachingAllocator::~CachingAllocator() {
  trim();
  for (const auto &[address, block] : used)
    source.free(address);
}

std::uint64_t CachingAllocator::roundedUp(std::uint64_t bytes) {
  constexpr std::uint64_t granule = 512;
  const std::uint64_t wanted = std::max<std::uint64_t>(bytes, 1);
  // Beyond this, rounding up would overflow; no device has as much.
  if (wanted > std::uint64_t{1} << 62)
    return wanted;
  const std::uint64_t step = std::max(granule, std::bit_floor(wanted) / 8);
  return (wanted + step - 1) / step * step;
}

std::uint64_t CachingAllocator::allocate(std::uint64_t bytes) {
  const std::uint64_t reserved = roundedUp(bytes);
  std::uint64_t address = 0;
  const auto found = free.find(reserved);
  if (found != free.end()) {
    address = found->second;
    free.erase(found);
    kept -= reserved;
  } else {
    const std::uint64_t keptBefore = kept;
    address = source.reserve(reserved);
    if (address == 0 && kept > 0) {
      trim();
      address = source.reserve(reserved);
    }
    if (address == 0)
      throw Error("out of memory: no room for " + std::to_string(bytes) +
                  " bytes on the device, besides " +
                  std::to_string(requested.inUse) + " in use; " +
                  std::to_string(keptBefore) +
                  " that were kept have been given back");
  }
  used[address] = {bytes, reserved};
  requested.inUse += bytes;
  requested.peak = std::max(requested.peak, requested.inUse);
  return address;
}

void CachingAllocator::release(std::uint64_t address) noexcept {
  const auto found = used.find(address);
  if (found == used.end())
    return;
  requested.inUse -= found->second.requested;
  kept += found->second.reserved;
  free.emplace(found->second.reserved, address);
  used.erase(found);
}

void CachingAllocator::trim() noexcept {
  for (const auto &[bytes, address] : free)
    source.free(address);
  free.clear();
  kept = 0;
}
