//===- AtomicFile.h - A file that appears whole or not at all ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_ATOMICFILE_H
#define MINRNN_RUNTIME_CORE_ATOMICFILE_H

#include <cstddef>
#include <filesystem>

namespace minrnn {

/// Writes beside the destination and takes its place with one rename in
/// `commit`; without a commit nothing stays behind. A destination that is a
/// device or a pipe is written to directly, for it must not be replaced.
class AtomicFile {
public:
  /// Throws Error when the destination is a folder, or its folder cannot be
  /// written to.
  explicit AtomicFile(const std::filesystem::path &destination);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  /// Appends `bytes` bytes. Throws Error when there is no room.
  void write(const void *data, std::size_t bytes);

  /// Makes the file appear. Throws Error when that fails.
  void commit();

private:
  [[noreturn]] void fail(int errorNumber) const;

  /// As the user gave it, for messages.
  std::filesystem::path destination;
  /// Where the rename goes: symbolic links are followed.
  std::filesystem::path target;
  /// Empty when written to directly.
  std::filesystem::path temporary;
  int descriptor = -1;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_ATOMICFILE_H
