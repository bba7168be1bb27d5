//===- NumberLiterals.h - Numbers that f32 does not hold --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_NUMBERLITERALS_H
#define MINRNN_COMPILER_PIPELINE_NUMBERLITERALS_H

#include "llvm/ADT/StringRef.h"

#include <optional>

namespace minrnn::compiler {

/// A decimal number of a source text that MLIR's parser would silently read as
/// another: as infinity, or as zero.
struct UnheldNumber {
  /// The literal, a part of the source.
  llvm::StringRef literal;
  bool isTooLarge;
};

/// The first literal of an f32 in `source` (`1.0e39 : f32`) that is beyond the
/// largest f32, or not zero but nearer to zero than to any other f32. Infinity
/// is written by its bits (0x7F800000), which is no such literal.
std::optional<UnheldNumber> findUnheldNumber(llvm::StringRef source);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_NUMBERLITERALS_H
