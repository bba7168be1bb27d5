//===- ForeignFile.h - What a file is that was taken for another -*- C++
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_FOREIGNFILE_H
#define MINRNN_RUNTIME_CORE_FOREIGNFILE_H

#include <string_view>

namespace minrnn {

/// What a file that is no safetensors file is, by its first bytes, and what to
/// do: `is a Git LFS pointer, ...`. Empty where they say nothing. (The first
/// eight of a safetensors file are a length and may look like anything: ask
/// this of a file only once it is known to be none.)
std::string_view foreignFile(std::string_view firstBytes);

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_FOREIGNFILE_H
