//===- CInterface.cpp - A cell compiled, in C -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/jit.h"
#include "runtime/core/CHandles.h"

using namespace minrnn;

minrnn_status minrnn_compile_cell(minrnn_device *device, const char *path,
                                  const char *io_type, minrnn_cell **cell,
                                  minrnn_message *message) {
  return guarded(message, [&] {
    *cell = new minrnn_cell{
        compileCellFile(path, {.ioType = io_type, .device = device->device})};
  });
}
