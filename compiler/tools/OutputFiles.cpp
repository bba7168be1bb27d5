//===- OutputFiles.cpp - Files that appear whole or not at all ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/OutputFiles.h"

#include "files/StagedFile.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Signals.h"

#include <system_error>

using namespace minrnn::compiler;

namespace {

/// A file that is being written, and removed also when a signal ends the
/// program.
class Pending {
public:
  explicit Pending(const OutputFile &output) : output(output) {}

  std::error_code stage() {
    if (std::error_code error = file.open(output.path))
      return error;
    temporary = file.temporaryPath().string();
    if (!temporary.empty())
      llvm::sys::RemoveFileOnSignal(temporary);
    if (std::error_code error =
            file.write(output.content.data(), output.content.size()))
      return error;
    return file.finish();
  }

  std::error_code replace() {
    std::error_code error = file.replace();
    if (!error && !temporary.empty())
      llvm::sys::DontRemoveFileOnSignal(temporary);
    return error;
  }

  const std::string &path() const { return output.path; }

private:
  const OutputFile &output;
  minrnn::StagedFile file;
  std::string temporary;
};

} // namespace

bool minrnn::compiler::writeFiles(const std::vector<OutputFile> &files,
                                  std::string &error) {
  std::vector<Pending> pending(files.begin(), files.end());
  // Every file is complete before the first one is put in place.
  for (auto step : {&Pending::stage, &Pending::replace})
    for (Pending &file : pending)
      if (std::error_code code = (file.*step)()) {
        error = "cannot write '" + file.path() + "': " + code.message();
        return false;
      }
  return true;
}
