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
  // In the order of the manual; each named as there, without `cu`.
  CudaResult (*getErrorString)(CudaResult, const char **);
  CudaResult (*getErrorName)(CudaResult, const char **);
  CudaResult (*init)(unsigned flags);
  CudaResult (*driverGetVersion)(int *version);
  CudaResult (*deviceGet)(int *device, int ordinal);
  CudaResult (*deviceGetCount)(int *count);
  CudaResult (*deviceGetName)(char *name, int length, int device);
  CudaResult (*deviceTotalMem)(std::size_t *bytes, int device);
  CudaResult (*deviceGetAttribute)(int *value, int attribute, int device);
  CudaResult (*devicePrimaryCtxRetain)(CudaContext *context, int device);
  CudaResult (*devicePrimaryCtxRelease)(int device);
  CudaResult (*ctxSetCurrent)(CudaContext context);
  CudaResult (*ctxSynchronize)();
  CudaResult (*moduleLoadDataEx)(CudaModule *module, const void *image,
                                 unsigned optionCount, int *options,
                                 void **values);
  CudaResult (*moduleUnload)(CudaModule module);
  CudaResult (*moduleGetFunction)(CudaFunction *function, CudaModule module,
                                  const char *name);
  CudaResult (*memGetInfo)(std::size_t *free, std::size_t *total);
  CudaResult (*memAlloc)(std::uint64_t *address, std::size_t bytes);
  CudaResult (*memFree)(std::uint64_t address);
  CudaResult (*memcpyHtoDAsync)(std::uint64_t destination, const void *source,
                                std::size_t bytes, CudaStream stream);
  CudaResult (*memcpyDtoHAsync)(void *destination, std::uint64_t source,
                                std::size_t bytes, CudaStream stream);
  CudaResult (*memcpyDtoDAsync)(std::uint64_t destination, std::uint64_t source,
                                std::size_t bytes, CudaStream stream);
  CudaResult (*memsetD8Async)(std::uint64_t destination, unsigned char value,
                              std::size_t count, CudaStream stream);
  CudaResult (*memsetD2D8Async)(std::uint64_t destination, std::size_t pitch,
                                unsigned char value, std::size_t width,
                                std::size_t height, CudaStream stream);
  CudaResult (*streamCreate)(CudaStream *stream, unsigned flags);
  CudaResult (*streamDestroy)(CudaStream stream);
  CudaResult (*streamSynchronize)(CudaStream stream);
  CudaResult (*streamWaitEvent)(CudaStream stream, CudaEvent event,
                                unsigned flags);
  CudaResult (*streamBeginCapture)(CudaStream stream, int mode);
  CudaResult (*streamEndCapture)(CudaStream stream, CudaGraph *graph);
  CudaResult (*eventCreate)(CudaEvent *event, unsigned flags);
  CudaResult (*eventDestroy)(CudaEvent event);
  CudaResult (*eventRecord)(CudaEvent event, CudaStream stream);
  CudaResult (*eventSynchronize)(CudaEvent event);
  CudaResult (*eventElapsedTime)(float *milliseconds, CudaEvent start,
                                 CudaEvent end);
  CudaResult (*funcSetAttribute)(CudaFunction function, int attribute,
                                 int value);
  CudaResult (*launchKernel)(CudaFunction function, unsigned gridX,
                             unsigned gridY, unsigned gridZ, unsigned blockX,
                             unsigned blockY, unsigned blockZ,
                             unsigned sharedBytes, CudaStream stream,
                             void **parameters, void **extra);
  CudaResult (*graphInstantiate)(CudaGraphExec *executable, CudaGraph graph,
                                 unsigned long long flags);
  CudaResult (*graphLaunch)(CudaGraphExec executable, CudaStream stream);
  CudaResult (*graphExecDestroy)(CudaGraphExec executable);
  CudaResult (*graphDestroy)(CudaGraph graph);
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
