//===- StaleTemporaries.h - What a killed program left behind ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_STALETEMPORARIES_H
#define MINRNN_RUNTIME_CORE_STALETEMPORARIES_H

#include <filesystem>

namespace minrnn {

/// Removes the files that AtomicFile made beside `destination` in a process
/// that was killed before it could: `<name>.tmp-<process>-<number>` of
/// processes that no longer run. What cannot be removed stays.
void removeStaleTemporaries(const std::filesystem::path &destination);

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_STALETEMPORARIES_H
