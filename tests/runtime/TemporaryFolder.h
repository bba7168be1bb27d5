//===- TemporaryFolder.h - A folder for one test ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_TEMPORARYFOLDER_H
#define MINRNN_TESTS_RUNTIME_TEMPORARYFOLDER_H

#include "gtest/gtest.h"
#include <filesystem>
#include <iterator>
#include <string>
#include <unistd.h>

namespace minrnn::test {

/// A new empty folder, removed with all that is in it at the end.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "minrnn-test-XXXXXX")
            .string();
    if (::mkdtemp(pattern.data()) == nullptr)
      ADD_FAILURE() << "cannot make a temporary folder";
    folder = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  const std::filesystem::path &path() const { return folder; }

  /// How many entries lie in it.
  std::size_t fileCount() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder),
                      std::filesystem::directory_iterator()));
  }

private:
  std::filesystem::path folder;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_TEMPORARYFOLDER_H
