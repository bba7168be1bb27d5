//===- StagedFile.cpp - A file that appears whole or not at all -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/StagedFile.h"

#include "files/FollowLinks.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <random>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace minrnn;

namespace {

/// What follows the name of the destination in that of a temporary; then come
/// the process and a number.
constexpr std::string_view temporaryInfix = ".tmp-";

std::error_code lastError() { return {errno, std::generic_category()}; }

/// Gives the open file the access control list of `path`; one that has none
/// gets none, not even what its folder would hand down. Returns false when a
/// list could not be kept.
bool keepAccessList(int descriptor, const std::filesystem::path &path) {
  constexpr const char *name = "system.posix_acl_access";
  // What a file, or a file system, says that knows of no list.
  const auto isAbsent = [](int error) {
    return error == ENODATA || error == ENOTSUP;
  };
  std::vector<char> list(1U << 16U); // The most that Linux allows.
  const ssize_t bytes =
      ::getxattr(path.c_str(), name, list.data(), list.size());
  if (bytes >= 0)
    return ::fsetxattr(descriptor, name, list.data(),
                       static_cast<std::size_t>(bytes), 0) == 0;
  return isAbsent(errno) &&
         (::fremovexattr(descriptor, name) == 0 || isAbsent(errno));
}

/// Gives the open file, which only its owner can reach so far, the owner, group
/// and mode of the file at `path`; never more access than there was.
void keepAccess(int descriptor, const std::filesystem::path &path,
                const struct stat &former) {
  if (::fchown(descriptor, former.st_uid, former.st_gid) != 0 &&
      ::fchown(descriptor, static_cast<uid_t>(-1), former.st_gid) != 0) {
    // Who is of which group has changed: both get what both had.
    const mode_t both =
        (former.st_mode >> 3U) & former.st_mode & static_cast<mode_t>(S_IRWXO);
    ::fremovexattr(descriptor, "system.posix_acl_access");
    ::fchmod(descriptor, (former.st_mode & static_cast<mode_t>(S_IRWXU)) |
                             (both << 3U) | both);
    return;
  }
  // Of a file with a list, the group's bits are the most that the list gives
  // anybody, and set by it.
  constexpr mode_t all = S_IRWXU | S_IRWXG | S_IRWXO;
  constexpr mode_t withoutGroup = S_IRWXU | S_IRWXO;
  ::fchmod(descriptor, former.st_mode & withoutGroup);
  if (keepAccessList(descriptor, path))
    ::fchmod(descriptor, former.st_mode & all);
}

/// Takes a whole number off the front of `text`.
bool consumeNumber(std::string_view &text, long &number) {
  const char *begin = text.data();
  const auto [rest, code] = std::from_chars(begin, begin + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(rest - begin));
  return code == std::errc() && number > 0;
}

/// Whether `file` is the temporary of a process that is gone.
bool isStale(std::string_view file, std::string_view destination) {
  if (!file.starts_with(destination))
    return false;
  file.remove_prefix(destination.size());
  if (!file.starts_with(temporaryInfix))
    return false;
  file.remove_prefix(temporaryInfix.size());
  long process = 0;
  if (!consumeNumber(file, process) || !file.starts_with('-'))
    return false;
  const std::string_view number = file.substr(1);
  return !number.empty() &&
         number.find_first_not_of("0123456789") == std::string_view::npos &&
         ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

} // namespace

StagedFile::~StagedFile() {
  if (descriptor >= 0)
    ::close(descriptor);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

StagedFile::StagedFile(StagedFile &&other) noexcept
    : target(std::move(other.target)),
      temporary(std::exchange(other.temporary, {})),
      descriptor(std::exchange(other.descriptor, -1)) {}

std::error_code StagedFile::create(bool isReplacement) {
  std::random_device entropy;
  const mode_t mode = isReplacement ? 0600 : 0666;
  for (int attempt = 0; attempt < 16; ++attempt) {
    temporary = target;
    temporary += temporaryInfix;
    temporary += std::to_string(::getpid()) + "-" + std::to_string(entropy());
    descriptor = ::open(temporary.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor >= 0)
      return {};
    if (errno != EEXIST)
      break;
  }
  const std::error_code error = lastError();
  temporary.clear();
  return error;
}

std::error_code StagedFile::open(const std::filesystem::path &destination) {
  struct stat former = {};
  const bool exists = ::stat(destination.c_str(), &former) == 0;
  if (!exists && errno != ENOENT)
    return lastError();
  if (exists ? S_ISDIR(former.st_mode) : !destination.has_filename())
    return std::make_error_code(std::errc::is_a_directory);
  if (exists && !S_ISREG(former.st_mode)) {
    descriptor = ::open(destination.c_str(), O_WRONLY | O_CLOEXEC);
    return descriptor < 0 ? lastError() : std::error_code();
  }
  if (exists && ::access(destination.c_str(), W_OK) != 0)
    return lastError();
  std::error_code error;
  target = followLinks(destination, error);
  if (!error)
    error = create(exists);
  if (!error && exists)
    keepAccess(descriptor, target, former);
  return error;
}

std::error_code StagedFile::write(const void *data, std::size_t bytes) {
  const char *position = static_cast<const char *>(data);
  while (bytes > 0) {
    // Linux writes at most 2 GiB a call anyway.
    const std::size_t piece = std::min<std::size_t>(bytes, 1U << 30U);
    const ssize_t written = ::write(descriptor, position, piece);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return lastError();
    if (written == 0)
      return std::make_error_code(std::errc::io_error);
    position += written;
    bytes -= static_cast<std::size_t>(written);
  }
  return {};
}

std::error_code StagedFile::finish() {
  // Pipes and some devices cannot be synchronised, and need not be.
  if (!temporary.empty() && ::fsync(descriptor) != 0)
    return lastError();
  const int closed = ::close(std::exchange(descriptor, -1));
  return closed != 0 ? lastError() : std::error_code();
}

std::error_code StagedFile::replace() {
  if (temporary.empty())
    return {};
  if (std::rename(temporary.c_str(), target.c_str()) != 0)
    return lastError();
  temporary.clear();
  return {};
}

void minrnn::removeStaleTemporaries(const std::filesystem::path &destination) {
  std::error_code ignored;
  const std::filesystem::path target = followLinks(destination, ignored);
  const std::string name = target.filename().string();
  std::vector<std::filesystem::path> stale;
  const std::filesystem::path folder =
      target.has_parent_path() ? target.parent_path() : ".";
  for (std::filesystem::directory_iterator entry(folder, ignored), end;
       !ignored && entry != end; entry.increment(ignored))
    if (isStale(entry->path().filename().string(), name))
      stale.push_back(entry->path());
  for (const std::filesystem::path &file : stale)
    std::filesystem::remove(file, ignored);
}
