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

#include <csignal>
#include <cstddef>
#include <memory>

namespace {

/// A stack for this thread's signal handlers, who have none left where the
/// thread has used its own up.
class AlternateStack {
public:
  AlternateStack() : memory(std::make_unique<char[]>(size)) {
    stack_t stack = {};
    stack.ss_sp = memory.get();
    stack.ss_size = size;
    isSet = sigaltstack(&stack, &previous) == 0;
  }
  ~AlternateStack() {
    if (isSet)
      sigaltstack(&previous, nullptr);
  }
  AlternateStack(const AlternateStack &) = delete;
  AlternateStack &operator=(const AlternateStack &) = delete;

private:
  static constexpr std::size_t size = 1 << 16;
  std::unique_ptr<char[]> memory;
  stack_t previous = {};
  bool isSet = false;
};

} // namespace

/// LLVM's handlers run on the stack of the thread that crashed; these signals
/// are what a stack that is used up gives.
static void handleOnAlternateStack() {
  for (int signal : {SIGSEGV, SIGBUS}) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) != 0)
      continue;
    action.sa_flags |= SA_ONSTACK;
    sigaction(signal, &action, nullptr);
  }
}

bool minrnn::compiler::runGuarded(llvm::function_ref<void()> work) {
  llvm::CrashRecoveryContext::Enable();
  handleOnAlternateStack();
  const AlternateStack stack;
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
