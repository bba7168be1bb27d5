//===- device.h - Where kernels run -----------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One interface for every device: memory, streams, events, loaded code, launch,
// matrix products. The host is the embedded default and needs nothing; the
// others are minrnn/emulator_device.h and minrnn/cuda_device.h, and
// minrnn/open_device.h opens any of them by name.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DEVICE_H
#define MINRNN_DEVICE_H

#include "minrnn/manifest.h"
#include "minrnn/matrix_product.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// Bytes of a device's memory: held now, and the most that ever were.
struct MemoryUse {
  std::uint64_t inUse = 0;
  std::uint64_t peak = 0;
};

/// The shape of one launch: blocks of the grid and threads of a block along x,
/// y and z, and the bytes of shared memory besides those the code declares.
struct LaunchShape {
  std::array<std::uint64_t, 3> grid = {1, 1, 1};
  std::array<std::uint64_t, 3> block = {1, 1, 1};
  std::uint64_t sharedBytes = 0;
};

/// A place in the work that was queued on a stream.
class Event {
public:
  virtual ~Event();

  /// Waits until everything before this place has ended.
  virtual void synchronize() = 0;

  /// Seconds from `earlier`, an event of the same device, to this one. Waits
  /// for both.
  virtual double secondsSince(Event &earlier) = 0;
};

/// A queue of work that runs in order, beside that of other streams.
class Stream {
public:
  virtual ~Stream();
};

/// Work that was recorded, to be run many times.
class Graph {
public:
  virtual ~Graph();

  /// Queues the recorded work, on the same addresses, on the current stream.
  virtual void launch() = 0;
};

/// PTX loaded on a device.
class DeviceModule {
public:
  virtual ~DeviceModule();

  /// Queues `entry`, whose parameters are `arguments`, in this order.
  /// Does nothing when the grid is empty. Throws Error when there is no such
  /// entry or the shape is not one that the device can launch.
  virtual void launch(std::string_view entry, const LaunchShape &shape,
                      std::span<const std::uint64_t> arguments) const = 0;
};

/// A device: memory, loaded code, and the order in which work is done.
/// Addresses are 64 bits, as a launch takes them; on the host they are ordinary
/// pointers. Memory that the caller reserved otherwise (on `cuda`, in the GPU's
/// primary context) is as good as the device's own: nothing asks who reserved
/// it.
///
/// Work is queued on the current stream and may end later; what one thread
/// queues on one stream runs in that order. The host and the emulator do
/// everything at once. A device is to be used by one thread at a time.
class Device {
public:
  virtual ~Device();

  /// `host`, `cuda` or `emulator`.
  virtual std::string_view name() const = 0;

  /// What it is, for people: one line.
  virtual std::string description() const = 0;

  /// What cells are compiled for to run here: `host`, or `sm_` and the compute
  /// capability.
  virtual std::string target() const = 0;

  /// How many multiprocessors the GPU has; 0 on the host.
  virtual std::int64_t multiprocessors() const = 0;

  /// Reserves `bytes` bytes, aligned for any vector of the device, with no
  /// particular content. Throws Error with the sizes when there is no room; the
  /// device goes on working.
  virtual std::uint64_t allocate(std::size_t bytes) = 0;

  /// Gives back what `allocate` gave; 0 is allowed. Memory that queued work
  /// still uses is not used again before that work has ended.
  virtual void release(std::uint64_t address) noexcept = 0;

  virtual MemoryUse memoryUse() const = 0;

  /// Copies `bytes` bytes to or from the device's memory and waits for it.
  virtual void copyToDevice(std::uint64_t destination, const void *source,
                            std::size_t bytes) = 0;
  virtual void copyToHost(void *destination, std::uint64_t source,
                          std::size_t bytes) = 0;

  /// Queues a copy within the device's memory; the two must not overlap.
  virtual void copyOnDevice(std::uint64_t destination, std::uint64_t source,
                            std::size_t bytes) = 0;

  /// Queues setting every byte to `value`.
  virtual void fill(std::uint64_t destination, std::uint8_t value,
                    std::size_t bytes) = 0;

  /// Whether products can be formed in a precision: in all of them on the host
  /// and the emulator, which round operands of f32 to nearest where it says so;
  /// in Tf32 and Bf16 on GPUs of compute capability 8.0 or newer, whose tensor
  /// cores may cut an operand off instead.
  virtual bool hasProducts(Precision /*precision*/) const { return true; }

  /// Queues a matrix product of matrices in the device's memory. Results are
  /// the same from run to run. Throws Error when a size is negative or larger
  /// than the BLAS library can count, or the device has no such products.
  virtual void multiply(const MatrixProduct &product) = 0;

  /// Loads PTX text; the same text again gives the same module for as long as
  /// that lives. Throws Error when the device runs no PTX, or refuses this one.
  virtual std::shared_ptr<const DeviceModule> load(std::string_view ptx) = 0;

  /// Waits until everything queued on any stream has ended.
  virtual void synchronize() = 0;

  /// A further stream.
  virtual std::unique_ptr<Stream> createStream() = 0;

  /// The caller's own stream, to be given to `useStream`: on `cuda` a CUstream
  /// (or cudaStream_t) of the GPU's primary context. What the caller queued on
  /// it before runs before. It must live longer than the result, which does not
  /// destroy it. Not looked at on the host and the emulator, which do
  /// everything at once.
  virtual std::unique_ptr<Stream> foreignStream(void *handle) = 0;

  /// Makes `stream`, of this device, the current one; null: the one there was
  /// first. It must not be destroyed while it is the current one.
  virtual void useStream(Stream *stream) = 0;

  /// Marks the end of what is queued on the current stream.
  virtual std::unique_ptr<Event> recordEvent() = 0;

  /// What is queued on the current stream from now on runs after `event`.
  virtual void waitFor(Event &event) = 0;

  /// Records what `work` queues on the current stream without running it. In
  /// `work`, only launches, products, fills and copies within the device are
  /// allowed. Null, and `work` was not called, on a device that records
  /// nothing: the host.
  virtual std::unique_ptr<Graph> capture(const std::function<void()> &work) = 0;
};

/// Throws Error, which names the device, unless it has products in `precision`.
void requireProducts(const Device &device, Precision precision);

/// The code of one compiled cell, loaded on a device.
class KernelModule {
public:
  virtual ~KernelModule();

  /// The device the code is loaded on.
  virtual std::shared_ptr<Device> device() const = 0;

  /// Runs `entry` on the arguments of `argumentBlock`, in the entry's own order
  /// (see specs/abi.md), for all `tileCount` (batch row, channel tile) pairs.
  /// Does nothing when `tileCount` is 0. May return before the work is done on
  /// a device other than the host: see Device::synchronize.
  /// Throws Error when the module holds no such entry.
  virtual void launch(const KernelEntry &entry,
                      std::span<const std::uint64_t> argumentBlock,
                      std::int64_t tileCount) const = 0;

  /// Queues sums[columns] = the sum over the rows of values[rows, columns], f32
  /// at these addresses, added in f64 and rounded once.
  virtual void sumRows(std::int64_t rows, std::int64_t columns,
                       std::uint64_t values, std::uint64_t sums) const = 0;
};

/// The processor this runs on.
class HostDevice : public Device {
public:
  /// `threads` is how many OpenMP threads a launch uses; 0 for OpenMP's own
  /// choice (OMP_NUM_THREADS, else one a core). Throws Error if negative.
  explicit HostDevice(int threads = 0);

  std::string_view name() const override { return "host"; }
  std::string description() const override;
  std::string target() const override { return "host"; }
  std::int64_t multiprocessors() const override { return 0; }
  std::uint64_t allocate(std::size_t bytes) override;
  void release(std::uint64_t address) noexcept override;
  MemoryUse memoryUse() const override;
  void copyToDevice(std::uint64_t destination, const void *source,
                    std::size_t bytes) override;
  void copyToHost(void *destination, std::uint64_t source,
                  std::size_t bytes) override;
  void copyOnDevice(std::uint64_t destination, std::uint64_t source,
                    std::size_t bytes) override;
  void fill(std::uint64_t destination, std::uint8_t value,
            std::size_t bytes) override;
  void multiply(const MatrixProduct &product) override;
  std::shared_ptr<const DeviceModule> load(std::string_view ptx) override;
  void synchronize() override {}
  std::unique_ptr<Stream> createStream() override;
  std::unique_ptr<Stream> foreignStream(void *handle) override;
  void useStream(Stream * /*stream*/) override {}
  std::unique_ptr<Event> recordEvent() override;
  void waitFor(Event & /*event*/) override {}
  std::unique_ptr<Graph> capture(const std::function<void()> &work) override;

  /// The number of threads of a launch.
  int threads() const;

private:
  int requestedThreads;
  /// The bytes of each allocation that is held.
  std::map<std::uint64_t, std::size_t> held;
  MemoryUse use;
};

/// An entry of a host object: it reads its argument block, followed by the
/// numbers `begin` and `end`, and works on that half-open range of (batch row,
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

  std::shared_ptr<Device> device() const override { return hostDevice; }
  void launch(const KernelEntry &entry,
              std::span<const std::uint64_t> argumentBlock,
              std::int64_t tileCount) const override;
  void sumRows(std::int64_t rows, std::int64_t columns, std::uint64_t values,
               std::uint64_t sums) const override;

  /// The function of an entry. Throws Error when the module holds none.
  HostEntry function(const KernelEntry &entry) const;
  /// The number of threads of a launch.
  int threads() const { return hostDevice->threads(); }

private:
  // Declared first, so destroyed last: the code outlives the table into it.
  std::shared_ptr<void> owner;
  std::shared_ptr<HostDevice> hostDevice;
  std::map<std::string, HostEntry, std::less<>> symbols;
};

} // namespace minrnn

#endif // MINRNN_DEVICE_H
