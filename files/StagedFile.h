//===- StagedFile.h - A file that appears whole or not at all ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_FILES_STAGEDFILE_H
#define MINRNN_FILES_STAGEDFILE_H

#include <cstddef>
#include <filesystem>
#include <system_error>

namespace minrnn {

/// Content that is written beside its destination and takes its place with one
/// rename, so that at any time the destination holds the former content or the
/// new one, whole. What is not put in place is removed.
///
/// - A symbolic link stays, and what it leads to is replaced or created.
/// - A file that is replaced keeps its mode, its access control list and, where
///   that is permitted, its owner and group. Where the group cannot be kept,
///   the file is open to nobody it was not open to before. The set-user-ID and
///   set-group-ID bits do not stay: they vouched for the former content. A new
///   file has the mode that the umask leaves.
/// - A file that its owner protected against writing is not replaced.
/// - Other names of the file (hard links) keep the former content. To write
///   through all of them would mean to destroy the only good copy first; and
///   who links a checkpoint, or copies a folder with `cp -al`, keeps it so.
/// - A device or a pipe is written to directly, for it must not be replaced.
class StagedFile {
public:
  StagedFile() = default;
  ~StagedFile();
  StagedFile(StagedFile &&other) noexcept;
  StagedFile &operator=(StagedFile &&) = delete;
  StagedFile(const StagedFile &) = delete;
  StagedFile &operator=(const StagedFile &) = delete;

  /// Begins. An error when the destination is a folder or protected, or its
  /// folder cannot be written to.
  std::error_code open(const std::filesystem::path &destination);

  /// Appends `bytes` bytes. An error when there is no room.
  std::error_code write(const void *data, std::size_t bytes);

  /// Has the content safely on the disk; nothing can be written any more.
  std::error_code finish();

  /// Puts what is finished in place.
  std::error_code replace();

  /// Where the content is until then; empty when it is written directly.
  const std::filesystem::path &temporaryPath() const { return temporary; }

private:
  std::error_code create(bool isReplacement);

  /// Where the rename goes: symbolic links are followed.
  std::filesystem::path target;
  std::filesystem::path temporary;
  int descriptor = -1;
};

/// Removes the files that StagedFile made beside `destination` in a process
/// that was killed before it could: `<name>.tmp-<process>-<number>` of
/// processes that no longer run. What cannot be removed stays.
void removeStaleTemporaries(const std::filesystem::path &destination);

} // namespace minrnn

#endif // MINRNN_FILES_STAGEDFILE_H
