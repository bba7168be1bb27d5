//===- AtomicFile.h - A file that appears whole or not at all ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_ATOMICFILE_H
#define MINRNN_RUNTIME_CORE_ATOMICFILE_H

#include "files/StagedFile.h"

#include <cstddef>
#include <filesystem>
#include <system_error>

namespace minrnn {

/// A StagedFile whose errors are thrown: it appears whole in `commit`, and
/// without a commit nothing stays behind.
class AtomicFile {
public:
  /// Throws Error when the destination is a folder or protected, or its folder
  /// cannot be written to.
  explicit AtomicFile(const std::filesystem::path &destination);

  /// Appends `bytes` bytes. Throws Error when there is no room.
  void write(const void *data, std::size_t bytes);

  /// Makes the file appear. Throws Error when that fails.
  void commit();

private:
  void check(std::error_code error) const;

  /// As the user gave it, for messages.
  std::filesystem::path destination;
  StagedFile file;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_ATOMICFILE_H
