//===- ProductThroughHost.h - Products formed beside a device ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_PRODUCTTHROUGHHOST_H
#define MINRNN_RUNTIME_DEVICE_PRODUCTTHROUGHHOST_H

#include "runtime/core/DeviceAddress.h"
#include "runtime/device/HostProduct.h"
#include "specs/contract/ElementCount.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace minrnn {

/// The rows of a matrix in a device's memory.
struct DeviceRows {
  std::uint64_t address;
  std::int64_t count;
  /// Bytes of a row, and from one row to the next.
  std::int64_t width;
  std::int64_t stride;

  std::int64_t bytes() const {
    return elementCount({count, width}, "a matrix product's operand");
  }

  /// Calls `copy(address, place in dense rows, bytes)`; once, where the rows
  /// are dense.
  template <typename Copy> void forEach(const Copy &copy) const {
    if (width == stride || count == 1)
      return copy(address, 0, static_cast<std::size_t>(bytes()));
    for (std::int64_t row = 0; row < count; ++row)
      copy(address + static_cast<std::uint64_t>(row * stride), row * width,
           static_cast<std::size_t>(width));
  }
};

/// Forms a product of matrices in `memory` on the host. Memory copies as a
/// Device does, and nothing where it is asked for no bytes.
template <typename Memory>
void multiplyThroughHost(Memory &memory, const MatrixProduct &product) {
  const auto read = [&](const DeviceRows &rows) {
    std::vector<std::byte> dense(static_cast<std::size_t>(rows.bytes()));
    rows.forEach([&](std::uint64_t from, std::int64_t to, std::size_t bytes) {
      memory.copyToHost(dense.data() + to, from, bytes);
    });
    return dense;
  };
  MatrixProduct onHost = product;
  const auto fetch = [&](MatrixOperand<void> &operand, ElementType type,
                         std::int64_t rows, std::int64_t columns) {
    if (operand.transpose == Transpose::Yes)
      std::swap(rows, columns);
    const std::int64_t bytes = elementBytes(type);
    std::vector<std::byte> dense =
        read({addressOf(operand.data), rows, columns * bytes,
              operand.stride * bytes});
    operand.data = dense.data();
    operand.stride = columns;
    return dense;
  };
  const std::vector<std::byte> a =
      fetch(onHost.a, product.aType, product.m, product.k);
  const std::vector<std::byte> b =
      fetch(onHost.b, product.bType, product.k, product.n);
  const std::int64_t bytes = elementBytes(product.resultType);
  const DeviceRows result{addressOf(product.c), product.m, product.n * bytes,
                          product.cStride * bytes};
  std::vector<std::byte> c =
      product.accumulate
          ? read(result)
          : std::vector<std::byte>(static_cast<std::size_t>(result.bytes()));
  onHost.c = c.data();
  onHost.cStride = product.n;
  multiplyOnHost(onHost);
  result.forEach([&](std::uint64_t to, std::int64_t from, std::size_t size) {
    memory.copyToDevice(to, c.data() + from, size);
  });
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_PRODUCTTHROUGHHOST_H
