//===- CellKernels.cpp - A compiled cell, ready to run --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/cell_kernels.h"

#include "minrnn/error.h"

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
