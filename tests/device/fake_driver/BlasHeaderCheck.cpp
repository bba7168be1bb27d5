//===- BlasHeaderCheck.cpp - Cublas.h against cublas_v2.h -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/Cublas.h"

#include "tests/device/fake_driver/HeaderCheck.h"

#include <cublas_v2.h>
#include <type_traits>
#include <utility>

using minrnn::Cublas;
using namespace minrnn::headers;

#define MINRNN_TEXT_OF(NAME) #NAME
#define MINRNN_TEXT(NAME) MINRNN_TEXT_OF(NAME)

/// A member of the table has the type of NVIDIA's function, and the header
/// gives that function the name that is looked up in the library.
#define MINRNN_CHECK(MEMBER, FUNCTION, SYMBOL)                                 \
  static_assert(isSameFunction<decltype(Cublas::MEMBER), decltype(FUNCTION)>); \
  static_assert(isSameText(MINRNN_TEXT(FUNCTION), #SYMBOL))

MINRNN_CHECK(create, cublasCreate, cublasCreate_v2);
MINRNN_CHECK(destroy, cublasDestroy, cublasDestroy_v2);
MINRNN_CHECK(getVersion, cublasGetVersion, cublasGetVersion_v2);
MINRNN_CHECK(setStream, cublasSetStream, cublasSetStream_v2);
MINRNN_CHECK(setWorkspace, cublasSetWorkspace, cublasSetWorkspace_v2);
MINRNN_CHECK(setMathMode, cublasSetMathMode, cublasSetMathMode);
// In C++ the header adds an older form with another type of computation.
static_assert(
    isSameFunction<decltype(Cublas::gemmEx),
                   cublasStatus_t(cublasHandle_t, cublasOperation_t,
                                  cublasOperation_t, int, int, int,
                                  const void *, const void *, cudaDataType, int,
                                  const void *, cudaDataType, int, const void *,
                                  void *, cudaDataType, int,
                                  cublasComputeType_t, cublasGemmAlgo_t)>);
static_assert(
    std::is_same_v<decltype(cublasGemmEx(
                       std::declval<cublasHandle_t>(), CUBLAS_OP_N, CUBLAS_OP_N,
                       0, 0, 0, std::declval<const void *>(),
                       std::declval<const void *>(), CUDA_R_32F, 0,
                       std::declval<const void *>(), CUDA_R_32F, 0,
                       std::declval<const void *>(), std::declval<void *>(),
                       CUDA_R_32F, 0, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT)),
                   cublasStatus_t>);

static_assert(CUBLAS_STATUS_SUCCESS == 0);
static_assert(minrnn::cublasNoTranspose == CUBLAS_OP_N);
static_assert(minrnn::cublasTransposed == CUBLAS_OP_T);
static_assert(minrnn::cublasComputeInFloat == CUBLAS_COMPUTE_32F);
static_assert(minrnn::cublasComputeOfBrain16 == CUBLAS_COMPUTE_32F_FAST_16BF);
static_assert(minrnn::cublasComputeOfTf32 == CUBLAS_COMPUTE_32F_FAST_TF32);
static_assert(minrnn::cublasDefaultAlgorithm == CUBLAS_GEMM_DEFAULT);
static_assert(minrnn::cublasFullReduction ==
              CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
static_assert(minrnn::cublasReal32 == CUDA_R_32F);
static_assert(minrnn::cublasReal16 == CUDA_R_16F);
static_assert(minrnn::cublasBrain16 == CUDA_R_16BF);
