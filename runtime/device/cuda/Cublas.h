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

/// Matrix products by cuBLAS on the current context. f32 products use no
/// reduced precision; f16 and bf16 ones run on tensor cores where the GPU has
/// them and are summed in f32.
class Cublas {
public:
  /// Opens the library that MINRNN_CUBLAS names, or the newest one found.
  /// `workspace` is room of `workspaceBytes` on the device, which must outlive
  /// this object: with it results are the same from run to run on any stream,
  /// and products can be recorded in graphs. Throws Error when there is no such
  /// library, or it does not start.
  explicit Cublas(std::uint64_t workspace);
  ~Cublas();
  Cublas(const Cublas &) = delete;
  Cublas &operator=(const Cublas &) = delete;

  static constexpr std::size_t workspaceBytes = std::size_t{32} << 20;

  /// Queues the product, whose sizes are all positive. Throws Error when one is
  /// larger than cuBLAS can count.
  void multiply(const MatrixProduct &product, CudaStream stream) const;

  /// Such as "13.1".
  std::string version() const;

private:
  using Handle = struct CublasOpaque *;
  using Status = int;

  void check(Status status, const char *what) const;

  DynamicLibrary library;
  Handle handle = nullptr;
  std::uint64_t workspace;
  Status (*create)(Handle *);
  Status (*destroy)(Handle);
  Status (*getVersion)(Handle, int *);
  Status (*setStream)(Handle, CudaStream);
  Status (*setWorkspace)(Handle, void *, std::size_t);
  Status (*gemmEx)(Handle, int transposeA, int transposeB, int m, int n, int k,
                   const void *alpha, const void *a, int typeA, int strideA,
                   const void *b, int typeB, int strideB, const void *beta,
                   void *c, int typeC, int strideC, int computeType,
                   int algorithm);
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CUDA_CUBLAS_H
