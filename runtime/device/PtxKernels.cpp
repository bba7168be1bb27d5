//===- PtxKernels.cpp - A compiled cell's PTX on a device -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/PtxKernels.h"

#include "minrnn/error.h"

#include <limits>

using namespace minrnn;

PtxKernels::PtxKernels(std::shared_ptr<Device> device, std::string_view ptx)
    : owner(std::move(device)) {
  if (!owner)
    throw Error("the kernels of a cell need a device, found null");
  module = owner->load(ptx);
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
