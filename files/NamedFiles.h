//===- NamedFiles.h - The files that a command line names -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_FILES_NAMEDFILES_H
#define MINRNN_FILES_NAMEDFILES_H

#include <filesystem>
#include <string>
#include <vector>

namespace minrnn {

/// The files that a command reads and writes, each with the option that names
/// it. An output that is an input, or that another output would replace, is
/// found before anything is opened, by what the paths lead to and not by how
/// they are written: device and inode of a file that exists (so through
/// symbolic and hard links), the canonical path of one that does not yet.
/// Devices, pipes and folders are no files that could be lost. `-` is standard
/// input or output, and the file behind it where the shell redirected it.
class NamedFiles {
public:
  void addInput(const std::string &option, const std::filesystem::path &path);
  void addOutput(const std::string &option, const std::filesystem::path &path);

  /// The files of `one` and `other` may be the same.
  void allowSame(const std::string &one, const std::string &other);

  /// What is wrong and how it is mended, in words without a full stop; empty
  /// when each output is a file of its own.
  std::string fault() const;

private:
  struct File {
    std::string option;
    std::filesystem::path path;
    bool isOutput;
  };

  bool mayBeSame(const File &one, const File &other) const;

  std::vector<File> files;
  std::vector<std::pair<std::string, std::string>> allowed;
};

} // namespace minrnn

#endif // MINRNN_FILES_NAMEDFILES_H
