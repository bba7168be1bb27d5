//===- cross_entropy.h - Cross-entropy of a softmax -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_CROSS_ENTROPY_H
#define MINRNN_LAYERS_CROSS_ENTROPY_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

struct CrossEntropyShape {
  std::int64_t rows = 0;
  std::int64_t classes = 0;
};

/// loss[1] = the sum over the rows of weights[row] times
/// -log softmax(logits)[target], in nats. Null `weights` are 1 / rows each, for
/// the mean (0 when there is no row). A row of weight 0 counts for nothing: its
/// target and logits are not looked at, and its gradient is 0.
///
/// When `dLogits` is not null, the gradient of that sum goes to it,
/// [rows, classes], NaN in a row whose loss is not finite; it may be the same
/// array as `logits`. A target that is not in [0, classes) is an Error on the
/// host; elsewhere it makes the loss and its row of the gradient NaN.
void crossEntropy(const LayerContext &context, const CrossEntropyShape &shape,
                  const float *logits, const std::int32_t *targets,
                  const float *weights, float *dLogits, double *loss);

} // namespace minrnn

#endif // MINRNN_LAYERS_CROSS_ENTROPY_H
