//===- PrivateFolder.cpp - Files that only their owner writes -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/PrivateFolder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <iostream>
#include <mutex>
#include <random>
#include <set>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace minrnn;

namespace {

constexpr mode_t folderMode = 0700;
constexpr mode_t fileMode = 0600;

void sayOnce(const std::string &warning) {
  static std::mutex mutex;
  static std::set<std::string> said;
  const std::lock_guard lock(mutex);
  if (said.insert(warning).second)
    std::cerr << "minrnn: warning: " << warning << '\n';
}

/// Why a file or folder is not private, and how that is mended; empty when it
/// is.
std::string objection(const struct stat &status, const std::string &path) {
  if (status.st_uid != geteuid())
    return "it belongs to user " + std::to_string(status.st_uid) +
           ", and this process to user " + std::to_string(geteuid());
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return "others than its owner may write to it, and its content is "
           "executed; remove it, or 'chmod go-w " +
           path + "' where you trust what is there";
  return {};
}

bool isSharedByAll(const struct stat &status) {
  return (status.st_mode & S_IWOTH) != 0;
}
bool isSticky(const struct stat &status) {
  return (status.st_mode & S_ISVTX) != 0;
}

/// Why nothing below the folder `parent` is to be used; empty where nothing
/// speaks against it. `isToBeMadeIn`: a folder is to be made in it, which must
/// not end in the home of another user (as that of root by `sudo` would).
std::string objectionToParent(const std::filesystem::path &parent,
                              bool isToBeMadeIn) {
  struct stat status = {};
  if (stat(parent.c_str(), &status) != 0)
    return {};
  if (isSharedByAll(status) && !isSticky(status))
    return "everyone may replace what is in '" + parent.string() +
           "'; 'chmod o-w " + parent.string() + "' mends it";
  if (isToBeMadeIn && status.st_uid != geteuid() && status.st_uid != 0 &&
      !isSticky(status))
    return "'" + parent.string() + "' belongs to user " +
           std::to_string(status.st_uid) + ", and this process to user " +
           std::to_string(geteuid());
  return {};
}

/// The folders above `path`, the nearest one first. Symbolic links are
/// followed.
std::vector<std::filesystem::path>
parentsOf(const std::filesystem::path &path) {
  std::error_code ignored;
  std::filesystem::path resolved =
      std::filesystem::weakly_canonical(path, ignored);
  if (ignored || resolved.empty())
    resolved = path.lexically_normal();
  std::vector<std::filesystem::path> parents;
  while (resolved.has_relative_path()) {
    resolved = resolved.parent_path();
    parents.push_back(resolved);
  }
  return parents;
}

/// Makes a folder and those above it, each with mode 0700. Does nothing where
/// that cannot be.
void makeFolders(const std::filesystem::path &path) {
  std::filesystem::path made;
  for (const std::filesystem::path &part : path) {
    made /= part;
    // (A umask may have taken even the owner's rights.)
    const bool isNew = mkdir(made.c_str(), folderMode) == 0;
    if (isNew ? chmod(made.c_str(), folderMode) != 0 : errno != EEXIST)
      return;
  }
}

bool writeAll(int file, const std::string &content) {
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t count =
        ::write(file, content.data() + written, content.size() - written);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    written += static_cast<std::size_t>(count);
  }
  return true;
}

} // namespace

PrivateFolder::PrivateFolder(std::filesystem::path path, std::string use,
                             int descriptor)
    : path(std::move(path)), use(std::move(use)), descriptor(descriptor) {}

PrivateFolder::PrivateFolder(PrivateFolder &&other) noexcept
    : path(std::move(other.path)), use(std::move(other.use)),
      descriptor(std::exchange(other.descriptor, -1)) {}

PrivateFolder::~PrivateFolder() {
  if (descriptor >= 0)
    ::close(descriptor);
}

std::optional<PrivateFolder>
PrivateFolder::open(const std::filesystem::path &path, const std::string &use,
                    Absent absent) {
  const auto refuse = [&](const std::string &reason) {
    sayOnce(use + " '" + path.string() + "' is not used: " + reason +
            ". MINRNN_CACHE_DIR may name another folder, of your own");
    return std::nullopt;
  };
  if (!path.is_absolute())
    return refuse("it is no absolute path, and nothing is executed from the "
                  "working directory");
  std::error_code ignored;
  bool isToBeMadeIn = absent == Absent::IsMade;
  isToBeMadeIn = isToBeMadeIn && !std::filesystem::exists(path, ignored);
  for (const std::filesystem::path &parent : parentsOf(path)) {
    if (const std::string reason = objectionToParent(parent, isToBeMadeIn);
        !reason.empty())
      return refuse(reason);
    if (std::filesystem::exists(parent, ignored))
      isToBeMadeIn = false;
  }
  if (absent == Absent::IsMade)
    makeFolders(path);
  const int descriptor =
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return std::nullopt;
  PrivateFolder folder(path, use, descriptor);
  struct stat status = {};
  if (fstat(descriptor, &status) != 0)
    return std::nullopt;
  if (const std::string reason = objection(status, path.string());
      !reason.empty())
    return refuse(reason);
  return folder;
}

int PrivateFolder::openFile(const std::string &name, bool &refused) const {
  refused = false;
  // (A pipe would not open before somebody writes to it.)
  const int file = openat(descriptor, name.c_str(),
                          O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    refused = errno != ENOENT;
    return -1;
  }
  struct stat status = {};
  const std::string entry = (path / name).string();
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
    const std::string reason = objection(status, entry);
    if (reason.empty())
      return file;
    sayOnce("'" + entry + "' of " + use + " is not used: " + reason);
  }
  ::close(file);
  refused = true;
  return -1;
}

std::optional<std::string> PrivateFolder::read(const std::string &name) const {
  bool refused = false;
  const int file = openFile(name, refused);
  if (file < 0)
    return std::nullopt;
  std::string content;
  constexpr std::size_t pieceBytes = std::size_t{1} << 16;
  ssize_t count = 0;
  do {
    const std::size_t filled = content.size();
    content.resize(filled + pieceBytes);
    count = ::read(file, content.data() + filled, pieceBytes);
    content.resize(filled +
                   static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  } while (count > 0 || (count < 0 && errno == EINTR));
  ::close(file);
  if (count < 0)
    return std::nullopt;
  return content;
}

bool PrivateFolder::write(const std::string &name,
                          const std::string &content) const {
  bool refused = false;
  if (const int present = openFile(name, refused); present >= 0)
    ::close(present);
  if (refused)
    return false;
  std::random_device entropy;
  const std::string temporary = name + ".tmp-" + std::to_string(getpid()) +
                                "-" + std::to_string(entropy());
  const int file =
      openat(descriptor, temporary.c_str(),
             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, fileMode);
  if (file < 0)
    return false;
  // (A umask may have taken even the owner's rights.)
  const bool written = fchmod(file, fileMode) == 0 && writeAll(file, content);
  const bool closed = ::close(file) == 0;
  if (written && closed &&
      renameat(descriptor, temporary.c_str(), descriptor, name.c_str()) == 0)
    return true;
  unlinkat(descriptor, temporary.c_str(), 0);
  return false;
}
