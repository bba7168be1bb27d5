//===- learned_initial.h - A learned initial state --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same initial state for every row of the batch, as a layer's `initial`
// and `d_initial` [B, S, H] have it.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LEARNED_INITIAL_H
#define MINRNN_LEARNED_INITIAL_H

#include "minrnn/cell_kernels.h"
#include "minrnn/layers.h"

#include <cstdint>

namespace minrnn {

/// initial[B, S, H] = learned[S, H] in every row. Throws Error when a size is
/// negative or too large for memory.
void learnedInitialForward(const LayerContext &context, const CellKernels &cell,
                           std::int64_t batch, std::int64_t channels,
                           const float *learned, float *initial);

/// dLearned[S, H] = the sum of the rows of dInitial[B, S, H].
void learnedInitialBackward(const LayerContext &context,
                            const CellKernels &cell, std::int64_t batch,
                            std::int64_t channels, const float *dInitial,
                            float *dLearned);

} // namespace minrnn

#endif // MINRNN_LEARNED_INITIAL_H
