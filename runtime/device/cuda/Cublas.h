//===- Cublas.h - cuBLAS, opened at run time --------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_CUDA_CUBLAS_H
#define MINRNN_RUNTIME_DEVICE_CUDA_CUBLAS_H

#include "minrnn/matrix_product.h"
#include "runtime/device/DynamicLibrary.h"
#include "runtime/device/cuda/CudaDriver.h"

#include <cstdint>
#include <string>

namespace minrnn {

// Enumerators of cublas_api.h and library_types.h.
constexpr int cublasNoTranspose = 0;
constexpr int cublasTransposed = 1;
constexpr int cublasComputeInFloat = 68;
constexpr int cublasComputeOfBrain16 = 75;
constexpr int cublasComputeOfTf32 = 77;
constexpr int cublasDefaultAlgorithm = -1;
constexpr int cublasFullReduction = 16;
constexpr int cublasReal32 = 0;
constexpr int cublasReal16 = 2;
constexpr int cublasBrain16 = 14;

/// Matrix products by cuBLAS on the current context. Products of f32 use no
/// reduced precision but where they ask for it; f16 and bf16 ones run on tensor
/// cores where the GPU has them. All are summed in f32.
class Cublas {
public:
  /// Opens the library that MINRNN_CUBLAS names, or the newest one found.
  /// Throws Error when there is no such library, or it does not start.
  Cublas();
  ~Cublas();
  Cublas(const Cublas &) = delete;
  Cublas &operator=(const Cublas &) = delete;

  /// The room that cuBLAS's manual recommends for a GPU of this capability.
  static std::size_t workspaceBytes(int capability);

  /// Queues the product, which is not in double precision, whose sizes are all
  /// positive and whose operands are of one type.
  /// `workspace` is room of `bytes` bytes on the device that no product on
  /// another stream uses meanwhile: with it results are the same from run to
  /// run on any stream, and products can be recorded in graphs. Throws Error
  /// when a size is larger than cuBLAS can count.
  void multiply(const MatrixProduct &product, CudaStream stream,
                std::uint64_t workspace, std::size_t bytes) const;

  /// Such as "13.1".
  std::string version() const;

private:
  DynamicLibrary library;

public:
  using Handle = struct CublasOpaque *;
  /// cublasStatus_t: 0 is success.
  using Status = int;

  // Each named as in the manual, without `cublas`.
  Status (*create)(Handle *) = library.function("cublasCreate_v2");
  Status (*destroy)(Handle) = library.function("cublasDestroy_v2");
  Status (*getVersion)(Handle, int *) = library.function("cublasGetVersion_v2");
  Status (*setStream)(Handle,
                      CudaStream) = library.function("cublasSetStream_v2");
  Status (*setWorkspace)(Handle, void *, std::size_t) =
      library.function("cublasSetWorkspace_v2");
  Status (*setMathMode)(Handle,
                        int mode) = library.function("cublasSetMathMode");
  Status (*gemmEx)(Handle, int transposeA, int transposeB, int m, int n, int k,
                   const void *alpha, const void *a, int typeA, int strideA,
                   const void *b, int typeB, int strideB, const void *beta,
                   void *c, int typeC, int strideC, int computeType,
                   int algorithm) = library.function("cublasGemmEx");

private:
  void check(Status status, const char *what) const;

  Handle handle = nullptr;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CUDA_CUBLAS_H
