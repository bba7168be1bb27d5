//===- OutOfMemory.h - LLVM's code where memory ends ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_OUTOFMEMORY_H
#define MINRNN_COMPILER_PIPELINE_OUTOFMEMORY_H

namespace minrnn::compiler {

/// While one lives, a request for memory on this thread that cannot be met
/// ends the process: `PROGRAM: error: out of memory` on standard error, and
/// status 1. LLVM is built without exceptions, so a std::bad_alloc that passed
/// through it would leave it in pieces, and it aborts by itself at its own
/// requests. Other threads get their std::bad_alloc.
class EndsOnOutOfMemory {
public:
  EndsOnOutOfMemory();
  ~EndsOnOutOfMemory();
  EndsOnOutOfMemory(const EndsOnOutOfMemory &) = delete;
  EndsOnOutOfMemory &operator=(const EndsOnOutOfMemory &) = delete;
};

/// Is there no memory for even a mebibyte? After a fault in LLVM's code this
/// tells whether it is to blame: some of that takes what malloc gives it for
/// granted.
bool isOutOfMemory();

/// Ends the process as described above.
[[noreturn]] void endOutOfMemory();

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_OUTOFMEMORY_H
