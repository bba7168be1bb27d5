//===- PtxKernels.cpp - A compiled cell's PTX on a device -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/PtxKernels.h"

#include "minrnn/error.h"

#include <array>
#include <limits>

using namespace minrnn;

namespace {

/// sums[column] = the sum of values[rows, columns] over its rows, in f64; one
/// thread a column.
constexpr std::string_view sumRowsPtx = R"(
.version 6.3
.target sm_75
.address_size 64
.visible .entry sum_rows(
  .param .u64 values, .param .u64 sums, .param .u64 rows, .param .u64 columns)
{
  .reg .pred %p;
  .reg .b32 %r<3>;
  .reg .f32 %f<2>;
  .reg .f64 %d<2>;
  .reg .b64 %l<6>;
  ld.param.u64 %l0, [values];
  ld.param.u64 %l1, [sums];
  ld.param.u64 %l2, [rows];
  ld.param.u64 %l3, [columns];
  mov.u32 %r0, %ctaid.x;
  mov.u32 %r1, %ntid.x;
  mov.u32 %r2, %tid.x;
  mul.wide.u32 %l4, %r0, %r1;
  cvt.u64.u32 %l5, %r2;
  add.u64 %l4, %l4, %l5;
  setp.ge.u64 %p, %l4, %l3;
  @%p bra done;
  shl.b64 %l4, %l4, 2;
  add.u64 %l0, %l0, %l4;
  add.u64 %l1, %l1, %l4;
  shl.b64 %l3, %l3, 2;
  mov.f64 %d0, 0d0000000000000000;
next:
  setp.eq.u64 %p, %l2, 0;
  @%p bra store;
  ld.global.f32 %f0, [%l0];
  cvt.f64.f32 %d1, %f0;
  add.rn.f64 %d0, %d0, %d1;
  add.u64 %l0, %l0, %l3;
  sub.u64 %l2, %l2, 1;
  bra next;
store:
  cvt.rn.f32.f64 %f1, %d0;
  st.global.f32 [%l1], %f1;
done:
  ret;
}
)";

} // namespace

PtxKernels::PtxKernels(std::shared_ptr<Device> device, std::string_view ptx)
    : owner(std::move(device)) {
  if (!owner)
    throw Error("the kernels of a cell need a device, found null");
  module = owner->load(ptx);
  sums = owner->load(sumRowsPtx);
}

void PtxKernels::launch(const KernelEntry &entry,
                        std::span<const std::uint64_t> argumentBlock,
                        std::int64_t tileCount) const {
  constexpr std::int64_t mostBlocks = std::numeric_limits<std::int32_t>::max();
  if (tileCount > mostBlocks)
    throw Error(
        "entry '" + entry.name + "': " + std::to_string(tileCount) +
        " tiles of channels in all batch rows, but a grid has at most " +
        std::to_string(mostBlocks) +
        " blocks; split the batch over several calls");
  LaunchShape shape;
  shape.grid[0] = static_cast<std::uint64_t>(tileCount);
  for (std::size_t axis = 0; axis < shape.block.size(); ++axis)
    shape.block[axis] = static_cast<std::uint64_t>(entry.block[axis]);
  module->launch(entry.symbol, shape, argumentBlock);
}

void PtxKernels::sumRows(std::int64_t rows, std::int64_t columns,
                         std::uint64_t values, std::uint64_t results) const {
  constexpr std::int64_t threads = 128;
  LaunchShape shape;
  shape.grid[0] = static_cast<std::uint64_t>((columns + threads - 1) / threads);
  shape.block[0] = threads;
  sums->launch("sum_rows", shape,
               std::array{values, results, static_cast<std::uint64_t>(rows),
                          static_cast<std::uint64_t>(columns)});
}
