//===- OutOfMemory.cpp - LLVM's code where memory ends --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/OutOfMemory.h"

#include "llvm/Support/ErrorHandling.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

using namespace minrnn::compiler;

namespace {

thread_local int depth = 0;
/// The handler that was there before ours; null for none.
std::new_handler formerHandler = nullptr;

void say(const char *text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0)
    return;
}

void onNoMemory() {
  if (depth > 0)
    endOutOfMemory();
  if (formerHandler == nullptr)
    throw std::bad_alloc();
  formerHandler();
}

void onNoMemoryOfLLVM(void * /*data*/, const char * /*reason*/,
                      bool /*generateCrashDiagnostics*/) {
  endOutOfMemory();
}

} // namespace

bool minrnn::compiler::isOutOfMemory() {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  void *piece = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (piece == MAP_FAILED)
    return true;
  munmap(piece, bytes);
  return false;
}

void minrnn::compiler::endOutOfMemory() {
  // Nothing here may need memory.
  say(program_invocation_short_name);
  say(": error: out of memory\n");
  std::_Exit(EXIT_FAILURE);
}

EndsOnOutOfMemory::EndsOnOutOfMemory() {
  static std::once_flag installed;
  std::call_once(installed, [] {
    formerHandler = std::set_new_handler(onNoMemory);
    llvm::install_bad_alloc_error_handler(onNoMemoryOfLLVM);
  });
  ++depth;
}

EndsOnOutOfMemory::~EndsOnOutOfMemory() { --depth; }
