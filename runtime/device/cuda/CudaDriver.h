//===- CudaDriver.h - The CUDA driver, opened at run time -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of the driver API that are used, as a table that is filled from
// libcuda; declared here, so that nothing of CUDA is needed to build. Their
// meaning is that of the "CUDA Driver API" reference manual.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
#define MINRNN_RUNTIME_DEVICE_CUDA_CUDADRIVER_H

#include "runtime/device/DynamicLibrary.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace minrnn {

/// The handles of the driver API, each a pointer to what only the driver knows.
using CudaContext = struct CudaContextOpaque *;
using CudaModule = struct CudaModuleOpaque *;
using CudaFunction = struct CudaFunctionOpaque *;
using CudaStream = struct CudaStreamOpaque *;
using CudaEvent = struct CudaEventOpaque *;
using CudaGraph = struct CudaGraphOpaque *;
using CudaGraphExec = struct CudaGraphExecOpaque *;

/// CUresult: 0 is success.
using CudaResult = int;
constexpr CudaResult cudaOutOfMemory = 2;

// Enumerators of cuda.h.
constexpr int cudaAttributeMultiprocessors = 16;
constexpr int cudaAttributeMajor = 75;
constexpr int cudaAttributeMinor = 76;
constexpr unsigned cudaStreamNonBlocking = 1;
constexpr int cudaCaptureThreadLocal = 1;
constexpr int cudaOptionErrorLog = 5;
constexpr int cudaOptionErrorLogBytes = 6;
constexpr int cudaFunctionDynamicShared = 8;

class CudaDriver {
public:
  /// Opens the library that MINRNN_CUDA_DRIVER names, or the system's, and
  /// starts it. Throws Error when there is none, it is too old, or it finds no
  /// GPU: what was looked for, and where.
  CudaDriver();

  /// Throws Error with the driver's name and words for `result` unless it is
  /// success: `what` begins the message.
  void check(CudaResult result, const std::string &what) const;

  /// Such as "13.0": the newest CUDA that the driver supports.
  std::string version() const;

private:
  DynamicLibrary library;

public:
  // In the order of the manual; each named as there, without `cu`. (`_v2` where
  // the driver keeps an older form under the plain name.)
  CudaResult (*getErrorString)(CudaResult, const char **) =
      library.function("cuGetErrorString");
  CudaResult (*getErrorName)(CudaResult, const char **) =
      library.function("cuGetErrorName");
  CudaResult (*init)(unsigned flags) = library.function("cuInit");
  CudaResult (*driverGetVersion)(int *version) =
      library.function("cuDriverGetVersion");
  CudaResult (*deviceGet)(int *device,
                          int ordinal) = library.function("cuDeviceGet");
  CudaResult (*deviceGetCount)(int *count) =
      library.function("cuDeviceGetCount");
  CudaResult (*deviceGetName)(char *name, int length,
                              int device) = library.function("cuDeviceGetName");
  CudaResult (*deviceTotalMem)(std::size_t *bytes, int device) =
      library.function("cuDeviceTotalMem_v2");
  CudaResult (*deviceGetAttribute)(int *value, int attribute, int device) =
      library.function("cuDeviceGetAttribute");
  CudaResult (*devicePrimaryCtxRetain)(CudaContext *context, int device) =
      library.function("cuDevicePrimaryCtxRetain");
  CudaResult (*devicePrimaryCtxRelease)(int device) =
      library.function("cuDevicePrimaryCtxRelease_v2");
  CudaResult (*ctxSetCurrent)(CudaContext context) =
      library.function("cuCtxSetCurrent");
  CudaResult (*ctxSynchronize)() = library.function("cuCtxSynchronize");
  CudaResult (*moduleLoadDataEx)(
      CudaModule *module, const void *image, unsigned optionCount, int *options,
      void **values) = library.function("cuModuleLoadDataEx");
  CudaResult (*moduleUnload)(CudaModule module) =
      library.function("cuModuleUnload");
  CudaResult (*moduleGetFunction)(CudaFunction *function, CudaModule module,
                                  const char *name) =
      library.function("cuModuleGetFunction");
  CudaResult (*memGetInfo)(std::size_t *free, std::size_t *total) =
      library.function("cuMemGetInfo_v2");
  CudaResult (*memAlloc)(std::uint64_t *address,
                         std::size_t bytes) = library.function("cuMemAlloc_v2");
  CudaResult (*memFree)(std::uint64_t address) =
      library.function("cuMemFree_v2");
  CudaResult (*memcpyHtoDAsync)(std::uint64_t destination, const void *source,
                                std::size_t bytes, CudaStream stream) =
      library.function("cuMemcpyHtoDAsync_v2");
  CudaResult (*memcpyDtoHAsync)(void *destination, std::uint64_t source,
                                std::size_t bytes, CudaStream stream) =
      library.function("cuMemcpyDtoHAsync_v2");
  CudaResult (*memcpyDtoDAsync)(std::uint64_t destination, std::uint64_t source,
                                std::size_t bytes, CudaStream stream) =
      library.function("cuMemcpyDtoDAsync_v2");
  CudaResult (*memsetD8Async)(std::uint64_t destination, unsigned char value,
                              std::size_t count, CudaStream stream) =
      library.function("cuMemsetD8Async");
  CudaResult (*memsetD2D8Async)(std::uint64_t destination, std::size_t pitch,
                                unsigned char value, std::size_t width,
                                std::size_t height, CudaStream stream) =
      library.function("cuMemsetD2D8Async");
  CudaResult (*streamCreate)(CudaStream *stream, unsigned flags) =
      library.function("cuStreamCreate");
  CudaResult (*streamDestroy)(CudaStream stream) =
      library.function("cuStreamDestroy_v2");
  CudaResult (*streamSynchronize)(CudaStream stream) =
      library.function("cuStreamSynchronize");
  CudaResult (*streamWaitEvent)(CudaStream stream, CudaEvent event,
                                unsigned flags) =
      library.function("cuStreamWaitEvent");
  CudaResult (*streamBeginCapture)(CudaStream stream, int mode) =
      library.function("cuStreamBeginCapture_v2");
  CudaResult (*streamEndCapture)(CudaStream stream, CudaGraph *graph) =
      library.function("cuStreamEndCapture");
  CudaResult (*eventCreate)(CudaEvent *event,
                            unsigned flags) = library.function("cuEventCreate");
  CudaResult (*eventDestroy)(CudaEvent event) =
      library.function("cuEventDestroy_v2");
  CudaResult (*eventRecord)(CudaEvent event, CudaStream stream) =
      library.function("cuEventRecord");
  CudaResult (*eventSynchronize)(CudaEvent event) =
      library.function("cuEventSynchronize");
  CudaResult (*eventElapsedTime)(float *milliseconds, CudaEvent start,
                                 CudaEvent end) =
      library.function("cuEventElapsedTime");
  CudaResult (*funcSetAttribute)(CudaFunction function, int attribute,
                                 int value) =
      library.function("cuFuncSetAttribute");
  CudaResult (*launchKernel)(CudaFunction function, unsigned gridX,
                             unsigned gridY, unsigned gridZ, unsigned blockX,
                             unsigned blockY, unsigned blockZ,
                             unsigned sharedBytes, CudaStream stream,
                             void **parameters,
                             void **extra) = library.function("cuLaunchKernel");
  CudaResult (*graphInstantiate)(CudaGraphExec *executable, CudaGraph graph,
                                 unsigned long long flags) =
      library.function("cuGraphInstantiateWithFlags");
  CudaResult (*graphLaunch)(CudaGraphExec executable, CudaStream stream) =
      library.function("cuGraphLaunch");
  CudaResult (*graphExecDestroy)(CudaGraphExec executable) =
      library.function("cuGraphExecDestroy");
  CudaResult (*graphDestroy)(CudaGraph graph) =
      library.function("cuGraphDestroy");
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
