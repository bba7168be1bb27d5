//===- TestFiles.h - Where the tests' files are -----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CMake tells a test by a macro where a file or folder is: a path on the
// machine that built it. scripts/pack takes both to another machine, and lays
// them out as they are here beneath the sources or the build; so there, a
// suffix of that path is the path beneath the pack.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_TESTFILES_H
#define MINRNN_TESTS_TESTFILES_H

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>

namespace minrnn::test {

/// The folder of the unpacked pack that this program runs from, known by its
/// list of tests; empty when it runs where it was built.
inline std::filesystem::path packFolder() {
  std::error_code unreadable;
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", unreadable);
  std::filesystem::path folder = program.parent_path().parent_path();
  if (unreadable || !std::filesystem::exists(folder / "tests.txt", unreadable))
    return {};
  return folder;
}

/// Where the file or folder is that was at `built` when this was built.
inline std::string testFile(const std::filesystem::path &built) {
  const std::filesystem::path folder = packFolder();
  if (folder.empty())
    return built.string();
  std::string rest = built.relative_path().string();
  for (;;) {
    std::error_code unreadable;
    const std::filesystem::path candidate = folder / rest;
    if (std::filesystem::exists(candidate, unreadable))
      return candidate.string();
    const std::size_t slash = rest.find('/');
    if (slash == std::string::npos)
      break;
    rest.erase(0, slash + 1);
  }
  // What was forgotten must not be found where the build happens to be.
  return (folder / built.relative_path()).string();
}

/// Where kernels that tests compile are kept: `built`, but never in a pack,
/// which may be read-only.
inline std::string testCache(const std::filesystem::path &built) {
  if (packFolder().empty())
    return built.string();
  return (std::filesystem::temp_directory_path() / "minrnn-test-cache")
      .string();
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_TESTFILES_H
