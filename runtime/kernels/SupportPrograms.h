//===- SupportPrograms.h - The supporting kernels as PTX --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_KERNELS_SUPPORTPROGRAMS_H
#define MINRNN_RUNTIME_KERNELS_SUPPORTPROGRAMS_H

#include "runtime/device/Nvrtc.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// The CUDA C++ of runtime/kernels, compiled for one target, through the cache
/// of kernels on disk. May be used by several threads at once.
class SupportPrograms {
public:
  /// `device` is the target of the GPU, such as "sm_75". Opens and compiles
  /// nothing yet.
  explicit SupportPrograms(std::string device);

  /// Opens NVRTC, where that has not been done. Throws Error when it is absent,
  /// too old, or compiles for no target that the GPU can run.
  void open();

  /// The modules, such as "Norm": one for each .cu file.
  static std::vector<std::string> modules();

  /// The PTX of a module, compiled at the first call. Throws Error when there
  /// is no such module, and as Nvrtc does when that is absent or too old for
  /// the target. The text stays where it is for as long as this object lives.
  const std::string &ptx(std::string_view module);

private:
  void openLocked();
  std::string compileThroughCache(const SourceText &text) const;

  std::string device;
  std::mutex mutex;
  /// What NVRTC compiles for.
  std::string target;
  std::optional<Nvrtc> nvrtc;
  std::map<std::string, std::string, std::less<>> compiled;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_KERNELS_SUPPORTPROGRAMS_H
