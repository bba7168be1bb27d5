//===- FailingCalls.cpp - A disk that fails at the n-th call --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A library for LD_PRELOAD that counts the calls by which a program changes the
// files of the folder MINRNN_FAIL_IN, and lets call MINRNN_FAIL_AT (from 1 on)
// fail as MINRNN_FAIL_WITH says:
//
//   full   with ENOSPC, and every later call that needs room; a write first
//          writes half, as a disk does that is getting full
//   error  with EIO, once
//   kill   not at all: the process is killed before it
//
// Standard error has a line `failing call N: NAME` for the first.
//
//===----------------------------------------------------------------------===//

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/uio.h>
#include <unistd.h>

namespace {

std::string_view environment(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

/// 0 where it is none, which no call has.
long numberOf(std::string_view text) {
  long number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool isInFolder(std::string_view path) {
  const std::string_view folder = environment("MINRNN_FAIL_IN");
  return !folder.empty() && path.starts_with(folder);
}

/// Whether a file of the folder is open as the descriptor, for writing.
bool isInFolder(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
    return false;
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return length > 0 &&
         isInFolder({path.data(), static_cast<std::size_t>(length)});
}

template <typename Function> Function *next(const char *name) {
  return reinterpret_cast<Function *>(::dlsym(RTLD_NEXT, name));
}

enum class Needs { Nothing, Room };
enum class Fails { No, First, Later };

/// Counts a call that changes the folder, sets errno where it fails, and does
/// not return where the process dies.
Fails fails(const char *name, Needs needs) {
  static std::atomic<long> calls = 0;
  static const long at = numberOf(environment("MINRNN_FAIL_AT"));
  const long call = ++calls;
  const std::string_view with = environment("MINRNN_FAIL_WITH");
  const bool isFull = with == "full";
  if (call > at && isFull && needs == Needs::Room) {
    errno = ENOSPC;
    return Fails::Later;
  }
  if (call != at)
    return Fails::No;
  const std::string line =
      "failing call " + std::to_string(call) + ": " + name + "\n";
  next<ssize_t(int, const void *, std::size_t)>("write")(
      STDERR_FILENO, line.data(), line.size());
  if (with == "kill")
    ::raise(SIGKILL);
  errno = isFull ? ENOSPC : EIO;
  return Fails::First;
}

bool opensForWriting(std::string_view mode) {
  return mode.find_first_of("wa+") != std::string_view::npos;
}

FILE *openStream(const char *name, const char *path, const char *mode) {
  if (opensForWriting(mode) && isInFolder(path) &&
      fails(name, Needs::Room) != Fails::No)
    return nullptr;
  return next<FILE *(const char *, const char *)>(name)(path, mode);
}

int openFile(const char *name, const char *path, int flags, mode_t mode) {
  if ((flags & O_CREAT) != 0 && isInFolder(path) &&
      fails(name, Needs::Room) != Fails::No)
    return -1;
  return next<int(const char *, int, ...)>(name)(path, flags, mode);
}

/// The third argument of open, where there is one.
mode_t modeOf(int flags, std::va_list arguments) {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

/// A call on a path of the folder that takes no room.
template <typename... Paths>
int change(const char *name, Needs needs, Paths... paths) {
  if ((isInFolder(paths) || ...) && fails(name, needs) != Fails::No)
    return -1;
  return next<int(Paths...)>(name)(paths...);
}

} // namespace

extern "C" {

ssize_t write(int descriptor, const void *data, std::size_t bytes) {
  auto *real = next<ssize_t(int, const void *, std::size_t)>("write");
  if (!isInFolder(descriptor))
    return real(descriptor, data, bytes);
  const Fails failure = fails("write", Needs::Room);
  if (failure == Fails::No)
    return real(descriptor, data, bytes);
  if (failure == Fails::First && errno == ENOSPC && bytes > 1)
    return real(descriptor, data, bytes / 2);
  return -1;
}

ssize_t writev(int descriptor, const iovec *parts, int count) {
  if (isInFolder(descriptor) && fails("writev", Needs::Room) != Fails::No)
    return -1;
  return next<ssize_t(int, const iovec *, int)>("writev")(descriptor, parts,
                                                          count);
}

int open(const char *path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = modeOf(flags, arguments);
  va_end(arguments);
  return openFile("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = modeOf(flags, arguments);
  va_end(arguments);
  return openFile("open64", path, flags, mode);
}

FILE *fopen(const char *path, const char *mode) {
  return openStream("fopen", path, mode);
}

FILE *fopen64(const char *path, const char *mode) {
  return openStream("fopen64", path, mode);
}

int fsync(int descriptor) {
  if (isInFolder(descriptor) && fails("fsync", Needs::Nothing) != Fails::No)
    return -1;
  return next<int(int)>("fsync")(descriptor);
}

/// Closes the file in any case, as Linux does.
int close(int descriptor) {
  const bool fail =
      isInFolder(descriptor) && fails("close", Needs::Nothing) != Fails::No;
  const int error = errno;
  const int result = next<int(int)>("close")(descriptor);
  errno = fail ? error : errno;
  return fail ? -1 : result;
}

int rename(const char *from, const char *to) noexcept {
  return change("rename", Needs::Nothing, from, to);
}

int link(const char *from, const char *to) noexcept {
  return change("link", Needs::Room, from, to);
}

int unlink(const char *path) noexcept {
  return change("unlink", Needs::Nothing, path);
}

int remove(const char *path) noexcept {
  return change("remove", Needs::Nothing, path);
}

} // extern "C"
