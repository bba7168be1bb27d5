//===- HostAttention.h - Attention on the processor -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_LAYERS_ATTENTION_HOSTATTENTION_H
#define MINRNN_RUNTIME_LAYERS_ATTENTION_HOSTATTENTION_H

#include "minrnn/layers.h"

#include <cstdint>

namespace minrnn {

/// The rows of one head of one sequence: row t begins at data + t stride.
template <typename Element> struct RowsOfHead {
  Element *data;
  std::int64_t stride;

  Element *operator[](std::int64_t t) const { return data + t * stride; }
};

/// One head of one sequence, forward.
struct HeadForward {
  RowsOfHead<const float> query, key, value;
  RowsOfHead<float> output;
  /// One for each query, or null.
  float *logSumExp;
};

/// One head of one sequence, backward.
struct HeadBackward {
  RowsOfHead<const float> query, key, value, output, dOutput;
  const float *logSumExp;
  RowsOfHead<float> dQuery, dKey, dValue;
};

/// Queries that are worked on together.
inline constexpr std::int64_t queriesOfHostTile = 32;

/// The outputs of the tile of queries that begins at `first`, on the calling
/// thread.
void hostAttentionTile(const AttentionShape &shape, const HeadForward &head,
                       std::int64_t first);

/// The gradients of a head, on the calling thread.
void hostAttentionGradients(const AttentionShape &shape,
                            const HeadBackward &head);

} // namespace minrnn

#endif // MINRNN_RUNTIME_LAYERS_ATTENTION_HOSTATTENTION_H
