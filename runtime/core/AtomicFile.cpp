//===- AtomicFile.cpp - A file that appears whole or not at all -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/AtomicFile.h"

#include "minrnn/error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <random>
#include <string>
#include <system_error>
#include <unistd.h>

using namespace minrnn;

AtomicFile::AtomicFile(const std::filesystem::path &destination)
    : destination(destination), target(destination) {
  std::error_code ignored;
  const std::filesystem::path resolved =
      std::filesystem::weakly_canonical(destination, ignored);
  if (!ignored && !resolved.empty())
    target = resolved;

  const std::filesystem::file_status status =
      std::filesystem::status(target, ignored);
  if (std::filesystem::is_directory(status))
    fail(EISDIR);
  if (std::filesystem::exists(status) &&
      !std::filesystem::is_regular_file(status)) {
    descriptor = ::open(target.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
      fail(errno);
    return;
  }
  // A file that its owner protected is not replaced behind his back.
  if (std::filesystem::exists(status) && ::access(target.c_str(), W_OK) != 0)
    fail(errno);

  std::random_device entropy;
  for (int attempt = 0; attempt < 16; ++attempt) {
    temporary = target;
    temporary +=
        ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(entropy());
    descriptor = ::open(temporary.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST)
      break;
  }
  if (descriptor < 0) {
    const int errorNumber = errno;
    temporary.clear();
    fail(errorNumber);
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor >= 0)
    ::close(descriptor);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

void AtomicFile::write(const void *data, std::size_t bytes) {
  const char *position = static_cast<const char *>(data);
  while (bytes > 0) {
    // Linux writes at most 2 GiB a call anyway.
    const std::size_t piece = std::min<std::size_t>(bytes, 1U << 30U);
    const ssize_t written = ::write(descriptor, position, piece);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      fail(written < 0 ? errno : EIO);
    position += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  // Pipes and some devices cannot be synchronised, and need not be.
  if (!temporary.empty() && ::fsync(descriptor) != 0)
    fail(errno);
  const int closed = ::close(descriptor);
  descriptor = -1;
  if (closed != 0)
    fail(errno);
  if (temporary.empty())
    return;
  if (std::rename(temporary.c_str(), target.c_str()) != 0)
    fail(errno);
  temporary.clear();
}

void AtomicFile::fail(int errorNumber) const {
  throw Error("cannot write '" + destination.string() +
              "': " + std::generic_category().message(errorNumber));
}
