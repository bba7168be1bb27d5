//===- SupportTexts.h - The CUDA C++ in this folder -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_KERNELS_SUPPORTTEXTS_H
#define MINRNN_RUNTIME_KERNELS_SUPPORTTEXTS_H

#include "runtime/device/Nvrtc.h"

#include <span>

namespace minrnn {

/// The .cu files, and the .cuh files they include, as they were when the
/// runtime was built.
std::span<const SourceText> supportKernelTexts();
std::span<const SourceText> supportHeaderTexts();

} // namespace minrnn

#endif // MINRNN_RUNTIME_KERNELS_SUPPORTTEXTS_H
