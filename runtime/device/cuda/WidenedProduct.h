//===- WidenedProduct.h - Products of two element types ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cuBLAS multiplies operands of one type. Where there are two, halves become
// f32 first, which holds each of them exactly.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_CUDA_WIDENEDPRODUCT_H
#define MINRNN_RUNTIME_DEVICE_CUDA_WIDENEDPRODUCT_H

#include "minrnn/device.h"

#include <cstdint>
#include <string_view>

namespace minrnn {

/// The kernels that widen.
extern const std::string_view widenPtx;

/// The bytes that the operands of a product need as f32, but for those that
/// are.
std::uint64_t widenedBytes(const MatrixProduct &product);

/// Queues the widening of a product's halves into `room`, of as many bytes, and
/// gives the product of what is there. `kernels` are those of `widenPtx`.
MatrixProduct widen(const MatrixProduct &product, std::uint64_t room,
                    const DeviceModule &kernels);

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CUDA_WIDENEDPRODUCT_H
