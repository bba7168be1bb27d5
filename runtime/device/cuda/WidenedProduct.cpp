//===- WidenedProduct.cpp - Products of two element types -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/WidenedProduct.h"

#include "runtime/core/DeviceAddress.h"
#include "specs/contract/ElementCount.h"

#include <array>
#include <bit>

using namespace minrnn;

/// to[count] = from, rows of `columns` elements that begin `stride` elements
/// apart; one thread an element.
const std::string_view minrnn::widenPtx = R"(
.version 6.3
.target sm_75
.address_size 64
.visible .entry widen(
  .param .u64 from, .param .u64 to, .param .u64 columns, .param .u64 stride,
  .param .u64 count, .param .u64 isBf16)
{
  .reg .pred %p;
  .reg .b16 %h;
  .reg .b32 %r<4>;
  .reg .f32 %f;
  .reg .b64 %l<9>;
  ld.param.u64 %l0, [from];
  ld.param.u64 %l1, [to];
  ld.param.u64 %l2, [columns];
  ld.param.u64 %l3, [stride];
  ld.param.u64 %l4, [count];
  ld.param.u64 %l5, [isBf16];
  mov.u32 %r0, %ctaid.x;
  mov.u32 %r1, %ntid.x;
  mov.u32 %r2, %tid.x;
  mul.wide.u32 %l6, %r0, %r1;
  cvt.u64.u32 %l7, %r2;
  add.u64 %l6, %l6, %l7;
  setp.ge.u64 %p, %l6, %l4;
  @%p bra done;
  div.u64 %l7, %l6, %l2;
  mul.lo.u64 %l8, %l7, %l2;
  sub.u64 %l8, %l6, %l8;
  mad.lo.u64 %l8, %l7, %l3, %l8;
  shl.b64 %l8, %l8, 1;
  add.u64 %l0, %l0, %l8;
  ld.global.b16 %h, [%l0];
  shl.b64 %l6, %l6, 2;
  add.u64 %l1, %l1, %l6;
  setp.eq.u64 %p, %l5, 0;
  @%p bra half;
  cvt.u32.u16 %r3, %h;
  shl.b32 %r3, %r3, 16;
  st.global.b32 [%l1], %r3;
  bra done;
half:
  cvt.f32.f16 %f, %h;
  st.global.f32 [%l1], %f;
done:
  ret;
}
)";

namespace {

/// The bytes of an operand as f32, where it is not.
std::uint64_t bytesOf(ElementType type, std::int64_t rows,
                      std::int64_t columns) {
  if (type == ElementType::F32)
    return 0;
  // As an allocation begins.
  constexpr std::uint64_t alignment = 256;
  const std::int64_t count =
      elementCount({rows, columns}, "a matrix product's operand");
  return (static_cast<std::uint64_t>(count) * sizeof(float) + alignment - 1) /
         alignment * alignment;
}

} // namespace

std::uint64_t minrnn::widenedBytes(const MatrixProduct &product) {
  return bytesOf(product.aType, product.m, product.k) +
         bytesOf(product.bType, product.k, product.n);
}

MatrixProduct minrnn::widen(const MatrixProduct &product, std::uint64_t room,
                            const DeviceModule &kernels) {
  MatrixProduct widened = product;
  const auto replace = [&](MatrixOperand<void> &operand, ElementType &type,
                           std::int64_t rows, std::int64_t columns) {
    if (type == ElementType::F32)
      return;
    // Of the formats that f32 may be rounded to, only one holds any f16.
    if (type == ElementType::F16 && widened.precision == Precision::Bf16)
      widened.precision = Precision::Tf32;
    const std::uint64_t bytes = bytesOf(type, rows, columns);
    // As they are stored.
    const std::int64_t storedColumns =
        operand.transpose == Transpose::Yes ? rows : columns;
    constexpr std::int64_t threads = 256;
    const std::int64_t count = rows * columns;
    LaunchShape shape;
    shape.grid[0] = static_cast<std::uint64_t>((count + threads - 1) / threads);
    shape.block[0] = threads;
    kernels.launch("widen", shape,
                   std::array{addressOf(operand.data), room,
                              static_cast<std::uint64_t>(storedColumns),
                              static_cast<std::uint64_t>(operand.stride),
                              static_cast<std::uint64_t>(count),
                              std::uint64_t{type == ElementType::BF16}});
    operand.data = std::bit_cast<void *>(static_cast<std::uintptr_t>(room));
    operand.stride = storedColumns;
    type = ElementType::F32;
    room += bytes;
  };
  replace(widened.a, widened.aType, product.m, product.k);
  replace(widened.b, widened.bType, product.k, product.n);
  return widened;
}
