//===- load_cell.h - A cell that was compiled before ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LOAD_CELL_H
#define MINRNN_LOAD_CELL_H

#include "minrnn/cell_kernels.h"

#include <memory>
#include <string_view>

namespace minrnn {

/// Loads PTX that minrnnc wrote, which begins with its manifest, on a device
/// that runs PTX. `where` begins the messages about the text. Throws Error when
/// the text is not such, or the device refuses it.
CellKernels loadPtxCell(const std::shared_ptr<Device> &device,
                        std::string_view ptx, std::string_view where);

} // namespace minrnn

#endif // MINRNN_LOAD_CELL_H
