//===- Nvrtc.h - CUDA C++ to PTX at run time --------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_NVRTC_H
#define MINRNN_RUNTIME_DEVICE_NVRTC_H

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// A text and the name it goes by, in `#include "name"` and in messages. Both
/// end with a zero and belong to the caller.
struct SourceText {
  const char *name;
  const char *text;
};

/// NVIDIA's run-time compiler, opened from where it is installed. It needs no
/// header, no driver and no GPU. May be used by several threads at once.
class Nvrtc {
public:
  /// Opens the library that MINRNN_NVRTC names, or the newest one found. Throws
  /// Error, naming what was tried, when there is none or it is too old.
  Nvrtc();
  ~Nvrtc();
  Nvrtc(const Nvrtc &) = delete;
  Nvrtc &operator=(const Nvrtc &) = delete;

  /// Such as "13.0".
  std::string version() const;
  /// The targets it compiles for, such as "sm_75".
  std::vector<std::string> targets() const;

  /// Compiles C++17 to PTX for `target`, such as "sm_75". `source` may include
  /// the `headers`, which are found by their names alone. Throws Error when the
  /// target is malformed or unknown to this NVRTC (naming those it knows), and
  /// with the compiler's own log when the source does not compile.
  std::string compileToPtx(const SourceText &source, std::string_view target,
                           std::span<const SourceText> headers = {}) const;

private:
  struct Library;
  std::unique_ptr<Library> library;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_NVRTC_H
