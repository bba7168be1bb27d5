//===- LearnedInitial.cpp - A learned initial state -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/learned_initial.h"

#include "minrnn/layers.h"
#include "specs/contract/ElementCount.h"

using namespace minrnn;

/// S H, of states[B, S, H] that fit into memory.
static std::int64_t columnsOf(const CellKernels &cell, std::int64_t batch,
                              std::int64_t channels) {
  const std::int64_t states = cell.manifest().size(Axis::States);
  elementCount({batch, states, channels}, "a learned initial state");
  return states * channels;
}

void minrnn::learnedInitialForward(const LayerContext &context,
                                   const CellKernels &cell, std::int64_t batch,
                                   std::int64_t channels, const float *learned,
                                   float *initial) {
  const std::int64_t columns = columnsOf(cell, batch, channels);
  copyRows(context, batch, columns, learned, 0, initial, columns);
}

void minrnn::learnedInitialBackward(const LayerContext &context,
                                    const CellKernels &cell, std::int64_t batch,
                                    std::int64_t channels,
                                    const float *dInitial, float *dLearned) {
  sumRows(context, batch, columnsOf(cell, batch, channels), dInitial, dLearned);
}
