//===- HostObject.h - Host objects, loaded in process -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_JIT_HOSTOBJECT_H
#define MINRNN_RUNTIME_JIT_HOSTOBJECT_H

#include "minrnn/device.h"

#include <memory>
#include <string>
#include <string_view>

namespace minrnn {

/// Links the bytes of a host object file into this process and looks up the
/// symbols of the manifest's entries. The code lives as long as the module.
/// Throws Error when the object is damaged, or lacks a symbol.
std::shared_ptr<HostModule> loadHostObject(std::string_view object,
                                           const Manifest &manifest,
                                           std::shared_ptr<HostDevice> device);

} // namespace minrnn

#endif // MINRNN_RUNTIME_JIT_HOSTOBJECT_H
