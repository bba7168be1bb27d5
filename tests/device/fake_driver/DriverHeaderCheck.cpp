//===- DriverHeaderCheck.cpp - CudaDriver.h against cuda.h ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDriver.h"

#include "tests/device/fake_driver/HeaderCheck.h"

#include <cuda.h>

using minrnn::CudaDriver;
using namespace minrnn::headers;

#define MINRNN_TEXT_OF(NAME) #NAME
#define MINRNN_TEXT(NAME) MINRNN_TEXT_OF(NAME)

/// A member of the table has the type of NVIDIA's function, and the header
/// gives that function the name that is looked up in the library.
#define MINRNN_CHECK(MEMBER, FUNCTION, SYMBOL)                                 \
  static_assert(                                                               \
      isSameFunction<decltype(CudaDriver::MEMBER), decltype(FUNCTION)>);       \
  static_assert(isSameText(MINRNN_TEXT(FUNCTION), #SYMBOL))

MINRNN_CHECK(getErrorString, cuGetErrorString, cuGetErrorString);
MINRNN_CHECK(getErrorName, cuGetErrorName, cuGetErrorName);
MINRNN_CHECK(init, cuInit, cuInit);
MINRNN_CHECK(driverGetVersion, cuDriverGetVersion, cuDriverGetVersion);
MINRNN_CHECK(deviceGet, cuDeviceGet, cuDeviceGet);
MINRNN_CHECK(deviceGetCount, cuDeviceGetCount, cuDeviceGetCount);
MINRNN_CHECK(deviceGetName, cuDeviceGetName, cuDeviceGetName);
MINRNN_CHECK(deviceTotalMem, cuDeviceTotalMem, cuDeviceTotalMem_v2);
MINRNN_CHECK(deviceGetAttribute, cuDeviceGetAttribute, cuDeviceGetAttribute);
MINRNN_CHECK(devicePrimaryCtxRetain, cuDevicePrimaryCtxRetain,
             cuDevicePrimaryCtxRetain);
MINRNN_CHECK(devicePrimaryCtxRelease, cuDevicePrimaryCtxRelease,
             cuDevicePrimaryCtxRelease_v2);
MINRNN_CHECK(ctxSetCurrent, cuCtxSetCurrent, cuCtxSetCurrent);
MINRNN_CHECK(ctxSynchronize, cuCtxSynchronize, cuCtxSynchronize);
MINRNN_CHECK(moduleLoadDataEx, cuModuleLoadDataEx, cuModuleLoadDataEx);
MINRNN_CHECK(moduleUnload, cuModuleUnload, cuModuleUnload);
MINRNN_CHECK(moduleGetFunction, cuModuleGetFunction, cuModuleGetFunction);
MINRNN_CHECK(memGetInfo, cuMemGetInfo, cuMemGetInfo_v2);
MINRNN_CHECK(memAlloc, cuMemAlloc, cuMemAlloc_v2);
MINRNN_CHECK(memFree, cuMemFree, cuMemFree_v2);
MINRNN_CHECK(memcpyHtoDAsync, cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2);
MINRNN_CHECK(memcpyDtoHAsync, cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2);
MINRNN_CHECK(memcpyDtoDAsync, cuMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2);
MINRNN_CHECK(memsetD8Async, cuMemsetD8Async, cuMemsetD8Async);
MINRNN_CHECK(memsetD2D8Async, cuMemsetD2D8Async, cuMemsetD2D8Async);
MINRNN_CHECK(streamCreate, cuStreamCreate, cuStreamCreate);
MINRNN_CHECK(streamDestroy, cuStreamDestroy, cuStreamDestroy_v2);
MINRNN_CHECK(streamSynchronize, cuStreamSynchronize, cuStreamSynchronize);
MINRNN_CHECK(streamWaitEvent, cuStreamWaitEvent, cuStreamWaitEvent);
MINRNN_CHECK(streamBeginCapture, cuStreamBeginCapture, cuStreamBeginCapture_v2);
MINRNN_CHECK(streamEndCapture, cuStreamEndCapture, cuStreamEndCapture);
MINRNN_CHECK(eventCreate, cuEventCreate, cuEventCreate);
MINRNN_CHECK(eventDestroy, cuEventDestroy, cuEventDestroy_v2);
MINRNN_CHECK(eventRecord, cuEventRecord, cuEventRecord);
MINRNN_CHECK(eventSynchronize, cuEventSynchronize, cuEventSynchronize);
MINRNN_CHECK(funcSetAttribute, cuFuncSetAttribute, cuFuncSetAttribute);
MINRNN_CHECK(launchKernel, cuLaunchKernel, cuLaunchKernel);
MINRNN_CHECK(graphInstantiate, cuGraphInstantiate, cuGraphInstantiateWithFlags);
MINRNN_CHECK(graphLaunch, cuGraphLaunch, cuGraphLaunch);
MINRNN_CHECK(graphExecDestroy, cuGraphExecDestroy, cuGraphExecDestroy);
MINRNN_CHECK(graphDestroy, cuGraphDestroy, cuGraphDestroy);
#undef cuEventElapsedTime
// Since CUDA 12.8 there is a second form, which newer programs get; the first
// is still there, and all that older drivers have.
static_assert(isSameFunction<decltype(CudaDriver::eventElapsedTime),
                             CUresult(float *, CUevent, CUevent)>);
#if CUDA_VERSION >= 12080
static_assert(isSameFunction<decltype(CudaDriver::eventElapsedTime),
                             decltype(cuEventElapsedTime_v2)>);
#else
static_assert(isSameFunction<decltype(CudaDriver::eventElapsedTime),
                             decltype(cuEventElapsedTime)>);
#endif

static_assert(sizeof(CUdeviceptr) == sizeof(std::uint64_t));
static_assert(CUDA_SUCCESS == 0);
static_assert(minrnn::cudaOutOfMemory == CUDA_ERROR_OUT_OF_MEMORY);
static_assert(minrnn::cudaAttributeMultiprocessors ==
              CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
static_assert(minrnn::cudaAttributeMajor ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
static_assert(minrnn::cudaAttributeMinor ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(minrnn::cudaStreamNonBlocking == CU_STREAM_NON_BLOCKING);
static_assert(minrnn::cudaCaptureThreadLocal ==
              CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
static_assert(minrnn::cudaOptionErrorLog == CU_JIT_ERROR_LOG_BUFFER);
static_assert(minrnn::cudaOptionErrorLogBytes ==
              CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
static_assert(minrnn::cudaFunctionDynamicShared ==
              CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
