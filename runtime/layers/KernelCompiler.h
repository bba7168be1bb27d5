//===- KernelCompiler.h - Kernels of CUDA C++ as PTX ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_LAYERS_KERNELCOMPILER_H
#define MINRNN_RUNTIME_LAYERS_KERNELCOMPILER_H

#include "runtime/device/Nvrtc.h"

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// The headers that kernels may include.
std::span<const SourceText> kernelHeaders();

/// Compiles kernels for one target, through the cache of kernels on disk. May
/// be used by several threads at once.
class KernelCompiler {
public:
  /// `device` is the target of the GPU, such as "sm_75". Opens and compiles
  /// nothing yet.
  explicit KernelCompiler(std::string device);

  /// Opens NVRTC, where that has not been done. Throws Error when it is absent,
  /// too old, or compiles for no target that the GPU can run.
  void open();

  /// The PTX of `source`, which goes by its name and is compiled at the first
  /// call. Throws Error as `open` and Nvrtc do. The text stays where it is for
  /// as long as this object lives.
  const std::string &ptx(const SourceText &source);

private:
  void openLocked();
  std::string compileThroughCache(const SourceText &source) const;

  std::string device;
  std::mutex mutex;
  /// What NVRTC compiles for.
  std::string target;
  std::optional<Nvrtc> nvrtc;
  std::map<std::string, std::string, std::less<>> compiled;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_LAYERS_KERNELCOMPILER_H
