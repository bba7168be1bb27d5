//===- GuardedBuffer.h - Device memory that tells what was written -*- C++
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_GUARDEDBUFFER_H
#define MINRNN_TESTS_DEVICE_GUARDEDBUFFER_H

#include "minrnn/device.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace minrnn::test {

/// Bytes of a device's memory, unwritten, between two guards. A guard and what
/// is unwritten hold ones in every bit, which is NaN in every float type, so
/// that a kernel that reads them shows. The emulator itself tells unwritten
/// bytes and has guards of its own behind every allocation: there nothing is
/// filled, or its checks would see nothing.
class GuardedBuffer {
public:
  /// Begins `shift` bytes after what the device aligned.
  GuardedBuffer(std::shared_ptr<Device> device, std::size_t bytes,
                std::size_t shift);
  GuardedBuffer(const GuardedBuffer &) = delete;
  GuardedBuffer &operator=(const GuardedBuffer &) = delete;
  ~GuardedBuffer();

  std::uint64_t address() const { return allocation + before; }
  std::size_t size() const { return bytes; }

  void upload(std::span<const std::byte> source, std::size_t offset = 0) const;
  void download(std::span<std::byte> target, std::size_t offset = 0) const;

  /// Whether nothing was written outside the buffer.
  bool isIntact() const;

private:
  bool isEmulated() const { return device->name() == "emulator"; }

  std::shared_ptr<Device> device;
  std::size_t bytes;
  /// Bytes of the guards.
  std::size_t before;
  std::size_t after;
  std::uint64_t allocation;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_GUARDEDBUFFER_H
