//===- GuardedBuffer.cpp - Device memory that tells what was written ------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/GuardedBuffer.h"

#include "minrnn/error.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

/// As wide as any access of a block that goes astray by one row of lanes.
static constexpr std::size_t guardBytes = 512;
static constexpr std::uint8_t poison = 0xFF;

GuardedBuffer::GuardedBuffer(std::shared_ptr<Device> owner, std::size_t bytes,
                             std::size_t shift)
    : device(std::move(owner)), bytes(bytes),
      before(isEmulated() ? shift : guardBytes + shift),
      after(isEmulated() ? 0 : guardBytes),
      allocation(device->allocate(before + bytes + after)) {
  if (!isEmulated())
    device->fill(allocation, poison, before + bytes + after);
}

GuardedBuffer::~GuardedBuffer() { device->release(allocation); }

/// Throws unless `count` bytes from `offset` on lie in `bytes` bytes.
static void checkRange(std::size_t bytes, std::size_t offset,
                       std::size_t count) {
  if (offset > bytes || count > bytes - offset)
    throw std::logic_error("the test copies beyond its own buffer");
}

void GuardedBuffer::upload(std::span<const std::byte> source,
                           std::size_t offset) const {
  checkRange(bytes, offset, source.size());
  device->copyToDevice(address() + offset, source.data(), source.size());
}

void GuardedBuffer::download(std::span<std::byte> target,
                             std::size_t offset) const {
  checkRange(bytes, offset, target.size());
  device->copyToHost(target.data(), address() + offset, target.size());
}

bool GuardedBuffer::isIntact() const {
  if (isEmulated()) {
    // What nothing wrote cannot be copied, not a byte of it.
    for (std::size_t i = 0; i < before; ++i) {
      std::byte read{};
      try {
        device->copyToHost(&read, allocation + i, 1);
        return false;
      } catch (const Error &) {
        continue;
      }
    }
    return true;
  }
  std::vector<std::byte> guards(before + after);
  device->copyToHost(guards.data(), allocation, before);
  device->copyToHost(guards.data() + before, address() + bytes, after);
  return std::all_of(guards.begin(), guards.end(), [](std::byte value) {
    return value == std::byte{poison};
  });
}
