//===- CHandles.h - What the handles of C are -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_CHANDLES_H
#define MINRNN_RUNTIME_CORE_CHANDLES_H

#include "minrnn/layer.h"
#include "minrnn/minrnn.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <vector>

struct minrnn_device {
  std::shared_ptr<minrnn::Device> device;
  /// The caller's stream, while it is the current one.
  std::unique_ptr<minrnn::Stream> stream;
};

struct minrnn_cell {
  minrnn::CellKernels cell;
};

struct minrnn_layer {
  minrnn::Layer layer;
  std::vector<minrnn::LayerTensor> tensors;
};

namespace minrnn {

/// Runs `work`; what it throws becomes a message. No exception leaves.
template <typename Work>
minrnn_status guarded(minrnn_message *message, const Work &work) noexcept {
  const auto fail = [&](const char *text) {
    if (message != nullptr)
      std::snprintf(message->text, sizeof message->text, "%s", text);
    return MINRNN_ERROR;
  };
  try {
    work();
    return MINRNN_OK;
  } catch (const std::bad_alloc &) {
    return fail("out of memory");
  } catch (const std::exception &error) {
    return fail(error.what());
  } catch (...) {
    return fail("an exception of unknown type");
  }
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_CHANDLES_H
