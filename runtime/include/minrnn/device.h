//===- device.h - Where kernels run -----------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One interface for every device: memory, loaded code, launch. The host is the
// embedded default and needs nothing.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DEVICE_H
#define MINRNN_DEVICE_H

#include "minrnn/manifest.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// A device: its name and its memory. Addresses are 64-bit words, as an
/// argument block holds them; on the host they are ordinary pointers.
class Device {
public:
  virtual ~Device();

  /// `host`, `cuda` or `emulator`.
  virtual std::string_view name() const = 0;

  /// Reserves `bytes` bytes, aligned for any vector of the device, with no
  /// particular content. Throws Error when there is no room.
  virtual std::uint64_t allocate(std::size_t bytes) = 0;

  /// Gives back what `allocate` gave; 0 is allowed.
  virtual void release(std::uint64_t address) noexcept = 0;

  /// Copies `bytes` bytes to or from the device's memory and waits for it.
  virtual void copyToDevice(std::uint64_t destination, const void *source,
                            std::size_t bytes) = 0;
  virtual void copyToHost(void *destination, std::uint64_t source,
                          std::size_t bytes) = 0;

  /// Waits until everything launched has ended.
  virtual void synchronize() = 0;
};

/// The code of one compiled cell, loaded on a device.
class KernelModule {
public:
  virtual ~KernelModule();

  /// The device the code is loaded on; lives as long as the module.
  virtual Device &device() const = 0;

  /// Runs `entry` on the words of `argumentBlock`, in the entry's own order
  /// (see specs/abi.md), for all `tileCount` (batch row, channel tile) pairs.
  /// Does nothing when `tileCount` is 0. May return before the work is done on
  /// a device other than the host: see Device::synchronize.
  /// Throws Error when the module holds no such entry.
  virtual void launch(const KernelEntry &entry,
                      std::span<const std::uint64_t> argumentBlock,
                      std::int64_t tileCount) const = 0;
};

/// The processor this runs on.
class HostDevice : public Device {
public:
  /// `threads` is how many OpenMP threads a launch uses; 0 for OpenMP's own
  /// choice (OMP_NUM_THREADS, else one a core). Throws Error if negative.
  explicit HostDevice(int threads = 0);

  std::string_view name() const override { return "host"; }
  std::uint64_t allocate(std::size_t bytes) override;
  void release(std::uint64_t address) noexcept override;
  void copyToDevice(std::uint64_t destination, const void *source,
                    std::size_t bytes) override;
  void copyToHost(void *destination, std::uint64_t source,
                  std::size_t bytes) override;
  void synchronize() override {}

  /// The number of threads of a launch.
  int threads() const;

private:
  int requestedThreads;
};

/// An entry of a host object: it reads its argument block, followed by the
/// words `begin` and `end`, and works on that half-open range of (batch row,
/// channel tile) pairs.
using HostEntry = void (*)(const std::uint64_t *argumentBlock);

/// Host code: a table from symbols to functions. Each launch splits its range
/// of tiles over the threads of the device.
class HostModule : public KernelModule {
public:
  /// `owner` keeps the code alive (a JIT, a shared library); may be null.
  HostModule(std::shared_ptr<HostDevice> device,
             std::map<std::string, HostEntry, std::less<>> symbols,
             std::shared_ptr<void> owner = nullptr);

  Device &device() const override { return *hostDevice; }
  void launch(const KernelEntry &entry,
              std::span<const std::uint64_t> argumentBlock,
              std::int64_t tileCount) const override;

private:
  // Declared first, so destroyed last: the code outlives the table into it.
  std::shared_ptr<void> owner;
  std::shared_ptr<HostDevice> hostDevice;
  std::map<std::string, HostEntry, std::less<>> symbols;
};

} // namespace minrnn

#endif // MINRNN_DEVICE_H
