//===- FollowLinks.h - Where a path leads -----------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_FILES_FOLLOWLINKS_H
#define MINRNN_FILES_FOLLOWLINKS_H

#include <filesystem>
#include <system_error>

namespace minrnn {

/// The canonical path of the file that opening `path` for writing would open
/// or create: every symbolic link is followed, also the last one, and also
/// where the file, or its folder, does not exist yet. Sets `error` where links
/// lead in a circle, or a folder on the way cannot be looked into.
std::filesystem::path followLinks(const std::filesystem::path &path,
                                  std::error_code &error);

} // namespace minrnn

#endif // MINRNN_FILES_FOLLOWLINKS_H
