//===- PrivateFolder.h - Files that only their owner writes -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For files whose content is executed. A folder or a file that is someone
// else's, or that the group or others may write, is not used. What was opened
// is what is looked at, so that nobody can put another in its place in between.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_PRIVATEFOLDER_H
#define MINRNN_RUNTIME_CORE_PRIVATEFOLDER_H

#include <filesystem>
#include <optional>
#include <string>

namespace minrnn {

/// A folder whose files nobody but this process's user can have written. Why it
/// or a file in it is not used, and how that is mended, is said on standard
/// error, each such thing once in a process.
class PrivateFolder {
public:
  enum class Absent { StaysAbsent, IsMade };

  /// The folder at the absolute path `path`, made with mode 0700 where it is
  /// absent and `absent` says so; `use` names it for people ("the kernel
  /// cache"). Nothing where it is absent, cannot be opened or made, or is not
  /// private.
  static std::optional<PrivateFolder> open(const std::filesystem::path &path,
                                           const std::string &use,
                                           Absent absent);
  ~PrivateFolder();
  PrivateFolder(PrivateFolder &&other) noexcept;
  PrivateFolder(const PrivateFolder &) = delete;
  PrivateFolder &operator=(const PrivateFolder &) = delete;

  /// The content of the file `name`; nothing where it is absent, cannot be
  /// read, is no regular file, or is not private.
  std::optional<std::string> read(const std::string &name) const;

  /// Writes the file `name` with mode 0600, whole or not at all, in the place
  /// of one that is there unless that is not private. False where that fails.
  bool write(const std::string &name, const std::string &content) const;

private:
  PrivateFolder(std::filesystem::path path, std::string use, int descriptor);
  /// The opened file `name`, checked; -1 where it is absent or not to be used.
  /// `refused` says that there is one which is not to be used.
  int openFile(const std::string &name, bool &refused) const;

  std::filesystem::path path;
  std::string use;
  int descriptor;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_PRIVATEFOLDER_H
