//===- OutputFiles.cpp - Files that appear whole or not at all ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/OutputFiles.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace minrnn::compiler;

/// Writes `content` to an open stream; the error, if any, is taken from it.
static llvm::Error writeAll(llvm::raw_fd_ostream &stream,
                            const std::string &content) {
  stream << content;
  stream.flush();
  std::error_code code = stream.error();
  stream.clear_error();
  return llvm::errorCodeToError(code);
}

/// Writes one file's content to a temporary file beside it.
static llvm::Expected<llvm::sys::fs::TempFile>
writeTemporary(const OutputFile &file) {
  llvm::Expected<llvm::sys::fs::TempFile> temporary =
      llvm::sys::fs::TempFile::create(file.path + ".%%%%%%.tmp");
  if (!temporary)
    return temporary.takeError();
  llvm::raw_fd_ostream stream(temporary->FD, /*shouldClose=*/false);
  if (llvm::Error cause = writeAll(stream, file.content))
    return llvm::joinErrors(std::move(cause), temporary->discard());
  return temporary;
}

/// Whether `path` is a device or a pipe, which a file must not replace.
static bool isSpecial(const std::string &path) {
  llvm::sys::fs::file_status status;
  return !llvm::sys::fs::status(path, status) &&
         llvm::sys::fs::exists(status) &&
         !llvm::sys::fs::is_regular_file(status) &&
         !llvm::sys::fs::is_directory(status);
}

static llvm::Error writeSpecial(const OutputFile &file) {
  std::error_code code;
  llvm::raw_fd_ostream stream(file.path, code, llvm::sys::fs::CD_OpenExisting);
  if (code)
    return llvm::errorCodeToError(code);
  return writeAll(stream, file.content);
}

/// Where a file goes: a symbolic link stays, and what it points to is replaced.
static std::string destination(const std::string &path) {
  llvm::SmallString<128> real;
  return llvm::sys::fs::real_path(path, real) ? path : real.str().str();
}

bool minrnn::compiler::writeFiles(const std::vector<OutputFile> &files,
                                  std::string &error) {
  struct Pending {
    OutputFile file;
    llvm::sys::fs::TempFile temporary;
  };
  std::vector<Pending> pending;
  auto giveUp = [&](const OutputFile &file, llvm::Error cause) {
    error =
        "cannot write '" + file.path + "': " + llvm::toString(std::move(cause));
    for (Pending &other : pending)
      llvm::consumeError(other.temporary.discard());
    return false;
  };
  for (const OutputFile &file : files) {
    // A directory would only be noticed when the first file is in place.
    if (llvm::sys::fs::is_directory(file.path))
      return giveUp(file, llvm::errorCodeToError(
                              std::make_error_code(std::errc::is_a_directory)));
    // A device (/dev/null, /dev/full) or a pipe is written to as it stands.
    if (isSpecial(file.path)) {
      if (llvm::Error cause = writeSpecial(file))
        return giveUp(file, std::move(cause));
      continue;
    }
    OutputFile resolved = {destination(file.path), file.content};
    auto temporary = writeTemporary(resolved);
    if (!temporary)
      return giveUp(file, temporary.takeError());
    pending.push_back({std::move(resolved), std::move(*temporary)});
  }
  for (Pending &each : pending)
    if (llvm::Error cause = each.temporary.keep(each.file.path))
      return giveUp(each.file, std::move(cause));
  return true;
}
