//===- DriverApi.h - What the fake driver exports ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of the "CUDA Driver API" that the fake driver implements, under the
// names that libcuda exports, declared from NVIDIA's manual. HeaderCheck.cpp
// compares these declarations with NVIDIA's own.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_FAKE_DRIVER_DRIVERAPI_H
#define MINRNN_TESTS_DEVICE_FAKE_DRIVER_DRIVERAPI_H

#include <cstddef>

#define MINRNN_FAKE_DRIVER_EXPORT __attribute__((visibility("default")))

namespace minrnn::fake {

/// CUresult.
using Result = int;
constexpr Result success = 0;
constexpr Result invalidValue = 1;
constexpr Result outOfMemory = 2;
constexpr Result notInitialized = 3;
constexpr Result noDevice = 100;
constexpr Result invalidDevice = 101;
constexpr Result invalidContext = 201;
constexpr Result invalidPtx = 218;
constexpr Result unsupportedPtxVersion = 222;
constexpr Result invalidHandle = 400;
constexpr Result illegalState = 401;
constexpr Result notFound = 500;
constexpr Result notReady = 600;
constexpr Result illegalAddress = 700;
constexpr Result launchTimeout = 702;
constexpr Result contextIsDestroyed = 709;
constexpr Result misalignedAddress = 716;
constexpr Result launchFailed = 719;
constexpr Result notSupported = 801;
constexpr Result captureUnsupported = 900;
constexpr Result captureInvalidated = 901;
constexpr Result captureMerge = 902;
constexpr Result captureUnmatched = 903;
constexpr Result captureUnjoined = 904;
constexpr Result captureIsolation = 905;
constexpr Result capturedEvent = 907;
constexpr Result captureWrongThread = 908;

/// Handles: never a pointer to anything, and never used twice.
using Handle = void *;
using Address = unsigned long long;

constexpr unsigned streamNonBlocking = 1;
constexpr unsigned eventDisableTiming = 2;
constexpr int attributeMultiprocessors = 16;
constexpr int attributeMajor = 75;
constexpr int attributeMinor = 76;
constexpr int attributeDynamicShared = 8;
constexpr int jitErrorLog = 5;
constexpr int jitErrorLogBytes = 6;
constexpr int captureGlobal = 0;
constexpr int captureThreadLocal = 1;
constexpr int captureRelaxed = 2;

} // namespace minrnn::fake

extern "C" {
// The names are NVIDIA's.
// NOLINTBEGIN(readability-identifier-naming)
using minrnn::fake::Address;
using minrnn::fake::Handle;
using minrnn::fake::Result;

MINRNN_FAKE_DRIVER_EXPORT Result cuGetErrorString(Result, const char **);
MINRNN_FAKE_DRIVER_EXPORT Result cuGetErrorName(Result, const char **);
MINRNN_FAKE_DRIVER_EXPORT Result cuInit(unsigned flags);
MINRNN_FAKE_DRIVER_EXPORT Result cuDriverGetVersion(int *version);
MINRNN_FAKE_DRIVER_EXPORT Result cuDeviceGet(int *device, int ordinal);
MINRNN_FAKE_DRIVER_EXPORT Result cuDeviceGetCount(int *count);
MINRNN_FAKE_DRIVER_EXPORT Result cuDeviceGetName(char *name, int length,
                                                 int device);
MINRNN_FAKE_DRIVER_EXPORT Result cuDeviceTotalMem_v2(std::size_t *bytes,
                                                     int device);
MINRNN_FAKE_DRIVER_EXPORT Result cuDeviceGetAttribute(int *value, int attribute,
                                                      int device);
MINRNN_FAKE_DRIVER_EXPORT Result cuDevicePrimaryCtxRetain(Handle *context,
                                                          int device);
MINRNN_FAKE_DRIVER_EXPORT Result cuDevicePrimaryCtxRelease_v2(int device);
MINRNN_FAKE_DRIVER_EXPORT Result cuCtxSetCurrent(Handle context);
MINRNN_FAKE_DRIVER_EXPORT Result cuCtxSynchronize();
MINRNN_FAKE_DRIVER_EXPORT Result cuModuleLoadDataEx(Handle *module,
                                                    const void *image,
                                                    unsigned optionCount,
                                                    int *options,
                                                    void **values);
MINRNN_FAKE_DRIVER_EXPORT Result cuModuleUnload(Handle module);
MINRNN_FAKE_DRIVER_EXPORT Result cuModuleGetFunction(Handle *function,
                                                     Handle module,
                                                     const char *name);
MINRNN_FAKE_DRIVER_EXPORT Result cuMemGetInfo_v2(std::size_t *free,
                                                 std::size_t *total);
MINRNN_FAKE_DRIVER_EXPORT Result cuMemAlloc_v2(Address *address,
                                               std::size_t bytes);
MINRNN_FAKE_DRIVER_EXPORT Result cuMemFree_v2(Address address);
MINRNN_FAKE_DRIVER_EXPORT Result cuMemcpyHtoDAsync_v2(Address destination,
                                                      const void *source,
                                                      std::size_t bytes,
                                                      Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result cuMemcpyDtoHAsync_v2(void *destination,
                                                      Address source,
                                                      std::size_t bytes,
                                                      Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result cuMemcpyDtoDAsync_v2(Address destination,
                                                      Address source,
                                                      std::size_t bytes,
                                                      Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result cuMemsetD8Async(Address destination,
                                                 unsigned char value,
                                                 std::size_t count,
                                                 Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result
cuMemsetD2D8Async(Address destination, std::size_t pitch, unsigned char value,
                  std::size_t width, std::size_t height, Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result cuStreamCreate(Handle *stream, unsigned flags);
MINRNN_FAKE_DRIVER_EXPORT Result cuStreamDestroy_v2(Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result cuStreamSynchronize(Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result cuStreamWaitEvent(Handle stream, Handle event,
                                                   unsigned flags);
MINRNN_FAKE_DRIVER_EXPORT Result cuStreamBeginCapture_v2(Handle stream,
                                                         int mode);
MINRNN_FAKE_DRIVER_EXPORT Result cuStreamEndCapture(Handle stream,
                                                    Handle *graph);
MINRNN_FAKE_DRIVER_EXPORT Result cuEventCreate(Handle *event, unsigned flags);
MINRNN_FAKE_DRIVER_EXPORT Result cuEventDestroy_v2(Handle event);
MINRNN_FAKE_DRIVER_EXPORT Result cuEventRecord(Handle event, Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result cuEventSynchronize(Handle event);
MINRNN_FAKE_DRIVER_EXPORT Result cuEventElapsedTime(float *milliseconds,
                                                    Handle start, Handle end);
MINRNN_FAKE_DRIVER_EXPORT Result cuFuncSetAttribute(Handle function,
                                                    int attribute, int value);
MINRNN_FAKE_DRIVER_EXPORT Result cuLaunchKernel(
    Handle function, unsigned gridX, unsigned gridY, unsigned gridZ,
    unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
    Handle stream, void **parameters, void **extra);
MINRNN_FAKE_DRIVER_EXPORT Result cuGraphInstantiateWithFlags(
    Handle *executable, Handle graph, unsigned long long flags);
MINRNN_FAKE_DRIVER_EXPORT Result cuGraphLaunch(Handle executable,
                                               Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Result cuGraphExecDestroy(Handle executable);
MINRNN_FAKE_DRIVER_EXPORT Result cuGraphDestroy(Handle graph);
// NOLINTEND(readability-identifier-naming)
}

#endif // MINRNN_TESTS_DEVICE_FAKE_DRIVER_DRIVERAPI_H
