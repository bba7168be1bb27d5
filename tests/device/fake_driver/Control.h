//===- Control.h - What tests ask of the fake driver ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exported by the fake driver besides the driver API. Tests look these up in
// the library that MINRNN_CUDA_DRIVER names.
//
// Read from the environment by cuInit after a reset:
//   MINRNN_FAKE_DRIVER_DEVICES     how many GPUs there are; 1
//   MINRNN_FAKE_DRIVER_CAPABILITY  major and minor, such as 75, which it is
//   MINRNN_FAKE_DRIVER_MEMORY      bytes of each GPU; 1 GiB
//   MINRNN_FAKE_DRIVER_VERSION     of the driver, such as 13000, which it is
//   MINRNN_FAKE_DRIVER_SEED        orders the work of streams; 0: as it was
//   queued
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_FAKE_DRIVER_CONTROL_H
#define MINRNN_TESTS_DEVICE_FAKE_DRIVER_CONTROL_H

#include "tests/device/fake_driver/DriverApi.h"

#include <functional>

extern "C" {
/// Forgets everything, as a new process would.
MINRNN_FAKE_DRIVER_EXPORT void minrnnFakeDriverReset();

/// How many of "contexts", "streams", "events", "modules", "graphs",
/// "executables" and "allocations" are alive; "lost": how many things were
/// alive when their context ended; "pending": how much work is queued and not
/// done; "unscoped products": products in cuBLAS's own workspace. -1 for any
/// other name.
MINRNN_FAKE_DRIVER_EXPORT long minrnnFakeDriverCount(const char *what);

/// Why the last call was refused, or what made the error sticky: the
/// emulator's words, with the line of PTX.
MINRNN_FAKE_DRIVER_EXPORT const char *minrnnFakeDriverMessage();

/// Orders work from now on by this seed.
MINRNN_FAKE_DRIVER_EXPORT void minrnnFakeDriverSeed(unsigned long long seed);
}

namespace minrnn::fake {

/// For the fake cuBLAS: queues work that reads and writes the device's
/// memory, or records it where the stream is being captured.
MINRNN_FAKE_DRIVER_EXPORT Result queueWork(Handle stream,
                                           std::function<void()> work);

/// To be called in such work alone: copies of the device's memory. A fault is
/// one of the device.
MINRNN_FAKE_DRIVER_EXPORT void readMemory(void *destination, Address source,
                                          std::size_t bytes);
MINRNN_FAKE_DRIVER_EXPORT void
writeMemory(Address destination, const void *source, std::size_t bytes);

/// Whether one allocation of the current context holds these bytes.
MINRNN_FAKE_DRIVER_EXPORT bool holdsMemory(Address address, std::size_t bytes);

/// Counts a product that used cuBLAS's own workspace.
MINRNN_FAKE_DRIVER_EXPORT void countUnscopedProduct();

} // namespace minrnn::fake

#endif // MINRNN_TESTS_DEVICE_FAKE_DRIVER_CONTROL_H
