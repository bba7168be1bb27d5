//===- HostContext.h - Where layers of a cell on the host run ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_NN_HOSTCONTEXT_H
#define MINRNN_RUNTIME_NN_HOSTCONTEXT_H

#include "minrnn/cell_kernels.h"
#include "minrnn/error.h"
#include "minrnn/layers.h"

#include <memory>
#include <string>

namespace minrnn {

/// The layers' context of the host that `cell` is on. Throws Error where it was
/// compiled for another device.
inline LayerContext hostContext(const CellKernels &cell) {
  if (!std::dynamic_pointer_cast<HostDevice>(cell.device()))
    throw Error("cell '" + cell.manifest().cell +
                "' was compiled for device '" +
                std::string(cell.device()->name()) +
                "'; give the blocks of that device, too");
  return LayerContext(cell.device());
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_NN_HOSTCONTEXT_H
