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

/// Writes one file's content to a temporary file beside it.
static llvm::Expected<llvm::sys::fs::TempFile>
writeTemporary(const OutputFile &file) {
  llvm::Expected<llvm::sys::fs::TempFile> temporary =
      llvm::sys::fs::TempFile::create(file.path + ".%%%%%%.tmp");
  if (!temporary)
    return temporary.takeError();
  llvm::raw_fd_ostream stream(temporary->FD, /*shouldClose=*/false);
  stream << file.content;
  stream.flush();
  if (stream.has_error()) {
    std::error_code code = stream.error();
    stream.clear_error();
    return llvm::joinErrors(llvm::errorCodeToError(code), temporary->discard());
  }
  return temporary;
}

bool minrnn::compiler::isDeviceOrPipe(const std::string &path) {
  bool answer = false;
  return !llvm::sys::fs::is_other(path, answer) && answer;
}

static llvm::Error writeInPlace(const OutputFile &file) {
  std::error_code code;
  llvm::raw_fd_ostream stream(file.path, code, llvm::sys::fs::CD_OpenExisting,
                              llvm::sys::fs::FA_Write, llvm::sys::fs::OF_None);
  if (code)
    return llvm::errorCodeToError(code);
  stream << file.content;
  stream.flush();
  code = stream.error();
  stream.clear_error();
  return llvm::errorCodeToError(code);
}

bool minrnn::compiler::writeFiles(const std::vector<OutputFile> &files,
                                  std::string &error) {
  std::vector<llvm::sys::fs::TempFile> temporaries;
  // The places in `files` of the temporaries.
  std::vector<size_t> renamed;
  auto giveUp = [&](const OutputFile &file, llvm::Error cause) {
    error =
        "cannot write '" + file.path + "': " + llvm::toString(std::move(cause));
    for (llvm::sys::fs::TempFile &temporary : temporaries)
      llvm::consumeError(temporary.discard());
    return false;
  };
  for (const OutputFile &file : files) {
    // A directory would only be noticed when the first file is in place.
    if (llvm::sys::fs::is_directory(file.path))
      return giveUp(file, llvm::errorCodeToError(
                              std::make_error_code(std::errc::is_a_directory)));
    if (isDeviceOrPipe(file.path)) {
      if (llvm::Error cause = writeInPlace(file))
        return giveUp(file, std::move(cause));
      continue;
    }
    auto temporary = writeTemporary(file);
    if (!temporary)
      return giveUp(file, temporary.takeError());
    temporaries.push_back(std::move(*temporary));
    renamed.push_back(&file - files.data());
  }
  for (size_t i = 0; i < temporaries.size(); ++i)
    if (llvm::Error cause = temporaries[i].keep(files[renamed[i]].path))
      return giveUp(files[renamed[i]], std::move(cause));
  return true;
}
