//===- FaultGuard.h - A fault of ours is said, not suffered -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TOOLS_FAULTGUARD_H
#define MINRNN_COMPILER_TOOLS_FAULTGUARD_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace minrnn::compiler {

/// Runs `work`; returns false if it crashed (a signal such as SIGSEGV or
/// SIGABRT, from this thread; its stack may be used up). The process lives on;
/// what the work held is lost.
bool runGuarded(llvm::function_ref<void()> work);

/// Writes what is needed to see a fault again, the command and the source it
/// failed on, to a temporary file of its own. Returns its path, or nothing
/// where even that fails.
std::string writeReproducer(llvm::StringRef source, llvm::StringRef command);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TOOLS_FAULTGUARD_H
