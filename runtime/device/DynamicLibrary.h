//===- DynamicLibrary.h - A library that may be absent ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The CUDA libraries and OpenBLAS are opened at run time, so that nothing of
// ours needs them to start. What is opened is executed: no path is relative,
// and a name that LD_LIBRARY_PATH would lead to the working directory is passed
// over.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_DYNAMICLIBRARY_H
#define MINRNN_RUNTIME_DEVICE_DYNAMICLIBRARY_H

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// What to open, and where to look for it.
struct LibraryRequest {
  /// For people, such as "NVRTC".
  std::string_view what;
  /// An environment variable that may name a file, by an absolute path or by a
  /// name without a slash; where it is set, nothing else is tried. Empty for
  /// none.
  std::string_view variable;
  /// File names, the one liked best first, such as "libnvrtc.so.13". Each is
  /// looked for as the system's loader does, then, where it is of CUDA, in the
  /// usual folders of that.
  std::span<const std::string_view> names;
  bool isOfCuda = true;
};

/// A shared library. It stays loaded until the process ends, whatever becomes
/// of this object: CUDA's leave threads and memory behind when they are
/// unloaded.
class DynamicLibrary {
public:
  /// Opens the first candidate that the loader accepts. Throws Error, with
  /// every candidate and the loader's reason for it, when there is none, and
  /// when the variable holds a relative path.
  explicit DynamicLibrary(const LibraryRequest &request);

  /// A symbol's address, which becomes a pointer to a function of any type.
  struct Symbol {
    void *address;
    template <typename Function> operator Function *() const {
      return reinterpret_cast<Function *>(address);
    }
  };

  /// The function called `name`. Throws Error, naming the library and the
  /// function, when the library lacks it.
  Symbol function(const char *name) const;
  /// As `function`; null when the library lacks it.
  Symbol functionIfPresent(const char *name) const;

  /// The file that was opened, as the loader knows it.
  const std::string &path() const { return file; }

private:
  std::string what;
  std::string file;
  void *handle = nullptr;
};

/// The files that a request stands for, in the order they are tried: the file
/// that the variable names, or else each name by itself and then, where it is
/// of CUDA, each name in each folder of $CUDA_HOME, $CUDA_PATH, /usr/local/cuda
/// and WSL. A $CUDA_HOME or $CUDA_PATH that is no absolute path is passed over.
std::vector<std::string> libraryCandidates(const LibraryRequest &request);

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_DYNAMICLIBRARY_H
