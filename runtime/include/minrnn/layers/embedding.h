//===- embedding.h - One row of a table for each token ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_EMBEDDING_H
#define MINRNN_LAYERS_EMBEDDING_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

struct EmbeddingShape {
  std::int64_t rows = 0;
  std::int64_t vocabulary = 0;
  std::int64_t width = 0;
};

/// output[rows, width] = table[tokens[rows], :]. A token that is not in
/// [0, vocabulary) is an Error on the host; elsewhere its row is NaN, so check
/// tokens before they are copied there.
void embeddingForward(const LayerContext &context, const EmbeddingShape &shape,
                      const std::int32_t *tokens, const float *table,
                      float *output);

/// dTable[vocabulary, width] = the sum of the rows of dOutput[rows, width] over
/// the positions of each token. Tokens as in `embeddingForward`; elsewhere than
/// on the host a foreign one counts for nothing.
void embeddingBackward(const LayerContext &context, const EmbeddingShape &shape,
                       const std::int32_t *tokens, const float *dOutput,
                       float *dTable);

} // namespace minrnn

#endif // MINRNN_LAYERS_EMBEDDING_H
