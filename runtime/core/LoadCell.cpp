//===- LoadCell.cpp - A cell that was compiled before ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/load_cell.h"

#include "runtime/device/PtxKernels.h"

using namespace minrnn;

CellKernels minrnn::loadPtxCell(const std::shared_ptr<Device> &device,
                                std::string_view ptx, std::string_view where) {
  Manifest manifest = parseManifestOfPtx(ptx, where);
  return {std::move(manifest), std::make_shared<PtxKernels>(device, ptx)};
}
