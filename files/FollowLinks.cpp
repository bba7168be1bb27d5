//===- FollowLinks.cpp - Where a path leads -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/FollowLinks.h"

using namespace minrnn;

std::filesystem::path minrnn::followLinks(const std::filesystem::path &path,
                                          std::error_code &error) {
  error.clear();
  // weakly_canonical follows no last link whose target does not exist.
  std::filesystem::path file = path;
  constexpr int mostLinks = 40; // As Linux has it.
  for (int links = 0; std::filesystem::is_symlink(
           std::filesystem::symlink_status(file, error));
       ++links) {
    if (links == mostLinks) {
      error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
      return path;
    }
    const std::filesystem::path target =
        std::filesystem::read_symlink(file, error);
    if (error)
      return path;
    // An absolute target takes the place of the folder.
    file = file.parent_path() / target;
  }
  // A file that does not exist is an answer, not an error.
  error.clear();
  const std::filesystem::path folder =
      file.has_parent_path() ? file.parent_path() : ".";
  return std::filesystem::weakly_canonical(folder, error) / file.filename();
}
