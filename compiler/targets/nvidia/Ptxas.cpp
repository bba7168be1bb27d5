//===- Ptxas.cpp - From PTX to a cubin ------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvidia/Ptxas.h"
#include "compiler/targets/nvidia/GPUTargets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

using namespace minrnn::compiler;

std::vector<std::string> minrnn::compiler::ptxasFolders() {
  std::vector<std::string> folders;
  std::string path = llvm::sys::Process::GetEnv("PATH").value_or("");
  for (llvm::StringRef folder : llvm::split(path, llvm::sys::EnvPathSeparator))
    // (An empty one is the working directory: nothing is executed from there,
    // nor from a path that begins there.)
    if (llvm::sys::path::is_absolute(folder))
      folders.push_back(folder.str());
  for (llvm::StringRef variable : {"CUDA_HOME", "CUDA_PATH"}) {
    std::string toolkit = llvm::sys::Process::GetEnv(variable).value_or("");
    if (llvm::sys::path::is_absolute(toolkit))
      folders.push_back(toolkit + "/bin");
  }
  folders.push_back("/usr/local/cuda/bin");
  return folders;
}

std::string minrnn::compiler::findPtxas(llvm::ArrayRef<std::string> folders,
                                        std::string &error) {
  // (LLVM takes an empty list of folders for PATH.)
  auto found = llvm::sys::findProgramByName(
      "ptxas", llvm::to_vector_of<llvm::StringRef>(folders));
  if (!folders.empty() && found)
    return *found;
  error = "expected ptxas, which makes cubins, on PATH or in the bin folder of "
          "a CUDA toolkit; found none in " +
          llvm::join(folders, ", ") +
          ". Install the CUDA toolkit, or name its folder in CUDA_HOME, or "
          "emit PTX (--emit=ptx), which needs none";
  return "";
}

namespace {

/// A file that is gone at the latest when this is.
class ScratchFile {
public:
  ScratchFile() = default;
  ScratchFile(const ScratchFile &) = delete;
  ScratchFile &operator=(const ScratchFile &) = delete;
  ~ScratchFile() {
    if (file)
      llvm::consumeError(file->discard());
  }

  /// Makes the file, with `content` in it, in the folder of temporary files.
  llvm::Error create(llvm::StringRef suffix, llvm::StringRef content = "") {
    llvm::SmallString<128> model;
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, model);
    llvm::sys::path::append(model, "minrnn-%%%%%%%%" + suffix);
    llvm::Expected<llvm::sys::fs::TempFile> made =
        llvm::sys::fs::TempFile::create(model);
    if (!made)
      return llvm::createFileError(model, made.takeError());
    file.emplace(std::move(*made));
    llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
    stream << content;
    stream.flush();
    std::error_code code = stream.error();
    stream.clear_error();
    return code ? llvm::createFileError(path(), code) : llvm::Error::success();
  }

  llvm::StringRef path() const { return file->TmpName; }

  /// What the file holds now; nothing where it cannot be read.
  std::string read() const {
    auto buffer = llvm::MemoryBuffer::getFile(path());
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

private:
  std::optional<llvm::sys::fs::TempFile> file;
};

} // namespace

/// Why `ptxas` made no cubin, how to mend it, and its own words.
static std::string describeFailure(llvm::StringRef ptxas,
                                   llvm::StringRef target,
                                   llvm::StringRef outcome,
                                   llvm::StringRef words) {
  std::string text = "'" + ptxas.str() + "' made no cubin for " + target.str() +
                     " (" + outcome.str() + "); ";
  // Its complaints of a GPU, and of a version of PTX, that it does not know.
  const GPUTarget *known = findGPUTarget(target);
  if (known && (words.contains("is not defined for option 'gpu-name'") ||
                words.contains("Unsupported .version")))
    text += "it is too old to know " + target.str() +
            ", or has dropped it: use the ptxas of CUDA " +
            known->firstToolkit.str() + " or newer, or emit PTX (--emit=ptx). ";
  else
    text += "if it finds a fault in the PTX, please report it with the output "
            "of --emit=ptx. ";
  words = words.trim();
  return text + (words.empty() ? "It says nothing" : "It says:\n") +
         words.str();
}

bool minrnn::compiler::emitCubin(llvm::StringRef ptxas, llvm::StringRef ptx,
                                 llvm::StringRef target, std::string &cubin,
                                 std::string &error) {
  ScratchFile input, output, words;
  llvm::Error cause = input.create(".ptx", ptx);
  if (!cause)
    cause = output.create(".cubin");
  if (!cause)
    cause = words.create(".txt");
  if (cause) {
    error = "cannot write a temporary file for ptxas: " +
            llvm::toString(std::move(cause)) +
            "; TMPDIR names the folder for them";
    return false;
  }

  std::string architecture = ("-arch=" + target).str();
  std::string reason;
  int status = llvm::sys::ExecuteAndWait(
      ptxas, {ptxas, architecture, input.path(), "-o", output.path()},
      /*Env=*/std::nullopt,
      /*Redirects=*/{llvm::StringRef(""), words.path(), words.path()},
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &reason);
  if (status != 0) {
    std::string outcome = status > 0 ? "exit status " + std::to_string(status)
                                     : llvm::StringRef(reason).trim().str();
    error = describeFailure(ptxas, target, outcome, words.read());
    return false;
  }
  std::string code = output.read();
  if (!llvm::StringRef(code).starts_with("\x7f"
                                         "ELF")) {
    error = describeFailure(ptxas, target,
                            "it wrote no ELF file, yet exit "
                            "status 0",
                            words.read());
    return false;
  }
  cubin = std::move(code);
  return true;
}
