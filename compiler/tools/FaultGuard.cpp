//===- FaultGuard.cpp - A fault of ours is said, not suffered -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/FaultGuard.h"
#include "compiler/pipeline/OutOfMemory.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

bool minrnn::compiler::runGuarded(llvm::function_ref<void()> work) {
  llvm::CrashRecoveryContext::Enable();
  llvm::CrashRecoveryContext guard;
  const bool done = guard.RunSafely(work);
  if (!done && isOutOfMemory())
    endOutOfMemory();
  return done;
}

std::string minrnn::compiler::writeReproducer(llvm::StringRef source,
                                              llvm::StringRef command) {
  int descriptor;
  llvm::SmallString<128> path;
  if (llvm::sys::fs::createTemporaryFile("minrnnc-reproducer", "mlir",
                                         descriptor, path))
    return "";
  llvm::raw_fd_ostream file(descriptor, /*shouldClose=*/true);
  file << "// minrnnc " MINRNN_VERSION " (LLVM " LLVM_VERSION_STRING
          ") failed on this cell, run as\n//   "
       << command << '\n'
       << source;
  file.close();
  if (file.has_error()) {
    file.clear_error();
    return "";
  }
  return path.str().str();
}
