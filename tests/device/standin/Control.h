//===- Control.h - What tests ask of the stand-in ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exported by the stand-in besides the driver API. Tests look these up in the
// library that MINRNN_CUDA_DRIVER names.
//
// Read from the environment by cuInit after a reset:
//   MINRNN_STANDIN_DEVICES     how many GPUs there are; 1
//   MINRNN_STANDIN_CAPABILITY  major and minor, such as 75, which it is
//   MINRNN_STANDIN_MEMORY      bytes of each GPU; 1 GiB
//   MINRNN_STANDIN_VERSION     of the driver, such as 13000, which it is
//   MINRNN_STANDIN_SEED        orders the work of streams; 0: as it was queued
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_STANDIN_CONTROL_H
#define MINRNN_TESTS_DEVICE_STANDIN_CONTROL_H

#include "tests/device/standin/DriverApi.h"

#include <functional>

extern "C" {
/// Forgets everything, as a new process would.
MINRNN_STANDIN_EXPORT void minrnnStandinReset();

/// How many of "contexts", "streams", "events", "modules", "graphs",
/// "executables" and "allocations" are alive; "lost": how many things were
/// alive when their context ended; "pending": how much work is queued and not
/// done; "unscoped products": products in cuBLAS's own workspace. -1 for any
/// other name.
MINRNN_STANDIN_EXPORT long minrnnStandinCount(const char *what);

/// Why the last call was refused, or what made the error sticky: the
/// emulator's words, with the line of PTX.
MINRNN_STANDIN_EXPORT const char *minrnnStandinMessage();

/// Orders work from now on by this seed.
MINRNN_STANDIN_EXPORT void minrnnStandinSeed(unsigned long long seed);
}

namespace minrnn::standin {

/// For the stand-in of cuBLAS: queues work that reads and writes the device's
/// memory, or records it where the stream is being captured.
MINRNN_STANDIN_EXPORT Result queueWork(Handle stream,
                                       std::function<void()> work);

/// To be called in such work alone: copies of the device's memory. A fault is
/// one of the device.
MINRNN_STANDIN_EXPORT void readMemory(void *destination, Address source,
                                      std::size_t bytes);
MINRNN_STANDIN_EXPORT void writeMemory(Address destination, const void *source,
                                       std::size_t bytes);

/// Whether one allocation of the current context holds these bytes.
MINRNN_STANDIN_EXPORT bool holdsMemory(Address address, std::size_t bytes);

/// Counts a product that used cuBLAS's own workspace.
MINRNN_STANDIN_EXPORT void countUnscopedProduct();

} // namespace minrnn::standin

#endif // MINRNN_TESTS_DEVICE_STANDIN_CONTROL_H
