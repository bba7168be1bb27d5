//===- BlasApi.h - What the fake cuBLAS exports -----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_FAKE_DRIVER_BLASAPI_H
#define MINRNN_TESTS_DEVICE_FAKE_DRIVER_BLASAPI_H

#include "tests/device/fake_driver/DriverApi.h"

namespace minrnn::fake {

/// cublasStatus_t.
using Status = int;
constexpr Status blasSuccess = 0;
constexpr Status blasNotInitialized = 1;
constexpr Status blasAllocFailed = 3;
constexpr Status blasInvalidValue = 7;
constexpr Status blasExecutionFailed = 13;
constexpr Status blasNotSupported = 15;

constexpr int opN = 0;
constexpr int opT = 1;
constexpr int real32 = 0;
constexpr int real16 = 2;
constexpr int brain16 = 14;
constexpr int compute32 = 68;
constexpr int compute32OfBrain16 = 75;
constexpr int compute32OfTf32 = 77;
constexpr int gemmDefault = -1;
constexpr int mathDefault = 0;
constexpr int mathPedantic = 2;
constexpr int mathFullReduction = 16;

} // namespace minrnn::fake

extern "C" {
// The names are NVIDIA's.
// NOLINTBEGIN(readability-identifier-naming)
using minrnn::fake::Status;

MINRNN_FAKE_DRIVER_EXPORT Status cublasCreate_v2(Handle *handle);
MINRNN_FAKE_DRIVER_EXPORT Status cublasDestroy_v2(Handle handle);
MINRNN_FAKE_DRIVER_EXPORT Status cublasGetVersion_v2(Handle handle,
                                                     int *version);
MINRNN_FAKE_DRIVER_EXPORT Status cublasSetStream_v2(Handle handle,
                                                    Handle stream);
MINRNN_FAKE_DRIVER_EXPORT Status cublasSetWorkspace_v2(Handle handle,
                                                       void *workspace,
                                                       std::size_t bytes);
MINRNN_FAKE_DRIVER_EXPORT Status cublasSetMathMode(Handle handle, int mode);
MINRNN_FAKE_DRIVER_EXPORT Status
cublasGemmEx(Handle handle, int transposeA, int transposeB, int m, int n, int k,
             const void *alpha, const void *a, int typeA, int lda,
             const void *b, int typeB, int ldb, const void *beta, void *c,
             int typeC, int ldc, int computeType, int algorithm);
// NOLINTEND(readability-identifier-naming)
}

#endif // MINRNN_TESTS_DEVICE_FAKE_DRIVER_BLASAPI_H
