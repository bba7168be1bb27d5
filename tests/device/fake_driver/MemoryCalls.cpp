//===- MemoryCalls.cpp - Memory, copies, fills ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/fake_driver/Machine.h"

#include <cstddef>
#include <cstring>
#include <memory>

using namespace minrnn;
using namespace minrnn::fake;

namespace {

/// Whether one allocation holds these bytes now.
bool holds(const Context &context, Address address, std::size_t bytes) {
  const emulator::Allocation *nearest = context.memory.nearest(address);
  return nearest != nullptr && nearest->holds(address, bytes);
}

emulator::Memory &running() { return *Machine::get().running; }

} // namespace

Result cuMemGetInfo_v2(std::size_t *free, std::size_t *total) {
  return callInContext([&](Machine &machine, Context &context) {
    if (free == nullptr || total == nullptr)
      return invalidValue;
    *total = machine.memoryBytes;
    *free = machine.memoryBytes - context.memory.bytesInUse();
    return success;
  });
}

Result cuMemAlloc_v2(Address *address, std::size_t bytes) {
  return callInContext([&](Machine &machine, Context &context) {
    // The manual's own example of what is unsafe in a capture.
    if (const Result result = machine.expectNoCapture("reserving memory");
        result != success)
      return result;
    // "If bytesize is 0, cuMemAlloc() returns CUDA_ERROR_INVALID_VALUE."
    if (address == nullptr || bytes == 0)
      return invalidValue;
    try {
      *address = context.memory.allocate(bytes);
    } catch (const emulator::Error &error) {
      return machine.refuse(outOfMemory, error.what());
    }
    context.allocations.insert(*address);
    return success;
  });
}

Result cuMemFree_v2(Address address) {
  // It "may perform implicit synchronization", so it does not: work that still
  // uses the memory finds it gone.
  return callInContext([&](Machine &machine, Context &context) {
    if (const Result result = machine.expectNoCapture("freeing memory");
        result != success)
      return result;
    if (context.allocations.erase(address) == 0)
      return machine.refuse(invalidValue, "no allocation begins at " +
                                              context.memory.describe(address));
    context.memory.release(address);
    return success;
  });
}

Result cuMemcpyHtoDAsync_v2(Address destination, const void *source,
                            std::size_t bytes, Handle stream) {
  return callInContext([&](Machine &machine, Context &context) {
    if (source == nullptr || !holds(context, destination, bytes))
      return machine.refuse(
          invalidValue, "a copy to " + context.memory.describe(destination));
    // All memory of the host is pageable here, which needs staging.
    if (const auto found = machine.streams.find(stream);
        found != nullptr && found->capture != nullptr)
      return machine.breakCapture(*found->capture, captureUnsupported,
                                  "a copy of pageable memory");
    // "Host memory is copied to a staging buffer immediately."
    auto staging = std::make_shared<std::vector<std::byte>>(bytes);
    std::memcpy(staging->data(), source, bytes);
    return machine.push(stream, [destination, staging] {
      running().copyToDevice(destination, staging->data(), staging->size());
    });
  });
}

Result cuMemcpyDtoHAsync_v2(void *destination, Address source,
                            std::size_t bytes, Handle handle) {
  return callInContext([&](Machine &machine, Context &context) {
    if (destination == nullptr || !holds(context, source, bytes))
      return machine.refuse(invalidValue,
                            "a copy from " + context.memory.describe(source));
    const auto stream = machine.streams.find(handle);
    if (stream != nullptr && stream->capture != nullptr)
      return machine.breakCapture(*stream->capture, captureUnsupported,
                                  "a copy to pageable memory");
    const Result result = machine.push(handle, [destination, source, bytes] {
      running().copyToHost(destination, source, bytes);
    });
    // "To pageable host memory, the function will return only after the copy
    // has completed."
    return result != success ? result : machine.finish(stream);
  });
}

Result cuMemcpyDtoDAsync_v2(Address destination, Address source,
                            std::size_t bytes, Handle stream) {
  return callInContext([&](Machine &machine, Context &context) {
    if (!holds(context, destination, bytes) || !holds(context, source, bytes))
      return machine.refuse(invalidValue,
                            "a copy from " + context.memory.describe(source) +
                                " to " + context.memory.describe(destination));
    return machine.push(stream, [destination, source, bytes] {
      running().copyOnDevice(destination, source, bytes);
    });
  });
}

Result cuMemsetD8Async(Address destination, unsigned char value,
                       std::size_t count, Handle stream) {
  return callInContext([&](Machine &machine, Context &context) {
    if (!holds(context, destination, count))
      return machine.refuse(
          invalidValue, "a fill of " + context.memory.describe(destination));
    return machine.push(stream, [destination, value, count] {
      running().fill(destination, value, count);
    });
  });
}

Result cuMemsetD2D8Async(Address destination, std::size_t pitch,
                         unsigned char value, std::size_t width,
                         std::size_t height, Handle stream) {
  return callInContext([&](Machine &machine, Context &context) {
    if (width == 0 || height == 0 || (height > 1 && pitch < width) ||
        !holds(context, destination, pitch * (height - 1) + width))
      return machine.refuse(
          invalidValue, "a fill of " + context.memory.describe(destination));
    return machine.push(stream, [destination, pitch, value, width, height] {
      for (std::size_t row = 0; row < height; ++row)
        running().fill(destination + row * pitch, value, width);
    });
  });
}
