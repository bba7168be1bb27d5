//===- NamedFiles.cpp - The files that a command line names ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/NamedFiles.h"

#include "files/FollowLinks.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <tuple>
#include <unistd.h>
#include <utility>

using namespace minrnn;

namespace {

/// What a path leads to: a regular file that exists, by device and inode, or
/// one that does not, by its canonical path.
using Identity = std::tuple<dev_t, ino_t, std::filesystem::path>;

/// Nothing for what cannot be lost.
std::optional<Identity> identify(const std::filesystem::path &path,
                                 bool isOutput) {
  struct stat status = {};
  const int found =
      path != "-" ? ::stat(path.c_str(), &status)
                  : ::fstat(isOutput ? STDOUT_FILENO : STDIN_FILENO, &status);
  if (found == 0) {
    if (!S_ISREG(status.st_mode))
      return std::nullopt;
    return Identity(status.st_dev, status.st_ino, {});
  }
  if (path == "-" || errno != ENOENT)
    return std::nullopt;
  std::error_code error;
  std::filesystem::path canonical = followLinks(path, error);
  if (error)
    return std::nullopt;
  return Identity(0, 0, std::move(canonical));
}

/// `a.mlir`, or the two names that lead to one file.
std::string describe(const std::filesystem::path &one, bool isOneOutput,
                     const std::filesystem::path &other, bool isOtherOutput) {
  const auto quote = [](const std::filesystem::path &path, bool isOutput) {
    if (path == "-")
      return std::string(isOutput ? "standard output" : "standard input");
    return "'" + path.string() + "'";
  };
  const std::string first = quote(one, isOneOutput);
  const std::string second = quote(other, isOtherOutput);
  return first == second ? "both are " + first
                         : first + " and " + second + " are the same file";
}

} // namespace

void NamedFiles::addInput(const std::string &option,
                          const std::filesystem::path &path) {
  files.push_back({option, path, /*isOutput=*/false});
}

void NamedFiles::addOutput(const std::string &option,
                           const std::filesystem::path &path) {
  files.push_back({option, path, /*isOutput=*/true});
}

void NamedFiles::allowSame(const std::string &one, const std::string &other) {
  allowed.emplace_back(one, other);
}

bool NamedFiles::mayBeSame(const File &one, const File &other) const {
  return std::any_of(allowed.begin(), allowed.end(), [&](const auto &pair) {
    return pair == std::pair(one.option, other.option) ||
           pair == std::pair(other.option, one.option);
  });
}

std::string NamedFiles::fault() const {
  for (auto file = files.begin(); file != files.end(); ++file)
    for (auto other = files.begin(); other != file; ++other) {
      const bool bothRead = !file->isOutput && !other->isOutput;
      const bool bothDash = file->path == "-" && other->path == "-" &&
                            file->isOutput == other->isOutput;
      if (bothDash)
        return other->option + " and " + file->option + " cannot both be " +
               (bothRead ? "standard input, which is read only once"
                         : "standard output") +
               "; name a file for one of them";
      if (bothRead || mayBeSame(*file, *other))
        continue;
      const auto identity = identify(file->path, file->isOutput);
      if (!identity || identity != identify(other->path, other->isOutput))
        continue;
      const std::string what =
          describe(other->path, other->isOutput, file->path, file->isOutput);
      if (file->isOutput && other->isOutput)
        return other->option + " and " + file->option +
               " would write the same file: " + what +
               "; name another for one of them";
      const File &output = file->isOutput ? *file : *other;
      const File &input = file->isOutput ? *other : *file;
      return output.option + " would overwrite what " + input.option +
             " reads: " + what + "; name another output";
    }
  return "";
}
