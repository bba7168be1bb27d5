//===- GrowArray.h - Room on a device that grows ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_GROWARRAY_H
#define MINRNN_RUNTIME_TRAIN_GROWARRAY_H

#include "minrnn/device_array.h"

#include <cstdint>
#include <memory>

namespace minrnn {

/// Room for `count` elements, at the same place where there was enough; whether
/// it moved, and lost what was there. Throws Error when there is no memory.
template <typename Element>
bool grow(const std::shared_ptr<Device> &device, DeviceArray<Element> &array,
          std::int64_t count) {
  if (static_cast<std::int64_t>(array.size()) >= count)
    return false;
  // The former memory first, so that both are never held.
  array = {};
  array = {device, static_cast<std::size_t>(count)};
  return true;
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_GROWARRAY_H
