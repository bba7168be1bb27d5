//===- CudaDriver.cpp - The CUDA driver, opened at run time ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDriver.h"

#include "minrnn/error.h"

#include <array>

using namespace minrnn;

namespace {

constexpr auto libraryNames =
    std::to_array<std::string_view>({"libcuda.so.1", "libcuda.so"});

/// Fills one place of the table.
template <typename Function>
void take(const DynamicLibrary &library, Function *&place, const char *name) {
  place = library.function<Function>(name);
}

} // namespace

CudaDriver::CudaDriver()
    : library({.what = "the CUDA driver",
               .variable = "MINRNN_CUDA_DRIVER",
               .names = libraryNames}) {
  // `_v2` where the driver keeps an older form under the plain name.
  take(library, getErrorString, "cuGetErrorString");
  take(library, getErrorName, "cuGetErrorName");
  take(library, init, "cuInit");
  take(library, driverGetVersion, "cuDriverGetVersion");
  take(library, deviceGet, "cuDeviceGet");
  take(library, deviceGetCount, "cuDeviceGetCount");
  take(library, deviceGetName, "cuDeviceGetName");
  take(library, deviceTotalMem, "cuDeviceTotalMem_v2");
  take(library, deviceGetAttribute, "cuDeviceGetAttribute");
  take(library, devicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain");
  take(library, devicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2");
  take(library, ctxSetCurrent, "cuCtxSetCurrent");
  take(library, ctxSynchronize, "cuCtxSynchronize");
  take(library, moduleLoadDataEx, "cuModuleLoadDataEx");
  take(library, moduleUnload, "cuModuleUnload");
  take(library, moduleGetFunction, "cuModuleGetFunction");
  take(library, memGetInfo, "cuMemGetInfo_v2");
  take(library, memAlloc, "cuMemAlloc_v2");
  take(library, memFree, "cuMemFree_v2");
  take(library, memcpyHtoDAsync, "cuMemcpyHtoDAsync_v2");
  take(library, memcpyDtoHAsync, "cuMemcpyDtoHAsync_v2");
  take(library, memcpyDtoDAsync, "cuMemcpyDtoDAsync_v2");
  take(library, memsetD8Async, "cuMemsetD8Async");
  take(library, memsetD2D8Async, "cuMemsetD2D8Async");
  take(library, streamCreate, "cuStreamCreate");
  take(library, streamDestroy, "cuStreamDestroy_v2");
  take(library, streamSynchronize, "cuStreamSynchronize");
  take(library, streamWaitEvent, "cuStreamWaitEvent");
  take(library, streamBeginCapture, "cuStreamBeginCapture_v2");
  take(library, streamEndCapture, "cuStreamEndCapture");
  take(library, eventCreate, "cuEventCreate");
  take(library, eventDestroy, "cuEventDestroy_v2");
  take(library, eventRecord, "cuEventRecord");
  take(library, eventSynchronize, "cuEventSynchronize");
  take(library, eventElapsedTime, "cuEventElapsedTime");
  take(library, funcSetAttribute, "cuFuncSetAttribute");
  take(library, launchKernel, "cuLaunchKernel");
  take(library, graphInstantiate, "cuGraphInstantiateWithFlags");
  take(library, graphLaunch, "cuGraphLaunch");
  take(library, graphExecDestroy, "cuGraphExecDestroy");
  take(library, graphDestroy, "cuGraphDestroy");
  check(init(0), "the CUDA driver in " + library.path() + " does not start");
}

void CudaDriver::check(CudaResult result, const std::string &what) const {
  if (result == 0)
    return;
  const char *name = nullptr;
  const char *text = nullptr;
  if (getErrorName(result, &name) != 0 || name == nullptr)
    name = "an error it has no name for";
  if (getErrorString(result, &text) != 0 || text == nullptr)
    text = "no description";
  throw Error(what + ": " + name + " (" + std::to_string(result) + ", " + text +
              ")");
}

std::string CudaDriver::version() const {
  int number = 0;
  check(driverGetVersion(&number), "asking the CUDA driver for its version");
  return std::to_string(number / 1000) + "." +
         std::to_string(number % 1000 / 10);
}
