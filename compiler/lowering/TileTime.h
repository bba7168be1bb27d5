//===- TileTime.h - The steps of a tile of time -----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_TILETIME_H
#define MINRNN_COMPILER_LOWERING_TILETIME_H

#include <cstdint>

namespace minrnn::compiler {

/// The steps of a tile of time, on the host and in the pipeline for GPUs. Where
/// states are recomputed, those that a tile starts from are kept, and the
/// tile's are made again: few enough that on the host they stay in the first
/// cache.
inline constexpr int64_t kTileTime = 64;

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_TILETIME_H
