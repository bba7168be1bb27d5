//===- HostLayers.h - Layers on the host, for tests -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_LAYERS_HOSTLAYERS_H
#define MINRNN_TESTS_LAYERS_HOSTLAYERS_H

#include "minrnn/layers.h"

#include <cstdint>
#include <memory>

namespace minrnn::test {

inline LayerContext hostLayers() {
  return LayerContext(std::make_shared<HostDevice>());
}

/// The loss that `crossEntropy` finds on the host.
inline double hostCrossEntropy(const CrossEntropyShape &shape,
                               const float *logits, const std::int32_t *targets,
                               float *dLogits, const float *weights = nullptr) {
  double loss = -1;
  crossEntropy(hostLayers(), shape, logits, targets, weights, dLogits, &loss);
  return loss;
}

/// `dropout` on the host, at training step `step`.
inline void hostDropout(const DropoutMask &mask, std::uint64_t step,
                        const float *input, float *output) {
  dropout(hostLayers(), mask, &step, input, output);
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_LAYERS_HOSTLAYERS_H
