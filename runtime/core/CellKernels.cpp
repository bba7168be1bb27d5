//===- CellKernels.cpp - A compiled cell, ready to run --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/cell_kernels.h"

#include "minrnn/error.h"
#include "runtime/device/PtxKernels.h"

#include <utility>

using namespace minrnn;

CellKernels::CellKernels(Manifest manifest,
                         std::shared_ptr<const KernelModule> module)
    : sharedManifest(std::make_shared<const Manifest>(std::move(manifest))),
      sharedModule(std::move(module)) {
  if (!sharedModule)
    throw Error("cell '" + sharedManifest->cell +
                "' has no code: the module is null");
}

CellKernels minrnn::loadPtxCell(const std::shared_ptr<Device> &device,
                                std::string_view ptx, std::string_view where) {
  Manifest manifest = parseManifestOfPtx(ptx, where);
  return {std::move(manifest), std::make_shared<PtxKernels>(device, ptx)};
}
