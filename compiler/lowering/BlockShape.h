//===- BlockShape.h - The shape of a block of threads -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_BLOCKSHAPE_H
#define MINRNN_COMPILER_LOWERING_BLOCKSHAPE_H

#include <cstdint>

namespace minrnn::compiler {

/// The threads of a warp. Side by side they have channels side by side.
inline constexpr int64_t kWarpSize = 32;

/// The threads of a block, and the steps that each takes of a tile of time.
struct BlockShape {
  int64_t warps;
  int64_t stepsPerThread;

  int64_t tileTime() const { return warps * stepsPerThread; }
  int64_t threads() const { return warps * kWarpSize; }
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_BLOCKSHAPE_H
