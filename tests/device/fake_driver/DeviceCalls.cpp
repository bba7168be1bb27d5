//===- DeviceCalls.cpp - Errors, devices, contexts ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/fake_driver/Machine.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

using namespace minrnn::fake;

namespace {

struct ErrorText {
  Result result;
  const char *name;
  const char *text;
};

constexpr auto errorTexts = std::to_array<ErrorText>({
    {success, "CUDA_SUCCESS", "no error"},
    {invalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {outOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {notInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {noDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {invalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {invalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {invalidPtx, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {unsupportedPtxVersion, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {invalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {illegalState, "CUDA_ERROR_ILLEGAL_STATE",
     "the operation cannot be performed in the present state"},
    {notFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {notReady, "CUDA_ERROR_NOT_READY", "device not ready"},
    {illegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {launchTimeout, "CUDA_ERROR_LAUNCH_TIMEOUT",
     "the launch timed out and was terminated"},
    {contextIsDestroyed, "CUDA_ERROR_CONTEXT_IS_DESTROYED",
     "context is destroyed"},
    {misalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {launchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {notSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {captureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {captureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {captureMerge, "CUDA_ERROR_STREAM_CAPTURE_MERGE",
     "operation would result in a merge of separate capture sequences"},
    {captureUnmatched, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "capture was not ended in the same stream as it began"},
    {captureUnjoined, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED",
     "capturing stream has unjoined work"},
    {captureIsolation, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "dependency created on uncaptured work in another stream"},
    {capturedEvent, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
    {captureWrongThread, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "attempt to terminate a thread-local capture sequence from another "
     "thread"},
});

/// "If the error code is not recognized, CUDA_ERROR_INVALID_VALUE will be
/// returned and the string set to the NULL address."
Result findText(Result result, const char **text,
                const char *ErrorText::*which) {
  if (text == nullptr)
    return invalidValue;
  const auto found = std::find_if(
      errorTexts.begin(), errorTexts.end(),
      [&](const ErrorText &known) { return known.result == result; });
  *text = found == errorTexts.end() ? nullptr : (*found).*which;
  return *text == nullptr ? invalidValue : success;
}

bool isDevice(const Machine &machine, int device) {
  return device >= 0 && device < machine.deviceCount;
}

/// Ends a context: what is alive in it is gone, and counted as lost.
void destroy(Machine &machine, Context &context) {
  // Work that nobody waited for is lost, too.
  machine.lost += std::erase_if(machine.ending, [&](const auto &stream) {
    return stream->context == &context;
  });
  std::erase_if(machine.captures, [&](const auto &capture) {
    const auto stream = machine.streams.find(capture->origin);
    return stream != nullptr && stream->context == &context;
  });
  machine.lost += machine.streams.removeOf(&context) +
                  machine.events.removeOf(&context) +
                  machine.graphs.removeOf(&context) +
                  machine.executables.removeOf(&context);
  machine.functions.removeOf(&context);
  machine.lost += machine.modules.removeOf(&context);
  machine.lost += context.allocations.size();
  for (const Address address : context.allocations)
    context.memory.release(address);
  context.allocations.clear();
  context.wasDestroyed = true;
}

} // namespace

Result cuGetErrorString(Result result, const char **text) {
  return findText(result, text, &ErrorText::text);
}

Result cuGetErrorName(Result result, const char **text) {
  return findText(result, text, &ErrorText::name);
}

Result cuInit(unsigned flags) {
  Machine &machine = Machine::get();
  const std::scoped_lock lock(machine.mutex);
  if (flags != 0)
    return invalidValue;
  if (machine.isStarted)
    return machine.sticky;
  machine.start();
  if (machine.deviceCount > 0)
    return success;
  machine.isStarted = false;
  return noDevice;
}

Result cuDriverGetVersion(int *version) {
  // The one call besides the errors' texts that may come before cuInit.
  if (version == nullptr)
    return invalidValue;
  Machine &machine = Machine::get();
  const std::scoped_lock lock(machine.mutex);
  if (!machine.isStarted) {
    machine.start();
    machine.isStarted = false;
  }
  *version = machine.version;
  return success;
}

Result cuDeviceGet(int *device, int ordinal) {
  return call([&](const Machine &machine) {
    if (device == nullptr)
      return invalidValue;
    if (!isDevice(machine, ordinal))
      return invalidDevice;
    *device = ordinal;
    return success;
  });
}

Result cuDeviceGetCount(int *count) {
  return call([&](const Machine &machine) {
    if (count == nullptr)
      return invalidValue;
    *count = machine.deviceCount;
    return success;
  });
}

Result cuDeviceGetName(char *name, int length, int device) {
  return call([&](const Machine &machine) {
    if (name == nullptr || length <= 0)
      return invalidValue;
    if (!isDevice(machine, device))
      return invalidDevice;
    const std::string text = "Fake GPU " + std::to_string(device);
    const std::size_t shown =
        std::min(text.size(), static_cast<std::size_t>(length) - 1);
    std::memcpy(name, text.data(), shown);
    name[shown] = '\0';
    return success;
  });
}

Result cuDeviceTotalMem_v2(std::size_t *bytes, int device) {
  return call([&](const Machine &machine) {
    if (bytes == nullptr)
      return invalidValue;
    if (!isDevice(machine, device))
      return invalidDevice;
    *bytes = machine.memoryBytes;
    return success;
  });
}

Result cuDeviceGetAttribute(int *value, int attribute, int device) {
  return call([&](const Machine &machine) {
    if (value == nullptr)
      return invalidValue;
    if (!isDevice(machine, device))
      return invalidDevice;
    switch (attribute) {
    case attributeMultiprocessors:
      *value = 40;
      return success;
    case attributeMajor:
      *value = machine.capability / 10;
      return success;
    case attributeMinor:
      *value = machine.capability % 10;
      return success;
    default:
      return invalidValue;
    }
  });
}

Result cuDevicePrimaryCtxRetain(Handle *context, int device) {
  return call([&](Machine &machine) {
    if (context == nullptr)
      return invalidValue;
    if (!isDevice(machine, device))
      return invalidDevice;
    auto &place = machine.contexts[static_cast<std::size_t>(device)];
    if (place == nullptr)
      place = machine.makeContext(static_cast<std::size_t>(device));
    ++place->retained;
    *context = place->handle;
    return success;
  });
}

Result cuDevicePrimaryCtxRelease_v2(int device) {
  return call([&](Machine &machine) {
    if (!isDevice(machine, device))
      return invalidDevice;
    auto &place = machine.contexts[static_cast<std::size_t>(device)];
    if (place == nullptr)
      return invalidContext;
    if (--place->retained == 0) {
      destroy(machine, *place);
      // Threads may still have it as theirs.
      machine.retired.push_back(std::move(place));
    }
    return success;
  });
}

Result cuCtxSetCurrent(Handle context) {
  return call([&](Machine &machine) {
    if (context == nullptr) {
      machine.currentOf.erase(std::this_thread::get_id());
      return success;
    }
    for (const auto &place : machine.contexts)
      if (place != nullptr && place->handle == context) {
        machine.currentOf[std::this_thread::get_id()] = place.get();
        return success;
      }
    return invalidContext;
  });
}

Result cuCtxSynchronize() {
  return callInContext([](Machine &machine, Context &context) {
    Result broken = success;
    for (const std::shared_ptr<Capture> &capture : machine.captures)
      if (const auto origin = machine.streams.find(capture->origin);
          origin != nullptr && origin->context == &context)
        broken = machine.breakCapture(*capture, captureUnsupported,
                                      "waiting for the context");
    return broken != success ? broken : machine.finishAll(context);
  });
}
