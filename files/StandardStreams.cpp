//===- StandardStreams.cpp - Descriptors that are no file's ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/StandardStreams.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

void minrnn::reserveStandardStreams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF)
      continue;
    // This is the lowest free descriptor, so the one that is given. It is
    // opened the wrong way round.
    if (::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
      return;
  }
}
