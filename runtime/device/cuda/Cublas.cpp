//===- Cublas.cpp - cuBLAS, opened at run time ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/Cublas.h"

#include "minrnn/error.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

using namespace minrnn;

namespace {

constexpr auto cublasNames = std::to_array<std::string_view>(
    {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"});

int cublasType(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return cublasReal16;
  case ElementType::BF16:
    return cublasBrain16;
  case ElementType::F32:
    break;
  }
  return cublasReal32;
}

/// Only products of f32 can be asked for in another format.
int cublasCompute(ElementType operands, Precision precision) {
  if (operands == ElementType::F32 && precision == Precision::Tf32)
    return cublasComputeOfTf32;
  if (operands == ElementType::F32 && precision == Precision::Bf16)
    return cublasComputeOfBrain16;
  return cublasComputeInFloat;
}

int cublasTranspose(Transpose value) {
  return value == Transpose::Yes ? cublasTransposed : cublasNoTranspose;
}

} // namespace

Cublas::Cublas()
    : library({.what = "cuBLAS",
               .variable = "MINRNN_CUBLAS",
               .names = cublasNames}) {
  check(create(&handle), "does not start");
  // Otherwise parts of a sum of halves may be added as halves.
  const Status status = setMathMode(handle, cublasFullReduction);
  if (status != 0)
    destroy(handle);
  check(status, "cannot sum in f32");
}

Cublas::~Cublas() { destroy(handle); }

std::size_t Cublas::workspaceBytes(int capability) {
  constexpr int hopper = 90;
  return std::size_t{capability >= hopper ? 32U : 4U} << 20;
}

void Cublas::check(Status status, const char *what) const {
  if (status != 0)
    throw Error("cuBLAS in " + library.path() + " " + what + ": status " +
                std::to_string(status));
}

std::string Cublas::version() const {
  int number = 0;
  check(getVersion(handle, &number), "does not tell its version");
  // Such as 120804 for 12.8.4; before 12 it was 11501 for 11.5.1.
  constexpr int newStyle = 100000;
  const int major = number >= newStyle ? 10000 : 1000;
  return std::to_string(number / major) + "." +
         std::to_string(number % major / 100);
}

void Cublas::multiply(const MatrixProduct &product, CudaStream stream,
                      std::uint64_t workspace, std::size_t bytes) const {
  const auto &[m, n, k, a, b, c, cStride, accumulate, aType, bType, resultType,
               precision] = product;
  constexpr std::int64_t largest = std::numeric_limits<int>::max();
  const std::int64_t most = std::max({m, n, k, a.stride, b.stride, cStride});
  if (most > largest)
    throw Error("a matrix product of " + std::to_string(m) + " x " +
                std::to_string(n) + " x " + std::to_string(k) +
                " with rows of " +
                std::to_string(std::max({a.stride, b.stride, cStride})) +
                " elements is too large for cuBLAS");
  check(setStream(handle, stream), "refuses a stream");
  // A new stream takes the workspace away.
  check(setWorkspace(
            handle,
            std::bit_cast<void *>(static_cast<std::uintptr_t>(workspace)),
            bytes),
        "refuses its workspace");
  const float one = 1;
  const float keep = accumulate ? 1 : 0;
  const int operand = cublasType(aType);
  const int result = cublasType(resultType);
  // cuBLAS has columns contiguous, so it sees every matrix transposed:
  // c^T = b^T a^T.
  check(gemmEx(handle, cublasTranspose(b.transpose),
               cublasTranspose(a.transpose), static_cast<int>(n),
               static_cast<int>(m), static_cast<int>(k), &one, b.data, operand,
               static_cast<int>(b.stride), a.data, operand,
               static_cast<int>(a.stride), &keep, c, result,
               static_cast<int>(cStride), cublasCompute(aType, precision),
               cublasDefaultAlgorithm),
        "refuses a matrix product");
}
