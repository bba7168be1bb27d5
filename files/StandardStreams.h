//===- StandardStreams.h - Descriptors that are no file's -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_FILES_STANDARDSTREAMS_H
#define MINRNN_FILES_STANDARDSTREAMS_H

namespace minrnn {

/// Takes the descriptors of those standard streams that the caller of the
/// program closed, so that no file that is opened later gets one of them, and
/// with it what is meant for standard output. Reading or writing such a stream
/// is an error, as it was. To be called before anything is opened.
void reserveStandardStreams();

} // namespace minrnn

#endif // MINRNN_FILES_STANDARDSTREAMS_H
