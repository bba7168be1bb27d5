//===- DeviceAddress.h - Pointers as a device's addresses -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_DEVICEADDRESS_H
#define MINRNN_RUNTIME_CORE_DEVICEADDRESS_H

#include <bit>
#include <cstdint>

namespace minrnn {

/// The address that a pointer into a device's memory stands for.
inline std::uint64_t addressOf(const void *pointer) {
  return std::bit_cast<std::uintptr_t>(pointer);
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_DEVICEADDRESS_H
